"""Stores of metadata in JSON or XML, with native bulk data in parts of their own."""

import http.server
import io
import threading

import numpy as np
import pydicom
import pytest

from conformance import answers, multipart
from conformance.client import DICOM, expect, values
from conformance.instances import (
    BASIC_TEXT_SR,
    copy,
    gradient,
    image,
    path_of,
    plain,
    series_of,
    study_of,
    uid,
)
from conformance.store.metadata_and_bulk import JSON, OCTETS, XML, in_json, in_xml, json_of

PIXELS = "7FE00010"
WRITERS = {"JSON": in_json, "XML": in_xml}
LOCATIONS = {
    "a word": "pixels",
    "a path": "/studies/1/bulkdata/pixels",
    "an absolute URL": "http://example.org/somewhere/pixels",
    "a URN": "urn:uuid:6d1c7a35-2f0f-4c1b-8a8e-0a3a5ad2f6ab",
    "a content id": "cid:pixels@example.org",
}


def sent(server, request, *instances, status=200):
    content_type, body = request
    server.remember(*instances)
    return expect(server.post(body, content_type), status)


def back(server, instance):
    return pydicom.dcmread(io.BytesIO(server.parts(path_of(instance), DICOM)[0].body))


@pytest.mark.clause("PS3.18 10.5.1.4")
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_metadata_with_native_pixels_becomes_an_instance(server, write):
    pixels = gradient(dtype="u2", step=300)
    instance = image(pixels)
    bulk = (OCTETS, "pixels", instance.PixelData)
    response = sent(server, write([json_of(instance, {PIXELS: "pixels"})], bulk), instance)
    assert answers.stored(response) == {instance.SOPInstanceUID}
    assert (back(server, instance).pixel_array == pixels).all()


@pytest.mark.clause("PS3.18 10.5.1.4")
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_the_attributes_of_the_metadata_are_those_of_the_instance(server, write):
    instance = plain(PatientName="Grüße^Ω=山田^太郎", SpecificCharacterSet="ISO_IR 192")
    instance.PatientWeight, instance.SeriesDescription = "72.5", "a < b & c"
    instance.OtherPatientIDsSequence = [pydicom.Dataset()]
    instance.OtherPatientIDsSequence[0].PatientID = "nested"
    sent(server, write([json_of(instance)]), instance)
    (metadata,) = server.metadata(path_of(instance))
    names = {"Alphabetic": "Grüße^Ω", "Ideographic": "山田^太郎"}
    assert values(metadata, "00100010") == [names]
    assert [float(value) for value in values(metadata, "00101030")] == [72.5]
    assert values(metadata, "0008103E") == ["a < b & c"]
    assert values(values(metadata, "00101002")[0], "00100020") == ["nested"]


@pytest.mark.clause("PS3.18 10.5.1.4")
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_several_data_sets_may_share_a_request(server, write):
    first = image(gradient())
    batch = [first, copy(first, InstanceNumber=2)]
    bulk = [
        (OCTETS, f"pixels/{n}", one.PixelData[::-1][n:] + b"\0" * n) for n, one in enumerate(batch)
    ]
    datasets = [json_of(one, {PIXELS: f"pixels/{n}"}) for n, one in enumerate(batch)]
    response = sent(server, write(datasets, *bulk), first)
    assert answers.stored(response) == {one.SOPInstanceUID for one in batch}
    for one, (_, _, raw) in zip(batch, bulk, strict=True):
        assert back(server, one).PixelData == raw


@pytest.mark.clause("PS3.18 10.5.1.4")
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_an_object_without_bulk_data_needs_no_bulk_part(server, write):
    report = plain(sop_class=BASIC_TEXT_SR, Modality="SR", ValueType="CONTAINER")
    response = sent(server, write([json_of(report)]), report)
    assert answers.stored(response) == {report.SOPInstanceUID}


@pytest.mark.clause("PS3.18 8.6.1.2")
@pytest.mark.parametrize("location", LOCATIONS.values(), ids=LOCATIONS)
def test_a_bulk_part_is_found_by_its_content_location(server, location):
    instance = image(gradient())
    request = in_json(
        [json_of(instance, {PIXELS: location})], (OCTETS, location, instance.PixelData)
    )
    sent(server, request, instance)
    assert back(server, instance).PixelData == instance.PixelData


