"""What an archive keeps to itself: random bytes, given by the operator or made at its first start.

Everything that is signed has a key of its own, derived from them: nothing passes for another.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path


def secret_of(data_dir: Path, given: str, file: str) -> bytes:
    """32 bytes: of DICOMWEB_SECRET, of the file that it names, or of the data folder (mode 0600).

    Raises ValueError with a sentence that names the variable.
    """
    if file and not given:
        given = read_secret("DICOMWEB_SECRET_FILE", file)
        if len(given) < 32:
            raise ValueError("DICOMWEB_SECRET_FILE is wrong: it holds 32 characters or more.")
    if given:
        return hashlib.sha256(given.encode()).digest()
    path = data_dir / "secret"
    if not path.exists():
        draft = data_dir / f".secret-{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(secrets.token_bytes(32))
        with suppress(FileExistsError):  # another worker was first
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_bytes()


def read_secret(variable: str, file: str) -> str:
    """The text of a file, without its last line break. ValueError names the variable."""
    try:
        return Path(file).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{variable} is wrong: its file cannot be read.") from None


def derived(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose alone (as HKDF-Expand does it, RFC 5869 2.3, with one block)."""
    return hmac.digest(secret, purpose.encode() + b"\x01", "sha256")
