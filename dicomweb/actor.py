"""Who does something, and from where: what a trail of changes has to know of every one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` of the principal, network `address` of the client, `request` id; empty: unknown."""

    name: str
    address: str = ""
    request: str = ""


# What the program does by itself, or from its own command line.
PROGRAM = Actor("lightbox")
