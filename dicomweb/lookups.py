"""Looking things up in the index from a handler: at once, or where that waits, in a thread."""

from collections.abc import Callable
from typing import TypeVar

from dicomweb.answers import in_thread
from dicomweb.archive import Archive

Result = TypeVar("Result")


async def looked_up(archive: Archive, work: Callable[..., Result], *arguments: object) -> Result:
    """What `work` tells, a method of the archive that takes microseconds where it `is_local`.

    Over a network it would hold up every other request: then it runs outside the event loop.
    """
    return work(*arguments) if archive.is_local else await in_thread(work, *arguments)
