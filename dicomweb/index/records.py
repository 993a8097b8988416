"""Ingest: the rows of a group of instances, in one transaction.

The study is locked first, so that all below it belongs to this transaction alone: counts and
modalities are right under concurrent stores and deletes, on both engines.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlmodel import Session

from dicomweb.actor import PROGRAM, Actor
from dicomweb.index import fragments, new_rows, writes
from dicomweb.index.compression import Codecs, Encoder, dictionary, new_encoder, packed
from dicomweb.index.database import Contended, Database, Transaction
from dicomweb.index.locks import Series, Study, locked_series, locked_study
from dicomweb.index.values import listed, now, number, unlisted
from dicomweb.resources import Level, Resource


@dataclass(frozen=True, slots=True)
class Record:
    """One instance whose bytes are on disk already, under `key`.

    `json` is its data set as DICOM JSON, with \\x01 for the service root; `elements` are the top
    level ones by tag. `frames` and `bulk` are kept for whoever packed them. `sha256` may be empty
    when it is told later (`Index.record_hashes`). `actor` is who stores it.
    """

    study: str
    series: str
    instance: str
    sop_class: str
    transfer_syntax: str
    json: bytes
    elements: Mapping[str, bytes]
    frames: bytes
    bulk: bytes
    dataset_offset: int
    size: int
    sha256: bytes
    key: str
    actor: Actor = PROGRAM

    @property
    def resource(self) -> Resource:
        return Resource(self.study, self.series, self.instance)


@dataclass(frozen=True, slots=True)
class Stored:
    """An instance that is in the index now.

    `new_study` and `new_series` are true of every instance of the group that brought the study
    (series), not of its first alone.
    """

    record: Record
    new_study: bool = False
    new_series: bool = False


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An instance whose UID is taken: what is stored under it, for comparison.

    `study` and `series` tell where, which may be elsewhere than the record says. `key` may be that
    of another record of the same group, the first of which is stored.
    """

    record: Record
    study: str
    series: str
    key: str
    size: int
    sha256: bytes
    dataset_offset: int
    transfer_syntax: str


Outcome = Stored | Duplicate
# Called inside the transaction; what it raises undoes the whole group.
OnStored = Callable[[Session, Sequence[Stored]], object]

_STUDY, _SERIES, _INSTANCE = map(attrgetter, ("study", "series", "instance"))


class Ingest:
    """Stores groups of records of one index."""

    def __init__(self, database: Database, codecs: Codecs, hooks: Sequence[OnStored]) -> None:
        self._database = database
        self._codecs = codecs
        self._hooks = hooks

    def store(self, records: Sequence[Record]) -> list[Outcome]:
        """What became of each record, in their order; durable when this returns.

        Raises Unavailable where the database does not answer; then nothing is stored.
        """
        if not records:
            return []
        return self._database.write(lambda transaction: self._store(transaction, records))

    def _store(self, transaction: Transaction, records: Sequence[Record]) -> list[Outcome]:
        # Every transaction locks its studies in one order, so that no two wait for each other.
        locked = {uid: locked_study(transaction, uid) for uid in sorted(set(map(_STUDY, records)))}
        taken: dict[str, tuple[Any, ...]] = {
            uid: stored
            for uid, *stored in transaction.rows_listed(
                writes.TAKEN, sorted({record.instance for record in records})
            )
        }
        outcomes: dict[int, Outcome] = {}
        fresh: list[Record] = []
        for place, record in enumerate(records):
            if record.instance in taken:
                outcomes[place] = Duplicate(record, *taken[record.instance])
            else:
                taken[record.instance] = _told(record)
                fresh.append(record)
        stored: dict[str, Stored] = {}
        # Within a study the order of arrival stays: its first instance decides what is told of it.
        for uid, members in groupby(sorted(fresh, key=_STUDY), _STUDY):
            group = _Group(transaction, self._codecs, uid, locked[uid])
            stored.update((one.record.instance, one) for one in group.store(list(members)))
        if self._hooks and stored:
            with transaction.session() as session:
                for hook in self._hooks:
                    hook(session, [stored[record.instance] for record in fresh])
        return [
            outcomes[place] if place in outcomes else stored[record.instance]
            for place, record in enumerate(records)
        ]


def _told(record: Record) -> tuple[Any, ...]:
    """What `writes.TAKEN` would tell of the record."""
    return (
        record.study,
        record.series,
        record.key,
        record.size,
        record.sha256,
        record.dataset_offset,
        record.transfer_syntax,
    )


