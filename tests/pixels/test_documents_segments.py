"""Segmentations as pictures: the right segments, the right place, the right colours."""

import io
import warnings
from typing import Any
from unittest.mock import patch

import highdicom
import numpy as np
import pytest
import samples
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.cielab import rgb_of
from dicomweb.pixels.documents import segment_picture
from dicomweb.pixels.documents.kinds import Kind
from dicomweb.pixels.documents.links import no_image
from dicomweb.pixels.documents.rendering import Instance, Others, render
from dicomweb.pixels.documents.segment_frames import (
    Segmentation,
    coverage,
    fullest,
    mates,
    segmentation_of,
    source_images,
    tile_of,
)
from dicomweb.pixels.documents.segment_picture import areas_at, render_segments
from dicomweb.pixels.documents.sketch import SIDE, outline
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.source import Source
from tests.pixels.documents_shared import Stored, dataset_of, others, sample
from tests.pixels.rendering import instance_of
from tests.pixels.test_documents_planes import image

SEGMENTATIONS = [
    "derived/24x38x3/label.seg",
    "derived/partial_overlaps.dcm",
    "derived/seg.dcm",
    "derived/sparse-labelmap-noppv.dcm",
    "derived/sparse-labelmap-ppv5.dcm",
    "highdicom/seg_image_cr_binary.dcm",
    "highdicom/seg_image_ct_binary.dcm",
    "highdicom/seg_image_ct_binary_fractional.dcm",
    "highdicom/seg_image_ct_binary_overlap.dcm",
    "highdicom/seg_image_ct_binary_single_frame.dcm",
    "highdicom/seg_image_ct_true_fractional.dcm",
    "highdicom/seg_image_sm_control.dcm",
    "highdicom/seg_image_sm_control_labelmap.dcm",
    "highdicom/seg_image_sm_control_labelmap_palette_color.dcm",
    "highdicom/seg_image_sm_dots.dcm",
    "highdicom/seg_image_sm_dots_tiled_full.dcm",
    "highdicom/seg_image_sm_numbers.dcm",
    "pydicom-data/liver.dcm",
    "pydicom-data/liver_nonbyte_aligned_rle.dcm",
    "synthetic/derived/seg.dcm",
]
MASK = np.zeros((30, 40), np.uint8)
MASK[10:20, 5:15] = 1
CIELAB = [43803, 26565, 37722]


def segmentation(held: Stored) -> Segmentation:
    return segmentation_of(held.metadata, held.header.transfer_syntax, held.frame, held.bulk)


def made(*masks: NDArray[np.uint8], **values: Any) -> Segmentation:
    """A binary segmentation of one segment a frame, all on the slice `image(0.0)`."""
    rows, columns = masks[0].shape
    dataset = samples.make_image(rows=rows, columns=columns, frames=len(masks))
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.4"
    dataset.SegmentationType = "BINARY"
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = 0
    bits = np.concatenate([mask.ravel() for mask in masks])
    packed = np.packbits(bits, bitorder="little").tobytes()
    dataset.add_new(0x7FE00010, "OB", packed + b"\0" * (len(packed) % 2))
    numbers = range(1, len(masks) + 1)
    dataset.SegmentSequence = [segment(number) for number in numbers]
    dataset.SharedFunctionalGroupsSequence = [shared()]
    dataset.PerFrameFunctionalGroupsSequence = [of_frame(number) for number in numbers]
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    held = instance_of(dataset)
    return segmentation_of(held.metadata, held.transfer_syntax, lambda n: held.frames[n - 1])


def item(**values: Any) -> Dataset:
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def segment(number: int) -> Dataset:
    return item(
        SegmentNumber=number, SegmentLabel=f"part {number}", RecommendedDisplayCIELabValue=CIELAB
    )


def shared() -> Dataset:
    return item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        PixelMeasuresSequence=[item(PixelSpacing=[3.0, 2.0], SliceThickness=1.0)],
    )


def of_frame(number: int, position: tuple[float, float, float] = (-40.0, -45.0, 0.0)) -> Dataset:
    return item(
        SegmentIdentificationSequence=[item(ReferencedSegmentNumber=number)],
        PlanePositionSequence=[item(ImagePositionPatient=list(position))],
    )


