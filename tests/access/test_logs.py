"""What the log says, and what it never says: tokens, and the words of exceptions and libraries."""

import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from dicomweb import logs
from dicomweb.hygiene import shown_path


@pytest.fixture(params=["text", "json"])
def shape(request: pytest.FixtureRequest) -> Iterator[str]:
    """The log of this process, set up as a server's; put back afterwards."""
    root = logging.getLogger()
    before, level, shown = root.handlers[:], root.level, warnings.showwarning
    logs.configure(request.param)
    yield request.param
    root.handlers[:], warnings.showwarning = before, shown
    root.setLevel(level)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/studies/1.2", "/studies/1.2"),
        ("/share/abc", "/share/…"),
        ("/SHARE/abc/", "/SHARE/…/"),
        ("/prefix/share/abc/x", "/prefix/share/…/x"),
        ("/viewer/eyJhbGciOi.J9.x", "/viewer/…"),
        ("/x/lbk_0123_abc/y", "/x/…/y"),
        ("/shares", "/shares"),
        ("/a\nERROR forged\x1b[31m\u2028", "/a?ERROR forged?[31m?"),
    ],
)
def test_a_path_is_shown_in_one_line_without_tokens(path: str, shown: str) -> None:
    assert shown_path({"path": path}) == shown


def test_a_line_stays_one_line(shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(shape)
    logging.getLogger("dicomweb").error("one\r\nERROR two: %s", "\x1b[2J")
    (line,) = capsys.readouterr().err.splitlines()
    assert "\x1b" not in line


def test_a_strangers_words_are_not_repeated(shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(shape)
    logging.getLogger("pydicom").error("Invalid value 'Doe^Jane' for PN")
    logging.getLogger("asyncio").error("Task exception: ValueError('Doe^Jane')")
    warnings.showwarning("Doe^Jane is no date", UserWarning, "library.py", 7)
    text = capsys.readouterr().err
    assert "Doe" not in text
    assert "test_logs.py" in text
    assert "UserWarning at library.py:7" in text
    assert len(text.splitlines()) == 3


def test_an_exceptions_message_is_not_repeated(
    shape: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(shape)
    try:
        raise ValueError("Doe^Jane")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    text = capsys.readouterr().err
    assert "Doe" not in text
    assert "ValueError at " in text
    told: Any = json.loads(text)["message"] if shape == "json" else text.splitlines()[0]
    assert told.endswith("Exception in ASGI application")
