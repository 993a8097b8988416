"""Searches: which statement answers a query, and what is made of its rows (PS3.18 10.6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from dicomweb.attributes import RANK
from dicomweb.errors import BadRequest
from dicomweb.index.answers import Assembler, Parts, is_ready, wants_patients
from dicomweb.index.clauses import leads
from dicomweb.index.cursors import cursor_of, place_of
from dicomweb.index.database import Database, Statement, compiled
from dicomweb.index.datasets import Datasets
from dicomweb.index.fields import SORTED, Kind
from dicomweb.index.residue import Residue, split
from dicomweb.index.selects import Plan, Shape, Want, keys, select
from dicomweb.index.tables import STUDY
from dicomweb.index.terms import Part, Term
from dicomweb.query import Query, UidList
from dicomweb.resources import Level

# How many further results are counted: a search costs the same however many there are.
COUNTED = 250
# A term that finds more rows than this leads worse than the order of the newest studies.
SELECTIVE = 1000
# So many of the newest studies are looked through before an index leads that finds more than the
# SELECTIVE: what matches may be old, all of it.
RECENT = 5000
# So many rows can be looked at, and so many given, in well under a millisecond.
_QUICK_ROWS = 300
_QUICK_RESULTS = 200
_PAGE = 500
_ALL = 2**62
_SCOPE = (("0020000D",), ("0020000E",))
_SINCE = Term("since", ("00080020",))
_FLOOR = Statement(
    sa.select(STUDY.c.moment)
    .order_by(STUDY.c.moment.desc(), STUDY.c.uid)
    .limit(sa.literal_column("1"))
    .offset(sa.bindparam("recent"))
)
_Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of results, each a DICOM JSON object with \\x01 for the service root.

    `remaining` results come after them: exactly so many below COUNTED, at least so many there, and
    at least one after a slow search. `cursor` asks for the next page (`cursor=` in the URL); it is
    empty at the end.
    """

    fragments: list[bytes]
    remaining: int = 0
    cursor: str = ""


class Lead(NamedTuple):
    """A search led by one of its terms, and the statement that tells how many rows that finds."""

    shape: Shape
    probe: Shape | None  # None where it finds one row for each UID


