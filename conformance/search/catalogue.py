"""Four studies of three patients, all different, and what a search in them must find."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydicom import Dataset

from conformance.client import Client, uids
from conformance.instances import CT_IMAGE, MR_IMAGE, RUN, SECONDARY_CAPTURE, plain, uid

STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
# Nothing else of the run has it: wildcards find these studies only.
TOKEN = f"{RUN}C"
PATIENT = f"{TOKEN}-1"  # has two studies, which differ in every key
OTHER_PATIENT = f"{TOKEN}-2"
THIRD_PATIENT = f"{TOKEN}-3"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The instances that were stored."""

    instances: tuple[Dataset, ...]

    def uids(self, keyword: str, holds: Callable[[Dataset], bool]) -> set[str]:
        """The UIDs (of studies, series or instances, by keyword) where it holds."""
        return {str(one[keyword].value) for one in self.instances if holds(one)}

    def modalities(self, study: str) -> set[str]:
        """What Modalities in Study must say."""
        return {one.Modality for one in self.instances if one.StudyInstanceUID == study}


def studies_found(server: Client, **keys: str) -> set[str]:
    """Study Instance UIDs of a search at /studies, each once."""
    return once(uids(server.find("/studies", **keys), STUDY))


def once(found: Iterable[str]) -> set[str]:
    """The UIDs as a set, after making sure that none came twice."""
    found = list(found)
    assert len(found) == len(set(found)), f"a result came twice: {found}"
    return set(found)


def make() -> Catalogue:
    """The four studies."""
    return Catalogue(tuple(_head()) + tuple(_knee()) + tuple(_chest()) + tuple(_japanese()))


def _request(step: str, procedure: str) -> list[Dataset]:
    item = Dataset()
    item.ScheduledProcedureStepID, item.RequestedProcedureID = step, procedure
    return [item]


def _series(study: dict, count: int = 1, **elements: object) -> list[Dataset]:
    shared = {**study, "SeriesInstanceUID": uid(), **elements}
    return [
        plain(**{**shared, "SOPInstanceUID": uid(), "InstanceNumber": number})
        for number in range(1, count + 1)
    ]


def _head() -> list[Dataset]:
    study = {
        "PatientID": PATIENT,
        "PatientName": f"Zeta{TOKEN}^Anna^Maria",
        "StudyInstanceUID": uid(),
        "StudyDate": "20200115",
        "StudyTime": "083000",
        "AccessionNumber": f"{TOKEN}-A1",
        "StudyID": f"{TOKEN}-S1",
        "ReferringPhysicianName": f"Ref{TOKEN}^One",
        "StudyDescription": f"{TOKEN} 100% head_scan",
    }
    ct = _series(
        study,
        2,
        sop_class=CT_IMAGE,
        Modality="CT",
        SeriesNumber=1,
        SeriesDescription="Thin",
        PerformedProcedureStepStartDate="20200115",
        PerformedProcedureStepStartTime="083500",
        RequestAttributesSequence=_request("STEP-1", "PROC-1"),
    )
    mr = _series(
        study,
        1,
        sop_class=MR_IMAGE,
        Modality="MR",
        SeriesNumber=2,
        SeriesDescription="T1",
        PerformedProcedureStepStartDate="20200116",
        PerformedProcedureStepStartTime="091500",
        RequestAttributesSequence=_request("STEP-2", "PROC-2"),
    )
    return ct + mr


def _knee() -> list[Dataset]:
    study = {
        "PatientID": PATIENT,
        "PatientName": f"Zeta{TOKEN}^Anna",
        "StudyInstanceUID": uid(),
        "StudyDate": "20210630",
        "StudyTime": "170000.5",
        "AccessionNumber": f"{TOKEN}-B2",
        "StudyID": f"{TOKEN}-S2",
        "ReferringPhysicianName": f"Ref{TOKEN}^Two",
        "StudyDescription": f"{TOKEN} 1000 kneeXscan",
    }
    return _series(
        study,
        1,
        Modality="DX",
        SeriesNumber=7,
        SeriesDescription="Knee",
        PerformedProcedureStepStartDate="20210630",
        PerformedProcedureStepStartTime="171500",
        RequestAttributesSequence=_request("STEP-3", "PROC-3"),
    )


def _chest() -> list[Dataset]:
    study = {
        "PatientID": OTHER_PATIENT,
        "PatientName": f"Müller{TOKEN}^Jörg",
        "SpecificCharacterSet": "ISO_IR 100",
        "StudyInstanceUID": uid(),
        "StudyDate": "20220101",
        "StudyTime": "235959",
        "AccessionNumber": f"{TOKEN}+C,3",
        "StudyID": f"{TOKEN}-S3",
        "ReferringPhysicianName": "",
        "OtherPatientNames": [f"Alias{TOKEN}^Eins", f"Alias{TOKEN}^Zwei"],
    }
    return _series(study, 1, sop_class=SECONDARY_CAPTURE, Modality="US", SeriesNumber=1)


def _japanese() -> list[Dataset]:
    study = {
        "PatientID": THIRD_PATIENT,
        "PatientName": f"Yamada{TOKEN}^Tarou=山田{TOKEN}^太郎=やまだ{TOKEN}^たろう",
        "SpecificCharacterSet": "ISO_IR 192",
        "StudyInstanceUID": uid(),
        "StudyDate": "20220102",
        "StudyTime": "000000",
        "AccessionNumber": "",
        "StudyID": f"{TOKEN}-S4",
        "PatientSex": "",
    }
    return _series(study, 1, Modality="CT", SeriesNumber=1)
