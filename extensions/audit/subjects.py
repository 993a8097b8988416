"""What a line of views is about: the study behind an id of a path, and whose study it is.

Asked by the thread that writes the lines, never while somebody waits for an answer.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qsl, unquote_plus

import orjson
from sqlmodel import Session

from dicomweb.archive import Archive
from dicomweb.errors import Refusal
from dicomweb.query import parse
from dicomweb.resources import Level, Resource, is_uid
from extensions.audit.entries import Entry

log = logging.getLogger("dicomweb.audit")

# An extension's own ids (Extension.about).
About = Callable[[Session, str], Resource | None]
NOTHING = Resource()
# The names by which our APIs ask for one study, or for one patient; all in small letters.
_STUDIES = frozenset({"studyinstanceuid", "0020000d", "study", "studyuid"})
_PATIENTS = frozenset({"patientid", "00100020"})
# What may let somebody in, where a client puts it into a query although it is not asked for.
_SECRET = re.compile(r"(?<==)(?:eyJ|lbk_)[^&]*")
# Answers are remembered while lines are written: those of one study come together.
_MOST = 1_000

Answer = TypeVar("Answer")


class Subjects:
    """Answers for one archive; `forget` once the lines are written."""

    def __init__(self, archive: Archive, about: Sequence[About] = ()) -> None:
        self._archive = archive
        self._about = about
        self._found: dict[str, Resource] = {}
        self._patients: dict[str, str] = {}

    def forget(self) -> None:
        self._found.clear()
        self._patients.clear()

    def of(self, id: str) -> Resource:
        """What an id means: a UID of whatever level, or what an extension calls so."""
        return _remembered(self._found, id, self._look_up)

    def patient(self, study: str) -> str:
        """The Patient ID of a study; empty where it has none, or there is no such study."""
        return _remembered(self._patients, study, self._patient)

    def _look_up(self, id: str) -> Resource:
        if is_uid(id) and (found := self._by_uid(id)) is not None:
            return found
        for about in self._about:
            try:
                with self._archive.reading() as session:
                    found = about(session, id)
            except Exception as fault:  # the line is worth more than what it might say besides
                log.error("%s names no study: %s", about.__module__, type(fault).__name__)
                continue
            if found is not None:
                return found
        return NOTHING

    def _by_uid(self, uid: str) -> Resource | None:
        if location := self._archive.find_uid(uid):
            return Resource(location.study, location.series, location.instance)
        if series := self._search(Level.SERIES, f"SeriesInstanceUID={uid}"):
            return Resource(_value(series, "0020000D"), uid)
        return Resource(uid) if self._search(Level.STUDY, f"StudyInstanceUID={uid}") else None

    def _patient(self, study: str) -> str:
        if not is_uid(study):
            return ""
        return patient_of(self._search(Level.STUDY, f"StudyInstanceUID={study}"))

    def _search(self, level: Level, query: str) -> bytes:
        """The attributes of the one that there is, as DICOM JSON; nothing if there is none."""
        try:
            asked = parse(level, Resource(), f"{query}&limit=1")
            found: list[bytes] = self._archive.search(asked).find().fragments
        except Refusal:
            return b""
        return found[0] if found else b""


def sought(entry: Entry) -> Entry:
    """A search whose `detail` is a query as it was sent: what it asks for, in words of people.

    Who asks for one study, or by one Patient ID, is found by these, whatever the answer was.
    """
    study, patient = entry.study, entry.patient
    for name, value in parse_qsl(entry.detail, max_num_fields=None):
        if name.lower() in _STUDIES and is_uid(value):
            study = study or value
        elif name.lower() in _PATIENTS and not set(value) & set("*?\\"):
            patient = patient or value.strip(" ")
    detail = unquote_plus(_SECRET.sub("…", entry.detail))
    return replace(entry, detail=detail, study=study, patient=patient)


def patient_of(dataset: bytes) -> str:
    """The Patient ID (0010,0020) of a DICOM JSON object, with \\x01 for the service root."""
    return _value(dataset, "00100020")


def _value(dataset: bytes, tag: str) -> str:
    found = orjson.loads(dataset.replace(b"\x01", b"") or b"{}")
    values = found.get(tag, {}).get("Value") or [""]
    return str(values[0] or "")


def _remembered(known: dict[str, Answer], key: str, ask: Callable[[str], Answer]) -> Answer:
    if key not in known:
        if len(known) >= _MOST:
            known.clear()
        known[key] = ask(key)
    return known[key]
