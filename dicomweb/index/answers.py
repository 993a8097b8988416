"""Search results put together: fragments as they are, or with what was asked for beside them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from dicomweb.attributes import RANK, TABLES, Returned, is_private, level_of
from dicomweb.index.compression import unpacked
from dicomweb.index.fragments import CHARSET, MODALITIES, SERIES_UID, SERVICE_ROOT, STUDY_UID
from dicomweb.index.matching import resolved
from dicomweb.index.values import unlisted
from dicomweb.query import Asked, Query
from dicomweb.resources import Level

Dataset = dict[str, Any]
SOP_CLASSES = "00080062"
_LEVELS = tuple(Level)
_SHARED = 64
PATIENT_COUNTS = ("00201200", "00201202", "00201204")
# Not told by includefield=all: one item for each frame, and what is bulk anyway.
_PER_FRAME = "5200923"
_ROOT, _ESCAPED = SERVICE_ROOT.encode(), b"\\u0001"


def _always(level: Level) -> frozenset[str]:
    found = {x.tag for x in TABLES[level] if x.returned is Returned.ALWAYS}
    upper = {Level.STUDY: (), Level.SERIES: (STUDY_UID,), Level.INSTANCE: (STUDY_UID, SERIES_UID)}
    return frozenset({*found, *upper[level], "00081190", MODALITIES})


_ALWAYS = {level: _always(level) for level in Level}


def told(query: Query) -> tuple[Level, ...]:
    """The levels whose attributes stand in each result by default (PS3.18 10.6.3.3).

    A relational search tells the levels between its resource and its results, too.
    """
    scope = 2 if query.within.series else 1 if query.within.study else 0
    rank = RANK[query.level]
    return _LEVELS[min(scope, rank) : rank + 1]


def is_ready(query: Query) -> bool:
    """Whether the fragments of the level are the results."""
    known = _ALWAYS[query.level]
    return (
        not query.everything
        and told(query) == (query.level,)
        and all(asked.tag in known for asked in query.asked)
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """All that the result of one row can be made of, as `selects.Want.PARTS` tells it.

    `study`, `series` and `instance` are fragments; of the details, `dataset` is the whole metadata.
    What is below the level of the row is empty; the attributes of the study are still packed.
    """

    study_pk: int
    study: bytes
    sop_classes: str
    patient_id: str
    study_attributes: bytes
    series_pk: int = 0
    series: bytes = b""
    series_attributes: bytes = b""
    instance: bytes = b""
    dataset: bytes = b""


class Assembler:
    """Makes results with attributes beyond the fragments; what series and studies share is kept."""

    def __init__(self, query: Query, patients: Mapping[str, tuple[int, int, int]]) -> None:
        self.query = query
        self.patients = patients
        self._levels = told(query)
        self._parsed: dict[tuple[Level, int, bool], Dataset] = {}

    def result(self, parts: Parts) -> bytes:
        found: Dataset = {}
        for level in self._levels:
            found.update(self._fragment(parts, level))
        for asked in self.query.asked:
            found.update(self._asked(parts, asked, found))
        if self.query.everything:
            for tag, element in self._everything(parts):
                found.setdefault(tag, element)
        answer = dumped(found)
        if not answer.isascii() and CHARSET not in found:
            answer = dumped({**found, CHARSET: {"vr": "CS", "Value": ["ISO_IR 192"]}})
        return answer

    def details(self, parts: Parts, level: Level) -> Dataset:
        """All attributes of a level; what the fragment says, which is never older, goes first."""
        return {**self._stored(parts, level), **self._fragment(parts, level)}

    def _fragment(self, parts: Parts, level: Level) -> Dataset:
        if level is Level.STUDY:
            return self._shared((level, parts.study_pk, True), parts.study)
        if level is Level.SERIES:
            return self._shared((level, parts.series_pk, True), parts.series)
        return loaded(parts.instance)

    def _stored(self, parts: Parts, level: Level) -> Dataset:
        if level is Level.STUDY:
            key = level, parts.study_pk, False
            return self._parsed.get(key) or self._shared(key, unpacked(parts.study_attributes))
        if level is Level.SERIES:
            return self._shared((level, parts.series_pk, False), parts.series_attributes)
        return loaded(parts.dataset)

    def _shared(self, key: tuple[Level, int, bool], raw: bytes) -> Dataset:
        """What many rows have in common is parsed once."""
        found = self._parsed.get(key)
        if found is None:
            if len(self._parsed) > _SHARED:
                self._parsed.clear()
            found = self._parsed[key] = loaded(raw)
        return found

    def _asked(self, parts: Parts, asked: Asked, found: Dataset) -> Iterator[tuple[str, Any]]:
        """The element that was asked for; an empty one where its value is not known."""
        if asked.tag in found:
            return
        computed = self._computed(parts, asked.tag)
        if computed is not None:
            yield asked.tag, computed
            return
        source = self.details(parts, level_of(asked.tag))
        if asked.creator:
            tag = resolved(source, asked.tag, asked.creator)
            if tag:
                owner = f"{tag[:4]}00{tag[4:6]}"
                yield from (
                    (owner, source[owner]),
                    *((t, source[t]) for t in (tag,) if t in source),
                )
        elif asked.tag in source:
            yield asked.tag, source[asked.tag]
        elif asked.vr and asked.tag != MODALITIES:  # an empty one makes OHIF show no studies
            yield asked.tag, {"vr": asked.vr}

    def _computed(self, parts: Parts, tag: str) -> dict[str, Any] | None:
        if tag == SOP_CLASSES:
            return {"vr": "UI", "Value": unlisted(parts.sop_classes)}
        if tag in PATIENT_COUNTS:
            counts = self.patients.get(parts.patient_id)
            return {
                "vr": "IS",
                **({"Value": [counts[PATIENT_COUNTS.index(tag)]]} if counts else {}),
            }
        return None

    def _everything(self, parts: Parts) -> Iterator[tuple[str, Any]]:
        """All optional keys of the levels told, and all that is stored there but bulk data."""
        for level in self._levels:
            for attribute in TABLES[level]:
                if attribute.returned is Returned.IF_ASKED:
                    asked = Asked(attribute.tag, attribute.vr)
                    yield from self._asked(parts, asked, {})
            for tag, element in self._stored(parts, level).items():
                bulk = "BulkDataURI" in element or "InlineBinary" in element
                other = level_of(tag) is not level or is_private(tag) or tag.startswith(_PER_FRAME)
                if not (bulk or other):
                    yield tag, element


def wants_patients(query: Query) -> bool:
    """Whether results tell how much there is of their patient."""
    if query.limited:
        return False
    studies = Level.STUDY in told(query)
    return (query.everything and studies) or any(x.tag in PATIENT_COUNTS for x in query.asked)


def loaded(stored: bytes) -> Dataset:
    """A stored DICOM JSON object, which may hold the byte for the service root."""
    found: Dataset = orjson.loads(stored.replace(_ROOT, _ESCAPED))
    return found


def dumped(dataset: Mapping[str, Any]) -> bytes:
    """The object as it is stored: sorted by tag, the service root as its byte again."""
    made = orjson.dumps(dict(sorted(dataset.items())))
    return made.replace(b'"\\u0001/', b'"\x01/')
