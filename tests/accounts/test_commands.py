"""`dicomweb user`, the first admin, and settings that do not fit together."""

import json
import re
from pathlib import Path

import pytest
import requests
from servers import running

from dicomweb.access.secret import secret_of
from dicomweb.app import open_archive
from dicomweb.archive import Archive
from dicomweb.extension import load
from dicomweb.settings import Settings
from extensions.accounts import commands, passwords, people
from tests.accounts.people import PASSWORD, House, make_accounts, run_cli

ONLY = ("extensions.accounts",)


def test_accounts_are_added_listed_changed_and_removed(tmp_path: Path) -> None:
    there = ("--data-dir", str(tmp_path))
    for name, role in (("ann", "admin"), ("bob", "doctor")):
        arguments = ("user", "add", name, "--role", role, "--password-stdin", *there)
        assert run_cli(*arguments, given=PASSWORD + "\n").returncode == 0
    assert run_cli("user", "list", *there).stdout.split() == ["ann", "admin", "bob", "doctor"]
    arguments = ("user", "password", "bob", "--password-stdin", *there)
    assert run_cli(*arguments, given="another horse\n").returncode == 0
    with running(tmp_path, DICOMWEB_AUTH="local") as server:
        house = House(server)
        assert house.grant("bob", "another horse").status_code == 200
        assert run_cli("user", "remove", "bob", *there).returncode == 0
        assert house.grant("bob", "another horse").status_code == 401
        assert house.grant("ann").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "given", "sentence"),
    [
        (("add", "ann", "--role", "admin"), PASSWORD, "There is an account ann already."),
        (("add", "new", "--role", "king"), PASSWORD, "A role is one of admin, radiologist"),
        (("add", "new", "--role", "doctor"), "short", "A password has 8 to 1024 characters."),
        (("add", "two words", "--role", "doctor"), PASSWORD, "A name begins with"),
        (("password", "nobody"), PASSWORD, "There is no account nobody."),
    ],
)
def test_what_is_wrong_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], given: str, sentence: str
) -> None:
    make_accounts(tmp_path, "ann:admin")
    there = ("--password-stdin", "--data-dir", str(tmp_path))
    done = run_cli("user", *arguments, *there, given=given)
    assert done.returncode == 2
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words", [("user", "list"), ("user", "remove", "ann"), ("audit", "verify"), ("audit", "export")]
)
def test_a_misspelt_folder_is_told_and_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run_cli(*words, "--data-dir", str(tmp_path / "dta"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"There is no archive in {tmp_path / 'dta'}.\n"
    assert not (tmp_path / "dta").exists()


def test_a_folder_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    there = ("--password-stdin", "--data-dir", str(tmp_path / "file"))
    done = run_cli("user", "add", "ann", "--role", "admin", *there, given=PASSWORD)
    assert done.returncode == 2
    assert done.stderr == f"{tmp_path / 'file'}: File exists.\n"


def test_a_name_is_refused_before_a_password_is_asked_for(tmp_path: Path) -> None:
    make_accounts(tmp_path, "ann:admin")
    there = ("--data-dir", str(tmp_path))
    taken = run_cli("user", "add", "Ann", "--role", "doctor", *there)
    assert taken.stderr == "There is an account Ann already.\n"
    unknown = run_cli("user", "password", "joe", *there)
    assert unknown.stderr == "There is no account joe.\n"
    asked = run_cli("user", "add", "joe", "--role", "doctor", *there)
    assert asked.stderr.endswith("say --password-stdin.\n")


def test_the_trail_tells_who_was_at_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "olga")
    there = ("--data-dir", str(tmp_path))
    arguments = ("user", "add", "ann", "--role", "admin", "--password-stdin", *there)
    assert run_cli(*arguments, given=PASSWORD).returncode == 0
    told = json.loads(run_cli("audit", "export", *there).stdout.splitlines()[0])
    assert (told["actor"], told["object"]) == ("shell:olga", "ann")


def _archive(folder: Path) -> Archive:
    return open_archive(Settings(data_dir=folder), load(ONLY))


def _is_password(archive: Archive, password: str) -> bool:
    with archive.reading() as session:
        return passwords.is_right(people.named(session, "admin").password, password)


def test_the_first_admin_is_made_once_with_a_generated_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DICOMWEB_AUTH", "local")
    nowhere = ("--host", "300.0.0.1", "--data-dir", str(tmp_path))
    told = run_cli("serve", "--first-admin", *nowhere).stdout
    found = re.search(r"account admin was made\. Its password, shown only now: (\S{20})\n", told)
    assert found
    archive = _archive(tmp_path)
    assert _is_password(archive, found[1])
    assert commands.first_admin(archive, Settings(), make=True) == ""
    archive.close()


def test_the_first_admin_may_have_a_password_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    archive = _archive(tmp_path)
    assert "no account yet" in commands.first_admin(archive, Settings(), make=False)
    settings = Settings(admin_password_file=str(secret))
    told = commands.first_admin(archive, settings, make=False)
    assert PASSWORD not in told
    assert _is_password(archive, PASSWORD)
    archive.close()


def test_a_secret_is_made_once_with_mode_0600_or_given(tmp_path: Path) -> None:
    made = secret_of(tmp_path, "", "")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert secret_of(tmp_path, "", "") == made
    file = tmp_path / "given"
    file.write_text("x" * 40 + "\n")
    assert secret_of(tmp_path, "", str(file)) == secret_of(tmp_path, "x" * 40, "") != made
    file.write_text("short")
    for path in (file, tmp_path / "absent"):
        with pytest.raises(ValueError, match=r"^DICOMWEB_SECRET_FILE is wrong: [^\n]+$"):
            secret_of(tmp_path, "", str(path))


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"DICOMWEB_AUTH": "oidc"}, "DICOMWEB_OIDC_ISSUER is wrong: "),
        (
            {"DICOMWEB_AUTH": "oidc", "DICOMWEB_OIDC_ISSUER": "https://a.example"},
            "DICOMWEB_OIDC_AUDIENCE is wrong: ",
        ),
        ({"DICOMWEB_SECRET": "short"}, "DICOMWEB_SECRET is wrong: "),
        ({"DICOMWEB_OIDC_ROLES": "a=king"}, "DICOMWEB_OIDC_ROLES is wrong: "),
        ({"DICOMWEB_OIDC_SCOPES": "a=b"}, "DICOMWEB_OIDC_SCOPES is wrong: "),
        ({"DICOMWEB_LOG": "xml"}, "DICOMWEB_LOG is wrong: "),
    ],
)
def test_a_wrong_setting_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], sentence: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = run_cli("serve", "--data-dir", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(sentence)


def test_with_local_accounts_any_address_may_be_listened_on(tmp_path: Path) -> None:
    make_accounts(tmp_path, "admin")
    with running(tmp_path, "--host", "0.0.0.0", DICOMWEB_AUTH="local") as server:
        assert requests.get(f"{server.address}/dicom-web/studies", timeout=30).status_code == 401
