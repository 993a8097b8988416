"""Annotations on PostgreSQL: drawn, changed at once, listed, exported, imported, deleted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import sqlalchemy as sa
from servers import running

from tests.index import postgres
from tests.radiology.annotating import POINTS, draw, stored_image
from tests.radiology.radiology_api import Api


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server on PostgreSQL."""
    with postgres.server() as url:
        engine = sa.create_engine(f"{url}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text("CREATE DATABASE annotations"))
        engine.dispose()
        folder = tmp_path_factory.mktemp("postgres")
        with running(folder, DICOMWEB_DATABASE_URL=f"{url}/annotations") as server:
            yield Api(server)


def test_of_many_changes_at_once_each_is_a_version_or_refused(api: Api) -> None:
    path = f"/annotations/{draw(api, stored_image(api))['id']}"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: api("PATCH", path, {"label": str(n)}), range(16)))
    taken = [each for each in answers if each.status_code == 200]
    assert {each.status_code for each in answers} <= {200, 412}
    versions = api.get(f"{path}/versions")
    assert [each["version"] for each in versions] == list(range(1, len(taken) + 2))


def test_a_report_is_imported_once_by_many_at_once(api: Api) -> None:
    image = stored_image(api)
    study = image.StudyInstanceUID
    made = [draw(api, image, kind, keyImage=True, label="ñ'\"") for kind in POINTS]
    report = api("POST", f"/studies/{study}/annotations/sr").json()["data"]
    for each in made:
        assert api("DELETE", f"/annotations/{each['id']}").status_code == 204
    assert api.get(f"/studies/{study}/annotations?keyImage=true") == []
    body = {"sopInstanceUID": report["sopInstanceUID"]}
    path = f"/studies/{study}/annotations/import"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: api("POST", path, body), range(4)))
    assert {each.status_code for each in answers} == {200}
    restored = [id for each in answers for id in each.json()["data"]["restored"]]
    assert sorted(restored) == sorted(each["id"] for each in made)
    assert len(api.get(f"/studies/{study}/annotations")) == len(made)


def test_a_study_takes_its_annotations_with_it(api: Api) -> None:
    image = stored_image(api)
    made = draw(api, image)
    requests.delete(f"{api.server.root}/studies/{image.StudyInstanceUID}", timeout=30)
    assert api("GET", f"/annotations/{made['id']}").status_code == 404
    assert api.get(f"/annotations?image={image.SOPInstanceUID}&includeDeleted=true") == []
