"""What becomes a line of the trail, and what it says."""

import uuid
from base64 import b64decode
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import requests
from clients import get, path_of, store
from samples import encode, make_image
from servers import Server

from dicomweb.access.permissions import Permission
from extensions.audit.seeing import of_route
from tests.audit.trails import line, lines, stored, view

ME = "127.0.0.1"
QUERY = "ParticipantObjectQuery"


def test_a_store_is_a_line_with_its_instances(server: Server) -> None:
    first, second = make_image(), make_image()
    second.StudyInstanceUID = first.StudyInstanceUID
    assert store(server, encode(first), encode(second)).status == 200
    found = line(server, study=first.StudyInstanceUID)
    assert (found["action"], found["outcome"], found["count"]) == ("store", "success", 2)
    assert found["instanceUids"] == [first.SOPInstanceUID, second.SOPInstanceUID]
    assert (found["actor"], found["address"], found["patientId"]) == ("anonymous", ME, "P1")
    assert found["requestId"]


def test_a_request_about_several_studies_is_a_line_for_each(server: Server) -> None:
    datasets = [make_image() for _ in range(3)]
    assert store(server, *map(encode, datasets)).status == 200
    found = [line(server, study=dataset.StudyInstanceUID) for dataset in datasets]
    assert len({each["requestId"] for each in found}) == 1
    assert [each["instanceUid"] for each in found] == [each.SOPInstanceUID for each in datasets]


def test_a_thousand_frames_of_a_study_are_a_line_for_each_minute(server: Server) -> None:
    dataset = stored(server)
    with requests.Session() as session:
        for _ in range(1000):
            session.get(f"{server.root}{path_of(dataset)}/frames/1", timeout=60)
    found = lines(server, study=dataset.StudyInstanceUID, action="view")
    assert len(found) <= 2
    assert sum(each["count"] for each in found) == 1000
    assert {each["kind"] for each in found} == {"frames"}
    assert {each["instanceUid"] for each in found} == {dataset.SOPInstanceUID}
    assert {each["patientId"] for each in found} == {"P1"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/metadata", "metadata"),
        ("/rendered", "rendered"),
        ("/thumbnail", "thumbnail"),
        ("/frames/1/rendered", "rendered"),
        ("", "instance"),
    ],
)
def test_each_way_of_looking_has_its_kind(server: Server, path: str, kind: str) -> None:
    dataset = stored(server)
    view(server, dataset, path)
    assert line(server, study=dataset.StudyInstanceUID, action="view")["kind"] == kind


def test_a_whole_study_is_an_export_and_so_is_a_zip(server: Server) -> None:
    dataset = stored(server)
    series = f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
    assert get(server, f"/studies/{dataset.StudyInstanceUID}").status_code == 200
    assert get(server, series, "application/zip").status_code == 200
    assert get(server, series).status_code == 200
    found = lines(server, study=dataset.StudyInstanceUID, action="export")
    assert sorted(each["kind"] for each in found) == ["study", "zip"]
    assert line(server, study=dataset.StudyInstanceUID, action="view")["kind"] == "series"


def test_wado_uri_names_its_study(server: Server) -> None:
    dataset = stored(server)
    query = {
        "requestType": "WADO",
        "studyUID": dataset.StudyInstanceUID,
        "seriesUID": dataset.SeriesInstanceUID,
        "objectUID": dataset.SOPInstanceUID,
    }
    assert requests.get(f"{server.address}/wado", query, timeout=60).ok
    assert line(server, study=dataset.StudyInstanceUID, action="view")["kind"] == "wado"


def _found(server: Server, words: str) -> list[dict[str, Any]]:
    return [each for each in lines(server, action="search") if words in each["detail"]]


