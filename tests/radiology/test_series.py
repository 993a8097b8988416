"""Series: ordered ahead, filled by uploads or scanners, changed while empty, deleted."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from clients import get, store
from pydicom.uid import UID, generate_uid
from samples import encode, make_image

from tests.radiology.radiology_api import Api, picture, sentence


def test_an_ordered_series_is_filled_by_its_number_and_by_its_id(api: Api) -> None:
    study = api.study(bodyPart="CHEST")
    answer = api("POST", f"/studies/{study['id']}/series", {"seriesDescription": "Übersicht"})
    series = answer.json()["data"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/radiology/series/{series['id']}"
    assert UID(series["seriesInstanceUID"]).is_valid
    assert (series["seriesNumber"], series["modality"], series["bodyPart"]) == (1, "CT", "CHEST")
    assert series["numberOfImages"] == 0
    api.upload(study["id"], picture(), "a.png", seriesNumber=1)
    api.post_file(f"/series/{series['id']}/images", picture(), "b.png")
    filled = api.get(f"/series/{series['id']}")
    assert [image["instanceNumber"] for image in filled["images"]] == [1, 2]
    assert (filled["seriesDescription"], filled["numberOfImages"]) == ("Übersicht", 2)
    assert len(api.get(f"/studies/{study['id']}/series")) == 1


def test_numbers_follow_each_other_and_belong_to_one_series(api: Api) -> None:
    path = f"/studies/{api.study()['id']}/series"
    numbers = [api("POST", path, {}).json()["data"]["seriesNumber"] for _ in range(2)]
    assert numbers == [1, 2]
    answer = api("POST", path, {"seriesNumber": 2})
    assert answer.status_code == 409
    assert sentence(answer).startswith("seriesNumber: ")


def test_a_series_counts_before_it_has_images_and_only_once_when_it_has(api: Api) -> None:
    study = api.study()

    def counted() -> set[int]:
        (listed,) = api.get(f"/studies?studyInstanceUID={study['studyInstanceUID']}")
        read = api.get(f"/studies/{study['id']}")
        return {listed["numberOfSeries"], read["numberOfSeries"], len(read["series"])}

    for number in (1, 2):
        api("POST", f"/studies/{study['id']}/series", {"seriesNumber": number})
    assert counted() == {2}
    api.upload(study["id"], picture(), "a.png", seriesNumber=2)
    assert counted() == {2}
    api.upload(study["id"], picture(), "b.png", seriesNumber=3)
    assert counted() == {3}


def test_a_series_may_be_ordered_with_its_uid(api: Api) -> None:
    study, uid = api.study(), generate_uid()
    path = f"/studies/{study['id']}/series"
    made = api("POST", path, {"seriesInstanceUID": uid, "seriesNumber": 4}).json()["data"]
    assert (made["seriesInstanceUID"], made["seriesNumber"]) == (uid, 4)
    image = api.upload(study["id"], picture(), "a.png", seriesNumber=4)
    dataset = make_image(StudyInstanceUID=study["studyInstanceUID"], SeriesInstanceUID=uid)
    assert api.post_file(f"/series/{uid}/images", encode(dataset)).status_code == 201
    assert image["seriesInstanceUID"] == uid
    assert [each["numberOfImages"] for each in api.get(path)] == [2]


def test_a_uid_is_of_one_series(api: Api) -> None:
    path, other = (f"/studies/{api.study()['id']}/series" for _ in range(2))
    ordered = generate_uid()
    api("POST", path, {"seriesInstanceUID": ordered})
    stored = make_image()
    store(api.server, encode(stored))
    for uid in (ordered, stored.SeriesInstanceUID):
        for each in (path, other):
            answer = api("POST", each, {"seriesInstanceUID": uid})
            assert answer.status_code == 409
            assert sentence(answer).startswith("seriesInstanceUID: ")
    assert sentence(api("POST", path, {"seriesInstanceUID": "1.x"})).startswith("seriesInstanceUID")


def test_images_that_come_at_once_get_numbers_of_their_own(api: Api) -> None:
    study = api.study()["id"]
    upload = partial(api.upload, study, picture(), "x.png")
    with ThreadPoolExecutor(6) as pool:
        made = [each.result() for each in [pool.submit(upload) for _ in range(6)]]
    assert sorted(each["instanceNumber"] for each in made) == [1, 2, 3, 4, 5, 6]
    first = next(each["id"] for each in made if each["instanceNumber"] == 1)
    assert api("DELETE", f"/images/{first}").status_code == 204
    assert upload()["instanceNumber"] == 7


def test_a_scanner_keeps_its_own_series_of_the_same_number(api: Api) -> None:
    study = api.study()
    dataset = make_image(StudyInstanceUID=study["studyInstanceUID"], Modality="CT")
    store(api.server, encode(dataset))
    image = api.upload(study["id"], picture(), "x.png", seriesNumber=1)
    assert image["seriesInstanceUID"] != dataset.SeriesInstanceUID
    into = api.post_file(f"/series/{dataset.SeriesInstanceUID}/images", picture()).json()["data"]
    assert (into["seriesInstanceUID"], into["instanceNumber"]) == (dataset.SeriesInstanceUID, 2)


def test_a_dicom_file_of_another_series_is_409(api: Api) -> None:
    study = api.study()
    series = api("POST", f"/studies/{study['id']}/series", {}).json()["data"]
    dataset = make_image(StudyInstanceUID=study["studyInstanceUID"])
    answer = api.post_file(f"/series/{series['id']}/images", encode(dataset))
    assert answer.status_code == 409
    assert series["id"] in sentence(answer)
    assert dataset.SeriesInstanceUID in sentence(answer)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"seriesNumber": "x"}, "seriesNumber"),
        ({"seriesNumber": -1}, "seriesNumber"),
        ({"modality": "ZZ"}, "modality"),
        ({"bodyPart": "A/B"}, "bodyPart"),
        ({"seriesDescription": "x" * 65}, "seriesDescription"),
    ],
)
def test_a_wrong_field_is_400_and_named(api: Api, body: dict[str, Any], named: str) -> None:
    answer = api("POST", f"/studies/{api.study()['id']}/series", body)
    assert answer.status_code == 400
    assert sentence(answer).startswith(f"{named}: ")


def test_an_empty_series_is_changed_and_deleted(api: Api) -> None:
    study = api.study()["id"]
    series = api("POST", f"/studies/{study}/series", {}).json()["data"]
    path = f"/series/{series['id']}"
    changed = api("PATCH", path, {"seriesDescription": "New"}, **{"If-Match": '"1"'})
    assert changed.json()["data"]["seriesDescription"] == "New"
    assert api("PATCH", path, {"modality": "MR"}, **{"If-Match": '"1"'}).status_code == 412
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).status_code == 404
    assert api("DELETE", path).status_code == 404


def test_a_series_with_images_is_what_its_files_say(api: Api) -> None:
    study = api.study()["id"]
    image = api.upload(study, picture(), "x.png", seriesDescription="Photo")
    path = f"/series/{image['seriesInstanceUID']}"
    assert api.get(path)["seriesDescription"] == "Photo"
    assert api("PATCH", path, {"seriesDescription": "New"}).status_code == 409
    page = api("GET", path + "/images?limit=1").json()
    assert [each["id"] for each in page["data"]] == [image["id"]]


def test_a_deleted_series_takes_its_images_along(api: Api) -> None:
    study = api.study()
    first = api.upload(study["id"], picture(), "x.png", seriesNumber=1)
    second = api.upload(study["id"], picture(), "x.png", seriesNumber=2)
    assert api("DELETE", f"/series/{first['seriesInstanceUID']}").status_code == 204
    assert [each["id"] for each in api.get(f"/studies/{study['id']}/images")] == [second["id"]]
    assert api("GET", f"/series/{first['seriesInstanceUID']}").status_code == 404
    path = f"/studies/{study['studyInstanceUID']}/series/{first['seriesInstanceUID']}"
    assert get(api.server, path).status_code == 410


def test_an_unknown_series_is_404(api: Api) -> None:
    assert api("GET", f"/series/{generate_uid()}").status_code == 404
    assert api("GET", "/series/abc").status_code == 404
