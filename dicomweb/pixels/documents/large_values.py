"""Values that may be too large for the JSON and then are behind a BulkDataURI: texts, numbers."""

import struct

from dicomweb.pixels.attributes import Metadata, binary, numbers, value
from dicomweb.pixels.documents.links import BulkReader

_FORMATS = {"FL": "f", "FD": "d", "OF": "f", "OD": "d", "OL": "I", "UL": "I", "SL": "i"}


def long_text(metadata: Metadata, tag: str, bulk: BulkReader) -> str:
    """A text with its line ends. Bulk text is in the charset of the file, which the JSON, being
    UTF-8, does not name: what is no UTF-8 is taken for Latin-1."""
    found = value(metadata, tag)
    if found is not None:
        return str(found).strip(" \0")
    stored = binary(metadata, tag, bulk)
    try:
        decoded = stored.decode("utf-8")
    except UnicodeDecodeError:
        decoded = stored.decode("latin-1")
    return decoded.strip(" \0")


def long_numbers(metadata: Metadata, tag: str, bulk: BulkReader) -> list[float]:
    """The finite numbers of a value of a numeric VR, DS and IS included."""
    found = numbers(metadata, tag)
    if found:
        return found
    stored = binary(metadata, tag, bulk)
    if not stored:
        return []
    kind = _FORMATS.get(str(metadata[tag].get("vr")))
    if kind is None:
        spelt = stored.decode("latin-1").split("\\")
        return numbers({tag: {"Value": [each.strip(" \0") for each in spelt]}}, tag)
    size = struct.calcsize(kind)
    count = len(stored) // size
    unpacked = struct.unpack(f"<{count}{kind}", stored[: count * size])
    return [float(each) for each in unpacked if abs(each) < float("inf")]
