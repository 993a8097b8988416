"""How the log is written: lines of text, or JSON objects; never the message of an exception.

An exception's message may quote what it failed at, which may be a patient's.
"""

import json
import logging
import sys
from datetime import UTC, datetime

from dicomweb.failures import describe

_EXTRA = ("request", "principal", "milliseconds")


class _Text(logging.Formatter):
    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's own name
        return _described(ei)


class _Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _EXTRA if hasattr(record, name)}
        if record.exc_info:
            line["fault"] = _described(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _described(info: object) -> str:
    fault = info[1] if isinstance(info, tuple) else None
    return describe(fault) if isinstance(fault, BaseException) else ""


def configure(shape: str, *, requests: bool = False) -> None:
    """Set up the log of this process, to its standard error."""
    output = logging.StreamHandler(sys.stderr)
    text = _Text("%(levelname)s %(name)s: %(message)s")
    output.setFormatter(_Json() if shape == "json" else text)
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(logging.WARNING)
    logging.getLogger("dicomweb.requests").setLevel(logging.INFO if requests else logging.WARNING)
