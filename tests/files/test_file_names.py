"""Names of files, kept and put into headers."""

from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from extensions.files.file_names import attachment, original_name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("scan.dcm", "scan.dcm"),
        ("Röntgen Müller.dcm", "Röntgen Müller.dcm"),
        ("胸部.dcm", "胸部.dcm"),
        ("/home/me/scan.dcm", "scan.dcm"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\scan.dcm", "scan.dcm"),
        ("\\\\server\\share\\scan.dcm", "scan.dcm"),
        ("a\r\nSet-Cookie: x.dcm", "aSet-Cookie: x.dcm"),
        ("a\0b.dcm", "ab.dcm"),
        ('a"b;c.dcm', 'a"b;c.dcm'),
        ("a%22b%22.dcm", 'a"b".dcm'),  # as browsers and curl send it
        ("100%.dcm", "100%.dcm"),
        ("", "other"),
        ("..", "other"),
        ("  ", "other"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_name_is_kept_without_folders_and_controls(sent: str, kept: str) -> None:
    assert original_name(sent, "other") == kept


@given(some.text(max_size=60))
def test_every_name_comes_back_out_of_its_header(sent: str) -> None:
    name = original_name(sent, "other.dcm")
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    message = Message()
    message["Content-Disposition"] = header
    if "filename*=" in header:
        assert unquote(header.partition("filename*=UTF-8''")[2]) == name
    else:
        assert message.get_filename() == name
