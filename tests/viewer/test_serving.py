"""/viewer over HTTP: files, deep links, prefixes, caches, and what it says when OHIF is absent."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from servers import Server, running

SCRIPT = "app.bundle.0123456789abcdef.js"
INDEX = (
    '<!doctype html><link rel="icon" href="/assets/favicon.ico">'
    '<script>window.PUBLIC_URL="/"</script><script src="/app-config.js"></script>'
    '<script type="module" src="/init-service-worker.js"></script>'
    f'<script defer src="/{SCRIPT}"></script>'
)


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a small build in the place of OHIF."""
    folder = tmp_path_factory.mktemp("dist")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text(INDEX)
    (folder / SCRIPT).write_text("let a;" * 500)
    (folder / f"{SCRIPT}.gz").write_bytes(gzip.compress(b"let a;" * 500))
    (folder / "app.css").write_text("a {}")
    (folder / "0123456789abcdef.wasm").write_bytes(b"\0asm")
    (folder.parent / "secret.js").write_text("secret")
    data = tmp_path_factory.mktemp("data")
    with running(data, DICOMWEB_VIEWER_DIR=str(folder)) as server:
        yield server


def _get(server: Server, path: str, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(f"{server.address}/viewer{path}", headers=named, timeout=30)


@pytest.mark.parametrize("path", ["", "/", "/viewer?StudyInstanceUIDs=1.2", "/a/b/c"])
def test_every_path_of_the_application_is_its_page(viewer: Server, path: str) -> None:
    answer = _get(viewer, path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f'src="/viewer/{SCRIPT}"' in answer.text


@pytest.mark.parametrize("prefix", ["", "/imaging", "/a/b.c"])
def test_the_page_refers_to_files_below_the_prefix_only(viewer: Server, prefix: str) -> None:
    text = _get(viewer, "", X_Forwarded_Prefix=prefix).text
    assert set(re.findall(r'(?:href|src)="(.*?)[^/]+"', text)) == {
        f"{prefix}/viewer/",
        f"{prefix}/viewer/assets/",
    }
    assert f'window.PUBLIC_URL="{prefix}/viewer/"' in text
    assert "service-worker" not in text


def test_the_configuration_names_our_services_below_the_prefix(viewer: Server) -> None:
    answer = _get(viewer, "/app-config.js", X_Forwarded_Prefix="/imaging")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    for line in (
        '"routerBasename": "/imaging/viewer"',
        '"qidoRoot": "/imaging/dicom-web"',
        '"wadoRoot": "/imaging/dicom-web"',
        '"wadoUriRoot": "/imaging/wado"',
        '"dicomUploadEnabled": true',
    ):
        assert line in answer.text


def test_a_prefix_cannot_bring_a_script_along(viewer: Server) -> None:
    answer = _get(viewer, "", X_Forwarded_Prefix='/"><script>alert(1)</script>')
    assert "alert" not in answer.text


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        (f"/{SCRIPT}", "text/javascript; charset=utf-8"),
        ("/app.css", "text/css; charset=utf-8"),
        ("/0123456789abcdef.wasm", "application/wasm"),
    ],
)
def test_files_have_their_types(viewer: Server, path: str, content_type: str) -> None:
    answer = _get(viewer, path)
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_is_compressed_for_whom_it_may(viewer: Server) -> None:
    packed = _get(viewer, f"/{SCRIPT}", Accept_Encoding="gzip, br")
    plain = _get(viewer, f"/{SCRIPT}", Accept_Encoding="identity")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content == b"let a;" * 500
    assert packed.headers["ETag"] != plain.headers["ETag"]


@pytest.mark.parametrize("path", ["", "/app-config.js", f"/{SCRIPT}", "/app.css"])
def test_what_the_browser_has_is_not_sent_again(viewer: Server, path: str) -> None:
    first = _get(viewer, path)
    assert _get(viewer, path, If_None_Match=first.headers["ETag"]).status_code == 304


def test_only_names_with_a_hash_may_be_kept_unasked(viewer: Server) -> None:
    assert "max-age=604800" in _get(viewer, f"/{SCRIPT}").headers["Cache-Control"]
    for path in ("", "/app-config.js", "/app.css"):
        assert "no-cache" in _get(viewer, path).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/../secret.js", "/%2e%2e/secret.js", "//etc/x.js", "/none.js"])
def test_no_path_leads_out_of_the_build(viewer: Server, path: str) -> None:
    session = requests.Session()
    asked = requests.Request("GET", viewer.address).prepare()
    asked.url = f"{viewer.address}/viewer{path}"
    answer = session.send(asked, timeout=30)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_the_policy_allows_scripts_of_this_origin_only(viewer: Server) -> None:
    policy = _get(viewer, "").headers["Content-Security-Policy"]
    scripts = next(rule for rule in policy.split("; ") if rule.startswith("script-src"))
    assert "'self'" in scripts
    assert "'unsafe-inline'" not in scripts
    assert "http" not in policy


def test_without_a_build_the_page_names_the_one_command(tmp_path: Path) -> None:
    with running(tmp_path / "data", DICOMWEB_VIEWER_DIR=str(tmp_path / "none")) as server:
        answer = _get(server, "")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert "<code>make viewer</code>" in answer.text
        (tmp_path / "none").mkdir()
        (tmp_path / "none" / "index.html").write_text(INDEX)
        assert SCRIPT in _get(server, "").text
