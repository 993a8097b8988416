"""Builds stores of metadata with bulk data for tests, and reads back what became of them."""

import io
import json
from typing import Any

import pydicom
import requests
from clients import Reply, get, parts, path_of, post, related
from pydicom.dataset import Dataset
from servers import Server

JSON, XML, OCTETS = "application/dicom+json", "application/dicom+xml", "application/octet-stream"
PIXELS = "7FE00010"
DESCRIPTION = (
    *("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
)
Part = tuple[dict[str, str], bytes]


def bulk(content_type: str, location: str, body: bytes, **headers: str) -> Part:
    return {"Content-Type": content_type, "Content-Location": location, **headers}, body


def model(dataset: Dataset, **uris: str) -> dict[str, Any]:
    """The data set in DICOM JSON, attributes named by keyword replaced by a BulkDataURI."""
    found: dict[str, Any] = dataset.to_json_dict()
    for keyword, uri in uris.items():
        tag = f"{pydicom.datadict.tag_for_keyword(keyword):08X}"
        found[tag] = {"vr": "OW" if keyword == "PixelData" else "OB", "BulkDataURI": uri}
    return found


def undescribed(dataset: Dataset) -> Dataset:
    """The same without what the pixels themselves tell."""
    for keyword in (*DESCRIPTION, "PixelData", "NumberOfFrames"):
        if keyword in dataset:
            delattr(dataset, keyword)
    return dataset


def send(server: Server, datasets: list[dict[str, Any]], *bulk_parts: Part) -> Reply:
    """One metadata part in JSON, then the bulk data."""
    body, content_type = related(
        [({"Content-Type": JSON}, json.dumps(datasets).encode()), *bulk_parts], JSON
    )
    return reply(post(server, body, content_type))


def reply(answer: requests.Response) -> Reply:
    return Reply(answer.status_code, answer.json())


def stored(server: Server, dataset: Dataset, accept: str = "transfer-syntax=*") -> Dataset:
    """The instance as pydicom reads it, as it is stored."""
    answer = get(server, path_of(dataset), f'multipart/related; type="application/dicom"; {accept}')
    assert answer.status_code == 200, answer.text
    return pydicom.dcmread(io.BytesIO(parts(answer)[0][1]))
