"""Dates and times in the zone of the request, and date times with zones of their own."""

import pytest

from conformance.client import found, uids
from conformance.instances import RUN, plain
from conformance.search.catalogue import STUDY

PATIENT = f"{RUN}-TZ"


@pytest.fixture(scope="session")
def late(server):
    """Half past eleven at night in the zone +0100: half past ten in UTC."""
    made = plain(
        PatientID=PATIENT,
        TimezoneOffsetFromUTC="+0100",
        StudyDate="20200131",
        StudyTime="233000",
        AcquisitionDateTime="20200131233000.5",
    )
    server.keep(made)
    return made


def finds(server, made, query, path="/studies"):
    results = found(server.get(f"{path}?PatientID={PATIENT}&{query}"))
    assert set(uids(results, STUDY)) <= {made.StudyInstanceUID}
    return bool(results)


@pytest.mark.clause("PS3.18 8.3.4.1.2")
@pytest.mark.parametrize(
    ("zone", "query", "wanted"),
    [
        ("%2B0100", "StudyDate=20200131", True),
        ("%2B0300", "StudyDate=20200131", False),
        ("%2B0300", "StudyDate=20200201", True),
        ("-0500", "StudyDate=20200131", True),
        ("-0500", "StudyTime=1700-1800", True),
        ("%2B0300", "StudyDate=20200201-20200201&StudyTime=0100-0200", True),
        ("%2B0300", "StudyDate=20200131-20200131&StudyTime=2300-2359", False),
        ("%2B0000", "StudyDate=20200131-20200201&StudyTime=2230-0100", True),
    ],
)
def test_dates_and_times_are_those_of_the_zone_of_the_request(server, late, zone, query, wanted):
    assert finds(server, late, f"{query}&TimezoneOffsetFromUTC={zone}") is wanted


@pytest.mark.clause("PS3.18 8.3.4.1.2")
@pytest.mark.parametrize("zone", ["%2B0100", "%2B0300"])
def test_the_zone_itself_is_not_matched(server, late, zone):
    assert finds(server, late, f"TimezoneOffsetFromUTC={zone}")


@pytest.mark.optional
@pytest.mark.clause("PS3.4 C.2.2.2.5")
@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("20200131", True),
        ("202001312330%2B0100", True),
        ("202001312230%2B0000", True),
        ("202002010130%2B0300", True),
        ("202001312330%2B0300", False),
        ("202001311730-0500-202001311731-0500", True),
        ("202001311731-0500-", False),
        ("-202001311729-0500", False),
    ],
)
def test_a_date_time_may_have_a_zone_of_its_own(server, late, value, wanted):
    path = f"/studies/{late.StudyInstanceUID}/instances"
    query = f"AcquisitionDateTime={value}&TimezoneOffsetFromUTC=%2B0100"
    assert finds(server, late, query, path) is wanted
