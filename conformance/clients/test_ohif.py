"""Every request that OHIF 3.13 was seen to make, spelt as it spells it."""

import pytest

from conformance import images, multipart
from conformance.client import OCTETS, expect, found, values
from conformance.clients.conftest import TILES
from conformance.instances import BASIC_TEXT_SR, part10, path_of, plain, series_of, study_of

J = "application/dicom+json"
FRAMES = "multipart/related; type=application/octet-stream; transfer-syntax=*"
LISTS = (
    "limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060%2C00080090%2C00100030"
)


def listed(server, study, query):
    response = expect(server.get(f"/studies?{LISTS}&{query}", J), 200)
    wanted = study.image.StudyInstanceUID
    return [one for one in response.json() if values(one, "0020000D") == [wanted]]


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.1")
@pytest.mark.parametrize(
    "query",
    [
        "StudyInstanceUID={study}",
        "PatientName=*{word}*",
        "00100020={patient}",
        "00100020=*{patient}*",
        "AccessionNumber=*{accession}*",
        "PatientName=*{word}*&StudyDate=20200101-20261121",
        "PatientName=*{word}*&StudyDate=19700102-20261121",
        "PatientName=*{word}*&ModalitiesInStudy=CT",
        "PatientName=*{word}*&ModalitiesInStudy=CT%2CMR",
    ],
)
def test_the_study_list_finds_a_study(server, study, query):
    words = {
        "study": study.image.StudyInstanceUID,
        "word": str(study.image.PatientName).split("^")[0].lower(),
        "patient": study.image.PatientID,
        "accession": study.image.AccessionNumber[:-1],
    }
    assert len(listed(server, study, query.format(**words))) == 1


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.6.1")
def test_the_study_list_filters_by_description(server, study):
    query = f"00100020={study.image.PatientID}&StudyDescription=*escription*"
    assert len(listed(server, study, query)) == 1


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.1")
def test_the_study_list_asks_for_the_modality_of_a_study_and_gets_an_answer(server, study):
    (one,) = listed(server, study, f"StudyInstanceUID={study.image.StudyInstanceUID}")
    assert values(one, "00080061"), "the list shows Modalities in Study"
    assert values(one, "00081030"), "and the description"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.1")
@pytest.mark.parametrize(
    "fields", ["0008103E%2C00080021", "00080021%2C00080031%2C0008103E%2C00200011"]
)
def test_the_series_of_a_study_are_listed(server, study, fields):
    response = server.get(f"{study_of(study.image)}/series?includefield={fields}", J)
    assert len(found(response)) == 2


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.2")
@pytest.mark.parametrize("level", [study_of, series_of], ids=["study", "series"])
def test_metadata_is_fetched_with_every_compression_of_browsers(server, study, level):
    headers = {"Accept-Encoding": "gzip, deflate, br, zstd", "Accept": J}
    path = f"{level(study.image)}/metadata"
    response = expect(server.request("GET", path, headers=headers), 200)
    assert response.headers.get("Content-Encoding", "identity") in (
        "identity", "gzip", "deflate", "br", "zstd",
    )  # fmt: skip


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.1")
@pytest.mark.parametrize(
    "accept",
    [
        FRAMES,
        'multipart/related; type="application/octet-stream"; transfer-syntax="*"',
        f'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80, {FRAMES}',
        TILES,
    ],
    ids=["bare", "quoted", "preferring JPEG-LS", "tiles"],
)
def test_a_native_frame_is_fetched(server, study, accept):
    (part,) = server.parts(f"{path_of(study.image)}/frames/1", accept)
    if part.media_type == "application/octet-stream":
        assert part.body == study.image.PixelData


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.1")
@pytest.mark.parametrize("accept", [FRAMES, TILES], ids=["frames", "tiles"])
def test_a_compressed_frame_names_its_transfer_syntax(server, study, accept):
    (part,) = server.parts(f"{path_of(study.jpeg)}/frames/1", accept)
    if part.body == study.frame:
        assert part.transfer_syntax == "1.2.840.10008.1.2.4.50"
    else:
        assert part.media_type == "application/octet-stream"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.1")