class Statements:
    """The statements of searches, each built once for its shape, and the rows that they find."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._sql = lru_cache(maxsize=2048)(self._build)
        self.keys = lru_cache(maxsize=256)(keys)
        self.leads = lru_cache(maxsize=2048)(_leads)

    def _build(self, shape: Shape) -> str:
        engine = self.database.engine
        return compiled(select(shape, engine), engine)

    def rows(self, shape: Shape, values: dict[str, Any], offset: int, limit: int) -> Sequence[_Row]:
        parameters = {**values, "offset": offset, "limit": limit}
        return self.database.fetch_sql(self._sql(shape), parameters)

    def numbers(self, shape: Shape, values: dict[str, Any], offset: int, limit: int) -> list[int]:
        """The one row of a statement that counts."""
        return list(self.rows(shape, values, offset, limit)[0])


class Search:
    """One query, planned when it is first asked about.

    Raises BadRequest for an order or a cursor that cannot be had, and TooLarge where keys without
    columns would have too many data sets read.
    """

    def __init__(self, query: Query, statements: Statements, datasets: Datasets) -> None:
        self._query = query
        self._statements = statements
        self._datasets = datasets
        parts, self._slow = split(query, statements.database.engine)
        self._ready = is_ready(query)
        self._shape, self._values = _shape(query, parts, Want.RESULT if self._ready else Want.PARTS)
        self._led = False
        self._total = -1  # how many results there are, where that is known
        self._wide: Shape | None = None  # led by the one term there is, though it finds many rows

    @property
    def is_quick(self) -> bool:
        """Whether `find` takes well under a millisecond: fit for an event loop."""
        query = self._query
        if self._slow or not self._ready or not self._statements.database.engine.local:
            return False
        few = query.limit <= _QUICK_RESULTS and query.offset <= _QUICK_RESULTS * 5
        self._lead(_QUICK_ROWS)
        shape = self._shape
        if shape.plan is Plan.KEYED:
            # The studies and series of a path, of UIDs, or of what was counted, are not many.
            quick = shape.terms[shape.lead].rule != "text"
            return quick and (few or shape.level is not Level.INSTANCE)
        own = (Kind.MOMENT, Kind.MODALITIES) if shape.plan is Plan.MODALITY else (Kind.MOMENT,)
        led = not query.order and all(term.field.kind in own for term in shape.terms)
        return few and led

    def find(self) -> Found:
        """One page of results."""
        query = self._query
        if self._slow:
            return self._slowly()
        self._lead(SELECTIVE)
        if not self._total:
            return Found([])
        rows = self._recent() or self._rows(query.offset, query.limit + 1)
        fragments = self._results(rows[: query.limit])
        if len(rows) <= query.limit:
            return Found(fragments)
        told = query.offset + query.limit
        remaining = self._total - told if self._total > 0 else self._count(told, COUNTED)
        return Found(fragments, remaining, cursor_of(fragments[-1]) if fragments else "")

    def exists(self) -> bool:
        """Whether there is any result."""
        if self._slow:
            return next(self._matching(), None) is not None
        self._lead(SELECTIVE)
        return bool(self._total) and (self._wide is not None or bool(self._rows(0, 1)))

    def count(self) -> int:
        """How many results there are in all, whatever the page."""
        if self._slow:
            return sum(1 for _ in self._matching())
        self._lead(SELECTIVE)
        return self._count(0, _ALL) if self._total else 0

    def _rows(self, offset: int, limit: int) -> Sequence[_Row]:
        return self._statements.rows(self._shape, self._values, offset, limit)

    def _recent(self) -> Sequence[_Row]:
        """The page, if it is found among the newest studies; if not, a wide term leads."""
        if self._wide is None:
            return ()
        floor = self._statements.database.fetch(_FLOOR, {"recent": RECENT})
        if floor:
            bounded = self._shape._replace(terms=(*self._shape.terms, _SINCE))
            values = {**self._values, f"p{len(self._values)}": floor[0][0]}
            wanted = self._query.limit + 1
            rows = self._statements.rows(bounded, values, self._query.offset, wanted)
            if len(rows) == wanted:
                return rows
            self._shape = self._wide
        return ()

    def _lead(self, most: int) -> None:
        """Let the first term lead that finds no more than `most` rows by an index."""
        self._begin()
        if self._led:
            return
        self._wide = None
        for keyed, probe in self._statements.leads(self._shape):
            counts = [0]
            if probe is not None:
                counts = self._statements.numbers(probe, self._values, 0, most + 1)
            found = sum(counts)
            if 0 < sum(map(bool, counts)) < len(counts):
                used = tuple(place for place, count in enumerate(counts) if count)
                keyed = keyed._replace(used=used)
            if found <= most:
                self._led = True
                self._shape = keyed
                # One study may be found by two indexes, and is one result.
                exact = probe is not None and (not found or (keyed.alone and max(counts) == found))
                self._total = found if exact else -1
                return
            if keyed.alone:
                self._wide = keyed
        self._led = most >= SELECTIVE

    def _begin(self) -> None:
        """Where a cursor says that the results begin."""
        query, shape = self._query, self._shape
        if not query.cursor or shape.after:
            return
        row = place_of(query.cursor, query.level)
        if query.limited and not _is_within(query, row.study):
            raise _gone()
        place = Shape(query.level, shape.scope, (), order=shape.order, want=Want.PLACE)
        uids = {"study": row.study, "series": row.series, "instance": row.instance}
        found = self._statements.rows(place, uids, 0, 1)
        if not found:
            raise _gone()
        self._shape = shape._replace(after=True)
        self._values |= {f"c{place}": value for place, value in enumerate(found[0])}

    def _count(self, offset: int, limit: int) -> int:
        shape = self._shape._replace(want=Want.COUNT)
        return self._statements.numbers(shape, self._values, offset, limit)[0]

    def _results(self, rows: Sequence[_Row]) -> list[bytes]:
        level, want = self._shape.level, self._shape.want
        if want is Want.PARTS:
            parts = [part for part in self._parts(rows) if part]
            assembler = self._assembler(parts)
            return [assembler.result(part) for part in parts]
        if level is not Level.INSTANCE:
            return [row[0] for row in rows]
        decode = self._datasets.decoder(row[1] for row in rows).decode
        return [found for row in rows if (found := decode(row[1], row[0]))]

    def _parts(self, rows: Sequence[_Row]) -> list[Parts | None]:
        """The parts of each row; None where the series was deleted meanwhile."""
        level = self._shape.level
        if level is Level.STUDY:
            return [Parts(*row[:5]) for row in rows]
        decode = self._datasets.decoder(row[5] for row in rows).decode
        width = 8 if level is Level.SERIES else 10
        found = (Parts(*row[:7], *(decode(row[5], one) for one in row[7:width])) for row in rows)
        return [part if part.series_attributes else None for part in found]

    def _assembler(self, parts: Sequence[Parts]) -> Assembler:
        wanted = wants_patients(self._query)
        ids = sorted({part.patient_id for part in parts if part.patient_id}) if wanted else []
        return Assembler(self._query, self._datasets.patients(ids) if ids else {})

    def _slowly(self) -> Found:
        """A page of results that are matched one by one."""
        query = self._query
        end = query.offset + query.limit
        found = list(islice(self._matching(), end + 1))
        page = found[query.offset : end]
        assembler = self._assembler(page)
        results = [assembler.result(part) for part in page]
        if len(found) <= end:
            return Found(results)
        return Found(results, 1, cursor_of(results[-1]) if results else "")

    def _matching(self) -> Iterator[Parts]:
        """All rows that match, read page by page, each behind the last one before it."""
        self._shape = self._shape._replace(want=Want.PARTS)
        self._lead(SELECTIVE)
        residue = Residue(self._query, self._slow, self._datasets.below)
        assembler = Assembler(self._query, {})
        shape, values = self._shape, self._values
        width = len(self._statements.keys(shape))
        while True:
            rows = self._statements.rows(shape, values, 0, _PAGE)
            for part in self._parts(rows):
                if part and residue.holds(part, assembler):
                    yield part
            if len(rows) < _PAGE:
                return
            shape = shape._replace(after=True)
            behind = enumerate(rows[-1][-width:])
            values = {**values, **{f"c{place}": value for place, value in behind}}


def _is_within(query: Query, study: str) -> bool:
    """Whether a limited query could have found something of this study."""
    rules = (match.rule for match in query.matches if match.path == _SCOPE[0])
    return all(study in rule.uids for rule in rules if isinstance(rule, UidList))


def _gone() -> BadRequest:
    return BadRequest("cursor: the result that it points at is gone; begin again.")


def _shape(query: Query, parts: list[Part], want: Want) -> tuple[Shape, dict[str, Any]]:
    """The query with the newest studies leading, or those of one modality, or its path."""
    for order in query.order:
        level = SORTED.get(order.tag, (None,))[0]
        if level is None or RANK[level] > RANK[query.level]:
            raise BadRequest(f"orderby: results of this search have no order by {order.tag}.")
    path = [uid for uid in (query.within.study, query.within.series) if uid]
    scope = [(Term("among", _SCOPE[place]), (uid,)) for place, uid in enumerate(path)]
    terms = tuple(term for term, _ in (*scope, *parts))
    values = (value for _, some in (*scope, *parts) for value in some)
    parameters = {f"p{place}": value for place, value in enumerate(values)}
    order_by = tuple((order.tag, order.descending) for order in query.order)
    shape = Shape(query.level, len(scope), terms, order=order_by, want=want)
    if scope:
        shape = shape._replace(plan=Plan.KEYED, lead=0)
    elif not query.order:
        one = (place for place, term in enumerate(terms) if _is_one_modality(term))
        lead = next(one, -1)
        shape = shape._replace(plan=Plan.MODALITY, lead=lead) if lead >= 0 else shape
    return shape, parameters


def _leads(shape: Shape) -> tuple[Lead, ...]:
    """The terms of a shape that may lead it, the surest first."""
    if shape.scope:
        return ()
    places = [place for place, term in enumerate(shape.terms) if leads(term)]
    places.sort(key=lambda place: not shape.terms[place].field.unique)
    found = []
    for place in places:
        keyed = shape._replace(plan=Plan.KEYED, lead=place)
        unique = shape.terms[place].field.unique
        probe = keyed._replace(want=Want.PROBE, order=(), after=False)
        if shape.plan is not Plan.MODALITY or shape.lead != place:
            found.append(Lead(keyed, None if unique else probe))
    return tuple(found)


def _is_one_modality(term: Term) -> bool:
    return term.field.kind is Kind.MODALITIES and term.rule == "equal"
