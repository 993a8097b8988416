"""What the searches look in; stored once per run and xdist worker."""

import pytest

from conformance.instances import RUN, plain, uid
from conformance.search import catalogue as studies


@pytest.fixture(scope="session")
def catalogue(server):
    made = studies.make()
    server.keep(*made.instances)
    return made


@pytest.fixture(scope="session")
def twelve_studies(server):
    """Studies of one patient, several of them at the same date and time."""
    made = [
        plain(PatientID=f"{RUN}-12", StudyDate=f"2019010{1 + n // 4}", StudyTime="120000")
        for n in range(12)
    ]
    server.keep(*made)
    return made


@pytest.fixture(scope="session")
def long_series(server):
    """One series of 130 instances."""
    study, series = uid(), uid()
    made = [
        plain(StudyInstanceUID=study, SeriesInstanceUID=series, InstanceNumber=n)
        for n in range(1, 131)
    ]
    server.keep(*made)
    return made
