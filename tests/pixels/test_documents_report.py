"""Structured Reports against pydicom and highdicom: everything they say stands in every form."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any

import highdicom
import pytest
import samples
from highdicom.sr import CodedConcept, RelationshipTypeValues
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from dicomweb.pixels.documents.kinds import Kind
from dicomweb.pixels.documents.plain_page import COLUMNS
from dicomweb.pixels.documents.rendering import Instance, document
from tests.pixels.documents_shared import (
    content_items,
    dataset_of,
    others,
    read_html,
    sample,
    squeezed,
    stored,
)

REPORTS = [
    "derived/sr.dcm",
    "derived/sample-sr.dcm",
    "derived/structured_report.dcm",
    "highdicom/sr_document.dcm",
    "highdicom/sr_document_with_multiple_groups.dcm",
    "pydicom/test-SR.dcm",
    "pydicom/reportsi.dcm",
    "pydicom/reportsi_with_empty_number_tags.dcm",
    "transfer-syntaxes/deflated/report_dfl",
]


def meanings(item: Dataset) -> Iterator[str]:
    """The code meanings of a content item itself: concept, value, unit, qualifier."""
    measured = item.get("MeasuredValueSequence") or ()
    sequences = [item.get("ConceptNameCodeSequence"), item.get("ConceptCodeSequence")]
    sequences += [each.get("MeasurementUnitsCodeSequence") for each in measured]
    sequences += [item.get("NumericValueQualifierCodeSequence")]
    for sequence in sequences:
        yield from (str(code.CodeMeaning) for code in sequence or () if code.get("CodeMeaning"))


def numbers(item: Dataset) -> Iterator[float]:
    for measured in item.get("MeasuredValueSequence") or ():
        if measured.get("NumericValue") is not None:
            yield float(measured.NumericValue)


def instance(name: str) -> Instance:
    return sample(name).instance()


@pytest.mark.parametrize("name", REPORTS)
def test_html_says_every_text_meaning_and_number(name: str) -> None:
    page = read_html(document(instance(name), "text/html").text)
    for item in content_items(dataset_of(name)):
        assert squeezed(str(item.get("TextValue") or "")) in page.words
        for meaning in meanings(item):
            assert squeezed(meaning) in page.everything
        for number in numbers(item):
            assert any(squeezed(form) in page.words for form in forms(number))


def forms(number: float) -> list[str]:
    return [repr(number), str(int(number)) if number.is_integer() else repr(number)]


@pytest.mark.parametrize("name", REPORTS)
def test_plain_text_says_every_text_and_coded_value(name: str) -> None:
    words = squeezed(document(instance(name), "text/plain").text)
    for item in content_items(dataset_of(name)):
        assert squeezed(str(item.get("TextValue") or "")) in words
        for code in item.get("ConceptCodeSequence") or ():
            assert squeezed(str(code.get("CodeMeaning") or "")) in words
        for number in numbers(item):
            assert any(form in words for form in forms(number))


@pytest.mark.parametrize("name", REPORTS)
def test_plain_text_keeps_within_its_columns(name: str) -> None:
    text = document(instance(name), "text/plain").text
    long = [line for line in text.splitlines() if len(line) > COLUMNS and " " in line.strip()]
    assert long == []


@pytest.mark.parametrize("name", REPORTS)
def test_xml_is_the_content_tree_item_by_item(name: str) -> None:
    root = ElementTree.fromstring(document(instance(name), "text/xml").text)
    found = [(each.get("type"), each) for each in root.iter("item")]
    wanted = list(content_items(dataset_of(name)))
    assert len(found) == len(wanted)
    for (kind, element), item in zip(found, wanted, strict=True):
        assert kind == item.get("ValueType", "REFERENCE")
        concept = element.find("concept")
        named = item.get("ConceptNameCodeSequence") or ()
        assert [concept.text if concept is not None else None] == [
            str(code.CodeMeaning) for code in named
        ] or not named
        assert [float(each.text or "") for each in element.findall("number")] == list(numbers(item))
        text = element.find("text")
        if text is not None:
            assert squeezed(text.text or "") == squeezed(str(item.get("TextValue") or ""))


def test_dictated_prose_reads_as_sentences() -> None:
    text = document(instance("transfer-syntaxes/deflated/report_dfl"), "text/plain").text
    assert "referred by Dr. Fukuda was also seen by Dr. Mason at the Redlands" in text
    assert "There is a 1.5 cm lesion" in text


def test_the_head_says_whose_report_it_is_and_whether_it_counts() -> None:
    page = read_html(document(instance("highdicom/sr_document.dcm"), "text/html").text)
    assert squeezed("Partial · Unverified · Preliminary") in page.words
    assert "CompressedSamples,CT1" in page.words
    assert squeezed("2004-01-19 07:27:30") in page.words
    assert page.elements.count("h1") == 1


def test_verifying_observers_are_named() -> None:
    text = document(instance("pydicom/test-SR.dcm"), "text/plain").text
    assert "verified  Riesmeier, Jörg" in text
    assert "Complete · Verified" in text


def test_a_reference_leads_to_what_is_here_and_names_what_is_not() -> None:
    report = sample("highdicom/sr_document.dcm")
    image = sample("highdicom/ct_image.dcm")
    uid = image.header.sop_instance
    linked = read_html(document(report.instance(), "text/html", others(image)).text)
    assert f"/instances/{uid}/rendered" in linked.links
    alone = read_html(document(report.instance(), "text/html").text)
    assert alone.links == []
    assert uid in alone.words


def test_an_item_by_reference_leads_to_its_target() -> None:
    page = read_html(document(instance("pydicom/test-SR.dcm"), "text/html").text)
    targets = {value for name, value in page.attributes if name == "id"}
    inner = [link for link in page.links if link.startswith("#")]
    assert len(inner) >= 2
    assert {link[1:] for link in inner} <= targets


def by_highdicom() -> Dataset:
    """A measurement report (TID 1500) as highdicom writes it, one planar region in it."""
    image = dataset_of("highdicom/ct_image.dcm")
    sr = highdicom.sr
    measurement = sr.Measurement(
        name=codes.SCT.Length,
        value=12.25,
        unit=codes.UCUM.Millimeter,
        qualifier=CodedConcept("114000", "DCM", "Not a number"),
        tracking_identifier=sr.TrackingIdentifier(generate_uid(), "lesion 1"),
    )
    region = sr.ImageRegion(
        graphic_type=sr.GraphicTypeValues.CIRCLE,
        graphic_data=highdicom.sr.content.np.array([[20.0, 10.0], [23.0, 14.0]]),
        source_image=sr.SourceImageForRegion(image.SOPClassUID, image.SOPInstanceUID),
    )
    group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(generate_uid(), "region 1"),
        referenced_region=region,
        finding_type=codes.SCT.Neoplasm,
        measurements=[measurement],
    )
    observer = sr.PersonObserverIdentifyingAttributes(name="Yamada^Tarou^^Dr")
    context = sr.ObservationContext(
        observer_person_context=sr.ObserverContext(codes.DCM.Person, observer)
    )
    content = sr.MeasurementReport(
        observation_context=context,
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[group],
    )
    return sr.Comprehensive3DSR(
        evidence=[image],
        content=content[0],
        series_number=1,
        series_instance_uid=generate_uid(),
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Maker",
    )


def test_a_measurement_report_of_highdicom_reads_like_one() -> None:
    held = stored(samples.encode(by_highdicom()))
    assert held.kind is Kind.REPORT
    text = document(held.instance(), "text/plain").text
    assert "Dr Yamada, Tarou" in text
    assert "Circle around (20, 10), radius 5, in pixels" in text
    assert "Length:" in text
    assert "12.25 mm (Not a number)" in " ".join(text.split())


def item(kind: str, name: str, **values: Any) -> Dataset:
    """A content item with a concept of its own."""
    concept = CodedConcept("1", "99TEST", name)
    found = Dataset()
    found.ValueType = kind
    found.RelationshipType = RelationshipTypeValues.CONTAINS.value
    found.ConceptNameCodeSequence = [concept]
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def report_of(*items: Dataset, **values: Any) -> str:
    """A report with these items as plain text."""
    root = samples.make_dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", **values)
    root.ValueType = "CONTAINER"
    root.ConceptNameCodeSequence = [CodedConcept("1", "99TEST", "Report")]
    root.ContentSequence = list(items)
    held = stored(samples.encode(root))
    read_html(document(held.instance(), "text/html").text)
    ElementTree.fromstring(document(held.instance(), "text/xml").text)
    return document(held.instance(), "text/plain").text


def referenced(**values: Any) -> Dataset:
    found = Dataset()
    found.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"
    found.ReferencedSOPInstanceUID = "1.2.3"
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (item("DATE", "When", Date="20240229"), "When: 2024-02-29"),
        (item("TIME", "When", Time="235959.500"), "When: 23:59:59.5"),
        (
            item("DATETIME", "When", DateTime="20240229120000.25+0100"),
            "When: 2024-02-29 12:00:00.25 +01:00",
        ),
        (item("PNAME", "Who", PersonName="Doe^Jane^Q^Dr^MD"), "Who: Dr Doe, Jane Q, MD"),
        (item("UIDREF", "What", UID="1.2.840.10008.1.2"), "What: Implicit VR Little Endian"),
        (
            item("TCOORD", "Span", TemporalRangeType="SEGMENT", ReferencedSamplePositions=[3, 9]),
            "Span: Segment: samples 3, 9",
        ),
        (
            item(
                "SCOORD3D",
                "Place",
                GraphicType="POINT",
                GraphicData=[1.0, 2.5, -3.0],
                ReferencedFrameOfReferenceUID="1.2.9",
            ),
            "Place: Point (1, 2.5, -3), in mm",
        ),
        (
            item(
                "WAVEFORM",
                "Trace",
                ReferencedSOPSequence=[referenced(ReferencedWaveformChannels=[1, 0, 2, 3])],
            ),
            "Trace: 12-lead ECG Waveform, group 1, group 2, channel 3 1.2.3",
        ),
        (
            item(
                "IMAGE",
                "Frames",
                ReferencedSOPSequence=[
                    referenced(
                        ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.66.4",
                        ReferencedFrameNumber=[4, 5],
                        ReferencedSegmentNumber=7,
                    )
                ],
            ),
            "Frames: Segmentation, frames 4, 5, segment 7 1.2.3",
        ),
        (item("NEWKIND", "Unknown"), "Unknown:"),
    ],
)
def test_each_value_type_is_worded(found: Dataset, line: str) -> None:
    assert line in report_of(found)


def measured(**values: Any) -> Dataset:
    number = Dataset()
    number.MeasurementUnitsCodeSequence = [CodedConcept("mm", "UCUM", "millimeter")]
    for keyword, value in values.items():
        setattr(number, keyword, value)
    return item("NUM", "Size", MeasuredValueSequence=[number])


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"NumericValue": "12.5"}, "Size: 12.5 mm"),
        ({"NumericValue": "-3"}, "Size: -3 mm"),
        ({"FloatingPointValue": 0.1}, "Size: 0.1 mm"),
        (
            {"NumericValue": "0.333", "RationalNumeratorValue": 1, "RationalDenominatorValue": 3},
            "Size: 0.333 (1/3) mm",
        ),
        ({}, "Size: no value mm"),
    ],
)
def test_a_number_is_said_with_its_unit(values: dict[str, Any], line: str) -> None:
    assert line in report_of(measured(**values))


def test_a_number_without_a_value_says_why() -> None:
    why = CodedConcept("114006", "DCM", "Measurement failure")
    found = item("NUM", "Size", MeasuredValueSequence=[], NumericValueQualifierCodeSequence=[why])
    assert "Size: no value (Measurement failure)" in report_of(found)


def test_a_unit_that_is_no_symbol_is_said_by_its_meaning() -> None:
    ratio = CodedConcept("{ratio}", "UCUM", "ratio")
    assert "Size: 3 ratio" in report_of(
        measured(NumericValue="3", MeasurementUnitsCodeSequence=[ratio])
    )


def test_neighbouring_measurements_make_a_table() -> None:
    lines = report_of(measured(NumericValue="12.5"), measured(NumericValue="3")).splitlines()
    at = lines.index("Measurement  Value  Unit")
    assert lines[at + 1 : at + 3] == ["Size          12.5  mm", "Size             3  mm"]


def test_a_table_item_is_a_table() -> None:
    cells = []
    for column, vr, keyword, values in (
        (1, "DT", "SelectorDTValue", ["20240101120000", "20240101120100"]),
        (2, "FD", "SelectorFDValue", [1.5, 2.5]),
    ):
        cell = Dataset()
        cell.TableColumnNumber = column
        cell.SelectorAttributeVR = vr
        setattr(cell, keyword, values)
        cells.append(cell)
    table = Dataset()
    table.NumberOfTableRows, table.NumberOfTableColumns = 2, 2
    table.CellValuesSequence = cells
    text = report_of(item("TABLE", "Course", TabulatedValuesSequence=[table]))
    assert "2024-01-01 12:01:00  2.5" in text


def test_a_text_too_large_for_the_json_is_read_from_its_uri() -> None:
    long = "word " * 20_000
    assert squeezed(long) in squeezed(report_of(item("TEXT", "Long", TextValue=long)))


def test_texts_of_every_script_arrive_whole() -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    text = report_of(
        item("PNAME", "誰", PersonName=name),
        item("TEXT", "نص", TextValue="مرحبا — καλημέρα"),
        SpecificCharacterSet="ISO_IR 192",
    )
    assert "誰: Yamada, Tarou (山田, 太郎, やまだ, たろう)" in text
    assert "نص: مرحبا — καλημέρα" in text