def test_the_first_empty_line_of_a_frame_ends_the_headers_of_its_part(server, study):
    response = expect(server.get(f"{path_of(study.image)}/frames/1", FRAMES), 200)
    head, _, rest = response.content.partition(b"\r\n\r\n")
    assert head.lstrip(b"\r\n").startswith(b"--")
    assert b"Content-Type" in head, "OHIF looks for the exact case"
    assert rest.startswith(study.image.PixelData)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.1")
def test_a_segmentation_is_fetched_whole(server, study):
    (part,) = server.parts(path_of(study.image), 'multipart/related; type="application/dicom"')
    assert study.image.PixelData in part.body


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.5")
def test_a_pdf_is_fetched_by_its_bulk_data_uri(server, study):
    (metadata,) = server.metadata(path_of(study.document))
    attribute = metadata["00420011"]
    accept = f'multipart/related; type="application/pdf", {OCTETS}'
    if "BulkDataURI" in attribute:
        (part,) = server.parts(attribute["BulkDataURI"], accept)
        assert part.body.startswith(b"%PDF")
    else:
        assert attribute["InlineBinary"]


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.5")
def test_a_waveform_is_fetched_as_a_single_part(server, study):
    (metadata,) = server.metadata(path_of(study.waveform))
    attribute = metadata["54000100"]["Value"][0]["54001010"]
    if "BulkDataURI" in attribute:
        response = server.get(attribute["BulkDataURI"], "application/octet-stream")
        expect(response, 200)
        assert response.content == study.waveform.WaveformSequence[0].WaveformData
    else:
        assert attribute["InlineBinary"]


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.3")
@pytest.mark.parametrize("resource", ["rendered", "thumbnail"])
@pytest.mark.parametrize("level", [path_of, series_of], ids=["instance", "series"])
def test_a_preview_is_fetched(server, study, level, resource):
    path = f"{level(study.image)}/{resource}?viewport=256%2C256"
    response = expect(server.get(path, "image/jpeg"), 200)
    assert images.kind(response.content) == "jpeg"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.6")
@pytest.mark.parametrize("level", [path_of, series_of], ids=["instance", "series"])
def test_the_accept_parameter_of_a_preview_wins_over_an_unfit_header(server, study, level):
    path = f"{level(study.image)}/rendered?accept=image%2Fjpeg"
    accept = 'multipart/related; type="application/octet-stream"'
    response = expect(server.get(path, accept), 200)
    assert images.kind(response.content) == "jpeg"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.3")
def test_a_film_is_played_by_ranges_of_its_rendering(server, study):
    response = server.get(f"{path_of(study.film)}/rendered", "*/*", Range="bytes=0-")
    expect(response, 206)
    assert response.headers["Content-Type"].startswith("video/mp4")
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.content.rstrip(b"\0") == study.stream.rstrip(b"\0")


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.3.3.2")
def test_a_film_has_no_pixel_data_in_its_metadata(server, study):
    (metadata,) = server.metadata(path_of(study.film))
    assert "7FE00010" not in metadata, "OHIF would play the text [object Promise]"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 9.4")
def test_an_instance_is_fetched_by_wado_uri_with_the_header_of_frames(server, study):
    one = study.image
    query = (
        f"studyUID={one.StudyInstanceUID}&seriesUID={one.SeriesInstanceUID}"
        f"&objectUID={one.SOPInstanceUID}&contentType=application/dicom&transferSyntax=*"
    )
    response = expect(server.wado_uri(query, FRAMES), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "application/dicom"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.1")
def test_a_measurement_is_stored_with_a_quoted_boundary_and_any_accept(server, study):
    report = plain(sop_class=BASIC_TEXT_SR, Modality="SR")
    boundary = "8a7d6b6e-9ff2-4d2f-8f0e-0a3ac2a3a3aa"
    content_type = f'multipart/related; type="application/dicom"; boundary="{boundary}"'
    _, body = multipart.dicom([part10(report)], boundary)
    server.remember(report)
    expect(server.post(body, content_type, accept="*/*"), 200)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.1")
def test_searches_with_the_accept_header_of_frames_get_json(server, study):
    accept = f"application/dicom+json, {FRAMES}"
    response = server.get(f"{study_of(study.image)}/series", accept)
    assert len(found(response)) == 2
