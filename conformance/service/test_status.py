"""Status codes that hold for every resource (PS3.18 8.5): 404, 405, 406, 400, never 5xx."""

import pytest

from conformance.client import DICOM, JSON, OCTETS, expect
from conformance.instances import (
    UNKNOWN_UID,
    gradient,
    image,
    path_of,
    series_of,
    study_of,
    uid,
)

# Every resource of the Studies service with a media type that fits it.
BELOW = {
    "": DICOM,
    "/metadata": JSON,
    "/rendered": "image/jpeg",
}
OF_INSTANCES = {**BELOW, "/frames/1": OCTETS, "/frames/1/rendered": "image/jpeg"}
ALLOWED = {
    "/studies": {"GET", "POST"},
    "/series": {"GET"},
    "/instances": {"GET"},
    "{study}": {"GET", "POST"},
    "{study}/metadata": {"GET"},
    "{study}/series": {"GET"},
    "{series}": {"GET"},
    "{series}/instances": {"GET"},
    "{instance}": {"GET"},
    "{instance}/metadata": {"GET"},
    "{instance}/frames/1": {"GET"},
    "{instance}/rendered": {"GET"},
}
ODD = (
    "/studies?StudyDate=%00",
    "/studies?PatientName=%ff%fe",
    "/studies?PatientName='%20OR%201=1--",
    "/studies?PatientID=%25%27%22%5C",
    "/studies?=x&&&=",
    "/studies?limit=99999999999999999999",
    "/studies?includefield=,,,",
    "/studies?PatientName=" + "*" * 200,
    "/studies?PatientName=" + "A" * 5000,
    "/studies?" + "&".join(f"k{n}=v" for n in range(500)),
    "/studies/..%2f..%2fetc%2fpasswd",
    "/studies/1.2.3/series/%00",
    "/studies/1.2.3/nonsense",
    "/nonsense",
    "/studies/1.2.3/series/1.2.3/instances/1.2.3/frames/99999999999999999999",
)


@pytest.fixture(scope="session")
def instance(server):
    made = image(gradient())
    server.keep(made)
    return made


def paths(instance, template):
    return template.format(
        study=study_of(instance), series=series_of(instance), instance=path_of(instance)
    )


@pytest.mark.clause("PS3.18 10.4.3.1")
@pytest.mark.parametrize(("resource", "accept"), BELOW.items(), ids=BELOW)
def test_an_unknown_study_is_404(server, resource, accept):
    expect(server.get(f"/studies/{uid()}{resource}", accept), 404)


@pytest.mark.clause("PS3.18 10.4.3.1")
@pytest.mark.parametrize(("resource", "accept"), BELOW.items(), ids=BELOW)
def test_an_unknown_series_is_404(server, instance, resource, accept):
    expect(server.get(f"{study_of(instance)}/series/{uid()}{resource}", accept), 404)


@pytest.mark.clause("PS3.18 10.4.3.1")
@pytest.mark.parametrize(("resource", "accept"), OF_INSTANCES.items(), ids=OF_INSTANCES)
def test_an_unknown_instance_is_404(server, instance, resource, accept):
    expect(server.get(f"{series_of(instance)}/instances/{uid()}{resource}", accept), 404)


@pytest.mark.clause("PS3.18 10.4.1.1.1")
@pytest.mark.parametrize(("resource", "accept"), OF_INSTANCES.items(), ids=OF_INSTANCES)
def test_an_instance_under_another_series_or_study_is_404(server, instance, resource, accept):
    other = image(gradient())
    server.keep(other)
    wrong_series = f"{series_of(other)}/instances/{instance.SOPInstanceUID}"
    series = f"series/{instance.SeriesInstanceUID}/instances/{instance.SOPInstanceUID}"
    wrong_study = f"{study_of(other)}/{series}"
    for path in (wrong_series, wrong_study):
        expect(server.get(f"{path}{resource}", accept), 404)


@pytest.mark.clause("PS3.18 8.5")
@pytest.mark.parametrize(("resource", "allowed"), ALLOWED.items(), ids=ALLOWED)
def test_a_method_that_a_resource_has_not_is_405_with_those_it_has(
    server, instance, resource, allowed
):
    response = expect(
        server.request("PUT", paths(instance, resource), accept="*/*", data=b"x"), 405
    )
    named = {method.strip() for method in response.headers.get("Allow", "").split(",")}
    assert allowed <= named, f"Allow: {sorted(named)}"


@pytest.mark.clause("PS3.18 10.5.1.1")
@pytest.mark.parametrize("resource", ["{series}", "{instance}", "/series", "/instances"])
def test_nothing_can_be_posted_to_series_and_instances(server, instance, resource):
    headers = {"Content-Type": "application/dicom"}
    url = paths(instance, resource)
    expect(server.request("POST", url, accept=JSON, headers=headers, data=b"x"), 405)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 5.1.1")
@pytest.mark.parametrize("wrong", ["no-uid", "1.2.3%20", "1.2.3*", "1..2", "1.2.3%2F4", "3.1.2.x"])
def test_a_malformed_uid_is_400_or_404(server, wrong):
    for resource, accept in BELOW.items():
        expect(server.get(f"/studies/{wrong}{resource}", accept), 400, 404)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.5")
@pytest.mark.parametrize("path", ODD, ids=range(len(ODD)))
def test_an_odd_request_is_never_a_server_error(server, path):
    response = server.get(path)
    assert response.status_code < 500, f"{response.status_code} for {path[:80]}"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.6.3")
@pytest.mark.parametrize("path", [f"/studies/{UNKNOWN_UID}/metadata", "/studies?limit=x"])
def test_an_error_says_what_is_wrong_and_nothing_of_the_server(server, path):
    response = expect(server.get(path), 400, 404)
    assert response.content, "no word about it"
    for secret in ("Traceback", "/home/", "/usr/lib", "/var/", 'File "', "Exception"):
        assert secret not in response.text


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.2")
@pytest.mark.parametrize("change", [lambda p: f"{p}/", lambda p: p.replace("/series", "//series")])
def test_superfluous_slashes_change_nothing(server, instance, change):
    expect(server.get(change(f"{path_of(instance)}/metadata")), 200)
