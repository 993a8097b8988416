"""`dicomweb audit verify` and `dicomweb audit export`: what they do, apart from the terminal."""

from collections.abc import Iterator

import orjson

from dicomweb.access.secret import secret_of
from dicomweb.actor import operator
from dicomweb.archive import Archive
from dicomweb.extension import Extension
from dicomweb.settings import Settings, WrongSetting
from extensions.audit import messages, reading
from extensions.audit.api import AuditLine, line_of
from extensions.audit.chain import Chain, sealed, unsealed
from extensions.audit.entries import Action, Entry, enter
from extensions.json_api import validated


def chain_of(settings: Settings) -> Chain:
    """The chain that these settings describe."""
    secret = secret_of(settings.data_dir, settings.secret, settings.secret_file)
    return Chain(secret, settings.data_dir)


def check_enabled(extensions: list[Extension]) -> None:
    """Raises WrongSetting where no trail is kept."""
    if not any(each.name == "audit" for each in extensions):
        raise WrongSetting("DICOMWEB_EXTENSIONS does not name extensions.audit: there is no trail.")


def verify(settings: Settings, archive: Archive) -> Iterator[str]:
    """A sentence for everything that is wrong with the chain; no secret is made on the way."""
    given = settings.secret or settings.secret_file
    if sealed(archive) and not given and not (settings.data_dir / "secret").exists():
        yield "The secret is missing from the data folder: without it no seal can be verified."
        return
    yield from chain_of(settings).verify(archive)


def summary(archive: Archive) -> str:
    """How far the chain reaches."""
    return f"{sealed(archive)} batches; {unsealed(archive)} lines wait for their seal."


def export(archive: Archive, since: str, until: str, form: str) -> Iterator[bytes]:
    """The lines between two moments, oldest first, as JSON lines or as DICOM audit messages.

    The export itself is entered (PS3.15 A.5.3.2). Raises BadRequest for what is no date.
    """
    given = {"from": since, "to": until}
    filters = validated(reading.Filters, {name: text for name, text in given.items() if text})
    with archive.session() as session:
        enter(session, Entry(Action.AUDIT, operator(), "export"))
    pages = reading.everything(archive, filters, oldest_first=True)
    if form == "xml":
        yield messages.BEGIN
        for rows in pages:
            yield from messages.document(rows)
        yield messages.END
        return
    for rows in pages:
        for row in rows:
            line = AuditLine.model_validate(line_of(row))
            yield orjson.dumps(line.model_dump(mode="json", by_alias=True)) + b"\n"
