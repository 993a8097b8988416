"""Settings: from the environment or a file; a wrong one stops the start with one sentence."""

from pathlib import Path

import pytest

from dicomweb.settings import Settings, WrongSetting, load

README = Path(__file__).parent.parent / "README.md"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("DICOMWEB_")]:
        monkeypatch.delenv(name)


def test_the_environment_wins_over_the_file_and_the_caller_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lightbox.toml"
    file.write_text('DICOMWEB_MAX_STORE_MB = 1\nDICOMWEB_CACHE_MB = 2\nDICOMWEB_DATA_DIR = "x"\n')
    monkeypatch.setenv("DICOMWEB_CACHE_MB", "3")
    settings = load(file, data_dir=Path("y"))
    assert (settings.max_store_mb, settings.cache_mb, settings.data_dir) == (1, 3, Path("y"))


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DICOMWEB_CORS_ORIGINS", "https://a.example, https://b.example")
    assert load().cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_STORE_MB", "many"),
        ("MAX_STORE_MB", "-1"),
        ("AUTH", "basic"),
        ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("DATABASE_URL", "mysql://x"),
        ("STORAGE_URL", "ftp://x"),
        ("PUBLIC_URL", "archive.example"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"DICOMWEB_{name}", value)
    with pytest.raises(WrongSetting, match=f"^DICOMWEB_{name} is wrong: [^\n]+$"):
        load()


def test_a_file_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "lightbox.toml"
    file.write_text("DICOMWEB_CACHE = 2\n")
    with pytest.raises(WrongSetting, match="DICOMWEB_CACHE"):
        load(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="--config"):
        load(tmp_path / "absent.toml")


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_described_in_the_readme(name: str) -> None:
    assert f"`DICOMWEB_{name.upper()}`" in README.read_text("utf-8")
