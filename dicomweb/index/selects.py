"""Shapes of searches as SELECT statements: which table leads, what follows, in which order."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.expression import ColumnElement

from dicomweb.attributes import RANK
from dicomweb.index.clauses import (
    Binds,
    Clause,
    binds,
    branches,
    clause,
    exists,
    finds,
    is_exact,
    is_ranged,
)
from dicomweb.index.engines import Engine, Unindexed
from dicomweb.index.fields import SORTED, Kind
from dicomweb.index.tables import (
    INSTANCE,
    SERIES,
    SERIES_DETAIL,
    SERIES_REQUEST,
    STUDY,
    STUDY_DETAIL,
    STUDY_MODALITY,
)
from dicomweb.index.terms import Term
from dicomweb.resources import Level

_TABLES = {Level.STUDY: STUDY, Level.SERIES: SERIES, Level.INSTANCE: INSTANCE}
T = TypeVar("T")
Key = tuple[ColumnElement[Any], bool]  # a column of the order, and whether it descends


class Plan(StrEnum):
    """What leads a search: the order of all studies, that of one modality's, or a term."""

    NEWEST = "newest"
    MODALITY = "modality"
    KEYED = "keyed"


class Want(StrEnum):
    """What a statement tells."""

    RESULT = "result"  # the fragments of the level
    PARTS = "parts"  # all that a result can be made of
    COUNT = "count"  # how many rows, from `offset`, up to `limit`
    PROBE = "probe"  # how many rows each index of the leading term finds, up to `limit`
    PLACE = "place"  # the values of the order of one row, by its UIDs


