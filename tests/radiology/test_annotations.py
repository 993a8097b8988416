"""Annotations over HTTP: drawn, read, changed, listed, deleted; nothing is ever lost silently."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from clients import path_of, store
from samples import encode, make_dataset

from tests.radiology.annotating import POINTS, draw, drawing, stored_image
from tests.radiology.radiology_api import Api, sentence


@pytest.fixture
def image(api: Api) -> Any:
    return stored_image(api)


@pytest.mark.parametrize("kind", sorted(POINTS))
def test_every_kind_comes_back_as_it_was_drawn(api: Api, image: Any, kind: str) -> None:
    body = drawing(kind, label="<b>Läsion</b> & Co. ", color="#00fF7a", keyImage=True)
    answer = api("POST", f"/images/{image.SOPInstanceUID}/annotations", body)
    data = answer.json()["data"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/radiology/annotations/{data['id']}"
    assert {name: data[name] for name in body} == body
    assert data["imageId"] == image.SOPInstanceUID
    assert data["studyInstanceUID"] == image.StudyInstanceUID
    assert (data["author"], data["createdBy"], data["version"]) == ("anonymous", "anonymous", 1)
    assert api.get(f"/annotations/{data['id']}") == data


def test_the_example_of_the_document_is_an_annotation(api: Api, image: Any) -> None:
    body = {
        "type": "measurement",
        "coordinates": {"points": [{"x": 100, "y": 150}, {"x": 200, "y": 150}]},
        "label": "Lesion diameter: 5.2cm",
        "color": "#FF0000",
    }
    answer = api("POST", f"/images/{image.SOPInstanceUID}/annotations", body)
    assert answer.status_code == 201
    assert answer.json()["data"]["measurements"]["length"] == {"value": 25.0, "unit": "mm"}
    listed = api.get(f"/images/{image.SOPInstanceUID}/annotations")
    assert [each["label"] for each in listed] == ["Lesion diameter: 5.2cm"]


def test_what_is_left_out_has_its_default(api: Api, image: Any) -> None:
    data = draw(api, image, "text")
    assert (data["label"], data["frame"], data["keyImage"]) == ("", 1, False)
    assert data["color"] == "#FFFF00"
    assert data["measurements"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "line"),
        ("type", None),
        ("type", 3),
        ("coordinates", None),
        ("coordinates", []),
        ("coordinates", {"points": []}),
        ("coordinates", {"points": [{"x": 1, "y": 2}]}),
        ("coordinates", {"points": [{"x": 1, "y": 2}] * 3}),
        ("coordinates.points.1.y", {"points": [{"x": 1, "y": 2}, {"x": 1}]}),
        ("coordinates.points.1.x", {"points": [{"x": 1, "y": 2}, {"x": "1", "y": 2}]}),
        ("coordinates.points.1.x", {"points": [{"x": 1, "y": 2}, {"x": True, "y": 2}]}),
        ("coordinates.points.0.y", {"points": [{"x": 1, "y": 1e30}, {"x": 1, "y": 2}]}),
        ("coordinates.points.0.y", {"points": [{"x": 1, "y": None}, {"x": 1, "y": 2}]}),
        ("label", 5),
        ("label", "x" * 10_001),
        ("label", "a\0b"),
        ("color", "red"),
        ("color", "#FFF"),
        ("color", "#GG0000"),
        ("color", "#FF0000\n"),
        ("frame", 0),
        ("frame", 2),
        ("frame", -1),
        ("frame", 1.5),
        ("frame", "1"),
        ("frame", 10**30),
        ("keyImage", "perhaps"),
    ],
)
def test_a_wrong_field_is_named(api: Api, image: Any, field: str, value: Any) -> None:
    body = drawing("measurement") | {field.partition(".")[0]: value}
    answer = api("POST", f"/images/{image.SOPInstanceUID}/annotations", body)
    assert answer.status_code == 400
    assert sentence(answer).startswith(f"{field}")
    assert api.get(f"/images/{image.SOPInstanceUID}/annotations") == []


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_coordinate_is_a_finite_number(api: Api, image: Any, text: str) -> None:
    body = '{"type": "text", "coordinates": {"points": [{"x": 1, "y": ' + text + "}]}}"
    path = f"{api.server.address}/api/radiology/images/{image.SOPInstanceUID}/annotations"
    headers = {"Content-Type": "application/json"}
    assert requests.post(path, body, headers=headers, timeout=30).status_code == 400


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        *[("text", 2), ("arrow", 1), ("circle", 3), ("ellipse", 4), ("rectangle", 4)],
        *[("measurement", 3), ("roi", 2), ("angle", 2), ("angle", 4)],
    ],
)
def test_a_kind_takes_its_number_of_points(api: Api, image: Any, kind: str, count: int) -> None:
    body = drawing(kind, points=[(n, n) for n in range(count)])
    answer = api("POST", f"/images/{image.SOPInstanceUID}/annotations", body)
    assert answer.status_code == 400
    assert f"coordinates: {kind} takes" in sentence(answer)


def test_a_contour_has_10000_points_at_most(api: Api, image: Any) -> None:
    points = [(n % 100, n // 100) for n in range(10_000)]
    assert len(draw(api, image, "roi", points=points)["coordinates"]["points"]) == 10_000
    body = drawing("roi", points=[*points, (1, 1)])
    answer = api("POST", f"/images/{image.SOPInstanceUID}/annotations", body)
    assert answer.status_code == 400
    assert "coordinates.points" in sentence(answer)


def test_a_frame_is_one_of_the_image(api: Api) -> None:
    image = stored_image(api, frames=3)
    assert draw(api, image, frame=3)["frame"] == 3
    path = f"/images/{image.SOPInstanceUID}/annotations"
    answer = api("POST", path, drawing(frame=4))
    assert sentence(answer) == "frame: this image has the frames 1 to 3."


def test_what_is_no_image_cannot_be_drawn_on(api: Api) -> None:
    dataset = make_dataset()
    store(api.server, encode(dataset))
    answer = api("POST", f"/images/{dataset.SOPInstanceUID}/annotations", drawing())
    assert answer.status_code == 409


@pytest.mark.parametrize("id", ["1.2.3", "nobody", "2.25.1", "%27"])
def test_an_unknown_image_or_annotation_is_404(api: Api, id: str) -> None:
    assert api("POST", f"/images/{id}/annotations", drawing()).status_code == 404
    assert api("GET", f"/images/{id}/annotations").status_code == 404
    for path in (f"/annotations/{id}", f"/annotations/{id}/versions", f"/studies/{id}/annotations"):
        assert api("GET", path).status_code == 404
    assert api("PATCH", f"/annotations/{id}", {}).status_code == 404
    assert api("DELETE", f"/annotations/{id}").status_code == 404


def test_put_draws_anew_and_keeps_the_image(api: Api, image: Any) -> None:
    made = draw(api, image, "circle", label="old", color="#112233")
    answer = api("PUT", f"/annotations/{made['id']}", drawing("text", label="new"))
    data = answer.json()["data"]
    assert answer.status_code == 200
    assert (data["type"], data["label"], data["color"]) == ("text", "new", "#FFFF00")
    assert (data["imageId"], data["version"]) == (image.SOPInstanceUID, 2)
    assert data["measurements"] is None


def test_patch_changes_what_is_sent_and_measures_again(api: Api, image: Any) -> None:
    made = draw(api, image, "measurement", label="kept", color="#112233")
    points = {"points": [{"x": 0, "y": 0}, {"x": 8, "y": 0}]}
    answer = api("PATCH", f"/annotations/{made['id']}", {"coordinates": points})
    data = answer.json()["data"]
    assert data["measurements"]["length"]["value"] == 2.0
    assert (data["label"], data["color"]) == ("kept", "#112233")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "angle"}, "coordinates"),
        ({"label": None}, "label"),
        ({"frame": 9}, "frame"),
        ({"color": "blue"}, "color"),
        ({"coordinates": {"points": [{"x": 1, "y": 1}]}}, "coordinates"),
    ],
)
def test_a_wrong_change_is_named_and_changes_nothing(
    api: Api, image: Any, change: dict[str, Any], field: str
) -> None:
    made = draw(api, image)
    answer = api("PATCH", f"/annotations/{made['id']}", change)
    assert answer.status_code == 400
    assert sentence(answer).startswith(field)
    assert api.get(f"/annotations/{made['id']}") == made


def test_a_lost_update_is_never_silent(api: Api, image: Any) -> None:
    path = f"/annotations/{draw(api, image)['id']}"
    etag = api("GET", path).headers["ETag"]
    first = api("PATCH", path, {"label": "first"}, **{"If-Match": etag})
    second = api("PATCH", path, {"label": "second"}, **{"If-Match": etag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.headers["ETag"] == first.headers["ETag"]
    assert api("DELETE", path, **{"If-Match": etag}).status_code == 412
    assert api.get(path)["label"] == "first"


def test_of_many_changes_at_once_each_is_a_version_or_refused(api: Api, image: Any) -> None:
    path = f"/annotations/{draw(api, image)['id']}"

    def change(number: int) -> Any:
        tag = api("GET", path).headers["ETag"]
        return api("PATCH", path, {"label": str(number)}, **{"If-Match": tag})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(change, range(16)))
    taken = [each for each in answers if each.status_code == 200]
    assert {each.status_code for each in answers} <= {200, 412}
    versions = api.get(f"{path}/versions")
    assert [each["version"] for each in versions] == list(range(1, len(taken) + 2))
    assert {each["label"] for each in versions[1:]} == {
        each.json()["data"]["label"] for each in taken
    }


def test_changes_at_once_that_name_no_version_all_count(api: Api, image: Any) -> None:
    path = f"/annotations/{draw(api, image)['id']}"
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: api("PATCH", path, {"label": str(n)}), range(6)))
    assert [each.status_code for each in answers] == [200] * 6
    assert len(api.get(f"{path}/versions")) == 7


def test_a_client_that_has_it_already_is_told_so(api: Api, image: Any) -> None:
    path = f"/annotations/{draw(api, image)['id']}"
    assert api("GET", path, **{"If-None-Match": '"1"'}).status_code == 304
    assert api("GET", path, **{"If-None-Match": '"7"'}).status_code == 200


def test_every_version_is_kept(api: Api, image: Any) -> None:
    made = draw(api, image, "circle", label="one")
    path = f"/annotations/{made['id']}"
    api("PATCH", path, {"label": "two"})
    api("PUT", path, drawing("text", label="three"))
    api("DELETE", path)
    found = api.get(f"{path}/versions")
    assert [each["action"] for each in found] == ["created", "changed", "changed", "deleted"]
    assert [each["label"] for each in found] == ["one", "two", "three", "three"]
    assert [each["type"] for each in found] == ["circle", "circle", "text", "text"]
    assert found[0]["measurements"] == made["measurements"]
    assert {each["by"] for each in found} == {"anonymous"}


def test_a_deleted_one_is_gone_with_who_and_when(api: Api, image: Any) -> None:
    made = draw(api, image)
    path = f"/annotations/{made['id']}"
    assert api("DELETE", path).status_code == 204
    for method, body in (("GET", None), ("PUT", drawing()), ("PATCH", {}), ("DELETE", None)):
        assert api(method, path, body).status_code == 410
    of_image = f"/images/{image.SOPInstanceUID}/annotations"
    assert api.get(of_image) == []
    (still,) = api.get(f"{of_image}?includeDeleted=true")
    assert (still["id"], still["deletedBy"]) == (made["id"], "anonymous")
    assert still["deletedAt"] >= made["createdAt"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["a", "b", "c", "d"]),
        ("?type=text", ["b", "d"]),
        ("?keyImage=true", ["c"]),
        ("?frame=2", ["d"]),
        ("?author=anonymous&type=circle", ["c"]),
        ("?author=me&type=circle,measurement", ["a", "c"]),
        ("?type=circle&type=measurement", ["a", "c"]),
        ("?author=nobody", []),
        ("?limit=3", ["a", "b", "c"]),
        ("?limit=3&page=2", ["d"]),
    ],
)
def test_a_list_of_a_study_holds_what_is_wanted(
    api: Api, listed: Any, query: str, expected: list[str]
) -> None:
    path = f"/studies/{listed.StudyInstanceUID}/annotations{query}"
    assert [each["label"] for each in api.get(path)] == expected


@pytest.fixture(scope="module")
def listed(radiology_server: Any) -> Any:
    """A study of two images with four annotations."""
    api = Api(radiology_server)
    image = stored_image(api)
    other = stored_image(api, StudyInstanceUID=image.StudyInstanceUID, frames=2, PatientID="Pq7")
    draw(api, image, "measurement", label="a")
    draw(api, image, "text", label="b")
    draw(api, other, "circle", label="c", keyImage=True)
    draw(api, other, "text", label="d", frame=2)
    return image


def test_a_list_is_paged_and_says_how_many_there_are(api: Api, listed: Any) -> None:
    path = f"/studies/{listed.StudyInstanceUID}/annotations?limit=3&page=2"
    body = api("GET", path).json()
    assert body["pagination"] == {"page": 2, "limit": 3, "total": 4}


def test_a_study_is_found_by_either_of_its_ids(api: Api, listed: Any) -> None:
    uid = listed.StudyInstanceUID
    id = api.get(f"/studies/{uid}")["id"]
    assert api.get(f"/studies/{id}/annotations") == api.get(f"/studies/{uid}/annotations")


def test_the_list_of_all_studies_has_the_newest_first(api: Api, listed: Any) -> None:
    uid = listed.StudyInstanceUID
    found = api.get(f"/annotations?study={uid}")
    assert [each["label"] for each in found] == ["d", "c", "b", "a"]
    found = api.get(f"/annotations?study={uid}&image={listed.SOPInstanceUID}&type=text")
    assert [each["label"] for each in found] == ["b"]
    everything = api("GET", "/annotations?limit=2").json()
    assert everything["pagination"]["total"] >= 4
    assert len(everything["data"]) == 2


def test_annotations_are_found_by_patient(api: Api) -> None:
    image = stored_image(api, PatientID=f"P-{uuid.uuid4()}")
    made = draw(api, image)
    assert [each["id"] for each in api.get(f"/annotations?patient={image.PatientID}")] == [
        made["id"]
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *[("type=line", "type"), ("frame=x", "frame"), ("page=0", "page"), ("limit=x", "limit")],
        *[("keyImage=7", "keyImage"), ("includeDeleted=7", "includeDeleted")],
    ],
)
def test_a_wrong_filter_is_named(api: Api, query: str, field: str) -> None:
    answer = api("GET", f"/annotations?{query}")
    assert answer.status_code == 400
    assert sentence(answer).startswith(field)


def test_an_image_takes_its_annotations_with_it_and_no_others(api: Api) -> None:
    image = stored_image(api)
    other = stored_image(api, StudyInstanceUID=image.StudyInstanceUID)
    gone, stays = draw(api, image), draw(api, other)
    requests.delete(f"{api.server.root}{path_of(image)}", timeout=30)
    assert api("GET", f"/annotations/{gone['id']}").status_code == 404
    assert api("GET", f"/annotations/{gone['id']}/versions").status_code == 404
    assert api.get(f"/annotations/{stays['id']}") == stays


def test_a_study_takes_its_annotations_with_it(api: Api) -> None:
    image = stored_image(api)
    made = draw(api, image)
    requests.delete(f"{api.server.root}/studies/{image.StudyInstanceUID}", timeout=30)
    assert api("GET", f"/annotations/{made['id']}").status_code == 404
    found = api("GET", f"/annotations?image={image.SOPInstanceUID}&includeDeleted=true").json()
    assert found["pagination"]["total"] == 0
