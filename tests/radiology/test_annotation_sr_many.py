"""More annotations than one report takes: they are stored in several, and all come back."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from samples import encode, make_image
from starlette.requests import Request

from dicomweb.access.permissions import ANONYMOUS_ADMIN
from dicomweb.app import open_archive
from dicomweb.archive import Archive
from dicomweb.extension import load
from dicomweb.settings import DEFAULT_EXTENSIONS, Settings
from extensions.radiology import annotation_exchange, sr_export
from extensions.radiology.annotation_fields import Wanted
from extensions.radiology.annotation_tables import RadiologyAnnotation, packed
from extensions.radiology.sr_import import contents_of


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = open_archive(Settings(data_dir=tmp_path), load(DEFAULT_EXTENSIONS))
    yield opened
    opened.close()


def drawn(archive: Archive, count: int) -> str:
    """A study whose image has so many annotations."""
    image = make_image(PatientID="P")
    assert not archive.store([encode(image)]).reason
    with archive.session() as session:
        for number in range(count):
            row = RadiologyAnnotation(
                study_uid=image.StudyInstanceUID,
                series_uid=image.SeriesInstanceUID,
                image_uid=image.SOPInstanceUID,
                type="text",
                points=packed([(number, 1)]),
                color="#FFFF00",
                created_at=f"2026-11-21T10:00:0{number}.000000Z",
            )
            row.updated_at = row.created_at
            session.add(row)
    return str(image.StudyInstanceUID)


def stored(archive: Archive, study: str) -> tuple[int, dict[str, Any]]:
    """Status and data of POST …/annotations/sr."""
    state = SimpleNamespace(archive=archive)
    scope = {"principal": ANONYMOUS_ADMIN, "path_params": {"id": study}}
    request = SimpleNamespace(state=state, scope=scope, path_params=scope["path_params"])
    answer = annotation_exchange.store(cast(Request, request), Wanted())
    data: dict[str, Any] = orjson.loads(bytes(answer.body))["data"]
    return answer.status_code, data


def test_what_is_too_much_for_a_report_goes_into_several(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sr_export, "MAX_ANNOTATIONS", 2)
    study = drawn(archive, 5)
    status, data = stored(archive, study)
    assert (status, len(data["more"])) == (201, 2)
    labels = []
    for uid in (data["sopInstanceUID"], *data["more"]):
        location = archive.find_uid(uid)
        assert location is not None
        found = contents_of(archive.attributes(location), lambda uri: b"")
        labels += [each.points[0][0] for each in found.drawn]
    assert labels == [0, 1, 2, 3, 4]
    assert stored(archive, study) == (200, data)