class Shape(NamedTuple):
    """A search without its values: all that decides its SQL; a tuple, as `Term` is.

    `scope` counts the UIDs of the path (0 to 2), whose terms come first. `lead` is the place of the
    leading term, `used` are those of its indexes that find anything (none: all). `after` says that
    the rows begin behind a cursor.
    """

    level: Level
    scope: int
    terms: tuple[Term, ...]
    plan: Plan = Plan.NEWEST
    lead: int = -1
    used: tuple[int, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()  # tag, descending
    after: bool = False
    want: Want = Want.RESULT

    @property
    def alone(self) -> bool:
        """Whether the leading term is all there is, so that its index answers by itself."""
        return (
            self.plan is Plan.KEYED
            and self.level is Level.STUDY
            and len(self.terms) == 1
            and self.terms[0].field.level is Level.STUDY
            and is_ranged(self.terms[0])
            and not self.order
            and not self.after
        )


def keys(shape: Shape) -> list[Key]:
    """The order of the results: what was asked for, then that of the level, which is total."""
    found: dict[ColumnElement[Any], Key] = {}
    for tag, descending in shape.order:
        _, wanted = SORTED[tag]
        found[wanted] = (wanted, descending)
    study, series, instance = STUDY.c, SERIES.c, INSTANCE.c
    levels: list[list[Key]] = [
        [(study.moment, True), (study.uid, False)],
        [(series.number, False), (series.uid, False)],
        [(instance.number, False), (instance.uid, False)],
    ]
    for level in levels[shape.scope : RANK[shape.level] + 1]:
        for column, descending in level:
            found.setdefault(column, (column, descending))
    return list(found.values())


def select(shape: Shape, engine: Engine) -> sa.Select[Any]:
    """The statement of a shape; its parameters are `p0`…, `c0`… (the cursor), `limit`, `offset`."""
    values = binds(shape.terms)
    if shape.want is Want.PROBE:
        return _probe(shape, values, engine)
    if shape.want is Want.PLACE:
        return _row(shape)
    if shape.want is Want.RESULT and shape.alone:
        return _by_index_alone(shape, values, engine)
    modality = shape.plan is Plan.MODALITY
    conditions = [*_conditions(shape, values, engine), *_joins(shape)]
    order = [_place(shape, key) for key in keys(shape)]
    if shape.after:
        conditions.append(_behind(order))
    if shape.want is Want.COUNT:  # the order matters only to what lies behind a cursor
        source = STUDY_MODALITY if modality else STUDY
        rows: sa.Select[Any] = (
            sa.select(sa.literal_column("1")).select_from(source).where(*conditions)
        )
        return sa.select(sa.func.count()).select_from(_paged(rows).subquery())
    columns = list(_columns(shape))
    if shape.want is Want.PARTS:
        columns += [column for column, _ in order]
    found = sa.select(*columns).select_from(*_tables(shape)).where(*conditions)
    free = shape.plan is not Plan.KEYED or shape.scope
    sorted_by = ((column if free else Unindexed(column), down) for column, down in order)
    return _paged(found.order_by(*(c.desc() if down else c for c, down in sorted_by)))


def _paged(statement: sa.Select[Any]) -> sa.Select[Any]:
    return statement.limit(sa.bindparam("limit")).offset(sa.bindparam("offset"))


def _tables(shape: Shape) -> Iterator[sa.Table]:
    """What the rows are made of: `Unindexed` columns do not tell SQLAlchemy where they are from."""
    if shape.plan is Plan.MODALITY:
        yield STUDY_MODALITY
    for level in list(Level)[: RANK[shape.level] + 1]:
        yield _TABLES[level]


def _place(shape: Shape, key: Key) -> Key:
    """Among one modality's studies the order stands in that table's index."""
    column, descending = key
    if shape.plan is Plan.MODALITY and column in (STUDY.c.moment, STUDY.c.uid):
        return STUDY_MODALITY.c[column.name], descending
    return key


def _columns(shape: Shape) -> Iterator[ColumnElement[Any]]:
    """RESULT: the fragment, of an instance with its series; PARTS: see `answers.Parts`.

    Behind the parts stand the values of the order.
    """
    if shape.want is Want.RESULT:
        yield _TABLES[shape.level].c.fragment
        if shape.level is Level.INSTANCE:
            yield INSTANCE.c.series_pk
        return
    yield from (STUDY.c.pk, STUDY.c.fragment, STUDY.c.sop_classes, STUDY.c.patient_id)
    yield STUDY_DETAIL.c.attributes
    if shape.level is not Level.STUDY:
        yield from (SERIES.c.pk, SERIES.c.fragment, SERIES_DETAIL.c.attributes)
    if shape.level is Level.INSTANCE:
        yield from (INSTANCE.c.fragment, INSTANCE.c.dataset)


def _joins(shape: Shape) -> Iterator[Clause]:
    """How the levels hang together.

    Where studies lead, the upper side of each join is kept from being looked up, so that SQLite
    goes down from the study and finds the rows in the order of the results.
    """
    down = shape.plan is not Plan.KEYED or shape.scope > 0
    study, series = (
        (Unindexed(STUDY.c.pk), Unindexed(SERIES.c.pk)) if down else (STUDY.c.pk, SERIES.c.pk)
    )
    if shape.plan is Plan.MODALITY and (shape.want is not Want.COUNT or _needs_study(shape)):
        yield STUDY.c.pk == Unindexed(STUDY_MODALITY.c.study_pk)
    if shape.level is not Level.STUDY:
        yield SERIES.c.study_pk == study
    if shape.level is Level.INSTANCE:
        yield INSTANCE.c.series_pk == series
    if shape.want is Want.PARTS:
        yield STUDY_DETAIL.c.study_pk == STUDY.c.pk
        if shape.level is not Level.STUDY:
            yield SERIES_DETAIL.c.series_pk == SERIES.c.pk


def _needs_study(shape: Shape) -> bool:
    """Whether the table of modalities cannot tell which studies match."""
    own = (Kind.MOMENT,)
    return shape.level is not Level.STUDY or any(
        term.field.kind not in own for place, term in enumerate(shape.terms) if place != shape.lead
    )


def _conditions(shape: Shape, values: list[Binds], engine: Engine) -> Iterator[Clause]:
    requests: list[Clause] = []
    lower: list[int] = []
    for place, term in enumerate(shape.terms):
        field = term.field
        if RANK[field.level] > RANK[shape.level]:
            lower.append(place)
        elif field.kind is Kind.REQUEST:
            requests.append(clause(term, values[place], free=True))
        elif place == shape.lead and shape.plan is Plan.KEYED:
            yield from _leading(shape, term, values[place], engine)
        elif term.rule == "text":
            continue
        elif shape.plan is Plan.MODALITY and place == shape.lead:
            yield STUDY_MODALITY.c.modality == values[place][0]
        elif shape.plan is Plan.MODALITY and field.kind is Kind.MOMENT:
            yield clause(term, values[place], column=STUDY_MODALITY.c.moment)
        else:
            free = shape.plan is Plan.NEWEST and field.kind is Kind.MOMENT
            yield clause(term, values[place], free=free)
    if requests:
        yield _request(requests, leads=_leads(shape, Kind.REQUEST))
    if lower:
        yield _below(shape, [(shape.terms[place], values[place]) for place in lower])


def _leads(shape: Shape, kind: Kind) -> bool:
    return shape.plan is Plan.KEYED and shape.terms[shape.lead].field.kind is kind


def _used(shape: Shape, found: list[T]) -> list[T]:
    return [found[place] for place in shape.used] if shape.used else found


def _leading(shape: Shape, term: Term, values: Binds, engine: Engine) -> Iterator[Clause]:
    """The leading term: by its index, or the union of what several indexes find."""
    if is_ranged(term):
        found = _used(shape, branches(term, values))
        if len(found) == 1:
            yield found[0]
            return
    pks = _used(shape, finds(term, values, engine))
    yield _TABLES[term.field.level].c.pk.in_(sa.union_all(*pks) if len(pks) > 1 else pks[0])
    if not is_exact(term) and term.rule != "text":
        yield clause(term, values)


def _pks(column: ColumnElement[Any], conditions: Iterable[Clause]) -> sa.Select[Any]:
    return sa.select(column).where(*conditions).correlate(None)


def _request(conditions: list[Clause], *, leads: bool) -> Clause:
    """Keys of the Request Attributes Sequence match in one item (PS3.4 C.2.2.2.6)."""
    request = SERIES_REQUEST.c
    if leads:
        return SERIES.c.pk.in_(_pks(request.series_pk, conditions))
    return exists(SERIES, request.series_pk == SERIES.c.pk, *conditions)


def _below(shape: Shape, parts: list[tuple[Term, Binds]]) -> Clause:
    """Keys of a lower level: one member of the row has to match all of them."""
    series, instance = Level.SERIES, Level.INSTANCE
    levels = {term.field.level for term, _ in parts}
    leads = shape.plan is Plan.KEYED and shape.terms[shape.lead].field.level in levels
    requests = [clause(t, some, free=True) for t, some in parts if t.field.kind is Kind.REQUEST]
    conditions = [
        clause(t, some, free=leads) for t, some in parts if t.field.kind is not Kind.REQUEST
    ]
    if requests:
        conditions.append(_request(requests, leads=leads))
    if shape.level is series:
        if leads:
            return SERIES.c.pk.in_(_pks(INSTANCE.c.series_pk, conditions))
        return exists(SERIES, INSTANCE.c.series_pk == SERIES.c.pk, *conditions)
    if instance in levels:
        conditions.append(INSTANCE.c.series_pk == SERIES.c.pk)
    if leads:
        return STUDY.c.pk.in_(_pks(SERIES.c.study_pk, conditions))
    return exists(STUDY, SERIES.c.study_pk == STUDY.c.pk, *conditions)


def _behind(order: list[Key]) -> Clause:
    """Rows behind the cursor `c0`, `c1`, … in an order of mixed directions.

    The first column is bounded by itself too, which an index can use.
    """
    cursor: Binds = [sa.bindparam(f"c{place}") for place in range(len(order))]
    choices = []
    for place, (column, descending) in enumerate(order):
        same = [order[before][0] == cursor[before] for before in range(place)]
        further = column < cursor[place] if descending else column > cursor[place]
        choices.append(sa.and_(*same, further))
    first, descending = order[0]
    bound = first <= cursor[0] if descending else first >= cursor[0]
    return sa.and_(bound, sa.or_(*choices))


def _probe(shape: Shape, values: list[Binds], engine: Engine) -> sa.Select[Any]:
    """How many rows each index of the leading term finds, no further than `limit`."""
    found = finds(shape.terms[shape.lead], values[shape.lead], engine)
    counts = (sa.select(sa.func.count()).select_from(_paged(one).subquery()) for one in found)
    return sa.select(*(count.scalar_subquery() for count in counts))


def _row(shape: Shape) -> sa.Select[Any]:
    """The row that a cursor names: where it stands in the order."""
    levels = list(Level)[: RANK[shape.level] + 1]
    named = (_TABLES[level].c.uid == sa.bindparam(level.value) for level in levels)
    return sa.select(*(column for column, _ in keys(shape))).where(*named, *_joins(shape))


def _by_index_alone(shape: Shape, values: list[Binds], engine: Engine) -> sa.Select[Any]:
    """Results of one leading term: sorted and cut within its index, before rows are touched."""
    found = _used(shape, branches(shape.terms[0], values[0]))
    study = STUDY.c
    parts = [
        sa.select(study.pk, study.moment, study.uid).where(
            one, *(sa.not_(other) for other in found[:place])
        )
        for place, one in enumerate(found)
    ]
    union: Any = sa.union_all(*parts).subquery() if len(parts) > 1 else None
    inner = sa.select(union) if union is not None else parts[0]
    source = union.c if union is not None else study
    page = _paged(inner.order_by(Unindexed(source.moment).desc(), Unindexed(source.uid)))
    subquery = page.subquery("chosen")
    chosen = subquery.c
    rows = sa.select(study.fragment).select_from(subquery, STUDY)
    rows = rows.where(study.pk == Unindexed(chosen.pk))
    if engine.keeps_order:
        return rows
    return rows.order_by(chosen.moment.desc(), chosen.uid)
