"""What becomes a line of the trail, and what it says."""

import uuid

import pytest
import requests
from clients import get, path_of, store
from samples import encode, make_image
from servers import Server

from tests.audit.trails import line, lines, stored, view

ME = "127.0.0.1"


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


def test_a_search_is_a_line_without_its_values(server: Server) -> None:
    name = f"SEARCHED{uuid.uuid4().hex.upper()}"
    assert get(server, f"/studies?PatientName={name}").ok
    found = lines(server, action="search")
    assert any(each["kind"] == "studies" and each["count"] for each in found)
    everything = requests.get(f"{server.address}/api/audit", timeout=60).text
    assert name not in everything


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


def test_reading_the_trail_is_a_line(server: Server) -> None:
    lines(server)
    assert lines(server, action="audit")


def test_start_and_health_are_not_mixed_up(server: Server) -> None:
    requests.get(f"{server.address}/health/live", timeout=60)
    assert lines(server, action="start")[-1]["actor"] == "lightbox"
    assert {each["kind"] for each in lines(server)}.isdisjoint({"live", "ready", "metrics"})
