"""OPTIONS on the service root and elsewhere: what can be done, and that it is told whole."""

import json
from xml.etree import ElementTree

import pytest
import requests
from servers import Server, running

from dicomweb import extension
from dicomweb.app import ROOT, all_routes
from dicomweb.attributes import TABLES
from dicomweb.settings import Settings
from dicomweb.surface import entries

WADL = "application/vnd.sun.wadl+xml"
NAMESPACE = "{http://wadl.dev.java.net/2009/02}"


def _options(server: Server, path: str = "/", **headers: str) -> requests.Response:
    return requests.options(f"{server.root}{path}", headers=headers, timeout=30)


def _walk(node: dict, path: str = "") -> dict[tuple[str, str], dict]:
    """Every method of the JSON form, by its path and its name."""
    found = {(path, method["@name"]): method for method in node.get("method", [])}
    for child in node.get("resource", []):
        found |= _walk(child, f"{path}/{child['@path'].strip('/')}".rstrip("/"))
    return found


def _json(server: Server) -> dict[tuple[str, str], dict]:
    return _walk(_options(server, Accept="application/json").json()["application"]["resources"])


def _ours() -> list:
    return all_routes(extension.load(Settings.model_fields["extensions"].default))


def test_every_route_below_the_root_is_told() -> None:
    registered = {
        (method, route.path.removeprefix(ROOT).replace(":path}", "}"))
        for route in _ours()
        if route.path.startswith(ROOT)
        for method in route.methods - {"HEAD"}
    }
    assert {(each.method, each.path) for each in entries(_ours(), ROOT)} == registered


def test_both_forms_tell_the_same(server: Server) -> None:
    tree = ElementTree.fromstring(_options(server, Accept=WADL).content)
    resources = tree.find(f"{NAMESPACE}resources")
    assert resources is not None
    assert resources.get("base") == server.root
    in_json = _json(server)
    assert len(list(tree.iter(f"{NAMESPACE}method"))) == len(in_json)
    names = {each.get("name") for each in tree.iter(f"{NAMESPACE}param")}
    told = {each["@name"] for method in in_json.values() for each in method["request"]["param"]}
    assert told <= names


@pytest.mark.parametrize(
    "path",
    [
        ("/studies", "POST"),
        ("/studies/{study}", "GET"),
        ("/studies/{study}", "DELETE"),
        ("/studies/{study}/series/{series}/instances/{instance}/frames/{frames}", "GET"),
        ("/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered", "GET"),
        ("", "OPTIONS"),
    ],
)
def test_a_resource_is_told_where_it_is(server: Server, path: tuple[str, str]) -> None:
    assert path in _json(server)


def test_searches_tell_their_keys_by_keyword_and_tag(server: Server) -> None:
    method = _json(server)["/instances", "GET"]
    names = {each["@name"] for each in method["request"]["param"] if each["@style"] == "query"}
    for table in TABLES.values():
        assert {each.keyword for each in table} | {each.tag for each in table} <= names
    assert {"limit", "offset", "includefield", "fuzzymatching", "emptyvaluematching"} <= names


def test_stores_tell_what_they_take(server: Server) -> None:
    method = _json(server)["/studies", "POST"]
    taken = {each["@mediaType"] for each in method["request"]["representation"]}
    assert 'multipart/related; type="application/dicom+json"' in taken


@pytest.mark.parametrize("accept", [WADL, "application/json", "*/*"])
def test_what_is_unchanged_is_not_sent_again(server: Server, accept: str) -> None:
    first = _options(server, Accept=accept)
    again = _options(server, Accept=accept, **{"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_another_form_is_not_to_be_had(server: Server) -> None:
    answer = _options(server, Accept="text/html")
    assert (answer.status_code, WADL in answer.json()["message"]) == (406, True)


def test_the_addresses_are_those_of_the_client(server: Server) -> None:
    forwarded = {"Forwarded": "proto=https;host=images.example", "Accept": "application/json"}
    found = json.loads(_options(server, **forwarded).content)
    assert found["application"]["resources"]["@base"] == "https://images.example/dicom-web"


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/studies", "GET, HEAD, OPTIONS, POST"),
        ("/studies/1.2", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("/studies/1.2/metadata", "GET, HEAD, OPTIONS"),
        ("/studies/1.2/series/1/instances/2/frames/1/rendered", "GET, HEAD, OPTIONS"),
    ],
)
def test_other_paths_tell_their_methods(server: Server, path: str, allow: str) -> None:
    answer = _options(server, path)
    assert (answer.status_code, answer.headers["Allow"]) == (204, allow)
    refused = requests.patch(f"{server.root}{path}", timeout=30)
    assert (refused.status_code, refused.headers["Allow"]) == (405, allow)


def test_a_path_that_is_none_has_no_options(server: Server) -> None:
    assert _options(server, "/nothing").status_code == 404


def test_a_preflight_is_no_question_for_capabilities(tmp_path) -> None:  # type: ignore[no-untyped-def]
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    with running(tmp_path / "data", DICOMWEB_CORS_ORIGINS="https://a.example") as server:
        answer = _options(server, **preflight)
        assert WADL not in answer.headers.get("Content-Type", "")
        assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
        asked = _options(server, Origin="https://a.example", Accept=WADL)
        assert asked.headers["Content-Type"] == WADL
