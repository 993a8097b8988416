"""Ingest: the rows of a group of instances, in one transaction.

The study is locked first, so that all below it belongs to this transaction alone: counts and
modalities are right under concurrent stores and deletes, on both engines.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from dicomweb.index import fragments, rows
from dicomweb.index.compression import Encoder, dictionary, new_encoder
from dicomweb.index.database import Contended, Database, ListStatement, Statement, Transaction, insert
from dicomweb.index.datasets import Datasets
from dicomweb.index.tables import (
    INSTANCE,
    SERIES,
    SERIES_DETAIL,
    SERIES_REQUEST,
    STUDY,
    STUDY_DETAIL,
    STUDY_MODALITY,
    TOMBSTONE,
)
from dicomweb.index.values import listed, now, unlisted
from dicomweb.resources import Resource


@dataclass(frozen=True, slots=True)
class Record:
    """One instance whose bytes are on disk already, under `key`.

    `json` is its data set as DICOM JSON, with \\x01 for the service root; `elements` are the top
    level ones by tag. `frames` and `bulk` are kept for whoever packed them. `sha256` may be empty
    when it is told later (`Index.record_hashes`).
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

    @property
    def resource(self) -> Resource:
        return Resource(self.study, self.series, self.instance)


@dataclass(frozen=True, slots=True)
class Stored:
    """An instance that is in the index now; `new_study` and `new_series` as it was the first."""

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

_LOCK_STUDY = Statement(
    sa.select(
        STUDY.c.pk,
        STUDY.c.changed,
        STUDY.c.moment,
        STUDY.c.modalities,
        STUDY.c.sop_classes,
        STUDY.c.series_count,
        STUDY.c.instance_count,
        STUDY.c.size,
        STUDY.c.fragment,
    )
    .where(STUDY.c.uid == sa.bindparam("uid"))
    # FOR NO KEY UPDATE: a plain FOR UPDATE would wait for the key locks of children's rows.
    .with_for_update(key_share=True)
)
_SERIES = Statement(
    sa.select(
        SERIES.c.pk,
        SERIES.c.changed,
        SERIES.c.modality,
        SERIES.c.sop_classes,
        SERIES.c.instance_count,
        SERIES.c.size,
        SERIES.c.fragment,
    ).where(SERIES.c.study_pk == sa.bindparam("study"), SERIES.c.uid == sa.bindparam("uid"))
)
_TAKEN = ListStatement(
    lambda uids: (
        sa.select(
            INSTANCE.c.uid,
            STUDY.c.uid,
            SERIES.c.uid,
            INSTANCE.c.key,
            INSTANCE.c.size,
            INSTANCE.c.sha256,
            INSTANCE.c.dataset_offset,
            INSTANCE.c.transfer_syntax,
        )
        .join_from(INSTANCE, SERIES, SERIES.c.pk == INSTANCE.c.series_pk)
        .join(STUDY, STUDY.c.pk == SERIES.c.study_pk)
        .where(INSTANCE.c.uid.in_(uids))
    )
)
_DICTIONARIES = ListStatement(
    lambda keys: sa.select(SERIES_DETAIL.c.series_pk, SERIES_DETAIL.c.dictionary).where(
        SERIES_DETAIL.c.series_pk.in_(keys)
    )
)
_NEW_STUDY = Statement(
    lambda engine: engine.insert_or_skip(STUDY).values(_named(STUDY, "pk")).returning(STUDY.c.pk)
)
_NEW_SERIES = Statement(insert(SERIES, without=["pk"]).returning(SERIES.c.pk))
_NEW_STUDY_DETAIL = Statement(insert(STUDY_DETAIL))
_NEW_SERIES_DETAIL = Statement(insert(SERIES_DETAIL))
_NEW_REQUEST = Statement(insert(SERIES_REQUEST, without=["pk"]))
_NEW_MODALITY = Statement(insert(STUDY_MODALITY))
_NEW_INSTANCE = Statement(insert(INSTANCE, without=["pk"]))
_CHANGE_STUDY = Statement(
    sa.update(STUDY)
    .where(STUDY.c.pk == sa.bindparam("study"))
    .values({n: sa.bindparam(n) for n in (
        "changed", "modalities", "sop_classes", "series_count", "instance_count", "size", "fragment"
    )})
)
