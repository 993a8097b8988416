"""Deletion of studies, series and instances: rows go, tombstones stay (410, PS3.18 8.5)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from dicomweb.actor import PROGRAM, Actor
from dicomweb.index.database import Database, Statement, Transaction, named
from dicomweb.index.engines import Engine
from dicomweb.index.locks import Series, Study, locked_series, locked_study
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
class Removed:
    """What went, and the keys under which storage still keeps the bytes.

    A series goes with its last instance, and a study with its last series: `series` holds those
    that are gone, `study` tells whether the study is. `size` is in bytes, `actor` who did it.
    A callback adds to `keys` what it kept beside the instances.
    """

    resource: Resource
    keys: list[str] = field(default_factory=list)
    instances: list[Resource] = field(default_factory=list)
    series: list[Resource] = field(default_factory=list)
    study: bool = False
    size: int = 0
    actor: Actor = PROGRAM


# Called inside the transaction; what it raises undoes the removal.
OnRemoved = Callable[[Session, Removed], object]


class _Members:
    """The statements about all instances of the series that a condition finds."""

    def __init__(self, series: sa.ColumnElement[bool]) -> None:
        joined = sa.join(INSTANCE, SERIES, SERIES.c.pk == INSTANCE.c.series_pk)
        pks = sa.select(SERIES.c.pk).where(series)
        uid = sa.bindparam("uid", type_=sa.Text())
        time = sa.bindparam("time", type_=sa.BigInteger())
        none = sa.literal_column("''", sa.Text())
        self.read = Statement(
            sa.select(SERIES.c.uid, INSTANCE.c.uid, INSTANCE.c.key, INSTANCE.c.size)
            .select_from(joined)
            .where(series)
            .order_by(SERIES.c.uid, INSTANCE.c.uid)
        )
        instances = sa.select(uid, SERIES.c.uid, INSTANCE.c.uid, time).select_from(joined)
        own = sa.select(uid, SERIES.c.uid, none, time)
        self.changes = (
            Statement(lambda engine: _bury(engine, instances.where(series))),
            Statement(lambda engine: _bury(engine, own.where(series))),
            Statement(sa.delete(INSTANCE).where(INSTANCE.c.series_pk.in_(pks))),
            Statement(sa.delete(SERIES_REQUEST).where(SERIES_REQUEST.c.series_pk.in_(pks))),
            Statement(sa.delete(SERIES_DETAIL).where(SERIES_DETAIL.c.series_pk.in_(pks))),
            Statement(sa.delete(SERIES).where(series)),
        )


def _bury(engine: Engine, selected: sa.Select[Any]) -> sa.Executable:
    columns = [column.name for column in TOMBSTONE.columns]
    statement: sa.Executable = engine.insert_or_skip(TOMBSTONE).from_select(columns, selected)
    return statement


_BURY = Statement(lambda engine: engine.insert_or_skip(TOMBSTONE).values(named(TOMBSTONE)))
_STUDY: sa.BindParameter[int] = sa.bindparam("study")
_SERIES: sa.BindParameter[int] = sa.bindparam("series")
_OF_STUDY = _Members(SERIES.c.study_pk == _STUDY)
_OF_SERIES = _Members(SERIES.c.pk == _SERIES)
_INSTANCE = (INSTANCE.c.series_pk == _SERIES, INSTANCE.c.uid == sa.bindparam("instance"))
_READ_INSTANCE = Statement(sa.select(INSTANCE.c.key, INSTANCE.c.size).where(*_INSTANCE))
_DELETE_INSTANCE = Statement(sa.delete(INSTANCE).where(*_INSTANCE))
_CLASSES = Statement(
    sa.select(INSTANCE.c.sop_class).distinct().where(INSTANCE.c.series_pk == _SERIES)
)
_SERIES_LEFT = Statement(
    sa.select(SERIES.c.modality, SERIES.c.sop_classes).where(SERIES.c.study_pk == _STUDY)
)
_DELETE_MODALITY = Statement(
    sa.delete(STUDY_MODALITY).where(
        STUDY_MODALITY.c.study_pk == _STUDY,
        STUDY_MODALITY.c.modality == sa.bindparam("modality"),
    )
)
_DELETE_STUDY = (
    Statement(sa.delete(STUDY_MODALITY).where(STUDY_MODALITY.c.study_pk == _STUDY)),
    Statement(sa.delete(STUDY_DETAIL).where(STUDY_DETAIL.c.study_pk == _STUDY)),
    Statement(sa.delete(STUDY).where(STUDY.c.pk == _STUDY)),
)


class Removal:
    """Removes resources of one index."""

    def __init__(self, database: Database, hooks: Sequence[OnRemoved]) -> None:
        self._database = database
        self._hooks = hooks

    def remove(self, resource: Resource, actor: Actor = PROGRAM) -> Removed | None:
        """What went, durable when this returns; None where there is no such resource."""
        return self._database.write(lambda transaction: self._remove(transaction, resource, actor))

    def _remove(self, transaction: Transaction, resource: Resource, actor: Actor) -> Removed | None:
        study = locked_study(transaction, resource.study)
        removed = _Work(transaction, resource, study).remove() if study else None
        if self._hooks and removed:
            removed = replace(removed, actor=actor)
            with transaction.session() as session:
                for hook in self._hooks:
                    hook(session, removed)
        return removed


class _Work:
    """The removal of one resource of a locked study."""

    def __init__(self, transaction: Transaction, resource: Resource, study: Study) -> None:
        self.transaction = transaction
        self.resource = resource
        self.study = study
        self.time = now()

    def remove(self) -> Removed | None:
        resource, study = self.resource, self.study
        if not resource.series:
            return self._drop_study(self._drop_series(_OF_STUDY, 0))
        series = locked_series(self.transaction, study, resource.series)
        if series is None:
            return None
        if not resource.instance:
            return self._shrink_study(self._drop_series(_OF_SERIES, series.pk))
        key = {"series": series.pk, "instance": resource.instance}
        found = self.transaction.rows(_READ_INSTANCE, key)
        if not found:
            return None
        if series.instance_count == 1:
            return self._shrink_study(self._drop_series(_OF_SERIES, series.pk))
        self.transaction.run(_DELETE_INSTANCE, key)
        self._bury(resource)
        ((stored, size),) = found
        self._shrink_series(series, size)
        return self._shrink_study(Removed(resource, [stored], [resource], size=size))

    def _drop_series(self, members: _Members, series: int) -> Removed:
        """The series of the condition with all that belongs to them."""
        study = self.study
        values = {"uid": study.uid, "time": self.time, "study": study.pk, "series": series}
        rows = self.transaction.rows(members.read, values)
        for change in members.changes:
            self.transaction.run(change, values)
        return Removed(
            self.resource,
            keys=[key for _, _, key, _ in rows],
            instances=[Resource(study.uid, uid, instance) for uid, instance, _, _ in rows],
            series=[Resource(study.uid, uid) for uid in dict.fromkeys(row[0] for row in rows)],
            size=sum(size for *_, size in rows),
        )

    def _shrink_series(self, series: Series, size: int) -> None:
        series.instance_count -= 1
        series.size -= size
        classes = self.transaction.rows(_CLASSES, {"series": series.pk})
        series.sop_classes = listed(sorted(uid for (uid,) in classes))
        series.save(self.transaction, self.time)

    def _shrink_study(self, removed: Removed) -> Removed:
        """Counts, modalities and SOP classes of what is left; nothing left is no study."""
        study = self.study
        left = self.transaction.rows(_SERIES_LEFT, {"study": study.pk})
        if not left:
            return self._drop_study(removed)
        study.series_count = len(left)
        study.instance_count -= len(removed.instances)
        study.size -= removed.size
        classes = {uid for _, column in left for uid in unlisted(column)}
        study.sop_classes = listed(sorted(classes))
        modalities = sorted({modality for modality, _ in left if modality})
        for modality in set(unlisted(study.modalities)) - set(modalities):
            row = {"study": study.pk, "modality": modality}
            self.transaction.run(_DELETE_MODALITY, row)
        study.tell_modalities(modalities)
        study.save(self.transaction, self.time)
        return removed

    def _drop_study(self, removed: Removed) -> Removed:
        for statement in _DELETE_STUDY:
            self.transaction.run(statement, {"study": self.study.pk})
        self._bury(Resource(self.study.uid))
        return replace(removed, study=True)

    def _bury(self, resource: Resource) -> None:
        row = {"study": resource.study, "series": resource.series, "instance": resource.instance}
        self.transaction.run(_BURY, {**row, "deleted": self.time})
