"""QIDO-RS with odd values: spaces as forms have them, private keys, overlays, several ranges."""

import pydicom
import pytest
from clients import get, store
from samples import encode, make_image
from servers import Server

PRIVATE = "00290010=MED+INC+1.0&00291001="


@pytest.fixture(scope="module")
def odd(server: Server) -> pydicom.Dataset:
    dataset = make_image(
        PatientName="de la Cruz^Ana María",
        PatientID="A+B",
        StudyDescription="C+ chest  x",
        StudyDate="20200315",
    )
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.add_new(0x00290010, "LO", "MED INC 1.0")
    dataset.add_new(0x00291001, "PN", "Grün^Ida")
    dataset.add_new(0x60001500, "LO", "Mark 1")
    assert store(server, encode(dataset)).status < 300
    return dataset


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("PatientName=de+la+cruz%5Eana+mar*", True),
        ("PatientName=cruz+ana&fuzzymatching=true", True),
        ("PatientName=de%2Bla%2Bcruz*", False),
        ("StudyDescription=C%2B+chest++x", True),
        ("StudyDescription=C+ chest  x", True),
        ("StudyDescription=C+chest*", False),
        (f"{PRIVATE}gr%C3%BCn%5Eida", True),
        (f"{PRIVATE}ida+gr&fuzzymatching=true", True),
        (f"{PRIVATE}ida+gr", False),
        (f"{PRIVATE}x%5Cgr%C3%BCn*&multiplevaluematching=true", True),
        (f"{PRIVATE}x%5Cgr%C3%BCn*", False),
        ("60001500=Mark+?", True),
        ("60001500=Mark+2", False),
        ("StudyDate=20190101-20191231%5C20200301-&multiplevaluematching=true", True),
        ("StudyDate=20190101-20191231%5C20200316-&multiplevaluematching=true", False),
        ("NumberOfPatientRelatedStudies=7&RetrieveURL=x", True),
    ],
)
def test_odd_values_find_what_they_mean(
    server: Server, odd: pydicom.Dataset, query: str, *, is_found: bool
) -> None:
    for path in ("/studies", "/instances"):
        answer = get(server, f"{path}?StudyInstanceUID={odd.StudyInstanceUID}&{query}")
        assert answer.status_code == 200
        assert len(answer.json()) == is_found


def test_an_overlay_is_given_where_it_is_asked_for(server: Server, odd: pydicom.Dataset) -> None:
    query = f"StudyInstanceUID={odd.StudyInstanceUID}&includefield=60001500"
    (found,) = get(server, f"/instances?{query}").json()
    assert found["60001500"] == {"vr": "LO", "Value": ["Mark 1"]}
