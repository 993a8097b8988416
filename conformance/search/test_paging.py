"""limit, offset, the order, and what is said about the rest (PS3.18 8.3.4.4)."""

import re

import pytest

from conformance.client import expect, found, uids, values
from conformance.instances import RUN, series_of
from conformance.search.catalogue import INSTANCE, STUDY, once

PATIENT = f"{RUN}-12"


def page(server, **parameters):
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return server.get(f"/studies?PatientID={PATIENT}&{query}")


@pytest.mark.clause("PS3.18 8.3.4.4")
@pytest.mark.parametrize(
    ("limit", "offset", "count"),
    [(5, 0, 5), (1, 0, 1), (12, 0, 12), (50, 0, 12), (5, 10, 2), (5, 11, 1), (12, 6, 6)],
)
def test_a_page_has_what_its_limit_and_offset_leave(server, twelve_studies, limit, offset, count):
    assert len(found(page(server, limit=limit, offset=offset))) == count


@pytest.mark.clause("PS3.18 8.3.4.4")
@pytest.mark.parametrize(
    "parameters", [{"limit": 0}, {"offset": 12}, {"offset": 1000, "limit": 5}], ids=str
)
def test_a_page_beyond_the_end_is_empty_and_no_error(server, twelve_studies, parameters):
    assert found(page(server, **parameters)) == []


@pytest.mark.clause("PS3.18 8.3.4.4.1")
@pytest.mark.parametrize("size", [1, 5, 7])
def test_the_pages_together_are_the_whole_each_once(server, twelve_studies, size):
    pages = [found(page(server, limit=size, offset=start)) for start in range(0, 12, size)]
    results = [uid for one in pages for uid in uids(one, STUDY)]
    assert once(results) == {one.StudyInstanceUID for one in twelve_studies}


@pytest.mark.clause("PS3.18 8.3.4.4.1")
def test_the_order_is_the_same_every_time(server, twelve_studies):
    orders = {tuple(uids(found(page(server, limit=12)), STUDY)) for _ in range(5)}
    assert len(orders) == 1


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.3.4.4.1")
def test_the_newest_study_comes_first(server, twelve_studies):
    results = found(page(server, limit=12))
    dates = [values(result, "00080020")[0] for result in results]
    assert dates == sorted(dates, reverse=True), "OHIF asks for the first 101 and no more"


@pytest.mark.clause("PS3.18 8.3.4.4")
@pytest.mark.parametrize(("limit", "offset", "rest"), [(5, 0, 7), (5, 5, 2), (1, 0, 11)])
def test_a_warning_says_how_many_more_there_are(server, twelve_studies, limit, offset, rest):
    warning = page(server, limit=limit, offset=offset).headers.get("Warning", "")
    match = re.match(r"299 .*There are (\d+) additional results", warning)
    assert match, f"no such Warning: {warning!r}"
    assert int(match[1]) == rest


@pytest.mark.clause("PS3.18 8.3.4.4")
@pytest.mark.parametrize("parameters", [{"limit": 12}, {"limit": 50}, {"offset": 3}, {}], ids=str)
def test_no_warning_comes_when_nothing_is_left(server, twelve_studies, parameters):
    assert "additional results" not in page(server, **parameters).headers.get("Warning", "")


@pytest.mark.clause("PS3.18 10.6.3.1")
def test_a_page_is_200_not_206(server, twelve_studies):
    expect(page(server, limit=5), 200)


@pytest.mark.clause("PS3.18 8.3.2")
@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=ten", "limit=", "limit=1.5", "offset=-1", "offset=x", "offset="]
)
def test_a_limit_or_offset_that_is_no_unsigned_number_is_400(server, twelve_studies, query):
    expect(server.get(f"/studies?PatientID={PATIENT}&{query}"), 400)


@pytest.mark.clause("PS3.18 8.3.1")
def test_names_of_parameters_are_case_sensitive(server, twelve_studies):
    assert len(found(page(server, Limit=5))) == 12


@pytest.mark.clause("PS3.18 8.3.4.4.1")
def test_instances_of_a_series_are_paged_without_loss(server, long_series):
    path = f"{series_of(long_series[0])}/instances"
    pages = [found(server.get(f"{path}?limit=50&offset={start}")) for start in (0, 50, 100)]
    assert [len(one) for one in pages] == [50, 50, 30]
    results = [uid for one in pages for uid in uids(one, INSTANCE)]
    assert once(results) == {one.SOPInstanceUID for one in long_series}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.3.4.4")
def test_a_search_without_a_limit_is_whole_or_says_that_it_is_not(server, long_series):
    response = server.get(f"{series_of(long_series[0])}/instances")
    count = len(found(response))
    if count < len(long_series):
        assert "additional results" in response.headers.get("Warning", "")


@pytest.mark.clause("PS3.18 8.3.4.4")
def test_filters_come_before_paging(server, twelve_studies):
    query = f"PatientID={PATIENT}&StudyDate=20190101&limit=3&offset=2"
    assert len(found(server.get(f"/studies?{query}"))) == 2
