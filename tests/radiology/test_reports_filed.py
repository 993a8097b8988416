"""Final reports as DICOM in their study: found by every viewer, and never half of the two."""

import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import highdicom.sr
import pydicom
import pytest
import requests
from clients import get, store
from samples import encode, make_image
from servers import Server, running
from sqlmodel import Session, SQLModel, create_engine

from dicomweb.errors import Conflict, Gone
from extensions.radiology import coming
from extensions.radiology.tables import TABLES, RadiologyStudy
from tests.radiology.radiology_api import Api
from tests.radiology.reporting import draft, put, report, verify

SR, PDF = "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.104.1"


def imaged(api: Api, **values: Any) -> Any:
    """An image in the archive; its study is known by its Study Instance UID."""
    image = make_image(**values)
    assert store(api.server, encode(image)).status == 200
    return image


def stored(api: Api, study: str) -> list[Any]:
    """All instances of a study, as search tells them."""
    answer = get(api.server, f"/studies/{study}/instances?includefield=all")
    return answer.json() if answer.status_code == 200 else []


def file_of(api: Api, study: str, document: dict[str, Any]) -> pydicom.Dataset:
    path = f"/studies/{study}/series/{document['seriesInstanceUID']}"
    path += f"/instances/{document['sopInstanceUID']}"
    answer = get(api.server, path, 'multipart/related; type="application/dicom"')
    start = answer.content.index(b"\r\n\r\n") + 4
    return pydicom.dcmread(io.BytesIO(answer.content[start:]))


def documents(api: Api, made: dict[str, Any]) -> dict[str, pydicom.Dataset]:
    """The newest documents of a report, by kind."""
    study = made["studyInstanceUID"]
    newest = [each for each in made["documents"] if each["version"] == made["version"]]
    return {each["kind"]: file_of(api, study, each) for each in newest}