@pytest.mark.clause("PS3.18 10.5.1.4")
def test_pixels_may_stand_inline(server):
    instance = image(gradient())
    sent(server, in_json([json_of(instance)]), instance)
    assert back(server, instance).PixelData == instance.PixelData


@pytest.mark.clause("PS3.18 10.5.1.4")
def test_a_bulk_value_may_stand_inside_a_sequence(server):
    instance = image(gradient())
    icon = image(gradient(4, 4))
    dataset = json_of(instance)
    dataset["00880200"] = {"vr": "SQ", "Value": [json_of(icon, {PIXELS: "icon"})]}
    for tag in ("00080016", "00080018", "0020000D", "0020000E"):
        dataset["00880200"]["Value"][0].pop(tag)
    sent(server, in_json([dataset], (OCTETS, "icon", icon.PixelData)), instance)
    assert back(server, instance).IconImageSequence[0].PixelData == icon.PixelData


@pytest.mark.clause("PS3.18 10.5.1.4")
def test_large_numeric_values_may_come_as_bulk_data(server):
    instance = plain()
    instance.add_new(0x00660016, "OF", np.arange(300, dtype="<f4").tobytes())
    request = in_json(
        [json_of(instance, {"00660016": "points"})], (OCTETS, "points", instance[0x00660016].value)
    )
    sent(server, request, instance)
    assert back(server, instance)[0x00660016].value == instance[0x00660016].value


@pytest.mark.clause("PS3.18 10.5.3.1")
def test_a_bulk_data_uri_without_its_part_fails_that_instance_only(server):
    good = image(gradient())
    bad = copy(good)
    datasets = [json_of(good, {PIXELS: "here"}), json_of(bad, {PIXELS: "nowhere"})]
    response = sent(server, in_json(datasets, (OCTETS, "here", good.PixelData)), good, status=202)
    assert answers.stored(response) == {good.SOPInstanceUID}
    assert set(answers.failed(response)) == {bad.SOPInstanceUID}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.11")
