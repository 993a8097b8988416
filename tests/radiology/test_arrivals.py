"""Images and orders meet, whichever came first and by whatever door; deletions part them again."""

import sqlite3
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
from clients import get, path_of, store
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from samples import encode, make_image
from servers import running
from sqlmodel import create_engine, select

from dicomweb.archive import Archive
from dicomweb.index import Extension as TableSteps
from dicomweb.index import Index
from dicomweb.storage.memory import Memory
from extensions.audit import extension as audit
from extensions.radiology import extension
from extensions.radiology.arrivals import ORDERED
from extensions.radiology.catching_up import catch_up
from extensions.radiology.tables import RadiologyStudy
from tests.radiology.radiology_api import Api, picture, sentence


def _stowed(api: Api, **values: Any) -> Dataset:
    dataset = make_image(**{"PatientID": f"P-{uuid.uuid4()}", "AccessionNumber": "", **values})
    assert store(api.server, encode(dataset)).status == 200
    return dataset


def test_a_study_that_nobody_ordered_is_completed(api: Api) -> None:
    dataset = _stowed(
        api,
        Modality="MR",
        PatientName="山田^太郎",
        SpecificCharacterSet="ISO_IR 192",
        StudyDescription="Kopf",
        AccessionNumber="X7",
    )
    study = api.get(f"/studies/{dataset.StudyInstanceUID}")
    assert study["status"] == "completed"
    assert (study["patientName"], study["modality"]) == ("山田^太郎", "MR")
    assert (study["studyDate"], study["studyTime"]) == ("2024-01-02", "03:04:05")
    assert (study["patientBirthDate"], study["patientSex"]) == ("1980-01-01", "F")
    assert (study["accessionNumber"], study["numberOfImages"]) == ("X7", 1)
    assert api.get(f"/studies?patientId={dataset.PatientID}")[0]["id"] == study["id"]


def test_many_images_that_come_at_once_make_one_study(api: Api) -> None:
    first = make_image(Modality="KO")
    study = {"StudyInstanceUID": first.StudyInstanceUID}
    others = [make_image(Modality="PT", **study) for _ in range(5)]
    assert store(api.server, *map(encode, [first, *others])).status == 200
    told = api.get(f"/studies/{first.StudyInstanceUID}")
    assert (told["numberOfImages"], told["modality"]) == (5, "PT")


def test_images_join_their_order_by_its_uid(api: Api) -> None:
    order = api.study(studyDate="2026-01-01")
    _stowed(api, StudyInstanceUID=order["studyInstanceUID"], PatientID=order["patientId"])
    study = api.get(f"/studies/{order['id']}")
    assert (study["status"], study["numberOfImages"]) == ("in_progress", 1)
    assert (study["patientName"], study["studyDate"]) == ("Doe^Jane", "2024-01-02")
    assert study["accessionNumber"] == order["accessionNumber"]


def test_images_join_their_order_by_accession_number_and_patient(api: Api) -> None:
    order = api.study()
    numbers = {"AccessionNumber": order["accessionNumber"], "PatientID": order["patientId"]}
    dataset = _stowed(api, **numbers)
    study = api.get(f"/studies/{order['id']}")
    assert study["studyInstanceUID"] == dataset.StudyInstanceUID
    assert study["numberOfImages"] == 1
    second = _stowed(api, **numbers)  # the order has images now: this one stands beside it
    assert api.get(f"/studies/{second.StudyInstanceUID}")["id"] != order["id"]


def test_a_draft_follows_its_study_to_another_uid(api: Api) -> None:
    order = api.study()
    draft = {"reportType": "preliminary", "status": "draft", "findings": "Nothing."}
    report = api("POST", f"/studies/{order['id']}/report", draft).json()["data"]
    numbers = {"AccessionNumber": order["accessionNumber"], "PatientID": order["patientId"]}
    dataset = _stowed(api, **numbers)
    told = api.get(f"/reports/{report['id']}")
    assert told["studyInstanceUID"] == dataset.StudyInstanceUID
    assert told["studyId"] == order["id"]


def test_another_patient_with_the_accession_number_joins_nothing(api: Api) -> None:
    order = api.study()
    dataset = _stowed(api, AccessionNumber=order["accessionNumber"])
    assert api.get(f"/studies/{dataset.StudyInstanceUID}")["id"] != order["id"]
    assert api.get(f"/studies/{order['id']}")["numberOfImages"] == 0


def test_the_form_takes_over_a_uid_as_stow_does(api: Api) -> None:
    order = api.study()
    dataset = make_image(AccessionNumber=order["accessionNumber"], PatientID=order["patientId"])
    image = api.upload(order["id"], encode(dataset))
    assert api.get(f"/studies/{order['id']}")["studyInstanceUID"] == image["studyInstanceUID"]


