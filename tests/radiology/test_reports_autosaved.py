"""What an editor saves by itself: one version for each time of writing, not one for each pause."""

from typing import Any

import pytest
import sqlalchemy as sa

from extensions.radiology.report_tables import RadiologyReportVersion, add_autosaved
from tests.radiology.radiology_api import Api


@pytest.fixture
def path(api: Api) -> str:
    """A draft."""
    study = api.study()["id"]
    body = {"reportType": "preliminary", "status": "draft", "findings": "a"}
    report = api("POST", f"/studies/{study}/report", body).json()["data"]
    return f"/reports/{report['id']}"


def save(api: Api, path: str, text: str, **fields: Any) -> Any:
    answer = api("PUT", path, {"findings": text, "autosave": True, **fields})
    assert answer.status_code == 200, answer.text
    return answer


def versions(api: Api, path: str) -> list[tuple[int, str, bool]]:
    found = api.get(f"{path}/versions")
    return [(each["version"], each["status"], each["autosaved"]) for each in found]


def test_drafts_that_an_editor_saves_replace_each_other(api: Api, path: str) -> None:
    for text in "bcd":
        save(api, path, text)
    assert versions(api, path) == [(4, "draft", True), (1, "draft", False)]
    assert api.get(f"{path}/versions/4")["findings"] == "d"


def test_every_save_is_another_etag_all_the_same(api: Api, path: str) -> None:
    first, second = save(api, path, "b"), save(api, path, "c")
    late = api("PUT", path, {"findings": "x"}, **{"If-Match": first.headers["ETag"]})
    assert (late.status_code, first.headers["ETag"] != second.headers["ETag"]) == (412, True)


def test_what_a_person_saves_is_kept(api: Api, path: str) -> None:
    save(api, path, "b")
    api("PUT", path, {"findings": "b"})  # the same text, but asked for
    save(api, path, "c")
    api("PUT", path, {"findings": "d"})
    save(api, path, "e")
    numbers = [number for number, _, _ in versions(api, path)]
    assert numbers == [5, 4, 3, 2, 1]


def test_a_step_forward_is_kept_whoever_saves_it(api: Api, path: str) -> None:
    save(api, path, "b")
    save(api, path, "c", reportType="preliminary", status="preliminary")
    save(api, path, "d", reportType="preliminary", status="preliminary")
    statuses = [status for _, status, _ in versions(api, path)]
    assert statuses == ["preliminary", "preliminary", "draft", "draft"]


def test_a_difference_begins_at_the_version_before(api: Api, path: str) -> None:
    for text in "bcd":
        save(api, path, text)
    for query in ("", "?from=3&to=4", "?to=4"):
        found = api.get(f"{path}/diff{query}")
        assert (found["from"], found["to"]) == (1, 4)
    assert api("GET", f"{path}/diff?from=1&to=3").status_code == 404


def test_after_a_pause_a_new_version_begins(api: Api, path: str) -> None:
    save(api, path, "b")
    engine = sa.create_engine(f"sqlite:///{api.server.data_dir / 'index.sqlite'}")
    with engine.begin() as connection:
        table = RadiologyReportVersion.__table__  # type: ignore[attr-defined]
        own = table.update().where(table.c.report_id == path.rpartition("/")[2])
        connection.execute(own.values(at="2026-01-01T00:00:00.000000Z"))
    engine.dispose()
    save(api, path, "c")
    assert [number for number, _, _ in versions(api, path)] == [3, 2, 1]


def test_the_tables_of_an_older_server_learn_of_it() -> None:
    engine = sa.create_engine("sqlite://")
    table = RadiologyReportVersion.__table__  # type: ignore[attr-defined]
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(sa.text(f"ALTER TABLE {table.name} DROP COLUMN autosaved"))
        add_autosaved(connection)
        add_autosaved(connection)
        names = [each["name"] for each in sa.inspect(connection).get_columns(table.name)]
    engine.dispose()
    assert names.count("autosaved") == 1