def test_a_bulk_data_uri_is_never_fetched_from_elsewhere(server):
    asked = []

    class Trap(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Trap) as trap:
        threading.Thread(target=trap.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{trap.server_port}/secret"
        instance = image(gradient())
        content_type, body = in_json([json_of(instance, {PIXELS: uri})])
        expect(server.post(body, content_type), 400, 409, 415)
        trap.shutdown()
    assert not asked


@pytest.mark.clause("PS3.18 10.5.3.1")
def test_metadata_of_another_study_than_the_path_names_is_refused(server):
    instance = plain()
    content_type, body = in_json([json_of(instance)])
    response = expect(server.post(body, content_type, path=study_of(plain())), 409)
    assert set(answers.failed(response)) == {instance.SOPInstanceUID}


@pytest.mark.clause("PS3.18 10.5.3.1")
@pytest.mark.parametrize(
    "text",
    [b"{", b"", b'"text"', b"[1]", b'[{"00100010": 7}]'],
    ids=["cut", "none", "text", "number", "no attribute"],
)
def test_what_is_not_dicom_json_is_refused(server, text):
    content_type, body = multipart.related([({"Content-Type": JSON}, text)], JSON)
    expect(server.post(body, content_type), 400, 409)


@pytest.mark.practice
@pytest.mark.clause("PS3.19 A.1")
def test_entities_in_xml_are_not_expanded(server):
    bomb = b'<!DOCTYPE d [<!ENTITY a "AAAA"><!ENTITY x SYSTEM "file:///etc/hostname">]>'
    model = b'<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">'
    name = b'<DicomAttribute tag="00100020" vr="LO"><Value>&a;&x;</Value></DicomAttribute>'
    document = b'<?xml version="1.0"?>' + bomb + model + name + b"</NativeDicomModel>"
    content_type, body = multipart.related([({"Content-Type": XML}, document)], XML)
    expect(server.post(body, content_type), 400, 409, 415)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.4")
@pytest.mark.parametrize("content_type", [JSON, f"{JSON}; charset=utf-8"])
def test_metadata_alone_may_come_without_multipart(server, content_type):
    instance = plain()
    _, body = in_json([json_of(instance)])
    text = body.split(b"\r\n\r\n")[1].rsplit(b"\r\n--")[0]
    response = sent(server, (content_type, text), instance)
    assert answers.stored(response) == {instance.SOPInstanceUID}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 F.2")
@pytest.mark.parametrize(
    ("tag", "attribute", "wanted"),
    [
        ("00100010", {"vr": "PN", "Value": ["Doe^Plain"]}, [{"Alphabetic": "Doe^Plain"}]),
        ("00100010", {"vr": "PN", "Value": [{"Alphabetic": ""}]}, []),
        ("00101030", {"vr": "DS", "Value": ["72.5"]}, [72.5]),
        ("00200013", {"vr": "IS", "Value": ["7"]}, [7]),
        ("00280010", {"vr": "US", "Value": ["7"]}, [7]),
        ("0008103e", {"vr": "LO", "Value": ["lower case"]}, ["lower case"]),
        ("00080070", {"vr": "LO", "Value": []}, []),
        ("00080070", {"vr": "LO", "Value": [""]}, []),
        ("00080070", {"vr": "LO", "Value": [None]}, []),
        ("00080070", {"Value": ["no vr"]}, ["no vr"]),
    ],
    ids=[
        "a name as text", "an empty name", "DS as text", "IS as text", "US as text",
        "a lower-case tag", "an empty array", "an empty text", "null", "no vr",
    ],
)  # fmt: skip
def test_what_sloppy_writers_send_is_understood(server, tag, attribute, wanted):
    instance = plain()
    dataset = json_of(instance)
    dataset.pop(tag, None)
    sent(server, in_json([dataset | {tag: attribute}]), instance)
    (metadata,) = server.metadata(path_of(instance))
    assert [_plain(one) for one in values(metadata, tag.upper())] == wanted


def _plain(value):
    return float(value) if isinstance(value, str) and value.replace(".", "").isdigit() else value


@pytest.mark.clause("PS3.18 10.5.1.4")
def test_private_attributes_of_json_keep_their_creator(server):
    instance = plain()
    dataset = json_of(instance)
    dataset["00290010"] = {"vr": "LO", "Value": ["CONFORMANCE SUITE"]}
    dataset["00291001"] = {"vr": "LO", "Value": ["private"]}
    sent(server, in_json([dataset]), instance)
    block = back(server, instance).private_block(0x0029, "CONFORMANCE SUITE")
    assert block[0x01].value == "private"


@pytest.mark.clause("PS3.19 A.1")
def test_private_attributes_of_xml_get_a_block(server):
    instance = plain()
    dataset = json_of(instance)
    content_type, body = in_xml([dataset])
    private = (
        b'<DicomAttribute tag="00290001" vr="LO" privateCreator="CONFORMANCE SUITE">'
        b'<Value number="1">private</Value></DicomAttribute></NativeDicomModel>'
    )
    sent(server, (content_type, body.replace(b"</NativeDicomModel>", private)), instance)
    block = back(server, instance).private_block(0x0029, "CONFORMANCE SUITE")
    assert block[0x01].value == "private"


@pytest.mark.clause("PS3.18 10.5.1.4")
def test_metadata_joins_a_series_that_came_as_instances(server):
    first = image(gradient())
    server.keep(first)
    second = copy(first, SOPInstanceUID=uid())
    sent(server, in_json([json_of(second)]), second)
    assert len(server.find(f"{series_of(first)}/instances")) == 2


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.1.4")
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_text_may_come_as_bulk_data_in_utf_8(server, write):
    instance, text = plain(), "Grüße aus Zürich"
    metadata = json_of(instance) | {"00104000": {"vr": "LT", "BulkDataURI": "comments"}}
    bulk = (OCTETS, "comments", text.encode())
    sent(server, write([dict(sorted(metadata.items()))], bulk), instance)
    (found,) = server.metadata(path_of(instance))
    assert values(found, "00104000") == [text]


@pytest.mark.clause("PS3.18 F.2.2")
def test_a_sequence_as_bulk_data_is_never_lost_in_silence(server):
    instance = plain()
    metadata = json_of(instance) | {"00081115": {"vr": "SQ", "BulkDataURI": "items"}}
    server.remember(instance)
    content_type, body = in_json([dict(sorted(metadata.items()))], (OCTETS, "items", b"abcd"))
    expect(server.post(body, content_type), 202, 400, 409)
