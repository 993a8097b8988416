"""Key objects: what they refer to, as a list and as a contact sheet."""

import io
from typing import Any

import numpy as np
import pytest
import samples
from PIL import Image
from pydicom.dataset import Dataset

from dicomweb.errors import NotAcceptable, NotFound
from dicomweb.pixels.documents.key_objects import MAX_PICTURES, TILE, contact_sheet
from dicomweb.pixels.documents.references import key_references
from dicomweb.pixels.documents.rendering import document, render
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.source import Source
from tests.pixels.documents_shared import dataset_of, others, read_html, sample, stored
from tests.pixels.test_documents_planes import image

SAMPLE = "synthetic/derived/kos.dcm"
PNG = RenderOptions(media_type="image/png")


def reference(instance: str, *frames: int) -> Dataset:
    found = Dataset()
    found.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    found.ReferencedSOPInstanceUID = instance
    if frames:
        found.ReferencedFrameNumber = list(frames)
    return found


def selection(*references: Dataset) -> dict[str, Any]:
    """A key object selection of images in that order."""
    dataset = samples.make_dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.59")
    dataset.ValueType = "CONTAINER"
    items = []
    for each in references:
        item = Dataset()
        item.ValueType, item.RelationshipType = "IMAGE", "CONTAINS"
        item.ReferencedSOPSequence = [each]
        items.append(item)
    dataset.ContentSequence = items
    return stored(samples.encode(dataset)).metadata


def test_references_are_those_of_the_content_with_the_series_of_the_evidence() -> None:
    found, dataset = key_references(sample(SAMPLE).metadata), dataset_of(SAMPLE)
    (study,) = dataset.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    wanted = [item.ReferencedSOPSequence[0] for item in dataset.ContentSequence]
    assert [each.instance for each in found] == [each.ReferencedSOPInstanceUID for each in wanted]
    assert {each.series for each in found} == {str(series.SeriesInstanceUID)}


def test_an_image_referred_to_twice_is_one_with_all_its_frames() -> None:
    found = key_references(selection(reference("1.2", 3), reference("1.3"), reference("1.2", 5, 3)))
    assert [(each.instance, each.frames) for each in found] == [("1.2", (3, 5)), ("1.3", ())]


def test_without_content_the_evidence_counts() -> None:
    metadata = dict(sample(SAMPLE).metadata)
    whole = key_references(metadata)
    del metadata["0040A730"]
    assert {each.instance for each in key_references(metadata)} == {each.instance for each in whole}


def test_the_list_leads_to_the_images() -> None:
    held = sample(SAMPLE)
    here = others(*(sample(f"ct-series/I{n}.dcm") for n in (410, 420)))
    page = read_html(document(held.instance(), "text/html", here).text)
    wanted = {f"/instances/{each.instance}/rendered" for each in key_references(held.metadata)}
    assert set(page.links) <= wanted
    assert "OfInterest" in page.words


def test_the_sheet_has_a_tile_for_each_picture_in_their_order() -> None:
    light = {"1.2.1": image(0.0, 1), "1.2.2": image(0.0, 2)}
    metadata = selection(reference("1.2.1"), reference("1.2.9"), reference("1.2.2"))
    drawn = contact_sheet(metadata, lambda uid, frame: light.get(uid), PNG)
    found = np.asarray(Image.open(io.BytesIO(drawn.body)))
    middles = [found[8 + TILE // 2, 8 + n * (TILE + 8) + TILE // 2] for n in range(3)]
    assert [int(each.max()) > 60 for each in middles] == [True, False, True]


def test_a_long_selection_ends_with_how_many_are_left() -> None:
    asked: list[int] = []

    def open_image(uid: str, frame: int) -> Source:
        asked.append(frame)
        return image(0.0)

    metadata = selection(reference("1.2.1", *range(1, 101)))
    drawn = contact_sheet(metadata, open_image, PNG)
    assert asked == list(range(1, MAX_PICTURES + 1))
    assert Image.open(io.BytesIO(drawn.body)).width == 6 * (TILE + 8) + 8


def test_a_picture_that_cannot_be_shown_leaves_an_empty_place() -> None:
    def open_image(uid: str, frame: int) -> Source:
        if uid == "1.2.1":
            raise NotAcceptable("It cannot be decoded.")
        return image(0.0)

    sheet = contact_sheet(selection(reference("1.2.1"), reference("1.2.2")), open_image, PNG)
    drawn = np.asarray(Image.open(io.BytesIO(sheet.body)).convert("RGB"))
    first, second = drawn[8 : TILE + 8, 8 : TILE + 8], drawn[8 : TILE + 8, TILE + 16 : -8]
    assert np.ptp(second.astype(int)) > np.ptp(first.astype(int))


def test_a_selection_of_nothing_that_is_here_is_not_found() -> None:
    with pytest.raises(NotFound):
        contact_sheet(selection(reference("1.2.1")))
    with pytest.raises(NotFound):
        contact_sheet(selection())


def test_the_sheet_of_the_sample_fits_the_viewport() -> None:
    held = sample(SAMPLE)
    uids = {each.instance for each in key_references(held.metadata)}
    files = [
        sample(f"ct-series/{path.name}") for path in (samples.folder() / "ct-series").iterdir()
    ]
    here = others(*(each for each in files if each.header.sop_instance in uids))
    asked = RenderOptions(media_type="image/jpeg", width=300, height=300)
    assert max(Image.open(io.BytesIO(render(held.instance(), asked, here))).size) == 300
