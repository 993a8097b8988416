"""Reads by path: where bytes are, metadata, whether a resource is there, what there is in all."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from dicomweb.errors import Gone, NotFound, Refusal
from dicomweb.index.database import Database, Statement
from dicomweb.index.datasets import Datasets
from dicomweb.index.tables import INSTANCE, SERIES, STUDY, TOMBSTONE
from dicomweb.resources import Level, Resource


class State(StrEnum):
    """Whether a resource can be had: 200, 410 or 404."""

    PRESENT = "present"
    DELETED = "deleted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Location:
    """One instance: where its bytes are and how they are laid out (sizes and offsets in bytes)."""

    study: str
    series: str
    instance: str
    sop_class: str
    transfer_syntax: str
    key: str
    size: int
    sha256: bytes
    dataset_offset: int
    frames: bytes
    bulk: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """One row for `check`: what the index believes of the bytes under `key`."""

    pk: int
    study: str
    series: str
    instance: str
    key: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much the archive holds; `size` in bytes."""

    studies: int
    series: int
    instances: int
    size: int


_study, _series, _instance = STUDY.c, SERIES.c, INSTANCE.c
_JOINED = sa.join(
    sa.join(STUDY, SERIES, _series.study_pk == _study.pk),
    INSTANCE,
    _instance.series_pk == _series.pk,
)
_UIDS = {
    Level.STUDY: _study.uid == sa.bindparam("study"),
    Level.SERIES: _series.uid == sa.bindparam("series"),
    Level.INSTANCE: _instance.uid == sa.bindparam("instance"),
}


def _at(level: Level) -> list[sa.ColumnElement[bool]]:
    levels = tuple(Level)
    return [_UIDS[one] for one in levels[: levels.index(level) + 1]]


def _ordered(level: Level, *columns: sa.ColumnElement[Any]) -> Statement:
    """Columns of the instances of a resource: series by number, instances by number, then UID."""
    order = (_series.number, _series.uid, _instance.number, _instance.uid)
    return Statement(sa.select(*columns).select_from(_JOINED).where(*_at(level)).order_by(*order))


_LOCATION = (
    _study.uid,
    _series.uid,
    _instance.uid,
    _instance.sop_class,
    _instance.transfer_syntax,
    _instance.key,
    _instance.size,
    _instance.sha256,
    _instance.dataset_offset,
    _instance.frames,
    _instance.bulk,
)
_LOCATIONS = {level: _ordered(level, *_LOCATION) for level in Level}
_OF_UID = Statement(sa.select(*_LOCATION).select_from(_JOINED).where(_UIDS[Level.INSTANCE]))
_DATASETS = {level: _ordered(level, _instance.series_pk, _instance.dataset) for level in Level}
_CHANGED = {
    Level.STUDY: Statement(sa.select(_study.changed).where(*_at(Level.STUDY))),
    Level.SERIES: Statement(
        sa.select(_series.changed)
        .select_from(sa.join(STUDY, SERIES, _series.study_pk == _study.pk))
        .where(*_at(Level.SERIES))
    ),
    # An instance never changes: it is stored, or it is deleted and stored as another row.
    Level.INSTANCE: Statement(
        sa.select(_instance.pk).select_from(_JOINED).where(*_at(Level.INSTANCE))
    ),
}
_BURIED = Statement(
    sa.select(TOMBSTONE.c.deleted).where(
        *(TOMBSTONE.c[column] == sa.bindparam(column) for column in ("study", "series", "instance"))
    )
)
_STATISTICS = Statement(
    sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(_study.series_count), sa.literal_column("0")),
        sa.func.coalesce(sa.func.sum(_study.instance_count), sa.literal_column("0")),
        sa.func.coalesce(sa.func.sum(_study.size), sa.literal_column("0")),
    ).select_from(STUDY)
)
_ROWS = Statement(
    sa.select(
        _instance.pk,
        _study.uid,
        _series.uid,
        _instance.uid,
        _instance.key,
        _instance.size,
        _instance.sha256,
    )
    .select_from(_JOINED)
    .where(_instance.pk > sa.bindparam("after"))
    .order_by(_instance.pk)
    .limit(sa.bindparam("limit"))
    .offset(sa.literal_column("0"))
)


class Reads:
    """Reads of one index by path."""

    def __init__(self, database: Database, datasets: Datasets) -> None:
        self._database = database
        self._datasets = datasets

    def locations(self, resource: Resource) -> list[Location]:
        rows = self._database.fetch(_LOCATIONS[resource.level], _path(resource))
        if not rows:
            raise self.missing(resource)
        return [Location(*row) for row in rows]

    def of_uid(self, instance: str) -> Location | None:
        rows = self._database.fetch(_OF_UID, {"instance": instance})
        return Location(*rows[0]) if rows else None

    def metadata(self, resource: Resource) -> list[bytes]:
        rows = self._database.fetch(_DATASETS[resource.level], _path(resource))
        decode = self._datasets.decoder(row[0] for row in rows).decode
        found = [raw for series, stored in rows if (raw := decode(series, stored))]
        if not found:
            raise self.missing(resource)
        return found

    def changed(self, resource: Resource) -> int:
        rows = self._database.fetch(_CHANGED[resource.level], _path(resource))
        if not rows:
            raise self.missing(resource)
        found: int = rows[0][0]
        return found

    def state(self, resource: Resource) -> State:
        path = _path(resource)
        if self._database.fetch(_CHANGED[resource.level], path):
            return State.PRESENT
        return State.DELETED if self._database.fetch(_BURIED, path) else State.UNKNOWN

    def missing(self, resource: Resource) -> Refusal:
        """Why a resource that is not there cannot be had: it is unknown, or was deleted."""
        level = resource.level
        if self._database.fetch(_BURIED, _path(resource)):
            return Gone(f"The {level} was deleted.")
        return NotFound(f"There is no such {level} here.")

    def ping(self) -> None:
        self._rows(0, 1)

    def statistics(self) -> Statistics:
        ((studies, series, instances, size),) = self._database.fetch(_STATISTICS, {})
        return Statistics(studies, int(series), int(instances), int(size))

    def rows(self, page: int, after: int = 0) -> Iterator[list[Row]]:
        while rows := self._rows(after, page):
            yield rows
            after = rows[-1].pk

    def _rows(self, after: int, limit: int) -> list[Row]:
        values = {"after": after, "limit": limit}
        return [Row(*row) for row in self._database.fetch(_ROWS, values)]


def _path(resource: Resource) -> dict[str, str]:
    return {
        "study": resource.study,
        "series": resource.series,
        "instance": resource.instance,
    }
