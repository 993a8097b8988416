"""Names of files: as their owners gave them, and safe in a header (RFC 6266, RFC 8187)."""

import re
from urllib.parse import quote

MAX_NAME = 255
# A drive or share, before the path that some clients send along.
_WINDOWS = re.compile(r"(?:[A-Za-z]:|\\)\\")
# RFC 8187 3.2.1: what stands for itself in an extended value.
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"


def original_name(sent: str, otherwise: str) -> str:
    """The file's own name: without folders, control characters and halves of characters."""
    # Browsers and curl write quotes in a form so (HTML 4.10.21.8), and nothing else.
    name = sent.rpartition("/")[2].replace("%22", '"')
    if _WINDOWS.match(sent):
        name = name.rpartition("\\")[2]
    name = "".join(letter for letter in name if _is_shown(letter)).strip()
    return name[:MAX_NAME] if name.strip(".") else otherwise


def _is_shown(letter: str) -> bool:
    return letter >= " " and not "\x7f" <= letter <= "\x9f" and not "\ud800" <= letter <= "\udfff"


def attachment(name: str) -> str:
    """Content-Disposition of a download: the exact name, beside one for clients that know ASCII."""
    if all(" " <= letter <= "~" for letter in name) and not set(name) & set('"\\%'):
        return f'attachment; filename="{name}"'
    simple = "".join(
        letter if " " <= letter <= "~" and letter not in '"\\%' else "_" for letter in name
    )
    exact = quote(name, safe=_ATTRIBUTE_CHARACTERS)
    return f"attachment; filename=\"{simple}\"; filename*=UTF-8''{exact}"
