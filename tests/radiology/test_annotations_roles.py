"""Who may annotate, change, delete and see; and the author is who is logged in."""

import io
from collections.abc import Iterator
from typing import Any

import pydicom
import pytest
from clients import body_of
from servers import running

from tests.accounts.people import ROLES, House, make_accounts
from tests.radiology.annotating import draw, drawing
from tests.radiology.radiology_api import Api, sentence

ANNOTATORS = {"admin", "radiologist", "radiology_tech"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with roles that also wants If-Match for every change."""
    folder = tmp_path_factory.mktemp("annotators")
    make_accounts(folder, *ROLES)
    with running(folder, DICOMWEB_AUTH="local", DICOMWEB_REQUIRE_IF_MATCH="true") as server:
        yield House(server)


@pytest.fixture(scope="module")
def roles(house: House) -> dict[str, Api]:
    return {role: Api(house.server, house.token(role)) for role in ROLES}


@pytest.fixture
def image(house: House) -> Any:
    return house.store(rows=64, columns=64)


@pytest.mark.parametrize("role", ROLES)
def test_a_doctor_sees_annotations_and_makes_none(
    roles: dict[str, Api], image: Any, role: str
) -> None:
    made = draw(roles["radiologist"], image)
    path = f"/images/{image.SOPInstanceUID}/annotations"
    expected = 201 if role in ANNOTATORS else 403
    assert roles[role]("POST", path, drawing()).status_code == expected
    assert roles[role].get(f"/annotations/{made['id']}") == made
    change = roles[role]("PATCH", f"/annotations/{made['id']}", {}, **{"If-Match": '"1"'})
    assert change.status_code == (200 if role in ANNOTATORS else 403)


def test_the_author_is_who_is_logged_in_and_stays_the_author(
    roles: dict[str, Api], image: Any
) -> None:
    made = draw(roles["radiology_tech"], image, author="somebody", createdBy="else")
    path = f"/annotations/{made['id']}"
    assert (made["author"], made["createdBy"]) == ("radiology_tech", "radiology_tech")
    changed = roles["radiologist"]("PATCH", path, {"label": "x"}, **{"If-Match": '"1"'}).json()
    assert changed["data"]["author"] == "radiology_tech"
    assert changed["data"]["updatedBy"] == "radiologist"
    versions = roles["doctor"].get(f"{path}/versions")
    assert [each["by"] for each in versions] == ["radiology_tech", "radiologist"]


def test_only_its_author_or_an_admin_deletes_an_annotation(
    roles: dict[str, Api], image: Any
) -> None:
    match = {"If-Match": '"1"'}
    path = f"/annotations/{draw(roles['radiologist'], image)['id']}"
    assert roles["doctor"]("DELETE", path, **match).status_code == 403
    assert roles["radiology_tech"]("DELETE", path, **match).status_code == 403
    assert roles["radiologist"]("DELETE", path, **match).status_code == 204
    path = f"/annotations/{draw(roles['radiologist'], image)['id']}"
    assert roles["admin"]("DELETE", path, **match).status_code == 204


@pytest.mark.parametrize(
    ("method", "body"), [("PUT", drawing()), ("PATCH", {"label": "x"}), ("DELETE", None)]
)
def test_a_change_without_if_match_is_refused_where_the_setting_says_so(
    roles: dict[str, Api], image: Any, method: str, body: Any
) -> None:
    path = f"/annotations/{draw(roles['admin'], image)['id']}"
    answer = roles["admin"](method, path, body)
    assert answer.status_code == 428
    assert "If-Match" in sentence(answer)
    etag = roles["admin"]("GET", path).headers["ETag"]
    assert roles["admin"](method, path, body, **{"If-Match": etag}).status_code in (200, 204)


def test_without_a_token_nothing_is_seen(house: House, image: Any) -> None:
    nobody = Api(house.server)
    for path in (f"/images/{image.SOPInstanceUID}/annotations", "/annotations"):
        assert nobody("GET", path).status_code == 401


def test_a_share_link_opens_no_annotations(house: House, roles: dict[str, Api], image: Any) -> None:
    other = house.store()
    seen, hidden = draw(roles["admin"], image), draw(roles["admin"], other)
    guest = Api(house.server, house.share(image.StudyInstanceUID))
    for path in (
        "/annotations",
        f"/annotations/{seen['id']}",
        f"/annotations/{hidden['id']}",
        f"/images/{other.SOPInstanceUID}/annotations",
        f"/studies/{other.StudyInstanceUID}/annotations/sr",
    ):
        assert guest("GET", path).status_code in (403, 404), path


def test_authors_go_through_a_report_and_who_imports_is_told_apart(
    house: House, roles: dict[str, Api], image: Any
) -> None:
    made = [draw(roles[role], image, label=role) for role in sorted(ANNOTATORS)]
    study = image.StudyInstanceUID
    file = roles["doctor"]("GET", f"/studies/{study}/annotations/sr").content
    house.ask("DELETE", f"/dicom-web/studies/{study}", house.admin)
    for each in (file, _encoded(image)):
        body, kind = body_of([each])
        headers = {"Content-Type": kind}
        house.ask("POST", "/dicom-web/studies", house.admin, data=body, headers=headers)
    uid = str(pydicom.dcmread(io.BytesIO(file)).SOPInstanceUID)
    path = f"/studies/{study}/annotations/import"
    assert roles["doctor"]("POST", path, {"sopInstanceUID": uid}).status_code == 403
    assert roles["radiologist"]("POST", path, {"sopInstanceUID": uid}).status_code == 200
    found = {one["id"]: one for one in roles["doctor"].get(f"/studies/{study}/annotations")}
    for one in made:
        assert found[one["id"]]["author"] == one["author"]
        assert found[one["id"]]["createdBy"] == "radiologist"


def _encoded(image: Any) -> bytes:
    from samples import encode

    return encode(image)


def test_the_trail_tells_who_drew_and_deleted(house: House, roles: dict[str, Api]) -> None:
    image = house.store()
    made = draw(roles["radiologist"], image)
    roles["admin"]("DELETE", f"/annotations/{made['id']}", **{"If-Match": '"1"'})
    query = f"/api/audit?study={image.StudyInstanceUID}&kind=annotation"
    answer = house.ask("GET", query, house.admin)
    assert answer.status_code == 200, answer.text
    said = [(each["action"], each["actor"]) for each in answer.json()["data"]]
    assert sorted(said) == [("create", "radiologist"), ("delete", "admin")]