@pytest.mark.parametrize("by_uid", [True, False])
def test_an_order_that_comes_late_joins_its_images(api: Api, by_uid: bool) -> None:
    number = uuid.uuid4().hex[:12]
    dataset = _stowed(api, AccessionNumber=number)
    before = api.get(f"/studies/{dataset.StudyInstanceUID}")
    joining = (
        {"studyInstanceUID": str(dataset.StudyInstanceUID)}
        if by_uid
        else {"accessionNumber": number}
    )
    order = api.study(patientId=dataset.PatientID, orderId="late", **joining)
    assert order["id"] == before["id"]
    assert (order["status"], order["orderId"]) == ("completed", "late")
    assert (order["patientName"], order["numberOfImages"]) == ("Doe^Jane", 1)
    answer = api("POST", "/studies", {"patientId": "P", "modality": "CT", **joining})
    assert answer.status_code == 409
    assert next(iter(joining)) in sentence(answer)


def test_a_study_is_named_after_its_first_images_not_its_documents(api: Api) -> None:
    document = _stowed(api, Modality="SR")
    assert api.get(f"/studies/{document.StudyInstanceUID}")["modality"] == "SR"
    _stowed(api, Modality="CT", StudyInstanceUID=document.StudyInstanceUID)
    assert api.get(f"/studies/{document.StudyInstanceUID}")["modality"] == "CT"


def test_a_study_deleted_over_dicomweb_is_gone_here_too(api: Api) -> None:
    study = api.study()
    image = api.upload(study["id"], picture(), "x.png")
    address = f"{api.server.root}/studies/{study['studyInstanceUID']}"
    assert requests.delete(address, timeout=60).status_code == 204
    assert api("GET", f"/studies/{study['id']}").status_code == 410
    assert api("GET", f"/images/{image['id']}/file").status_code == 404


def test_the_last_image_of_an_order_leaves_the_order(api: Api) -> None:
    study = api.study()
    image = api.upload(study["id"], picture(), "x.png")
    assert api("DELETE", f"/images/{image['id']}").status_code == 204
    assert api.get(f"/studies/{study['id']}")["numberOfImages"] == 0
    api.upload(study["id"], picture(), "x.png")
    assert api.get(f"/studies/{study['id']}")["numberOfImages"] == 1


def test_the_last_image_that_nobody_ordered_takes_its_study_along(api: Api) -> None:
    dataset = _stowed(api)
    requests.delete(f"{api.server.root}{path_of(dataset)}", timeout=60)
    assert api("GET", f"/studies/{dataset.StudyInstanceUID}").status_code == 410


def test_a_deleted_study_that_is_stored_again_is_the_same(api: Api) -> None:
    dataset = _stowed(api)
    path = f"/studies/{dataset.StudyInstanceUID}"
    before = api.get(path)
    api("DELETE", path)
    store(api.server, encode(dataset))
    after = api.get(path)
    assert (after["id"], after["numberOfImages"]) == (before["id"], 1)


def test_stow_tells_nothing_of_an_upload_of_another_study(api: Api) -> None:
    dataset = make_image()
    api.post_file(f"/studies/{api.study()['id']}/upload", encode(dataset))
    assert get(api.server, f"/studies/{dataset.StudyInstanceUID}").status_code == 404
    assert api("GET", f"/studies/{dataset.StudyInstanceUID}").status_code == 404


def test_studies_stored_without_this_extension_get_their_rows_later(tmp_path: Path) -> None:
    datasets = [make_image(PatientName=f"No^{number}") for number in range(3)]
    with running(tmp_path, DICOMWEB_EXTENSIONS="extensions.deletion") as server:
        store(server, *map(encode, datasets))
    with running(tmp_path) as server:
        _until_listed(Api(server), 3)
        study = Api(server).get(f"/studies/{datasets[1].StudyInstanceUID}")
        assert (study["patientName"], study["modality"]) == ("No^1", "OT")


def _until_listed(api: Api, many: int) -> None:
    for _ in range(100):
        if len(api.get("/studies")) == many:
            return
        threading.Event().wait(0.1)
    raise AssertionError("The studies do not appear.")


def test_nothing_is_caught_up_where_nothing_is_missing(tmp_path: Path) -> None:
    index = Index(
        f"sqlite:///{tmp_path}/index.sqlite",
        extensions=[TableSteps(each.name, each.tables) for each in (audit, extension)],
    )
    archive = Archive(index, Memory())
    for _ in range(3):
        archive.store([encode(make_image(StudyInstanceUID=generate_uid()))])
    assert catch_up(archive, threading.Event()) == 3
    assert catch_up(archive, threading.Event()) == 0
    with archive.reading() as session:
        assert len(session.exec(select(RadiologyStudy)).all()) == 3
    archive.close()


def test_an_order_is_found_by_its_index_however_many_studies_share_its_number(
    tmp_path: Path,
) -> None:
    database = sqlite3.connect(tmp_path / "index.sqlite")
    engine = create_engine(f"sqlite:///{tmp_path}/index.sqlite")
    with engine.begin() as connection:
        for step in extension.tables:
            step(connection)
    sql = str(ORDERED.compile(engine))
    plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", ("A1",))]
    database.close()
    engine.dispose()
    assert len(plan) == 1
    assert "USING INDEX radiology_study_ordered" in plan[0]
