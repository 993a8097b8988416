"""The six resources that can be searched (Table 10.6.1-1), and what a search answers."""

from urllib.parse import quote

import pytest

from conformance import multipart, native_xml
from conformance.client import JSON, XML, expect, found, uids
from conformance.instances import series_of, study_of, uid
from conformance.search.catalogue import INSTANCE, PATIENT, SERIES, STUDY, once

LEVELS = {
    "/studies": ("StudyInstanceUID", STUDY),
    "/series": ("SeriesInstanceUID", SERIES),
    "/instances": ("SOPInstanceUID", INSTANCE),
    "{study}/series": ("SeriesInstanceUID", SERIES),
    "{study}/instances": ("SOPInstanceUID", INSTANCE),
    "{series}/instances": ("SOPInstanceUID", INSTANCE),
}


def path(resource, instance):
    return resource.format(study=study_of(instance), series=series_of(instance))


def inside(resource, instance):
    """Whether an instance of the catalogue belongs to the resource of the first one."""

    def holds(one):
        if resource.startswith("{study}"):
            return one.StudyInstanceUID == instance.StudyInstanceUID
        if resource.startswith("{series}"):
            return one.SeriesInstanceUID == instance.SeriesInstanceUID
        return one.PatientID == PATIENT

    return holds


@pytest.mark.clause("PS3.18 10.6.1.1")
@pytest.mark.parametrize("resource", LEVELS)
def test_each_resource_lists_what_belongs_to_it(server, catalogue, resource):
    first = catalogue.instances[0]
    keyword, tag = LEVELS[resource]
    results = server.find(path(resource, first), PatientID=PATIENT)
    assert once(uids(results, tag)) == catalogue.uids(keyword, inside(resource, first))


@pytest.mark.clause("PS3.18 10.6.4")
@pytest.mark.parametrize("resource", LEVELS)
def test_each_resource_is_given_as_dicom_json(server, catalogue, resource):
    url = f"{path(resource, catalogue.instances[0])}?PatientID={PATIENT}"
    response = expect(server.get(url), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == JSON
    assert isinstance(response.json(), list)


@pytest.mark.clause("PS3.18 10.6.4")
@pytest.mark.parametrize("resource", LEVELS)
def test_each_resource_is_given_as_xml_one_part_for_each_result(server, catalogue, resource):
    first = catalogue.instances[0]
    keyword, tag = LEVELS[resource]
    parts = server.parts(f"{path(resource, first)}?PatientID={PATIENT}", XML)
    assert {part.media_type for part in parts} == {"application/dicom+xml"}
    results = [native_xml.read(part.body)[tag]["values"][0] for part in parts]
    assert once(results) == catalogue.uids(keyword, inside(resource, first))


@pytest.mark.clause("PS3.18 10.6.3.1")
@pytest.mark.parametrize("resource", ["/studies", "/series", "/instances"])
def test_nothing_found_is_an_empty_list_or_204(server, resource):
    assert server.find(resource, PatientID=uid()) == []


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.3.1")
@pytest.mark.parametrize("resource", ["series", "instances"])
def test_an_unknown_study_has_nothing_in_it(server, resource):
    response = server.get(f"/studies/{uid()}/{resource}")
    if expect(response, 200, 204, 404).status_code != 404:
        assert found(response) == []


@pytest.mark.clause("PS3.18 10.6.4")
def test_nothing_found_in_xml_is_an_empty_multipart_or_204(server):
    response = expect(server.get(f"/studies?PatientID={uid()}", XML), 200, 204)
    if response.status_code == 200:
        parts = multipart.read(response.headers["Content-Type"], response.content)
        assert parts == []


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.4")
@pytest.mark.parametrize(
    "accept", ["application/json", "*/*", "application/*", f"{JSON}; charset=utf-8"]
)
def test_clients_that_ask_loosely_get_json(server, catalogue, accept):
    response = expect(server.get(f"/studies?PatientID={PATIENT}", accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0].endswith("json")
    assert len(response.json()) == 2


@pytest.mark.clause("PS3.18 8.7.8.1")
@pytest.mark.parametrize(
    "accept", ["text/csv", "image/jpeg", 'multipart/related; type="application/dicom"']
)
def test_a_type_that_no_search_can_give_is_406(server, catalogue, accept):
    expect(server.get(f"/studies?PatientID={PATIENT}", accept), 406)


@pytest.mark.clause("PS3.18 8.7.8.1")
@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (f"{JSON};q=0.1, {XML};q=0.9", "multipart/related"),
        (f"{JSON};q=0.9, {XML};q=0.1", JSON),
        (f"{XML};q=0, */*", JSON),
        (f"application/x, text/csv;q=0.9, {JSON};q=0.2", JSON),
        (f'{XML}; boundary="**"', "multipart/related"),
        (f'application/x;note="a, b; {XML}", {JSON}', JSON),
    ],
    ids=["XML preferred", "JSON preferred", "no XML", "JSON last", "a boundary", "a quoted list"],
)
def test_the_preferred_type_is_given(server, catalogue, accept, wanted):
    response = expect(server.get(f"/studies?PatientID={PATIENT}", accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == wanted


@pytest.mark.clause("PS3.18 8.7.6")
def test_the_accept_parameter_comes_before_the_header(server, catalogue):
    response = expect(server.get(f"/studies?PatientID={PATIENT}&accept={quote(XML)}", "*/*"), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "multipart/related"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.6")
def test_a_literal_plus_in_the_accept_parameter_is_a_plus(server, catalogue):
    url = f"/studies?PatientID={PATIENT}&accept=application/dicom+json"
    response = expect(server.get(url, "*/*"), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == JSON


@pytest.mark.leniently
@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.4.1.1")
def test_a_missing_accept_header_means_anything(server, catalogue):
    assert len(expect(server.get(f"/studies?PatientID={PATIENT}", None), 200).json()) == 2


@pytest.mark.strictly
@pytest.mark.clause("PS3.18 8.4.1.1")
def test_a_missing_accept_header_is_406(server, catalogue):
    expect(server.get(f"/studies?PatientID={PATIENT}", None), 406)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.2")
@pytest.mark.parametrize("path", ["/studies/", "//studies"])
def test_superfluous_slashes_change_nothing(server, catalogue, path):
    assert len(found(server.get(f"{path}?PatientID={PATIENT}"))) == 2
