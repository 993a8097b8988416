"""Pages of facts for what has no picture: plans, annotations, value maps, states, raw data."""

import re
from typing import Any

import pydicom
import pytest
from pydicom.data import get_palette_files

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.documents.attribute_list import MAX_ATTRIBUTES
from dicomweb.pixels.documents.kinds import Kind, kind_of, media_types
from dicomweb.pixels.documents.rendering import Instance, document, render
from dicomweb.pixels.options import RenderOptions
from tests.pixels.documents_shared import dataset_of, read_html, sample, squeezed
from tests.pixels.rendering import metadata_of

FACTS = [
    "synthetic/modalities/raw_data_1MB_private.dcm",
    "synthetic/derived/gsps.dcm",
    "derived/rwvm.dcm",
    "highdicom/sm_annotations.dcm",
    "wsi/wsi_annotation.dcm",
    "rt/rtplan.dcm",
    "pydicom/rtplan.dcm",
    "pydicom/rtdose.dcm",
    "synthetic/oddities/image_without_pixel_data.dcm",
]


def text_of(name: str) -> str:
    return document(sample(name).instance(), "text/plain").text


@pytest.mark.parametrize("name", FACTS)
def test_a_page_says_what_it_is_and_whose(name: str) -> None:
    held, dataset = sample(name), dataset_of(name)
    page = read_html(document(held.instance(), "text/html").text)
    assert squeezed(str(dataset.SOPClassUID.name).removesuffix(" Storage")) in page.words
    assert squeezed(str(dataset.get("PatientID") or "")) in page.words
    assert str(dataset.SOPInstanceUID) in page.words
    assert page.elements.count("h1") == 1


def test_a_plan_is_told_as_a_physicist_reads_it() -> None:
    text, dataset = text_of("rt/rtplan.dcm"), dataset_of("rt/rtplan.dcm")
    assert f"RT Plan: {dataset.RTPlanLabel}" in text
    for beam in dataset.BeamSequence:
        point = beam.ControlPointSequence[0]
        assert f"{beam.BeamName}" in text
        assert f"{float(point.NominalBeamEnergy):g} MV" in text
        assert f"{float(point.GantryAngle):g}°" in text
    (group,) = dataset.FractionGroupSequence
    total = sum(float(beam.BeamMeterset) for beam in group.ReferencedBeamSequence)
    assert re.search(rf"1 +{group.NumberOfFractionsPlanned} +1, 2, 3, 4 +2 Gy +{total:g}", text)


@pytest.mark.parametrize(
    "name",
    [
        *("pydicom/rtplan.dcm", "pydicom/rtplan_truncated.dcm", "pydicom/ExplVR_LitEndNoMeta.dcm"),
        *("rt/06MV_plan.dcm", "rt/vmat_example.dcm"),
    ],
)
def test_every_plan_gives_a_page(name: str) -> None:
    dataset = dataset_of(name)
    metadata = metadata_of(dataset)
    kind = kind_of(str(dataset.SOPClassUID))
    page = read_html(document(Instance(metadata, kind), "text/html").text)
    assert kind is Kind.OTHER
    assert "Plan" in page.words
    assert ("Isocentre" in page.words) is ("BeamSequence" in dataset)


def test_an_arc_says_where_it_begins_and_ends() -> None:
    dataset = dataset_of("rt/vmat_example.dcm")
    text = document(Instance(metadata_of(dataset), Kind.OTHER), "text/plain").text
    points = dataset.BeamSequence[0].ControlPointSequence
    assert float(points[0].GantryAngle) != float(points[-1].GantryAngle)
    assert f"{float(points[0].GantryAngle):g} → {float(points[-1].GantryAngle):g}°" in text


def test_annotations_are_counted_by_group() -> None:
    text, dataset = (
        text_of("highdicom/sm_annotations.dcm"),
        dataset_of("highdicom/sm_annotations.dcm"),
    )
    for group in dataset.AnnotationGroupSequence:
        name = group.AnnotationPropertyTypeCodeSequence[0].CodeMeaning
        row = rf"{group.AnnotationGroupLabel} +{name} +point +{group.NumberOfAnnotations} +manual"
        assert re.search(row, text)
    assert "pixels of the image" in text


def test_a_value_map_says_unit_and_formula() -> None:
    text, dataset = text_of("derived/rwvm.dcm"), dataset_of("derived/rwvm.dcm")
    (image,) = dataset.ReferencedImageRealWorldValueMappingSequence
    (mapping,) = image.RealWorldValueMappingSequence
    assert f"{mapping.RealWorldValueSlope:.7g} * stored" in text
    assert "Standardized Uptake Value body weight" in text
    assert "191 instances" in text


def test_a_presentation_state_without_its_image_says_its_words() -> None:
    assert "finding" in text_of("synthetic/derived/gsps.dcm")


def test_raw_data_is_listed_and_not_dumped() -> None:
    text = text_of("synthetic/modalities/raw_data_1MB_private.dcm")
    assert "binary data" in text
    assert len(text) < 20_000


def test_a_stored_palette_is_shown_as_its_colours() -> None:
    found = pydicom.dcmread(get_palette_files("hotiron.dcm")[0])
    page = read_html(document(Instance(metadata_of(found), Kind.OTHER), "text/html").text)
    inks = [ink for name, ink in page.attributes if name == "fill" and ink]
    assert inks[0] == "#000000"
    assert inks[-1] == "#ffffff"
    assert len(inks) == 128


def test_a_long_list_of_attributes_ends_where_it_says_so() -> None:
    many: dict[str, Any] = {
        f"0011{n:04X}": {"vr": "LO", "Value": [f"v{n}"]} for n in range(0x1000, 0x1000 + 900)
    }
    text = document(Instance(many, Kind.OTHER), "text/plain").text
    assert f"The first {MAX_ATTRIBUTES} attributes" in text
    assert text.count("(0011,") == MAX_ATTRIBUTES


def test_a_media_type_that_is_not_given_is_refused_with_those_that_are() -> None:
    instance = sample("rt/rtplan.dcm").instance()
    for media_type in ("image/png", "application/pdf", "text/rtf"):
        with pytest.raises(NotAcceptable, match="text/html, text/plain"):
            render(instance, RenderOptions(media_type=media_type))


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.IMAGE, Kind.VIDEO)])
def test_every_text_that_is_offered_is_given(kind: Kind) -> None:
    for media_type in media_types(kind):
        if media_type.startswith("text/"):
            body = render(Instance({}, kind), RenderOptions(media_type=media_type))
            assert body.decode()
