"""Our pages over HTTP: headers, caches, prefixes, permissions, what an operator may leave out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
import requests
import samples
from clients import store
from servers import Server, running

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with our pages alone."""
    few = "extensions.deletion,extensions.pages"
    with running(tmp_path_factory.mktemp("clinic"), DICOMWEB_EXTENSIONS=few) as server:
        yield server


@pytest.fixture(scope="module")
def image(clinic: Server) -> pydicom.Dataset:
    """An image that is stored there, with markup wherever text can be."""
    evil = "\"'><script>alert(1)</script>&amp;"
    made = samples.make_image(PatientName=f"Doe^{evil}", StudyDescription=evil, PatientID=evil)
    made.SpecificCharacterSet = "ISO_IR 192"
    assert store(clinic, samples.encode(made)).status in (200, 202)
    return made


def _paths(image: pydicom.Dataset) -> list[str]:
    below = f"/studies/{image.StudyInstanceUID}"
    return ["/", below, f"{below}/tags", f"{below}/series/{image.SeriesInstanceUID}"]


def _get(server: Server, path: str, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(f"{server.address}{path}", headers={**HTML, **named}, timeout=30)


def test_every_page_is_closed_to_scripts_of_others(clinic: Server, image: pydicom.Dataset) -> None:
    for path in _paths(image):
        answer = _get(clinic, path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script>alert" not in answer.text
        assert not re.search(r"<[^>]+\son\w+=|\sstyle=", answer.text)
        assert not re.search(r"""(?:src|href|action)=["']?(?:https?:)?//""", answer.text)


def test_what_the_browser_has_is_not_sent_again(clinic: Server, image: pydicom.Dataset) -> None:
    for path in _paths(image):
        etag = _get(clinic, path).headers["ETag"]
        assert _get(clinic, path, If_None_Match=etag).status_code == 304
    store(clinic, samples.make_instance())
    assert _get(clinic, "/", If_None_Match=etag).status_code == 200


def test_files_are_kept_for_a_year_under_an_address_of_their_hash(clinic: Server) -> None:
    names = re.findall(r'"(/static/[^"]+)"', _get(clinic, "/").text)
    assert len(names) >= 4
    for name in names:
        answer = requests.get(clinic.address + name, timeout=30)
        assert "immutable" in answer.headers["Cache-Control"]
        again = _get(clinic, name, If_None_Match=answer.headers["ETag"])
        assert again.status_code == 304
    stale = re.sub("/static/[^/]+", "/static/0123", names[0])
    assert "immutable" not in _get(clinic, stale).headers["Cache-Control"]
    for path in ("/static/0/none.js", "/static/0/..%2fstudies.py", "/static/0/%2e%2e"):
        assert requests.get(clinic.address + path, timeout=30).status_code == 404


@pytest.mark.parametrize("prefix", ["/imaging", "/a/b.c"])
def test_every_address_begins_with_the_prefix(
    clinic: Server, image: pydicom.Dataset, prefix: str
) -> None:
    for path in _paths(image):
        text = _get(clinic, path, X_Forwarded_Prefix=prefix).text
        addresses = re.findall(r"""(?:src|href|action)=["'](/[^"']*)""", text)
        assert addresses
        assert all(each.startswith(f"{prefix}/") for each in addresses)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/studies/1.2.3", 404),
        ("/studies/not-a-uid", 400),
        ("/studies/1.2.3/series/4.5", 404),
        ("/studies/1.2.3/tags", 404),
        ("/studies/1.2.3/report", 404),
        ("/audit", 404),
        ("/accounts", 404),
    ],
)
def test_a_refusal_is_a_page_that_says_why(clinic: Server, path: str, status: int) -> None:
    answer = _get(clinic, path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "To the study list" in answer.text


def test_a_deleted_study_is_gone(clinic: Server) -> None:
    image = samples.make_image()
    store(clinic, samples.encode(image))
    below = f"/studies/{image.StudyInstanceUID}"
    assert requests.delete(f"{clinic.root}{below}", timeout=30).status_code == 204
    assert _get(clinic, below).status_code == 410


def test_the_image_view_takes_odd_numbers(clinic: Server, image: pydicom.Dataset) -> None:
    path = _paths(image)[-1]
    for query in ("n=0", "n=99999", "n=x", "window=1,2", "window=a", "window=1,2%22%3E", "n="):
        answer = _get(clinic, f"{path}?{query}")
        assert answer.status_code == 200
        assert "1 / 1" in answer.text
    assert "window=1,2,linear" in _get(clinic, f"{path}?window=1,2").text


def test_tags_tell_names_and_nested_items(clinic: Server) -> None:
    image = samples.make_image()
    item = pydicom.Dataset()
    item.CodeMeaning = "Inner meaning"
    image.ProcedureCodeSequence = [item]
    store(clinic, samples.encode(image))
    text = _get(clinic, f"/studies/{image.StudyInstanceUID}/tags").text
    for said in ("Procedure Code Sequence", "1 item", "Inner meaning", "(0008,0104)"):
        assert said in text
    narrowed = _get(clinic, f"/studies/{image.StudyInstanceUID}/tags?q=code+meaning").text
    assert "Inner meaning" in narrowed
    assert "Patient Name" not in narrowed


def test_an_address_that_is_nobodys_is_a_page_for_a_person(clinic: Server) -> None:
    url = f"{clinic.address}/nonsense/x?y=<b>"
    page = requests.get(url, headers=HTML, timeout=30)
    assert page.status_code == 404
    assert page.headers["Content-Type"].startswith("text/html")
    assert "To the study list" in page.text
    assert "<b>" not in page.text
    assert requests.get(url, timeout=30).json()["error"]["code"] == 404
    below = requests.get(f"{clinic.root}/nonsense", headers=HTML, timeout=30)
    assert (below.status_code, below.json()["error"]["code"]) == (404, 404)


def test_pages_show_nothing_of_extensions_that_are_left_out(
    clinic: Server, image: pydicom.Dataset
) -> None:
    text = _get(clinic, _paths(image)[1]).text
    assert "Delete" in text
    for word in ("Open in the viewer", "Report", "Annotations", "Audit", "Share"):
        assert word not in text


def test_without_accounts_the_login_page_leads_on(clinic: Server) -> None:
    answer = requests.get(
        f"{clinic.address}/login?next=//evil.example/", allow_redirects=False, timeout=30
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_the_list_of_a_page_that_was_not_asked_for_is_short(clinic: Server) -> None:
    assert len(_get(clinic, "/").content) < 100_000


def test_with_a_provider_the_login_page_names_it(tmp_path: Path) -> None:
    settings = {"DICOMWEB_AUTH": "oidc", "DICOMWEB_OIDC_ISSUER": "http://127.0.0.1:9"}
    with running(tmp_path / "data", DICOMWEB_OIDC_AUDIENCE="lightbox", **settings) as server:
        text = requests.get(f"{server.address}/login?next=/x", headers=HTML, timeout=30).text
        assert "http://127.0.0.1:9" in text
        assert 'data-next="/x"' in text
        answer = requests.get(f"{server.address}/", headers=HTML, allow_redirects=False, timeout=30)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/login?next=")


def test_a_login_page_never_leads_elsewhere(tmp_path: Path) -> None:
    with running(tmp_path / "data", DICOMWEB_AUTH="local") as server:
        for evil in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"):
            query = {"next": evil}
            text = requests.get(f"{server.address}/login", params=query, timeout=30).text
            assert 'name="next" value="/"' in text
