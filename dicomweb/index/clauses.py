"""Terms as SQL: one function for each kind of condition (PS3.4 C.2.2.2)."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import ColumnElement

from dicomweb.index.engines import Engine, Like, Unindexed
from dicomweb.index.fields import Field, Kind
from dicomweb.index.tables import SERIES_REQUEST, STUDY, STUDY_MODALITY
from dicomweb.index.terms import Term

Clause = ColumnElement[bool]
Column = ColumnElement[Any]
Binds = list[sa.BindParameter[Any]]
_NOTHING = sa.literal_column("''", sa.Text)


def equal(column: Column, values: Binds) -> Clause:
    """Single value matching (C.2.2.2.1)."""
    return column == values[0]


def among(column: Column, values: Binds) -> Clause:
    """List of UID matching (C.2.2.2.2)."""
    return sa.or_(*(column == value for value in values)) if len(values) < 3 else column.in_(values)


def since(column: Column, values: Binds) -> Clause:
    """Range matching with an open end (C.2.2.2.5)."""
    return column >= values[0]


def between(column: Column, values: Binds) -> Clause:
    """Range matching (C.2.2.2.5)."""
    return sa.and_(column >= values[0], column <= values[1])


def prefix(column: Column, values: Binds) -> Clause:
    """Wild card matching of `abc*` (C.2.2.2.4)."""
    return sa.and_(column >= values[0], column < values[1])


def like(column: Column, values: Binds) -> Clause:
    """Wild card matching (C.2.2.2.4)."""
    return Like(column, values[0])


def prefix_like(column: Column, values: Binds) -> Clause:
    """Wild card matching of `abc*d` (C.2.2.2.4)."""
    return sa.and_(prefix(column, values), Like(column, values[2]))


def empty(column: Column, values: Binds) -> Clause:
    """Empty value matching (C.2.2.2.7)."""
    return column == _NOTHING


def member(column: Column, values: Binds) -> Clause:
    """List of UID matching in a column that holds a list itself."""
    return sa.or_(*(Like(column, value) for value in values))


def fuzzy(column: Column, values: Binds) -> Clause:
    """Fuzzy matching of a person's name (C.2.2.2.1.1)."""
    return sa.and_(sa.true(), *(Like(column, value) for value in values))


_RULES: dict[str, Callable[[Column, Binds], Clause]] = {
    rule.__name__: rule
    for rule in (equal, among, since, between, prefix, like, prefix_like, empty, member, fuzzy)
}
# Rules that an index serves.
LEADING = frozenset({"equal", "among", "since", "between", "prefix", "prefix_like"})


def binds(terms: tuple[Term, ...]) -> list[Binds]:
    """The named parameters of each term: `p0`, `p1`, … in the order of the values."""
    names = count()
    return [[sa.bindparam(f"p{next(names)}") for _ in range(term.size)] for term in terms]


def clause(
    term: Term, values: Binds, *, free: bool = False, column: Column | None = None
) -> Clause:
    """The condition of a term; its columns may lead the plan only if it is `free`.

    `column` is another one that holds the same value. A term of text has no condition: it only
    leads to rows that another term compares.
    """
    if term.options:
        join = sa.or_ if term.rule == "any" else sa.and_
        parts = (part for part in _parts(term, values) if part[0].rule != "text")
        return join(*(clause(option, some, free=free) for option, some in parts))
    field = term.field
    if field.kind is Kind.NAME:
        return _of_name(term, field, values, free)
    if field.kind is Kind.MODALITIES:
        return _of_modalities(term, field, values)
    if column is None:
        column = field.columns[0] if free else Unindexed(field.columns[0])
    if term.rule.startswith("joined_"):
        column = field.columns[0] + field.columns[1]
    return _RULES[term.rule.removeprefix("joined_")](column, values)


def leads(term: Term) -> bool:
    """Whether an index finds the rows of a term."""
    if term.options:
        test = all if term.rule == "any" else any
        return test(leads(option) for option in term.options)
    return term.rule == "text" or (term.field.indexed and term.rule in LEADING)


def is_ranged(term: Term) -> bool:
    """Whether what matches a term is what stands between two places of its indexes."""
    if term.options:
        return term.rule == "any" and all(is_ranged(option) for option in term.options)
    return term.rule in LEADING and term.field.kind is not Kind.MODALITIES


def finds(term: Term, values: Binds, engine: Engine) -> list[sa.Select[Any]]:
    """Selects of primary keys, each by an index of its own, whose union a leading term finds."""
    field = term.field
    if term.rule == "any":
        parts = _parts(term, values)
        return [one for option, some in parts for one in finds(option, some, engine)]
    if term.rule == "all":
        first, some = next(part for part in _parts(term, values) if leads(part[0]))
        return finds(first, some, engine)
    if term.rule == "text":
        return [engine.text_rows(field.columns[-1], values[0])]
    if field.kind is Kind.MODALITIES:
        found = _RULES[term.rule](field.columns[0], values)
        return [sa.select(STUDY_MODALITY.c.study_pk).where(found).correlate(None)]
    key = field.columns[0].table.primary_key.columns[0]
    if field.kind is Kind.REQUEST:
        key = SERIES_REQUEST.c.series_pk
    return [sa.select(key).where(one).correlate(None) for one in branches(term, values)]


def branches(term: Term, values: Binds) -> list[Clause]:
    """The conditions of a term, or of each of its options, one for each index that serves it."""
    if term.options:
        parts = _parts(term, values)
        return [one for option, some in parts for one in branches(option, some)]
    if term.field.kind is Kind.NAME:
        return list(_groups(term, term.field, values, free=True))
    return [clause(term, values, free=True)]


def is_exact(term: Term) -> bool:
    """Whether what a leading term `finds` is exactly what matches."""
    if term.options:
        return term.rule == "any" and all(is_exact(option) for option in term.options)
    return term.rule != "text"


def _parts(term: Term, values: Binds) -> Iterator[tuple[Term, Binds]]:
    start = 0
    for option in term.options:
        yield option, values[start : start + option.size]
        start += option.size


def _of_name(term: Term, field: Field, values: Binds, free: bool) -> Clause:
    """A name matches if one of its component groups does."""
    if term.rule in ("fuzzy", "empty"):
        return _RULES[term.rule](field.columns[3], values)
    return sa.or_(*_groups(term, field, values, free))


def _groups(term: Term, field: Field, values: Binds, free: bool) -> Iterator[Clause]:
    alphabetic, *others = field.columns[:3]
    yield _RULES[term.rule](alphabetic if free else Unindexed(alphabetic), values)
    for column in others:
        # The partial index is taken only where its condition stands in the query.
        filled = column != _NOTHING
        yield sa.and_(filled, _RULES[term.rule](column if free else Unindexed(column), values))


def _of_modalities(term: Term, field: Field, values: Binds) -> Clause:
    """A study matches if any of its series does; all its modalities are told (C.2.2.3)."""
    if term.rule == "empty":
        return _RULES[term.rule](field.columns[1], values)
    own = STUDY_MODALITY.c.study_pk == STUDY.c.pk
    return exists(STUDY, own, _RULES[term.rule](field.columns[0], values))


def exists(outer: sa.Table, *conditions: Clause) -> Clause:
    """Whether there is a row beside that of the `outer` table."""
    return sa.select(sa.literal_column("1")).where(*conditions).correlate(outer).exists()
