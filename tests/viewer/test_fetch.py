"""What `make viewer` does with npm's package, and what is in the lock file that it goes by."""

import gzip
import json
from pathlib import Path

import pytest

from extensions.viewer import fetch
from extensions.viewer.build import find

PATH = '__webpack_require__.p = "/";'
FILES = {
    "index.html": "<html></html>",
    "app.bundle.0123456789abcdef.js": PATH + "load('/dicom-microscopy-viewer/a.js');" + " " * 999,
    "136.bundle.0123456789abcdef.js": PATH,
    "app.bundle.css": "a { src: url(/b.woff2) }",
    "manifest.json": '{"src": "/assets/a.png"}',
    "assets/browserconfig.xml": '<a src="/assets/a.png"/>',
    "a.js.map": "{}",
    "ort/a.wasm": "",
    "sw.js": "",
}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A build as it comes from npm, in small."""
    for name, text in FILES.items():
        path = tmp_path / "dist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "dist"


def test_a_prepared_build_has_no_absolute_path(dist: Path) -> None:
    fetch.prepare(dist)
    rest = [path for path in dist.rglob("*.*") if path.suffix not in (".gz", ".html")]
    texts = [path.read_text() for path in rest if path.is_file()]
    assert not [text for text in texts if '"/assets' in text or "'/dicom" in text]
    assert not [text for text in texts if PATH in text or "url(/" in text]


def test_a_prepared_build_has_nothing_that_is_not_served(dist: Path) -> None:
    fetch.prepare(dist)
    assert not list(dist.rglob("*.map"))
    assert not (dist / "ort").exists()
    build = find(dist)
    assert build is not None
    assert sorted(build.files) == sorted(
        set(FILES) - {"index.html", "a.js.map", "ort/a.wasm", "sw.js"}
    )


def test_what_is_packed_is_the_same_text(dist: Path) -> None:
    fetch.prepare(dist)
    script = dist / "app.bundle.0123456789abcdef.js"
    assert (
        gzip.decompress(script.with_name(f"{script.name}.gz").read_bytes()) == script.read_bytes()
    )


@pytest.mark.parametrize("missing", ["index.html", "manifest.json", "app.bundle.css"])
def test_another_build_is_refused_with_one_sentence(dist: Path, missing: str) -> None:
    (dist / missing).unlink()
    with pytest.raises(fetch.Failure, match=r"^[^\n]+\.$"):
        fetch.prepare(dist)


def test_without_npm_the_older_build_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("older")
    with pytest.raises(fetch.Failure, match="npm is not here"):
        fetch.fetch(tmp_path / "dist")
    assert (tmp_path / "dist" / "index.html").read_text() == "older"
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_the_lock_has_the_hash_of_its_one_package_and_names_no_registry() -> None:
    lock = json.loads((fetch.LOCK / "package-lock.json").read_text())
    root, package = lock["packages"][""], lock["packages"][fetch.PACKAGE]
    assert set(lock["packages"]) == {"", fetch.PACKAGE}
    assert root["dependencies"] == {"@ohif/app": package["version"]}
    assert package["integrity"].startswith("sha512-")
    assert "://" not in json.dumps(lock)
