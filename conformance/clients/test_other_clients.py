"""The requests of cornerstone, dicomweb-client, Weasis, Slim, dcmjs, and old WADO image loaders."""

import io

import pydicom
import pytest

from conformance import images, multipart
from conformance.client import expect, found
from conformance.clients.conftest import TILES
from conformance.instances import part10, path_of, plain, series_of, study_of

# Accept headers for a frame, as each client spells them.
FRAME_HEADERS = {
    "WADOImageLoader": "multipart/related; type=application/octet-stream; transfer-syntax=*",
    "cornerstone3D": 'multipart/related; type="*/*"; transfer-syntax=*',
    "dcmjs": 'multipart/related; type="application/octet-stream"; transfer-syntax=*',
    "dicomweb-client (Python)": 'multipart/related; type="application/octet-stream"; '
    "transfer-syntax=1.2.840.10008.1.2.1",
    "dicomweb-client, all types": TILES,
    "Slim": 'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80, '
    'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.90, '
    'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1',
    "without blanks": "multipart/related;type=application/octet-stream;transfer-syntax=*",
    "with a boundary": 'multipart/related; type="application/octet-stream"; boundary=**',
    "with preferences": 'multipart/related; type="image/jphc"; q=0.9, '
    'multipart/related; type="application/octet-stream"; q=0.5',
    "without a type": "multipart/related",
}
INSTANCE_HEADERS = {
    "dicomweb-client (Python)": 'multipart/related; type="application/dicom"; transfer-syntax=*',
    "dicomweb-client, one syntax": 'multipart/related; type="application/dicom"; '
    "transfer-syntax=1.2.840.10008.1.2.1",
    "dcmjs": 'multipart/related; type="application/dicom"',
    "Weasis": "multipart/related; type=application/dicom;transfer-syntax=*",
    "Weasis, several": "multipart/related; type=application/dicom;"
    "transfer-syntax=1.2.840.10008.1.2.4.70, "
    "multipart/related; type=application/dicom;transfer-syntax=*;q=0.1",
    "curl": "*/*",
    "Java's URLConnection": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
    "Firefox": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}
JSON_HEADERS = {
    "dicomweb-client (Python)": "application/dicom+json, application/json",
    "dcmjs": "application/dicom+json",
    "Weasis": "application/dicom+json;charset=utf-8",
    "Slim": "application/dicom+json, application/json;q=0.9, */*;q=0.1",
    "curl": "*/*",
    "requests": "application/json",
    "axios": "application/json, text/plain, */*",
    "Java's URLConnection": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
    "Chrome": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
    "Firefox": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.7")
@pytest.mark.parametrize("accept", FRAME_HEADERS.values(), ids=FRAME_HEADERS)
def test_a_client_gets_the_frame(server, study, accept):
    (part,) = server.parts(f"{path_of(study.image)}/frames/1", accept)
    if part.media_type == "application/octet-stream":
        assert part.body == study.image.PixelData
    else:
        assert part.media_type in accept or "*/*" in accept


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.7")
@pytest.mark.parametrize("accept", INSTANCE_HEADERS.values(), ids=INSTANCE_HEADERS)
def test_a_client_gets_the_instance(server, study, accept):
    (part,) = server.parts(path_of(study.image), accept)
    back = pydicom.dcmread(io.BytesIO(part.body))
    assert back.SOPInstanceUID == study.image.SOPInstanceUID


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.7")
@pytest.mark.parametrize("accept", JSON_HEADERS.values(), ids=JSON_HEADERS)
@pytest.mark.parametrize("resource", ["/metadata", "/series", "/instances"])
def test_a_client_gets_json(server, study, accept, resource):
    response = server.get(f"{study_of(study.image)}{resource}", accept)
    assert len(found(response)) == 2
    assert "json" in response.headers["Content-Type"]


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.5")
@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        'multipart/related; type="application/octet-stream"; transfer-syntax=*',
        'multipart/related; type="application/octet-stream", multipart/related; type="image/jpeg"',
        "multipart/related; type=application/octet-stream",
    ],
    ids=["anything", "dcmjs", "two types", "bare"],
)
def test_a_client_gets_bulk_data(server, study, accept):
    (metadata,) = server.metadata(path_of(study.image))
    response = expect(server.get(metadata["7FE00010"]["BulkDataURI"], accept), 200)
    assert study.image.PixelData in response.content


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.4")
@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/related; type=application/dicom; boundary={b}",
        'multipart/related; boundary="{b}"; type="application/dicom"',
        'multipart/related; type="application/dicom"; boundary="{b}"; charset=UTF-8',
    ],
    ids=["dicomweb-client", "requests_toolbelt", "Java clients"],
)
def test_a_client_stores(server, content_type):
    instance = plain()
    server.remember(instance)
    boundary = "c1b0b3a9d4e24a55a8a7f1c5b9d0f7aa"
    _, body = multipart.dicom([part10(instance)], boundary)
    expect(server.post(body, content_type.format(b=boundary)), 200)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.1")
@pytest.mark.parametrize(
    "query",
    [
        "limit=1&includefield=all",
        "offset=0&limit=1",
        "fuzzymatching=true&limit=1",
        "includefield=StudyDescription&includefield=ModalitiesInStudy&limit=1",
        "includefield=00081030,00080061&orderby=-StudyDate&limit=1",
    ],
)
def test_a_client_searches(server, study, query):
    url = f"/studies?StudyInstanceUID={study.image.StudyInstanceUID}&{query}"
    assert len(found(server.get(url, "application/dicom+json"))) == 1


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.3")
@pytest.mark.parametrize("accept", ["image/png", "image/jpeg", "image/jpeg, image/png"])
def test_dicomweb_client_gets_a_rendered_frame(server, study, accept):
    path = f"{path_of(study.image)}/frames/1/rendered"
    response = expect(server.get(path, accept), 200)
    assert images.kind(response.content) in ("jpeg", "png")


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.2")
def test_double_slashes_of_careless_prefixes_are_forgiven(server, study):
    response = server.get(f"/{series_of(study.image)}/metadata")
    assert len(found(response)) == 1
