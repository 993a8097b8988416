"""How a multipart request may be spelt: type, boundary, part headers, what surrounds parts."""

import numpy as np
import pytest

from conformance import answers, multipart
from conformance.client import DICOM_AS_STORED, expect
from conformance.instances import gradient, image, part10, path_of, plain

CONTENT_TYPES = {
    "type quoted": 'multipart/related; type="application/dicom"; boundary={b}',
    "type bare": "multipart/related; type=application/dicom; boundary={b}",
    "boundary quoted": 'multipart/related; type="application/dicom"; boundary="{b}"',
    "boundary first": 'multipart/related; boundary={b}; type="application/dicom"',
    "names in capitals": 'Multipart/Related; TYPE="application/dicom"; Boundary={b}',
    "type in capitals": 'multipart/related; type="Application/DICOM"; boundary={b}',
    "no blanks": 'multipart/related;type="application/dicom";boundary={b}',
    "many blanks": 'multipart/related ;  type="application/dicom" ;   boundary={b}',
    "transfer-syntax": 'multipart/related; type="application/dicom"; '
    "transfer-syntax=1.2.840.10008.1.2.1; boundary={b}",
    "start": 'multipart/related; type="application/dicom"; start="<a@b;c>"; boundary={b}',
    "charset": 'multipart/related; type="application/dicom"; charset=utf-8; boundary={b}',
}
BOUNDARIES = {
    "of browsers": "----WebKitFormBoundary7MA4YWxkTrZu0gW",
    "of a UUID": "0c5b1f6e-5d0e-4ac3-9a52-6f1d4b1f7a11",
    "of one letter": "b",
    "of 70 letters": "b" * 70,
    "of every allowed sign": "a'()+_,-./:=?9",
    "with blanks": "a boundary with blanks",
    "that begins with dashes": "--dashes--inside",
    "with a plus": "=_Part+1.2_3",
}
PART_HEADERS = {
    "transfer-syntax": {"Content-Type": "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"},
    "lower-case names": {"content-type": "application/dicom"},
    "Content-Location": {"Content-Type": "application/dicom", "Content-Location": "/anything"},
    "Content-ID": {"Content-ID": "<1@example>", "Content-Type": "application/dicom"},
    "Content-Disposition": {
        "Content-Disposition": 'attachment; filename="a;b.dcm"',
        "Content-Type": "application/dicom",
    },
}
HIDDEN = {
    "an empty line": b"\r\n\r\n",
    "dashes": b"\r\n--\r\n----",
    "the boundary without its dashes": b"\r\nTHE-BOUNDARY\r\n",
    "the boundary inside a line": b"x--THE-BOUNDARY--",
    "the boundary behind a line feed only": b"\n--THE-BOUNDARY--\n",
    "the beginning of the boundary": b"\r\n--THE-BOUNDAR\r\n--THE-BOUND",
    "headers": b"Content-Type: application/dicom\r\n\r\n",
}


def stores(server, content_type, body, *instances):
    server.remember(*instances)
    response = expect(server.post(body, content_type), 200)
    assert answers.stored(response) == {instance.SOPInstanceUID for instance in instances}


@pytest.mark.clause("PS3.18 8.7.1")
@pytest.mark.parametrize("spelling", CONTENT_TYPES.values(), ids=CONTENT_TYPES)
def test_every_legal_spelling_of_the_content_type_is_read(server, spelling):
    instance = plain()
    _, body = multipart.dicom([part10(instance)], "THE-BOUNDARY")
    stores(server, spelling.format(b="THE-BOUNDARY"), body, instance)


@pytest.mark.clause("PS3.18 8.6.1.2.1")
@pytest.mark.parametrize("boundary", BOUNDARIES.values(), ids=BOUNDARIES)
def test_a_quoted_boundary_may_have_every_character_of_rfc_2046(server, boundary):
    instance = plain()
    _, body = multipart.dicom([part10(instance)], boundary)
    content_type = f'multipart/related; type="application/dicom"; boundary="{boundary}"'
    stores(server, content_type, body, instance)


@pytest.mark.clause("PS3.18 8.6.1.2.1")
@pytest.mark.parametrize("headers", PART_HEADERS.values(), ids=PART_HEADERS)
def test_the_headers_of_a_part_are_read_in_every_spelling(server, headers):
    instance = plain()
    body = multipart.write([(headers, part10(instance))], "b")
    stores(server, 'multipart/related; type="application/dicom"; boundary=b', body, instance)


@pytest.mark.clause("PS3.18 8.6.1.2")
def test_a_part_may_say_its_content_length(server):
    instance = plain()
    file = part10(instance)
    headers = {"Content-Type": "application/dicom", "Content-Length": str(len(file))}
    body = multipart.write([(headers, file)], "b")
    stores(server, 'multipart/related; type="application/dicom"; boundary=b', body, instance)


@pytest.mark.clause("PS3.18 8.6.1.2.1")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"This is a preamble.\r\n", b""),
        (b"", b"This is an epilogue.\r\n"),
        (b"\r\n", b""),
    ],
    ids=["nothing", "a preamble", "an epilogue", "an empty line first"],
)
def test_what_stands_around_the_parts_is_ignored(server, before, after):
    instance = plain()
    content_type, body = multipart.dicom([part10(instance)])
    stores(server, content_type, before + body + after, instance)


@pytest.mark.clause("PS3.18 8.6.1.2.1")
def test_blanks_behind_a_boundary_are_ignored(server):
    instance = plain()
    content_type, body = multipart.dicom([part10(instance)], "THE-BOUNDARY")
    stores(
        server,
        content_type,
        body.replace(b"--THE-BOUNDARY\r\n", b"--THE-BOUNDARY \t\r\n"),
        instance,
    )


@pytest.mark.clause("PS3.18 8.6.1.2.1")
def test_the_last_line_may_lack_its_line_end(server):
    instance = plain()
    content_type, body = multipart.dicom([part10(instance)])
    stores(server, content_type, body.removesuffix(b"\r\n"), instance)


@pytest.mark.clause("PS3.18 8.6.1.2.1")
@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN)
def test_binary_values_may_look_like_multipart(server, hidden):
    pixels = gradient()
    raw = np.frombuffer((hidden * pixels.size)[: pixels.size], "u1").reshape(pixels.shape)
    instance = image(raw)
    content_type, body = multipart.dicom([part10(instance)], "THE-BOUNDARY")
    stores(server, content_type, body, instance)
    part = server.parts(path_of(instance), DICOM_AS_STORED)[0]
    assert instance.PixelData in part.body


@pytest.mark.clause("RFC 9112 7.1")
def test_a_body_may_come_in_chunks_without_a_length(server):
    instances = [plain() for _ in range(3)]
    content_type, body = multipart.dicom([part10(instance) for instance in instances])
    chunks = (body[start : start + 101] for start in range(0, len(body), 101))
    stores(server, content_type, chunks, *instances)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.4")
def test_a_single_instance_may_come_without_multipart(server):
    instance = plain()
    stores(server, "application/dicom", part10(instance), instance)
