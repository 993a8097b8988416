"""Large libraries are imported when they are first needed, and then by one thread at a time.

Where two threads import different modules of one package for the first time, each may wait for the
other; Python ends that by giving one of them a half-made module, its import fails, and the package
stays broken for the life of the process (pydicom, whose modules import each other).
"""

import builtins
from collections.abc import Mapping, Sequence
from threading import RLock
from types import ModuleType

LIBRARIES = frozenset(("PIL", "highdicom", "imagecodecs", "numpy", "pydicom", "reportlab"))
# Nothing takes so long; a thread that waits for another in a circle goes on then.
PATIENCE_SECONDS = 30.0
_turn = RLock()
_plain = builtins.__import__


def one_at_a_time() -> None:
    """From now on in this process; harmless when repeated."""
    builtins.__import__ = _import


def _import(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    if level or name.partition(".")[0] not in LIBRARIES:
        return _plain(name, globals, locals, fromlist, level)
    own = _turn.acquire(timeout=PATIENCE_SECONDS)
    try:
        return _plain(name, globals, locals, fromlist, level)
    finally:
        if own:
            _turn.release()
