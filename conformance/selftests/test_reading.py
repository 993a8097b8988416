"""The readers of the suite: multipart, the Native DICOM Model, the report."""

import json

import pytest

from conformance import multipart, native_xml, report

TYPE = 'multipart/related; type="application/dicom"; boundary=b'


def test_what_was_written_is_read_back():
    parts = [({"Content-Type": "application/dicom"}, b"\r\n--\r\n"), ({}, b"")]
    read = multipart.read(TYPE, multipart.write(parts, "b"))
    assert [part.body for part in read] == [b"\r\n--\r\n", b""]
    assert read[0].media_type == "application/dicom"


def test_a_multipart_without_parts_is_read():
    assert multipart.read(TYPE, b"--b--") == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/dicom", b"--b--"),
        ("multipart/related; boundary=b", b"--b--"),
        ('multipart/related; type="x"', b"--b--"),
        (TYPE, b"--c--"),
        (TYPE, b"--b\r\n\r\nx\r\n"),
        (TYPE, b"--b\r\nContent-Length: 3\r\n\r\nx\r\n--b--"),
        (TYPE, b"--b\r\nContent-Type: x\nNo-Blank: y\n\nx\r\n--b--"),
    ],
    ids=["type", "no type", "no boundary", "boundary", "not closed", "length", "line feeds"],
)
def test_what_breaks_the_grammar_is_noticed(content_type, body):
    with pytest.raises(AssertionError):
        multipart.read(content_type, body)


@pytest.mark.parametrize(
    ("value", "name", "parameters"),
    [
        ('a/b; c="d;e, f"; g=h', "a/b", {"c": "d;e, f", "g": "h"}),
        ("A/B;C=d", "a/b", {"c": "d"}),
        ('a/b; c="d\\"e"', "a/b", {"c": 'd"e'}),
        ("a/b", "a/b", {}),
    ],
)
def test_media_types_are_read_with_their_quoted_parameters(value, name, parameters):
    assert multipart.media_type(value) == (name, parameters)


def test_a_data_set_survives_the_native_model():
    dataset = {
        "00080020": {"vr": "DA", "Value": ["20240229"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "A^B", "Ideographic": "C"}]},
        "00101002": {"vr": "SQ", "Value": [{"00100020": {"vr": "LO", "Value": ["1"]}}]},
        "7FE00010": {"vr": "OW", "BulkDataURI": "pixels"},
    }
    read = native_xml.read(native_xml.write(dataset))
    assert read["00080020"]["values"] == ["20240229"]
    assert read["00100010"]["values"] == [{"Alphabetic": "A^B", "Ideographic": "C"}]
    assert read["00101002"]["values"][0]["00100020"]["values"] == ["1"]
    assert read["7FE00010"]["uri"] == "pixels"


def test_the_report_counts_by_level_and_by_clause_in_the_order_of_the_book():
    results = [
        report.Result("a", "PS3.18 10.6.1", "required", "passed"),
        report.Result("b", "PS3.18 8.5", "required", "failed", "why"),
        report.Result("c", "PS3.18 8.5", "optional", "expected failure", "known"),
    ]
    assert list(report.sorted_by_clause(results)) == ["PS3.18 8.5", "PS3.18 10.6.1"]
    assert json.loads(report.as_json(results, "u"))["levels"]["required"]["failed"] == 1
    text = report.as_markdown(results, "u")
    assert "| PS3.18 8.5 | 2 | 0 | 1 | 1 | 0 |" in text
    assert "* `b` (PS3.18 8.5, required): why" in text