def test_a_search_is_a_line_with_its_query(server: Server) -> None:
    """Who looked for a patient has to be found, even where nothing was."""
    name = f"SEARCHED^{uuid.uuid4().hex.upper()} Ü"
    for _ in range(2):
        assert get(server, f"/studies?PatientName={quote(name)}*&limit=5").ok
    found = _found(server, name)
    assert {(each["kind"], each["detail"]) for each in found} == {
        ("studies", f"PatientName={name}*&limit=5")
    }
    assert sum(each["count"] for each in found) == 2  # two lines, if a minute ended between
    xml = requests.get(f"{server.address}/api/audit.xml?action=search", timeout=60).content
    queries = [b64decode(each.text or "") for each in ElementTree.fromstring(xml).iter(QUERY)]
    assert f"studies?PatientName={name}*&limit=5".encode() in queries


def test_whose_query_names_a_patient_or_a_study_is_found_by_it(server: Server) -> None:
    dataset = stored(server, PatientID=f"P{uuid.uuid4().hex}")
    study = dataset.StudyInstanceUID
    assert get(server, f"/studies?PatientID={dataset.PatientID}").ok
    assert get(server, f"/series?0020000D={study}").ok
    assert get(server, f"/instances?PatientID={dataset.PatientID[:9]}*").ok
    found = lines(server, action="search", patient=dataset.PatientID)
    assert {(each["kind"], each["studyUid"]) for each in found} == {
        ("studies", ""),
        ("series", study),
    }


def test_a_token_in_a_query_is_not_kept(server: Server) -> None:
    mark = uuid.uuid4().hex
    assert get(server, f"/studies?PatientName={mark}&token=eyJhbGci.x.y").status_code in (200, 400)
    assert "eyJhbGci" not in requests.get(f"{server.address}/api/audit", timeout=60).text


def test_a_query_is_kept_up_to_a_bound_and_has_no_line_breaks(server: Server) -> None:
    mark = uuid.uuid4().hex
    assert get(server, f"/studies?PatientName={mark}%0A{'x' * 3000}").status_code in (200, 400)
    assert all(len(each["detail"]) <= 1000 and "\n" not in each["detail"] for each in lines(server))


def test_a_deletion_knows_the_patient(server: Server) -> None:
    dataset = stored(server, PatientID="GONE-1")
    address = f"{server.root}/studies/{dataset.StudyInstanceUID}"
    answer = requests.delete(address, timeout=60)
    found = line(server, study=dataset.StudyInstanceUID, action="delete")
    assert (found["kind"], found["count"], found["patientId"]) == ("study", 1, "GONE-1")
    assert found["requestId"] == answer.headers["x-request-id"]


def test_what_was_stored_again_is_told_as_such(server: Server) -> None:
    dataset = stored(server)
    assert store(server, encode(dataset)).status == 200
    first = line(server, study=dataset.StudyInstanceUID, action="store")
    assert first["instanceUid"] == dataset.SOPInstanceUID
    again = lines(server, action="store", kind="studies")
    assert again
    assert again[0]["studyUid"] == ""


def test_what_does_not_exist_was_not_seen(server: Server) -> None:
    study = "1.2.3.4.5.6.7.8.9"
    assert get(server, f"/studies/{study}/metadata").status_code == 404
    assert lines(server, study=study) == []


@pytest.mark.parametrize("path", ["/api/audit", "/api/audit.xml", "/dicom-web/studies"])
def test_asking_what_is_possible_is_no_line(server: Server, path: str) -> None:
    for _ in range(3):
        assert requests.options(f"{server.address}{path}", timeout=60).status_code in (200, 204)
    guarded = SimpleNamespace(path=path, permission=Permission.MANAGE)
    assert of_route(guarded, "OPTIONS") is None
    assert of_route(guarded, "PROPFIND") is None


def test_reading_the_trail_is_a_line(server: Server) -> None:
    lines(server)
    assert lines(server, action="audit")


def test_start_and_health_are_not_mixed_up(server: Server) -> None:
    requests.get(f"{server.address}/health/live", timeout=60)
    assert lines(server, action="start")[-1]["actor"] == "lightbox"
    assert {each["kind"] for each in lines(server)}.isdisjoint({"live", "ready", "metrics"})