def derived_from(uid: str) -> Dataset:
    return item(SourceImageSequence=[item(ReferencedSOPInstanceUID=uid)])


def picture(found: Segmentation, *here: Source, **options: Any) -> NDArray[np.uint8]:
    """Without the legend."""
    held = {each.instance: each for each in here}
    asked = RenderOptions(media_type="image/png", **options)
    with patch.object(segment_picture, "with_legend", lambda bare, entries: bare):
        body = render_segments(found, lambda uid, frame: held.get(uid), asked).body
    return np.asarray(Image.open(io.BytesIO(body)))


def box(covered: NDArray[np.bool_]) -> list[int]:
    rows, columns = np.nonzero(covered)
    return [int(each) for each in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)]


def tinted(found: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a grey picture has colour."""
    return np.ptp(found.astype(int), axis=2) > 12


def by_highdicom(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return highdicom.seg.segread(samples.folder() / name)


@pytest.mark.parametrize("name", SEGMENTATIONS)
def test_every_sample_is_drawn_with_and_without_its_image(name: str) -> None:
    found = segmentation(sample(name))
    images = ["highdicom/ct_image.dcm", "highdicom/sm_image_dots.dcm", "ct-series/I410.dcm"]
    here = others(*(sample(each) for each in images))
    for open_image in (no_image, here.open_image):
        drawn = Image.open(io.BytesIO(render_segments(found, open_image).body))
        assert max(drawn.size) >= SIDE


# pydicom decodes no RLE of single bits.
@pytest.mark.parametrize("name", [each for each in SEGMENTATIONS if not each.endswith("rle.dcm")])
def test_the_fullest_frame_is_that_of_pydicom(name: str) -> None:
    found, dataset = segmentation(sample(name)), dataset_of(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    areas = np.count_nonzero(frames != found.background, axis=(1, 2))
    step = -(-len(areas) // 512)
    assert areas[fullest(found) - 1] == areas[::step].max()


@pytest.mark.parametrize(
    "name", ["highdicom/seg_image_ct_binary_overlap.dcm", "derived/partial_overlaps.dcm"]
)
def test_the_segments_of_a_place_are_those_of_highdicom(name: str) -> None:
    found, theirs = segmentation(sample(name)), by_highdicom(name)
    number = fullest(found)
    areas = areas_at(found, number)
    wanted = {
        int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        for n, group in enumerate(theirs.PerFrameFunctionalGroupsSequence)
        if n + 1 in mates(found, number)
    }
    assert {area.number for area in areas} <= wanted
    assert len(areas) > 1
    for area in areas:
        frame = next(n for n in mates(found, number) if found.segment_of(n) == area.number)
        np.testing.assert_array_equal(area.cover, theirs.get_stored_frame(frame))


def test_a_tiled_full_segmentation_counts_its_segments_tile_by_tile() -> None:
    found = segmentation(sample("highdicom/seg_image_sm_dots_tiled_full.dcm"))
    theirs = by_highdicom("highdicom/seg_image_sm_dots_tiled_full.dcm")
    assert [found.segment_of(n) for n in (1, 25, 26, 1250)] == [1, 1, 2, 50]
    assert tile_of(found.metadata, 27) == 2
    assert mates(found, 2) == list(range(2, 1251, 25))
    assert len(theirs.segment_numbers) == 50


def test_a_fraction_covers_as_much_as_it_says() -> None:
    name = "highdicom/seg_image_ct_true_fractional.dcm"
    found, dataset = segmentation(sample(name)), dataset_of(name)
    values = dataset.pixel_array[0]
    expected = values / dataset.MaximumFractionalValue
    assert np.allclose(coverage(found, found.values(1)), expected, atol=1e-6)


def test_a_mask_lies_on_its_image_where_the_formula_puts_it() -> None:
    """30 rows of 3 mm and 40 columns of 2 mm: 683 x 768 pixels."""
    masked = made(MASK, PerFrameFunctionalGroupsSequence=[_derived(1, "1.2.1")])
    found = picture(masked, image(0.0))
    assert found.shape[:2] == (768, 683)
    wanted = [5 / 40 * 683, 10 / 30 * 768, 15 / 40 * 683, 20 / 30 * 768]
    np.testing.assert_allclose(box(tinted(found)), wanted, atol=2)


def _derived(number: int, uid: str) -> Dataset:
    group = of_frame(number)
    group.DerivationImageSequence = [derived_from(uid)]
    return group


def test_a_finer_mask_is_laid_on_through_the_patient() -> None:
    """A mask of 1 mm pixels over a part of the image, its first pixel at (0, 0) in the patient."""
    fine = made(np.ones((15, 20), np.uint8))
    fine.metadata["52009229"]["Value"][0]["00289110"]["Value"][0]["00280030"]["Value"] = [1.0, 1.0]
    group = fine.metadata["52009230"]["Value"][0]
    group["00209113"]["Value"][0]["00200032"]["Value"] = [0.0, 0.0, 0.0]
    group["00089124"] = {
        "vr": "SQ",
        "Value": [
            {"00082112": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.1"]}}]}}
        ],
    }
    found = picture(fine, image(0.0))
    across, down = 683 / 80, 768 / 90
    left, top = (-0.5 + 41) * across, (-0.5 + 46.5) * down
    wanted = [left, top, left + 20 * across, top + 15 * down]
    assert np.allclose(box(tinted(found)), wanted, atol=2)


def test_a_mirrored_mask_is_turned_back() -> None:
    mirrored = made(MASK[:, ::-1])
    orientation = mirrored.metadata["52009229"]["Value"][0]["00209116"]["Value"][0]["00200037"]
    orientation["Value"] = [-1, 0, 0, 0, 1, 0]
    group = mirrored.metadata["52009230"]["Value"][0]
    group["00209113"]["Value"][0]["00200032"]["Value"] = [38.0, -45.0, 0.0]
    group["00089124"] = _derived_json("1.2.1")
    found = picture(mirrored, image(0.0))
    assert box(tinted(found))[0] == pytest.approx(5 / 40 * 683, abs=2)


def _derived_json(uid: str) -> dict[str, Any]:
    source = {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": [uid]}}]}
    return {"vr": "SQ", "Value": [{"00082112": source}]}


def test_the_image_is_found_by_its_place_where_none_is_named() -> None:
    referenced = [item(ReferencedSOPInstanceUID=f"1.2.{n}") for n in range(1, 21)]
    masked = made(
        MASK,
        ReferencedSeriesSequence=[item(ReferencedInstanceSequence=referenced)],
        PerFrameFunctionalGroupsSequence=[of_frame(1, (-40.0, -45.0, 35.0))],
    )
    levels = [image(5.0 * n, n + 1) for n in range(20)]
    asked: list[str] = []

    def open_image(uid: str, frame: int) -> Source | None:
        asked.append(uid)
        return next(each for each in levels if each.instance == uid)

    render_segments(masked, open_image)
    assert asked[-1] == "1.2.8"
    assert len(asked) < 10


def test_an_image_of_another_place_is_not_taken() -> None:
    referenced = [item(ReferencedSOPInstanceUID="1.2.1")]
    masked = made(
        MASK,
        ReferencedSeriesSequence=[item(ReferencedInstanceSequence=referenced)],
        PerFrameFunctionalGroupsSequence=[of_frame(1, (-40.0, -45.0, 300.0))],
    )
    found = picture(masked, image(0.0))
    assert np.array_equal(found, picture(masked))


def test_colours_are_the_recommended_ones() -> None:
    ink = rgb_of(CIELAB)
    found = made(MASK)
    assert found.inks()[1] == ink
    edge = picture(found)[round(10 / 30 * 768), round(10 / 40 * 683)]
    assert tuple(edge) == ink


def test_a_palette_gives_a_label_map_its_colours() -> None:
    name = "highdicom/seg_image_sm_control_labelmap_palette_color.dcm"
    found, dataset = segmentation(sample(name)), dataset_of(name)
    red = np.frombuffer(dataset.RedPaletteColorLookupTableData, np.uint8)
    assert found.inks()[7][0] == red[7]
    number = fullest(found)
    (area,) = areas_at(found, number)
    ink = found.inks()[area.number]
    drawn = picture(found)
    assert (drawn == ink).all(axis=2).any()


def test_segments_of_one_place_are_drawn_together() -> None:
    other = np.zeros_like(MASK)
    other[25:28, 30:38] = 1
    both = made(MASK, other)
    assert mates(both, 1) == [1, 2]
    assert [area.number for area in areas_at(both, 1)] == [1, 2]


def test_frames_of_different_places_are_not() -> None:
    groups = [of_frame(1), of_frame(2, (-40.0, -45.0, 5.0))]
    assert mates(made(MASK, MASK, PerFrameFunctionalGroupsSequence=groups), 2) == [2]


def test_the_source_of_a_frame_is_the_one_it_names() -> None:
    name = "highdicom/seg_image_sm_dots.dcm"
    held, dataset = sample(name), dataset_of(name)
    for n, group in enumerate(dataset.PerFrameFunctionalGroupsSequence, 1):
        (derivation,) = group.DerivationImageSequence
        wanted = [
            (str(each.ReferencedSOPInstanceUID), int(each.ReferencedFrameNumber))
            for each in derivation.SourceImageSequence
        ]
        assert list(source_images(held.metadata, n)) == wanted


def test_an_empty_segmentation_is_a_picture_of_nothing() -> None:
    assert areas_at(made(np.zeros_like(MASK)), 1) == []
    assert picture(made(np.zeros_like(MASK)), image(0.0)).size > 0


def test_a_broken_frame_is_refused_and_broken_groups_are_not() -> None:
    held = sample("pydicom-data/liver_rle.dcm")
    syntax = held.header.transfer_syntax
    broken = segmentation_of(held.metadata, syntax, lambda n: b"\xff" * 10)
    with pytest.raises(NotAcceptable):
        render_segments(broken)
    groups = {"52009230": {"vr": "SQ", "Value": [{}, None, "x"]}}
    odd = segmentation_of(held.metadata | groups, syntax, held.frame)
    assert picture(odd).size > 0


def test_the_edge_of_a_mask_is_inside_it() -> None:
    mask = np.zeros((12, 12), bool)
    mask[2:10, 2:10] = True
    edge = outline(mask, 2)
    assert edge.sum() == 64 - 16
    assert not (edge & ~mask).any()


def test_a_frame_can_be_chosen_by_its_number() -> None:
    held = sample("derived/24x38x3/label.seg")
    asked = RenderOptions(media_type="image/png")
    drawn = [render(held.instance(), asked, frame_number=n) for n in (1, 2)]
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/gif", "image/jp2"])
def test_every_picture_type_is_given(media_type: str) -> None:
    held = sample("highdicom/seg_image_ct_binary.dcm")
    body = render(held.instance(), RenderOptions(media_type=media_type, width=200, height=200))
    assert max(Image.open(io.BytesIO(body)).size) == 200


def test_an_image_that_cannot_be_decoded_does_not_hide_the_segments() -> None:
    masked = made(MASK, PerFrameFunctionalGroupsSequence=[_derived(1, "1.2.1")])
    source = image(0.0)
    broken = Source(b"", source.metadata, source.image)
    assert np.array_equal(picture(masked, broken), picture(masked))


def test_a_segmentation_without_a_kind_of_its_own_is_refused_politely() -> None:
    with pytest.raises(NotAcceptable):
        render(Instance({}, Kind.SEGMENTATION), RenderOptions(media_type="image/png"), Others())


def test_a_full_grid_of_tiles_lies_tile_by_tile_on_a_slide_of_the_same_grid() -> None:
    found = segmentation(sample("highdicom/seg_image_sm_dots_tiled_full.dcm"))
    slide = sample("highdicom/sm_image_dots.dcm")
    asked: list[int] = []

    def open_image(uid: str, frame: int) -> Source:
        asked.append(frame)
        return slide.source(frame)

    render_segments(found, open_image, frame_number=27)
    assert asked == [2]
