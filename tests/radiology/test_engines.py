"""The same on PostgreSQL: orders, uploads, filters, races and deletions."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from clients import store
from samples import encode, make_image
from servers import running

from tests.index import postgres
from tests.radiology.radiology_api import Api, picture


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server on PostgreSQL."""
    with postgres.server() as url:
        engine = sa.create_engine(f"{url}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text("CREATE DATABASE radiology"))
        engine.dispose()
        folder: Path = tmp_path_factory.mktemp("postgres")
        with running(folder, DICOMWEB_DATABASE_URL=f"{url}/radiology") as server:
            yield Api(server)


def test_an_order_is_filled_found_and_deleted(api: Api) -> None:
    study = api.study(patientName="Müller^Zoë", priority="stat", studyDate="2026-01-02")
    image = api.upload(study["id"], picture("JPEG"), "x.jpg")
    assert [row["id"] for row in api.get("/studies?q=muller&dateFrom=2026-01-02")] == [study["id"]]
    assert api.get("/worklist?stage=acquisition")[0]["id"] == study["id"]
    told = api.get(f"/studies/{study['id']}")
    assert (told["status"], told["numberOfImages"]) == ("in_progress", 1)
    assert api("GET", f"/images/{image['id']}/file").content == picture("JPEG")
    assert api("PUT", f"/studies/{study['id']}/status", {"status": "read"}).status_code == 200
    assert api("DELETE", f"/studies/{study['id']}").status_code == 204
    assert api("GET", f"/studies/{study['id']}").status_code == 410
    assert api("GET", f"/images/{image['id']}/file").status_code == 404


def test_a_stowed_study_joins_its_order(api: Api) -> None:
    order = api.study()
    numbers = {"AccessionNumber": order["accessionNumber"], "PatientID": order["patientId"]}
    dataset = make_image(**numbers)
    assert store(api.server, encode(dataset)).status == 200
    told = api.get(f"/studies/{order['id']}")
    assert told["studyInstanceUID"] == dataset.StudyInstanceUID


def test_of_orders_at_the_same_moment_one_gets_the_number(api: Api) -> None:
    body = {"patientId": "P", "modality": "CT", "accessionNumber": "RACE"}

    def order(_: int) -> int:
        code: int = api("POST", "/studies", body).status_code
        return code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(order, range(8))) == [201] + [409] * 7


def test_of_changes_at_the_same_moment_none_is_lost(api: Api) -> None:
    path = f"/studies/{api.study()['id']}"

    def change(number: int) -> Any:
        body = {"studyDescription": f"By {number}"}
        return api("PATCH", path, body, **{"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(change, range(8))) == [200] + [412] * 7


def test_images_that_come_at_once_have_numbers_of_their_own(api: Api) -> None:
    path = f"/studies/{api.study()['id']}/upload"

    def upload(_: int) -> int:
        answer = api.post_file(path, picture("PNG"), "x.png")
        number: int = answer.json()["data"]["instanceNumber"]
        return number

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(upload, range(6))) == [1, 2, 3, 4, 5, 6]


def test_what_an_editor_saves_replaces_what_it_saved_before(api: Api) -> None:
    body = {"reportType": "preliminary", "status": "draft"}
    report = api("POST", f"/studies/{api.study()['id']}/report", body).json()["data"]
    path = f"/reports/{report['id']}"
    for text in "abc":
        saved = api("PUT", path, {"findings": text, "autosave": True})
        assert saved.status_code == 200, saved.text
    assert [each["version"] for each in api.get(f"{path}/versions")] == [4, 1]
    assert api("PUT", path, {"findings": "c"}).status_code == 200
    assert [each["autosaved"] for each in api.get(f"{path}/versions")] == [False, False]


def test_of_two_studies_at_the_same_moment_one_joins_the_order(api: Api) -> None:
    order = api.study()
    numbers = {"AccessionNumber": order["accessionNumber"], "PatientID": order["patientId"]}
    with ThreadPoolExecutor(4) as pool:
        files = [encode(make_image(**numbers)) for _ in range(4)]
        assert [
            reply.status for reply in pool.map(lambda each: store(api.server, each), files)
        ] == [200] * 4
    found = api.get(f"/studies?accessionNumber={order['accessionNumber']}")
    assert len(found) == 4
    assert order["id"] in [row["id"] for row in found]
