"""Retrieve Capabilities (PS3.18 8.9): OPTIONS on the service root."""

import json
from xml.etree import ElementTree

import pytest

from conformance import multipart
from conformance.client import expect

WADL = "application/vnd.sun.wadl+xml"
NAMESPACE = "{http://wadl.dev.java.net/2009/02}"


def options(server, accept, **headers):
    return server.request("OPTIONS", "/", accept=accept, headers=headers)


def application(server):
    response = expect(options(server, WADL), 200)
    return ElementTree.fromstring(response.content)


@pytest.mark.clause("PS3.18 8.9.4")
@pytest.mark.parametrize("accept", [WADL, "*/*", f"text/csv, {WADL};q=0.5"])
def test_capabilities_are_given_as_wadl(server, accept):
    response = expect(options(server, accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == WADL
    assert ElementTree.fromstring(response.content).tag == f"{NAMESPACE}application"


@pytest.mark.clause("PS3.18 8.9.4")
def test_capabilities_are_given_as_json(server):
    response = expect(options(server, "application/json"), 200)
    assert "json" in response.headers["Content-Type"]
    assert "application" in json.loads(response.content)


@pytest.mark.clause("PS3.18 8.9.3.2")
def test_the_resources_have_the_base_url(server):
    resources = application(server).find(f"{NAMESPACE}resources")
    assert resources is not None
    assert resources.get("base", "").rstrip("/") == server.base_url


@pytest.mark.clause("PS3.18 8.9.3.2")
@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("studies", "GET"),
        ("studies", "POST"),
        ("series", "GET"),
        ("instances", "GET"),
        ("metadata", "GET"),
        ("frames", "GET"),
        ("rendered", "GET"),
    ],
)
def test_every_transaction_is_listed(server, path, method):
    listed = {
        (word, one.get("name"))
        for resource in application(server).iter(f"{NAMESPACE}resource")
        for word in (resource.get("path") or "").strip("/").split("/")
        for one in resource.findall(f"{NAMESPACE}method")
    }
    below = {
        (word, one.get("name"))
        for resource in application(server).iter(f"{NAMESPACE}resource")
        for word in (resource.get("path") or "").strip("/").split("/")
        for one in resource.iter(f"{NAMESPACE}method")
    }
    assert (path, method) in listed | below


@pytest.mark.clause("PS3.18 H")
@pytest.mark.parametrize(
    "name", ["PatientName", "limit", "offset", "includefield", "fuzzymatching"]
)
def test_the_parameters_of_a_search_are_listed(server, name):
    named = {one.get("name") for one in application(server).iter(f"{NAMESPACE}param")}
    assert name in named


@pytest.mark.clause("PS3.18 8.9.3.1")
def test_unchanged_capabilities_are_not_sent_again(server):
    etag = expect(options(server, WADL), 200).headers.get("ETag")
    assert etag, "no ETag"
    headers = {"If-None-Match": etag}
    expect(server.request("OPTIONS", "/", accept=WADL, headers=headers), 304)
