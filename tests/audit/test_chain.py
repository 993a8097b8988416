"""The chain of seals: whatever is changed, taken away or put between is found, and where."""

import shutil
from pathlib import Path

import pytest
from servers import running

from tests.audit.conftest import EXTENSIONS
from tests.audit.trails import command, fetched, stored, tamper, verified, view, wait_for


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with some sealed batches, its server stopped."""
    data_dir = tmp_path_factory.mktemp("sealed") / "data"
    with running(data_dir, DICOMWEB_EXTENSIONS=EXTENSIONS) as server:
        for number in range(1, 3):
            view(server, stored(server))
            wait_for(
                lambda least=number: (
                    fetched(data_dir, "SELECT count(*) FROM audit_batch")[0][0] >= least
                )
            )
    return data_dir


@pytest.fixture
def data_dir(sealed: Path, tmp_path: Path) -> Path:
    """A copy to tamper with."""
    for name in ("index.sqlite", "secret", "audit-head"):
        shutil.copy(sealed / name, tmp_path / name)
    return tmp_path


def test_an_untouched_trail_is_right(data_dir: Path) -> None:
    done = command(data_dir, "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing wrong" in done.stdout
    assert "0 lines wait" in done.stdout


def test_without_its_secret_a_trail_is_not_verified_and_none_is_made(data_dir: Path) -> None:
    (data_dir / "secret").unlink()
    status, text = verified(data_dir)
    assert status == 1
    assert "The secret is missing" in text
    assert "1 wrong" in text
    assert not (data_dir / "secret").exists()


def test_the_head_is_for_us_alone(sealed: Path) -> None:
    assert (sealed / "audit-head").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'somebody'",
        "time = time + 1",
        "count = count + 1",
        "outcome = 'refused'",
        "patient = ''",
        "study = study || '.1'",
        "request = ''",
        "address = '10.0.0.1'",
        "pk = pk + 1000",
    ],
)
def test_a_changed_line_is_found(data_dir: Path, change: str) -> None:
    where = "SELECT min(pk) FROM audit_entry WHERE batch = 2 AND patient != ''"
    tamper(data_dir, f"UPDATE audit_entry SET {change} WHERE pk = ({where})")
    status, text = verified(data_dir)
    assert status == 1
    assert "Batch 2 has" in text
    assert "1 wrong" in text


def test_a_missing_line_is_found(data_dir: Path) -> None:
    tamper(data_dir, "DELETE FROM audit_entry WHERE pk = 1")
    status, text = verified(data_dir)
    assert status == 1
    assert "Batch 1 has" in text


def test_a_line_put_into_a_batch_is_found(data_dir: Path) -> None:
    columns = [name for _, name, *_ in fetched(data_dir, "PRAGMA table_info(audit_entry)")]
    copied = ", ".join(name for name in columns if name != "pk")
    tamper(
        data_dir,
        "UPDATE audit_entry SET pk = pk + 1000 WHERE pk > 2",
        f"INSERT INTO audit_entry (pk, {copied}) SELECT 3, {copied} FROM audit_entry WHERE pk = 2",
    )
    assert verified(data_dir)[0] == 1


@pytest.mark.parametrize("pk", [-5, 1_000_000])
def test_a_line_that_claims_to_be_of_a_batch_is_found(data_dir: Path, pk: int) -> None:
    columns = [name for _, name, *_ in fetched(data_dir, "PRAGMA table_info(audit_entry)")]
    copied = ", ".join(name for name in columns if name != "pk")
    insert = f"INSERT INTO audit_entry (pk, {copied}) SELECT {pk}, {copied} FROM audit_entry"
    tamper(data_dir, f"{insert} WHERE batch = 1 LIMIT 1")
    status, text = verified(data_dir)
    assert status == 1
    assert "1 lines claim to be of batches that were sealed without them." in text


def test_a_head_is_not_written_by_who_reads_the_database(data_dir: Path) -> None:
    ((number, seal),) = fetched(
        data_dir, "SELECT number, hex(hash) FROM audit_batch ORDER BY number LIMIT 1"
    )
    tamper(
        data_dir,
        f"DELETE FROM audit_entry WHERE batch > {number}",
        f"DELETE FROM audit_batch WHERE number > {number}",
    )
    proof = (data_dir / "audit-head").read_text().split()[1]
    for forged in (f"{number} {seal}", f"{number} {proof} {seal}", f"{number} zz {seal}"):
        (data_dir / "audit-head").write_text(forged + "\n")
        status, text = verified(data_dir)
        assert status == 1
        assert "audit-head is missing or unreadable" in text


def test_a_missing_batch_is_found(data_dir: Path) -> None:
    tamper(data_dir, "DELETE FROM audit_entry WHERE batch = 2")
    tamper(data_dir, "DELETE FROM audit_batch WHERE number = 2")
    status, text = verified(data_dir)
    assert status == 1
    assert "Batch 2 is missing" in text


def test_a_batch_without_its_seal_is_found(data_dir: Path) -> None:
    tamper(data_dir, "DELETE FROM audit_batch WHERE number = 1")
    status, text = verified(data_dir)
    assert status == 1
    assert "Batch 1 is missing" in text
    assert "belong to batches that are missing" in text


def test_a_batch_that_was_renumbered_is_found(data_dir: Path) -> None:
    tamper(
        data_dir,
        "DELETE FROM audit_entry WHERE batch = 2",
        "DELETE FROM audit_batch WHERE number = 2",
        "UPDATE audit_batch SET number = 2 WHERE number = 3",
        "UPDATE audit_entry SET batch = 2 WHERE batch = 3",
    )
    status, text = verified(data_dir)
    assert status == 1
    assert "Batch 2 does not follow batch 1" in text


def test_a_tail_that_was_cut_off_is_found(data_dir: Path) -> None:
    ((last,),) = fetched(data_dir, "SELECT max(number) FROM audit_batch")
    tamper(
        data_dir,
        f"DELETE FROM audit_entry WHERE batch = {last}",
        f"DELETE FROM audit_batch WHERE number = {last}",
    )
    status, text = verified(data_dir)
    assert status == 1
    assert f"Batch {last} is, the newest, missing" in text


def test_a_tail_stays_missing_when_the_server_goes_on(data_dir: Path) -> None:
    tamper(data_dir, "DELETE FROM audit_entry", "DELETE FROM audit_batch WHERE number > 1")
    tamper(data_dir, "DELETE FROM audit_batch")
    with running(data_dir, DICOMWEB_EXTENSIONS=EXTENSIONS) as server:
        stored(server)
    status, text = verified(data_dir)
    assert status == 1
    assert "Batches 1 to" in text


def test_a_lost_head_is_told(data_dir: Path) -> None:
    (data_dir / "audit-head").unlink()
    status, text = verified(data_dir)
    assert status == 1
    assert "audit-head is missing" in text


def test_another_secret_does_not_fit(data_dir: Path) -> None:
    (data_dir / "secret").write_bytes(bytes(32))
    status, text = verified(data_dir)
    assert status == 1
    assert "another secret" in text


def test_the_command_line_exports_what_was_asked_for(data_dir: Path) -> None:
    whole = command(data_dir, "export")
    assert whole.returncode == 0
    assert '"action":"store"' in whole.stdout.splitlines()[1] + whole.stdout
    nothing = command(data_dir, "export", "--to", "2020-01-01", "--format", "xml")
    assert "<AuditMessages>" in nothing.stdout
    assert "<AuditMessage>" not in nothing.stdout


@pytest.mark.parametrize("words", [("--from", "soon"), ("--format", "csv")])
def test_a_wrong_option_of_export_is_one_sentence(data_dir: Path, words: tuple[str, str]) -> None:
    done = command(data_dir, "export", *words)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_without_the_extension_there_is_nothing_to_verify(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dicomweb import reports
    from dicomweb.settings import Settings, WrongSetting

    with pytest.raises(WrongSetting, match=r"extensions\.audit"):
        reports.verify_audit(Settings(data_dir=data_dir, extensions=("extensions.deletion",)))
