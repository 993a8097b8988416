"""How the log is written: lines of text, or JSON objects, without anything of a patient's.

The message of an exception may quote what it failed at, and so may a library that complains: of
both it is told what they are and where, never what they say.
"""

import json
import logging
import sys
import warnings
from datetime import UTC, datetime

from dicomweb.failures import describe

_EXTRA = ("request", "principal", "milliseconds")
# Whose words are ours, or about connections and processes alone.
_OURS = ("dicomweb", "uvicorn")

log = logging.getLogger("dicomweb")


class _Text(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        text = f"{record.levelname} {record.name}: {_message(record)}"
        return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)

    def formatException(self, ei: object) -> str:  # noqa: N802
        return _described(ei)


class _Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        line |= {name: getattr(record, name) for name in _EXTRA if hasattr(record, name)}
        if record.exc_info:
            line["fault"] = _described(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in _OURS:
        return record.getMessage().strip()
    return f"a message at {record.pathname}:{record.lineno}"


def _described(info: object) -> str:
    fault = info[1] if isinstance(info, tuple) else None
    return describe(fault) if isinstance(fault, BaseException) else ""


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    """Stands for `warnings.showwarning`."""
    log.warning("%s at %s:%d", category.__name__, filename, lineno)


def configure(shape: str, *, requests: bool = False) -> None:
    """Set up the log of this process, to its standard error."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(_Json() if shape == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(logging.WARNING)
    logging.getLogger("dicomweb.requests").setLevel(logging.INFO if requests else logging.WARNING)
    warnings.showwarning = _warned
