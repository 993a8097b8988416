"""Builds store requests of metadata with bulk data parts (PS3.18 10.5.1.4)."""

import json

from pydicom import Dataset

from conformance import multipart, native_xml

JSON = "application/dicom+json"
XML = "application/dicom+xml"
OCTETS = "application/octet-stream"

Bulk = tuple[str, str, bytes]  # Content-Type, Content-Location, body


def json_of(dataset: Dataset, uris: dict[str, str] | None = None) -> dict:
    """The data set as DICOM JSON, with a BulkDataURI for each element named by its tag."""
    uris = uris or {}
    inline = Dataset({tag: one for tag, one in dataset.items() if f"{tag:08X}" not in uris})
    answer = inline.to_json_dict()
    for tag, uri in uris.items():
        answer[tag] = {"vr": vr_of(dataset, tag), "BulkDataURI": uri}
    return dict(sorted(answer.items()))


def vr_of(dataset: Dataset, tag: str) -> str:
    """The VR of an element; OB where it stands in a bulk data part only."""
    element = dataset.get(int(tag, 16))
    return element.VR if element is not None else "OB"


def in_json(datasets: list[dict], *bulk: Bulk) -> tuple[str, bytes]:
    """One part with an array of data sets, then the bulk data."""
    metadata = ({"Content-Type": JSON}, json.dumps(datasets).encode())
    return multipart.related([metadata, *map(_part, bulk)], JSON)


def in_xml(datasets: list[dict], *bulk: Bulk) -> tuple[str, bytes]:
    """One part for each data set, then the bulk data."""
    metadata = [({"Content-Type": XML}, native_xml.write(dataset)) for dataset in datasets]
    return multipart.related([*metadata, *map(_part, bulk)], XML)


def _part(bulk: Bulk) -> tuple[dict[str, str], bytes]:
    content_type, location, body = bulk
    return {"Content-Type": content_type, "Content-Location": location}, body
