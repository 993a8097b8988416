"""Who does something, and from where: what a trail of changes has to know of every one."""

import getpass
import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` of the principal, network `address` of the client, `request` id; empty: unknown."""

    name: str
    address: str = ""
    request: str = ""


# What the program does by itself.
PROGRAM = Actor("lightbox")


def operator() -> Actor:
    """Who has a shell on the server: their name there."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have none
        name = str(os.getuid())
    return Actor(f"shell:{name}")