class _Group:
    """The fresh records of one study."""

    def __init__(
        self, transaction: Transaction, codecs: Codecs, uid: str, study: Study | None
    ) -> None:
        self.transaction = transaction
        self.codecs = codecs
        self.uid = uid
        self.study = study
        self.time = now()

    def store(self, records: list[Record]) -> Iterable[Stored]:
        new_study = self.study is None
        study = self.study or self._new_study(records[0])
        for uid, group in groupby(sorted(records, key=_SERIES), _SERIES):
            members = list(group)
            series, encoder, is_new = self._series(study, members[0])
            self._instances(series.pk, encoder, members)
            size = sum(record.size for record in members)
            series.instance_count += len(members)
            series.size += size
            series.sop_classes = _united(series.sop_classes, members)
            series.save(self.transaction, self.time)
            if is_new:
                study.series_count += 1
                self._add_modality(study, series.modality)
            study.instance_count += len(members)
            study.size += size
            study.sop_classes = _united(study.sop_classes, members)
            self._forget_tombstones(uid, members)
            yield from (Stored(record, new_study, is_new) for record in members)
        study.save(self.transaction, self.time)

    def _new_study(self, record: Record) -> Study:
        row = new_rows.study(record.elements, self.uid, self.time)
        found = self.transaction.rows(writes.NEW_STUDY, row)
        if not found:
            raise Contended  # another process stored the first instance of this study just now
        ((pk,),) = found
        attributes = packed(fragments.attributes(record.elements, Level.STUDY))
        self.transaction.run(writes.NEW_STUDY_DETAIL, {"study_pk": pk, "attributes": attributes})
        return Study(self.uid, pk, self.time - 1, row["moment"], fragment=row["fragment"])

    def _series(self, study: Study, record: Record) -> tuple[Series, Encoder, bool]:
        """The series of a record, what compresses its instances, and whether it is new."""
        found = locked_series(self.transaction, study, record.series)
        if found:
            return found, self.codecs.encoder(found.pk, self._dictionaries), False
        row = new_rows.series(record.elements, self.uid, record.series, self.time)
        ((pk,),) = self.transaction.rows(writes.NEW_SERIES, {"study_pk": study.pk, **row})
        stored = dictionary(record.json, _fragment(record))
        encoder = new_encoder(stored)
        attributes = encoder.encode(fragments.attributes(record.elements, Level.SERIES))
        detail = {"series_pk": pk, "attributes": attributes, "dictionary": stored}
        self.transaction.run(writes.NEW_SERIES_DETAIL, detail)
        requests = new_rows.requests(record.elements)
        self.transaction.run_many(
            writes.NEW_REQUEST, [{"series_pk": pk, **request} for request in requests]
        )
        series = Series(pk, self.time - 1, row["modality"], fragment=row["fragment"])
        return series, encoder, True

    def _dictionaries(self, series: Sequence[int]) -> Iterable[tuple[int, bytes]]:
        return self.transaction.rows_listed(writes.DICTIONARIES, series)

    def _instances(self, series: int, encoder: Encoder, records: list[Record]) -> None:
        encode = encoder.encode
        self.transaction.run_many(
            writes.NEW_INSTANCE,
            [
                {
                    "uid": record.instance,
                    "series_pk": series,
                    "number": number(record.elements, "00200013"),
                    "sop_class": record.sop_class,
                    "transfer_syntax": record.transfer_syntax,
                    "key": record.key,
                    "size": record.size,
                    "sha256": record.sha256,
                    "dataset_offset": record.dataset_offset,
                    "fragment": encode(_fragment(record)),
                    "dataset": encode(record.json),
                    "frames": record.frames,
                    "bulk": record.bulk,
                }
                for record in sorted(records, key=_INSTANCE)
            ],
        )

    def _add_modality(self, study: Study, modality: str) -> None:
        """Modalities in Study are those of all its series, each once."""
        modalities = unlisted(study.modalities)
        if not modality or modality in modalities:
            return
        study.tell_modalities(sorted([*modalities, modality]))
        row = {"study_pk": study.pk, "modality": modality, "moment": study.moment, "uid": self.uid}
        self.transaction.run(writes.NEW_MODALITY, row)

    def _forget_tombstones(self, series: str, records: list[Record]) -> None:
        """What is stored again is no longer deleted."""
        if not self.transaction.rows(writes.HAS_TOMBSTONE, {"study": self.uid, "limit": 1}):
            return
        instances = ("", *(record.instance for record in records))
        rows = [{"study": self.uid, "series": series, "instance": uid} for uid in instances]
        rows.append({"study": self.uid, "series": "", "instance": ""})
        self.transaction.run_many(writes.FORGET_TOMBSTONE, rows)


def _fragment(record: Record) -> bytes:
    return fragments.instance(
        record.elements, record.study, record.series, record.instance, record.transfer_syntax
    )


def _united(column: str, records: list[Record]) -> str:
    """The SOP classes of a column and of these records."""
    found = set(unlisted(column))
    classes = {record.sop_class for record in records}
    return column if classes <= found else listed(sorted(found | classes))
