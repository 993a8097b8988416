"""Statements on the path of a store: built once, then run through the driver, a fifth of the cost.

All their values are named parameters; a session of either engine runs them in its transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

Parameters = Mapping[str, Any]


class Prepared:
    """A clause of SQLAlchemy whose text is made once for each dialect."""

    def __init__(self, clause: Any) -> None:
        self._clause = clause
        self._texts: dict[str, tuple[str, tuple[str, ...]]] = {}

    def run(self, session: Session, rows: Sequence[Parameters]) -> None:
        """Once for each row of parameters."""
        connection = session.connection()
        sql, order = self._text(connection.dialect)
        cursor = connection.connection.cursor()
        cursor.executemany(sql, [_values(row, order) for row in rows])
        cursor.close()

    def rows(self, session: Session, parameters: Parameters) -> list[dict[str, Any]]:
        """What a SELECT finds, by the names of its columns."""
        connection = session.connection()
        sql, order = self._text(connection.dialect)
        cursor = connection.connection.cursor()
        cursor.execute(sql, _values(parameters, order))
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        cursor.close()
        return found

    def _text(self, dialect: Any) -> tuple[str, tuple[str, ...]]:
        """The SQL in the driver's own words, and the order of its values; none: by name."""
        found = self._texts.get(dialect.name)
        if found is None:
            compiled = self._clause.compile(dialect=dialect)
            found = self._texts[dialect.name] = str(compiled), tuple(compiled.positiontup or ())
        return found


def _values(row: Parameters, order: Sequence[str]) -> Any:
    return tuple(row[name] for name in order) if order else row
