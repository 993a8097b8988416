"""Presentation states as rendered resources: what they reference, in order (PS3.18 8.3.5)."""

from io import BytesIO

import numpy as np
import pytest
from clients import get, parts, path_of, store
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from samples import CT_IMAGE, encode, make_dataset, make_image
from servers import Server

GSPS = "1.2.840.10008.5.1.4.1.1.11.1"
SEVERAL = 'multipart/related; type="image/png"'


def slices(server: Server, study: str, *values: int, places: bool = True) -> list[Dataset]:
    """Images of one grey value each; the places of the slices go against their order."""
    series = generate_uid()
    made = []
    for number, value in enumerate(values):
        dataset = make_image(
            rows=4,
            columns=4,
            SOPClassUID=CT_IMAGE,
            StudyInstanceUID=study,
            SeriesInstanceUID=series,
            BitsStored=12,
            HighBit=11,
            PixelData=np.full(16, value * 16, np.uint16).tobytes(),
        )
        if places:
            dataset.ImagePositionPatient = [0, 0, -number]
            dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        made.append(dataset)
    assert store(server, *map(encode, made)).status == 200
    return made


def state(server: Server, study: str, *images: Dataset) -> Dataset:
    by_series: dict[str, list[Dataset]] = {}
    for image in images:
        reference = Dataset()
        reference.ReferencedSOPClassUID = image.SOPClassUID
        reference.ReferencedSOPInstanceUID = image.SOPInstanceUID
        by_series.setdefault(image.SeriesInstanceUID, []).append(reference)
    sequence = []
    for uid, references in by_series.items():
        series = Dataset()
        series.SeriesInstanceUID, series.ReferencedImageSequence = uid, references
        sequence.append(series)
    dataset = make_dataset(
        SOPClassUID=GSPS,
        StudyInstanceUID=study,
        PresentationLUTShape="IDENTITY",
        ReferencedSeriesSequence=sequence,
    )
    assert store(server, encode(dataset)).status == 200
    return dataset


def grey(body: bytes) -> int:
    return int(np.asarray(Image.open(BytesIO(body)).convert("L"))[0, 0])


def shown(server: Server, dataset: Dataset) -> list[int]:
    answer = get(server, path_of(dataset) + "/rendered", SEVERAL)
    assert answer.status_code == 200
    return [grey(body) for _, body in parts(answer)]


def test_images_of_several_series_come_in_the_order_of_their_places(server: Server) -> None:
    study = generate_uid()
    first, second = slices(server, study, 40, 80), slices(server, study, 120)
    assert shown(server, state(server, study, *first, *second)) == [80, 40, 120]


def test_images_without_places_come_as_they_are_referenced(server: Server) -> None:
    study = generate_uid()
    images = slices(server, study, 120, 40, 80, places=False)
    assert shown(server, state(server, study, *images)) == [120, 40, 80]


def test_a_single_part_shows_the_first_of_them(server: Server) -> None:
    study = generate_uid()
    made = state(server, study, *slices(server, study, 40, 80))
    answer = get(server, path_of(made) + "/rendered", "image/png")
    assert (answer.headers["Content-Type"], grey(answer.content)) == ("image/png", 80)


def test_images_that_are_not_here_are_left_out(server: Server) -> None:
    study = generate_uid()
    absent = make_image(StudyInstanceUID=study)
    made = state(server, study, absent, *slices(server, study, 40))
    assert shown(server, made) == [40]


def test_what_a_state_shows_is_sent_again_only_once_it_changes(server: Server) -> None:
    study = generate_uid()
    absent = make_image(StudyInstanceUID=study)
    made = state(server, study, *slices(server, study, 40), absent)
    path = path_of(made) + "/rendered"
    etag = get(server, path, SEVERAL).headers["ETag"]
    assert get(server, path, SEVERAL, **{"If-None-Match": etag}).status_code == 304
    assert store(server, encode(absent)).status == 200
    assert get(server, path, SEVERAL, **{"If-None-Match": etag}).status_code == 200


def test_without_any_of_its_images_a_state_is_404_as_a_picture_and_a_page_in_words(
    server: Server,
) -> None:
    study = generate_uid()
    made = state(server, study, make_image(StudyInstanceUID=study))
    path = path_of(made) + "/rendered"
    assert get(server, path, "image/png").status_code == 404
    page = get(server, path, "text/html,image/png")
    assert (page.status_code, page.headers["Content-Type"][:9]) == (200, "text/html")


@pytest.mark.parametrize("query", ["window=1,2,linear", "viewport=4,4,1,1"])
def test_a_state_has_windows_and_areas_of_its_own(server: Server, query: str) -> None:
    study = generate_uid()
    made = state(server, study, *slices(server, study, 40))
    assert get(server, f"{path_of(made)}/rendered?{query}", "image/png").status_code == 400
