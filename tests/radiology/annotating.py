"""What tests of annotations share: images of known size and values, and drawings on them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from clients import store
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from samples import encode, make_image

from tests.radiology.radiology_api import Api

POINTS: dict[str, list[tuple[float, float]]] = {
    "text": [(10.25, 20.5)],
    "arrow": [(1, 2), (30.1, 40.7)],
    "circle": [(30.5, 30.5), (40.5, 30.5)],
    "ellipse": [(10, 10), (50, 30)],
    "rectangle": [(50.2, 40), (20, 15)],
    "measurement": [(3, 5), (33, 45)],
    "angle": [(0, 0), (10, 10), (20, 0)],
    "roi": [(10, 10), (50, 12.3), (47, 50), (11, 49)],
}


def drawing(kind: str = "measurement", **fields: Any) -> dict[str, Any]:
    """The body of a POST."""
    points = [{"x": x, "y": y} for x, y in fields.pop("points", POINTS[kind])]
    return {"type": kind, "coordinates": {"points": points}, **fields}


def stored_image(api: Api, **values: Any) -> Dataset:
    """A grey image of 64 rows and 64 columns with pixels of 0.5 mm x 0.25 mm, in the archive."""
    values = {"PixelSpacing": [0.5, 0.25], "rows": 64, "columns": 64} | values
    image = make_image(**values)
    assert store(api.server, encode(image)).status == 200
    return image


def renewed(api: Api, path: Path) -> Dataset:
    """A real image in the archive under fresh UIDs: nobody else draws on it."""
    image = dcmread(path)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(image, keyword, generate_uid())
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    buffer = io.BytesIO()
    image.save_as(buffer)
    assert store(api.server, buffer.getvalue()).status in (200, 202)
    return image


def draw(api: Api, image: Any, kind: str = "measurement", **fields: Any) -> dict[str, Any]:
    """An annotation of the image, as the server answers it."""
    path = f"/images/{getattr(image, 'SOPInstanceUID', image)}/annotations"
    answer = api("POST", path, drawing(kind, **fields))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def centres(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the centre of every pixel."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    return x, y
