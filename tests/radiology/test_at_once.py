"""Several people at the same moment, over several workers: nothing doubled, nothing comes back."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from samples import encode, make_image
from servers import running

from tests.radiology.radiology_api import Api, picture


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server of two workers."""
    folder: Path = tmp_path_factory.mktemp("at-once")
    with running(folder, "--workers", "2") as server:
        yield Api(server)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The answers, in the order of the calls."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def upload(api: Api, study: str, **fields: Any) -> Callable[[], Any]:
    return lambda: api.post_file(f"/studies/{study}/upload", picture("JPEG"), "x.jpg", **fields)


def test_images_that_come_at_once_have_numbers_of_their_own(api: Api) -> None:
    study = api.study()["id"]
    answers = at_once(*[upload(api, study)] * 8)
    numbers = sorted(each.json()["data"]["instanceNumber"] for each in answers)
    assert numbers == [1, 2, 3, 4, 5, 6, 7, 8]
    (series,) = api.get(f"/studies/{study}")["series"]
    assert series["numberOfImages"] == 8


def test_a_number_that_was_given_up_is_given_again(api: Api) -> None:
    study = api.study()["id"]
    for _ in range(2):
        image = upload(api, study)().json()["data"]
    assert api("DELETE", f"/images/{image['id']}").status_code == 204
    assert upload(api, study)().json()["data"]["instanceNumber"] == 2


def test_the_same_file_at_once_is_stored_once(api: Api) -> None:
    image = make_image(PatientID="P")
    study = api.study(patientId="P", studyInstanceUID=image.StudyInstanceUID)["id"]
    file = encode(image)
    answers = at_once(*[lambda: api.post_file(f"/studies/{study}/upload", file)] * 6)
    assert [each.status_code for each in answers] == [201] * 6
    assert api.get(f"/studies/{study}")["numberOfImages"] == 1


def test_an_order_takes_the_images_of_one_study_only(api: Api) -> None:
    order = api.study(patientId="P")
    numbers = {"PatientID": "P", "AccessionNumber": order["accessionNumber"]}
    files = [encode(make_image(**numbers)) for _ in range(4)]
    path = f"/studies/{order['id']}/upload"
    answers = at_once(*[partial(api.post_file, path, each) for each in files])
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
    found = api.get(f"/studies?accessionNumber={order['accessionNumber']}")
    assert [(each["id"], each["numberOfImages"]) for each in found] == [(order["id"], 1)]


@pytest.mark.parametrize("images", [0, 1])
def test_a_study_that_is_deleted_does_not_come_back_by_what_is_under_way(
    api: Api, images: int
) -> None:
    study = api.study()["id"]
    for _ in range(images):
        assert upload(api, study)().status_code == 201
    report = {"reportType": "final", "findings": "Nothing."}
    deletion, *others = at_once(
        lambda: api("DELETE", f"/studies/{study}"),
        *[upload(api, study)] * 3,
        *[lambda: api("POST", f"/studies/{study}/report", report)] * 2,
    )
    assert deletion.status_code == 204
    assert {each.status_code for each in others} <= {201, 410}
    assert api("GET", f"/studies/{study}").status_code == 410