def test_a_final_report_is_stored_in_its_study_with_its_patient(api: Api) -> None:
    image = imaged(
        api,
        PatientName="Löw^Ann",
        InstitutionName="Clinic",
        StudyID="77",
        SpecificCharacterSet="ISO_IR 192",
    )
    made = report(api, image.StudyInstanceUID)
    found = documents(api, made)
    assert {each.SOPClassUID for each in found.values()} == {SR, PDF}
    for each in found.values():
        for keyword in (
            *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID"),
            *("StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "InstitutionName"),
        ):
            assert each[keyword].value == image[keyword].value
    (evidence,) = found["sr"].CurrentRequestedProcedureEvidenceSequence
    (reference,) = evidence.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert reference.ReferencedSOPInstanceUID == image.SOPInstanceUID
    assert found["sr"].SeriesInstanceUID != found["pdf"].SeriesInstanceUID


def test_an_order_without_images_tells_its_patient(api: Api) -> None:
    study = api.study(patientName="Doe, Jane", patientBirthDate="1980-01-02", patientSex="F")
    found = documents(api, report(api, study["id"]))["sr"]
    assert (str(found.PatientName), found.PatientBirthDate, found.PatientSex) == (
        *("Doe^Jane", "19800102", "F"),
    )
    assert found.AccessionNumber == study["accessionNumber"]
    assert found.PatientID == study["patientId"]


def test_required_attributes_are_there(api: Api) -> None:
    """Type 1 with a value, type 2 at least empty: PS3.3 A.35.1, C.17.2, C.24.2."""
    made = report(api, imaged(api).StudyInstanceUID)
    verify(api, made["id"])
    found = documents(api, api.get(f"/reports/{made['id']}"))
    common = "SOPInstanceUID SeriesInstanceUID SeriesNumber InstanceNumber Modality Manufacturer"
    one = {
        "sr": "CompletionFlag VerificationFlag ContentDate ContentTime VerifyingObserverSequence"
        " ValueType ConceptNameCodeSequence ContinuityOfContent ContentSequence",
        "pdf": "BurnedInAnnotation ConversionType MIMETypeOfEncapsulatedDocument"
        " EncapsulatedDocument",
    }
    two = {
        "sr": "PerformedProcedureCodeSequence ReferencedPerformedProcedureStepSequence",
        "pdf": "ContentDate ContentTime AcquisitionDateTime DocumentTitle",
    }
    for kind, dataset in found.items():
        for keyword in f"{common} {one[kind]}".split():
            assert dataset[keyword].value not in ("", None, []), keyword
        for keyword in two[kind].split():
            assert keyword in dataset
    observer = found["sr"].VerifyingObserverSequence[0]
    for keyword in ("VerifyingObserverName", "VerifyingOrganization", "VerificationDateTime"):
        assert observer[keyword].value
    assert "VerifyingObserverIdentificationCodeSequence" in observer


def test_images_whose_facts_are_wrong_do_not_keep_a_report_from_being_stored(api: Api) -> None:
    image = make_dataset_of_nonsense()
    answer = store(api.server, image)
    assert answer.status in (200, 202)
    study = pydicom.dcmread(io.BytesIO(image)).StudyInstanceUID
    found = documents(api, report(api, study))["sr"]
    assert found.PatientID == "P1"
    assert "PatientWeight" not in found


def make_dataset_of_nonsense() -> bytes:
    """Values that their VRs do not allow, as files in the field have them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = make_image(StudyDate="not a date", PatientAge="old", PatientSex="female")
        dataset.PatientWeight = "10"
        dataset["PatientWeight"]._value = "heavy"
        return encode(dataset)


def test_highdicom_reads_the_structured_report(api: Api) -> None:
    found = documents(api, report(api, imaged(api).StudyInstanceUID, impression="Well."))["sr"]
    content = highdicom.sr.ContentSequence.from_sequence(found.ContentSequence, is_root=False)
    names = [item.name.meaning for item in content if item.value_type.value == "CONTAINER"]
    assert names == ["Findings", "Impressions"]


def test_verification_and_addenda_name_the_documents_before_them(api: Api) -> None:
    made = report(api, imaged(api).StudyInstanceUID)
    first = documents(api, made)["sr"]
    verify(api, made["id"])
    second = documents(api, api.get(f"/reports/{made['id']}"))["sr"]
    assert _predecessors(first) == []
    assert _predecessors(second) == [first.SOPInstanceUID]
    assert second.VerificationFlag == "VERIFIED"
    added = api("POST", f"/reports/{made['id']}/addendum", {"findings": "More."}).json()["data"]
    third = documents(api, added)["sr"]
    assert _predecessors(third) == [first.SOPInstanceUID, second.SOPInstanceUID]


def _predecessors(dataset: pydicom.Dataset) -> list[str]:
    return [
        instance.ReferencedSOPInstanceUID
        for study in dataset.get("PredecessorDocumentsSequence", [])
        for series in study.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    ]


def test_the_documents_of_a_report_are_no_images_of_its_study(api: Api) -> None:
    study = imaged(api).StudyInstanceUID
    before = api.get(f"/studies/{study}")
    report(api, study)
    after = api.get(f"/studies/{study}")
    assert len(stored(api, study)) == 3
    assert (after["numberOfSeries"], after["numberOfImages"]) == (1, 1)
    assert [len(each["images"]) for each in after["series"]] == [1]
    assert len(api.get(f"/studies/{study}/images")) == 1
    assert after["storageSize"] > before["storageSize"]
    listed = api.get(f"/studies?q={study}") or api.get("/studies")
    assert {each["numberOfImages"] for each in listed if each["studyInstanceUID"] == study} == {1}


def test_what_is_not_final_is_not_stored(api: Api) -> None:
    study = imaged(api).StudyInstanceUID
    id = draft(api, study)["id"]
    put(api, id, reportType="preliminary")
    assert len(stored(api, study)) == 1
    put(api, id, reportType="final")
    assert len(stored(api, study)) == 3


def test_the_stored_file_is_what_the_forms_give(api: Api) -> None:
    made = report(api, imaged(api).StudyInstanceUID)
    for kind, dataset in documents(api, made).items():
        form = api("GET", f"/reports/{made['id']}?format=dicom-{kind}").content
        assert pydicom.dcmread(io.BytesIO(form)).SOPInstanceUID == dataset.SOPInstanceUID


def test_of_many_who_finish_one_report_one_does_and_nothing_else_is_stored(api: Api) -> None:
    study = imaged(api).StudyInstanceUID
    id = draft(api, study)["id"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: put(api, id, reportType="final"), range(6)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {409, 412}
    assert len(stored(api, study)) == 3
    made = api.get(f"/reports/{id}")
    assert (made["version"], len(made["documents"])) == (2, 2)


def test_deleting_the_images_takes_drafts_and_leaves_final_reports(api: Api) -> None:
    study = imaged(api).StudyInstanceUID
    begun, final = draft(api, study)["id"], report(api, study, findings="Kept.")["id"]
    gone = requests.delete(f"{api.server.root}/studies/{study}", timeout=60)
    assert gone.status_code == 204
    assert api("GET", f"/reports/{begun}").status_code == 404
    told = api.get(f"/reports/{final}")
    assert (told["findings"], told["studyDeleted"]) == ("Kept.", True)
    for name in ("html", "pdf", "fhir", "dicom-sr", "dicom-pdf"):
        assert api("GET", f"/reports/{final}?format={name}").status_code == 200
    assert verify(api, final).status_code == 410
    assert stored(api, study) == []


@pytest.mark.parametrize(
    ("columns", "refusal"),
    [
        ({}, None),
        ({"images_since": "2026-11-21T10:00:00Z"}, None),
        ({"deleted_at": "2026-11-21T10:00:00Z"}, Gone),
        ({"images_since": "2026-11-21T10:00:00Z", "study_uid": "1.3"}, Conflict),
    ],
)
def test_nothing_is_stored_into_a_study_that_is_another_meanwhile(
    columns: dict[str, str], refusal: type[Exception] | None
) -> None:
    """Deleted, or an order that took over the UID of its images."""
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine, tables=TABLES)
    stored = [SimpleNamespace(record=SimpleNamespace(key="key", study="1.2"))]
    with Session(engine) as session, coming.into("id", "key") as own:
        session.add(RadiologyStudy(**{"id": "id", "study_uid": "1.2", **columns}))
        with pytest.raises(refusal) if refusal else nullcontext():
            coming.on_stored(session, cast(Any, stored))
    engine.dispose()
    assert isinstance(own.refusal, refusal or type(None))


def test_a_report_survives_a_power_cut_with_its_documents(tmp_path: Any) -> None:
    with running(tmp_path) as first:
        api = Api(first)
        made = report(api, imaged(api).StudyInstanceUID)
        first.kill()
    with running(tmp_path) as second:
        api = Api(second)
        assert api.get(f"/reports/{made['id']}") == made
        assert len(stored(api, made["studyInstanceUID"])) == 3


def test_without_room_neither_the_report_nor_its_documents_are_there(
    own_server: Server,
) -> None:
    """The bytes of the documents cannot be written: the folder of the storage is a file."""
    api = Api(own_server)
    study = imaged(api).StudyInstanceUID
    id = draft(api, study)["id"]
    objects = own_server.data_dir / "objects"
    objects.rename(own_server.data_dir / "aside")
    objects.write_text("")
    try:
        assert put(api, id, reportType="final").status_code == 503
    finally:
        objects.unlink()
        (own_server.data_dir / "aside").rename(objects)
    assert api.get(f"/reports/{id}")["status"] == "draft"
    assert len(stored(api, study)) == 1
    assert put(api, id, reportType="final").status_code == 200
