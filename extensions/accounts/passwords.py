"""Passwords: Argon2id hashes, made and compared by few threads, always at the same cost."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

from dicomweb.errors import BadRequest

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 1024
# Each comparison takes 19 MB and some 20 ms of one core: a flood of logins waits here, and
# neither the memory nor the threads of everybody else are spent on it.
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="password")


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    # OWASP's first choice with little memory: 19 MiB, two passes, one lane.
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    """What the password of an unknown name is compared with, so that it takes as long."""
    return _hasher().hash(secrets.token_urlsafe(16))


def checked(password: str) -> str:
    """The password, if it may be one. Raises BadRequest."""
    if not SHORTEST <= len(password) <= LONGEST or "\0" in password:
        raise BadRequest(f"A password has {SHORTEST} to {LONGEST} characters.")
    if not password.isascii() and password != password.encode(errors="replace").decode():
        raise BadRequest("A password is text in UTF-8.")
    return password


def hashed(password: str) -> str:
    """What is kept of a password; some 20 ms, in a thread."""
    return _hasher().hash(checked(password))


def is_right(stored: str, password: str) -> bool:
    """Whether the password is that of a hash; an empty one stands for nobody's. In a thread."""
    from argon2.exceptions import InvalidHashError, VerificationError

    nobodys = _nobodys()  # made at the first login, whoever's it is
    try:
        right = _hasher().verify(stored or nobodys, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return right and stored != "" and len(password) <= LONGEST


def renewed(stored: str, password: str) -> str:
    """A hash as they are made today, for one that is cheaper to guess; else empty. In a thread.

    The password is right, or it would not be known.
    """
    return _hasher().hash(password) if _hasher().check_needs_rehash(stored) else ""


async def compared(stored: str, password: str) -> bool:
    """The same from the event loop."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, is_right, stored, password)


async def stronger(stored: str, password: str) -> str:
    """`renewed` from the event loop."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, renewed, stored, password)


def generated() -> str:
    """A password for somebody who is told it once."""
    return secrets.token_urlsafe(15)
