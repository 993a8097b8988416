"""pydicom's idea of a file as DICOM JSON, and what of it must be equal to ours."""

import base64
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np
import orjson
import pydicom
from pydicom import config
from pydicom.encaps import generate_fragments

from dicomweb.part10 import Header, scan
from dicomweb.part10.bulk import read_bulk

Json = dict[str, Any]
_WORDS = {"OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2}
_BINARY = {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}


def reader(data: bytes) -> Any:
    return lambda offset, length: data[offset : offset + length]


def scan_bytes(data: bytes, window: int = 2**18) -> Header:
    return scan(data[:window], len(data), reader(data))


def metadata(header: Header) -> Json:
    """The JSON as a client gets it."""
    parsed: Json = orjson.loads(header.json.replace(b"\x01", b"http://host/dicom-web"))
    return parsed


@contextmanager
def lenient() -> Iterator[None]:
    """pydicom without its opinion on values that break their VR."""
    before = config.settings.reading_validation_mode, config.settings.writing_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    config.settings.writing_validation_mode = config.IGNORE
    try:
        yield
    finally:
        config.settings.reading_validation_mode, config.settings.writing_validation_mode = before


def read_with_pydicom(data: bytes) -> pydicom.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(BytesIO(data), force=True)


def theirs(data: bytes) -> Json:
    """`Dataset.to_json_dict` under the rules of `_element`."""
    with warnings.catch_warnings(), lenient():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(BytesIO(data), force=True)
        found = {f"{tag:08X}": _as_json(dataset, int(tag)) for tag in dataset._dict}
        if not dataset.original_encoding[1]:
            _to_little_endian(found)
        if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
            fragments = list(generate_fragments(dataset.PixelData))[1:]
            found["7FE00010"]["InlineBinary"] = base64.b64encode(b"".join(fragments)).decode()
    return _item(found)


def _as_json(dataset: pydicom.Dataset, tag: int) -> Json:
    try:
        element: Json = dataset[tag].to_json_dict(None, 2**40)
    except Exception:  # what pydicom cannot read it says in many ways
        return {"vr": "pydicom cannot tell"}
    return element


def _to_little_endian(item: Json) -> None:
    """pydicom leaves the bytes of OW and its like as they are."""
    for element in item.values():
        for inner in element.get("Value", []) if element["vr"] == "SQ" else []:
            _to_little_endian(inner)
        if element["vr"] in _WORDS and element.get("InlineBinary"):
            value = base64.b64decode(element["InlineBinary"])
            swapped = np.frombuffer(value, f">u{_WORDS[element['vr']]}").astype("<u8")
            swapped = swapped.astype(f"<u{_WORDS[element['vr']]}")
            element["InlineBinary"] = base64.b64encode(swapped.tobytes()).decode()


def ours(data: bytes, header: Header) -> Json:
    """Our JSON, bulk values put back in their places, under the same rules."""
    values = {
        bulk.path: b"".join(
            read_bulk(bulk, header.transfer_syntax, header.dataset_offset, len(data), reader(data))
        )
        for bulk in header.bulk
    }
    found = metadata(header)
    for path, element in _bulk_elements(found, ""):
        element.pop("BulkDataURI")
        if element["vr"] in _BINARY:
            element["InlineBinary"] = base64.b64encode(values[path]).decode()
        else:
            element["Value"] = [values[path].decode().rstrip(" ")]
    return _item(found)


def _bulk_elements(item: Json, prefix: str) -> Iterator[tuple[str, Json]]:
    for tag, element in item.items():
        if "BulkDataURI" in element:
            assert element["BulkDataURI"].endswith(f"/bulkdata/{prefix}{tag}")
            yield prefix + tag, element
        if element["vr"] == "SQ":
            for number, inner in enumerate(element.get("Value", []), 1):
                yield from _bulk_elements(inner, f"{prefix}{tag}/{number}/")


def differences(mine: Json, other: Json, path: str = "") -> list[str]:
    """Where two data sets differ, as sentences."""
    found = [f"{path}{tag} only here" for tag in sorted(mine.keys() - other.keys())]
    found += [f"{path}{tag} only there" for tag in sorted(other.keys() - mine.keys())]
    for tag in sorted(mine.keys() & other.keys()):
        a, b = mine[tag], other[tag]
        if _is_private_guess(tag, a, b) or b["vr"] == "pydicom cannot tell":
            continue
        if a["vr"] == b["vr"] == "SQ" and len(a["Value"]) == len(b["Value"]):
            for number, (x, y) in enumerate(zip(a["Value"], b["Value"], strict=True), 1):
                found += differences(x, y, f"{path}{tag}/{number}/")
        elif a != b:
            found.append(f"{path}{tag} {str(a)[:120]} != {str(b)[:120]}")
    return found


def _is_private_guess(tag: str, a: Json, b: Json) -> bool:
    """pydicom knows some private dictionaries; for us a private VR that is not told is UN."""
    return int(tag[3], 16) % 2 == 1 and "UN" in (a["vr"], b["vr"]) and a["vr"] != b["vr"]


def _item(item: Json) -> Json:
    return {
        tag: _element(tag, element)
        for tag, element in item.items()
        if not tag.endswith("0000") and not tag.startswith("0002")
    }


def _element(tag: str, element: Json) -> Json:
    """The rules: numbers are compared as numbers, pads and empty values do not count."""
    vr = element["vr"]
    if tag == "00080005":
        return {"vr": vr}  # always ISO_IR 192 with us
    if vr == "SQ":
        return {"vr": vr, "Value": [_item(item) for item in element.get("Value", [])]}
    if tag == "00420011" and "InlineBinary" in element:  # we leave the pad byte out
        document = base64.b64decode(element["InlineBinary"])
        return {"vr": vr, "InlineBinary": document.rstrip(b"\0")}
    if "InlineBinary" in element:
        return {"vr": vr, "InlineBinary": element["InlineBinary"] or None}
    if vr in _BINARY:
        return {"vr": vr, "InlineBinary": None}
    values = [_value(vr, value) for value in element.get("Value", [])]
    return {"vr": vr, "Value": [] if set(map(str, values)) <= {"None"} else values}


def _value(vr: str, value: Any) -> Any:
    if isinstance(value, dict):
        groups = {word: group.rstrip(" ") for word, group in value.items() if group.strip(" ")}
        return groups or None
    if vr in {"DS", "IS", "FL", "FD", "SV", "UV"} and value not in ("", None):
        try:
            number = float(value)
        except ValueError:
            return value
        return "NaN" if math.isnan(number) else number
    if isinstance(value, str):
        return value.strip(" \0") or None
    return value
