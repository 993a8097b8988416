"""DELETE: what is deleted is gone everywhere, remembered as gone, and may be stored again."""

import pytest
import requests
from clients import get, path_of, store
from pydicom.uid import generate_uid
from samples import encode, make_image
from servers import Server


def _delete(server: Server, path: str) -> int:
    return requests.delete(f"{server.root}{path}", timeout=60).status_code


def test_an_instance_is_deleted_and_its_siblings_stay(own_server: Server) -> None:
    study, series = generate_uid(), generate_uid()
    one, other = (make_image(StudyInstanceUID=study, SeriesInstanceUID=series) for _ in range(2))
    store(own_server, encode(one), encode(other))
    assert _delete(own_server, path_of(one)) == 204
    assert get(own_server, path_of(one)).status_code == 410
    assert get(own_server, path_of(one) + "/metadata").status_code == 410
    assert len(get(own_server, f"/studies/{study}/metadata").json()) == 1
    (found,) = get(own_server, f"/studies?StudyInstanceUID={study}").json()
    assert found["00201208"]["Value"] == [1]
    assert len(list((own_server.data_dir / "objects").rglob("*.dcm"))) == 1


def test_the_last_instance_takes_series_and_study_along(server: Server) -> None:
    dataset = make_image()
    store(server, encode(dataset))
    assert _delete(server, path_of(dataset)) == 204
    assert get(server, f"/studies?StudyInstanceUID={dataset.StudyInstanceUID}").json() == []
    assert get(server, f"/studies/{dataset.StudyInstanceUID}").status_code == 410


def test_modalities_and_counts_follow_a_deleted_series(server: Server) -> None:
    study, series = generate_uid(), generate_uid()
    store(
        server,
        encode(make_image(StudyInstanceUID=study, SeriesInstanceUID=series, Modality="CT")),
        encode(make_image(StudyInstanceUID=study, Modality="MR")),
    )
    assert _delete(server, f"/studies/{study}/series/{series}") == 204
    (found,) = get(server, f"/studies?StudyInstanceUID={study}").json()
    assert found["00080061"]["Value"] == ["MR"]
    assert (found["00201206"]["Value"], found["00201208"]["Value"]) == ([1], [1])


def test_what_was_deleted_can_be_stored_again(server: Server) -> None:
    dataset = make_image()
    store(server, encode(dataset))
    _delete(server, f"/studies/{dataset.StudyInstanceUID}")
    assert get(server, path_of(dataset)).status_code == 410
    dataset.PatientName = "Now^Another"
    assert store(server, encode(dataset)).status == 200
    (found,) = get(server, path_of(dataset) + "/metadata").json()
    assert found["00100010"]["Value"] == [{"Alphabetic": "Now^Another"}]


def test_deleting_twice_is_410_and_the_unknown_404(server: Server) -> None:
    dataset = make_image()
    store(server, encode(dataset))
    assert _delete(server, f"/studies/{dataset.StudyInstanceUID}") == 204
    assert _delete(server, f"/studies/{dataset.StudyInstanceUID}") == 410
    assert _delete(server, f"/studies/{generate_uid()}") == 404


@pytest.mark.parametrize("path", ["/studies/abc", "/studies/1.2/series/x"])
def test_a_malformed_uid_is_400(server: Server, path: str) -> None:
    assert _delete(server, path) == 400
