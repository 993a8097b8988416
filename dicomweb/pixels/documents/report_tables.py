"""Tables inside a report: the TABLE content item (PS3.3 C.18.10)."""

from collections.abc import Callable

from dicomweb.pixels.attributes import Metadata, integer, items, text, values
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.page import Line, Row, Table, listed, plain, say

MAX_ROWS = 1000
MAX_COLUMNS = 50

_CODES = "00720080"
_SELECTOR_VR = "00720050"
_DATES: dict[str, Callable[[str], str]] = {
    "DA": wording.date,
    "TM": wording.time,
    "DT": wording.moment,
}


def table_of(found: Metadata) -> Table | None:
    """The tabulated values, as many as are shown; None without any."""
    tabulated = next(iter(items(found, "0040A801")), None)
    if tabulated is None:
        return None
    rows = min(max(integer(tabulated, "0040A802", 0) or 0, 0), MAX_ROWS)
    columns = min(max(integer(tabulated, "0040A803", 0) or 0, 0), MAX_COLUMNS)
    titles = _titles(tabulated, "0040A807", "0040A805")
    names = _titles(tabulated, "0040A806", "0040A804")
    cells = _cells(tabulated, rows, columns)
    return Table(
        columns=("", *(titles.get(n) or titles.get(0) or str(n) for n in range(1, columns + 1))),
        rows=tuple(
            Row(
                (
                    say(names.get(row) or names.get(0) or str(row)),
                    *(cells.get((row, column), ()) for column in range(1, columns + 1)),
                )
            )
            for row in range(1, rows + 1)
        ),
        numeric=tuple(range(1, columns + 1)),
    )


def is_cut(found: Metadata) -> bool:
    """Whether the table has more than is shown of it."""
    sizes = (
        (integer(each, "0040A802", 0) or 0, integer(each, "0040A803", 0) or 0)
        for each in items(found, "0040A801")
    )
    return any(rows > MAX_ROWS or columns > MAX_COLUMNS for rows, columns in sizes)


def _titles(tabulated: Metadata, sequence: str, number: str) -> dict[int, str]:
    """By row or column, 0 standing for all of them: the concept, its unit in brackets."""
    titles = {}
    for item in items(tabulated, sequence):
        unit = plain(wording.codes(item, "004008EA"))
        title = plain(wording.codes(item, "0040A043"))
        titles[integer(item, number, 0) or 0] = f"{title} ({unit})" if unit else title
    return titles


def _cells(tabulated: Metadata, rows: int, columns: int) -> dict[tuple[int, int], Line]:
    """An item is a cell, or a whole row or column where it has one number only."""
    cells: dict[tuple[int, int], Line] = {}
    for item in items(tabulated, "0040A808"):
        row, column = integer(item, "0040A804"), integer(item, "0040A805")
        found = _values(item)
        if row is not None and column is not None:
            cells[row, column] = listed([phrase for line in found for phrase in line])
        elif row is not None:
            cells |= {(row, n): line for n, line in enumerate(found[:columns], 1)}
        elif column is not None:
            cells |= {(n, column): line for n, line in enumerate(found[:rows], 1)}
    return cells


def _values(item: Metadata) -> list[Line]:
    """The Selector Value of whatever VR (PS3.3 C.18.10.1.2)."""
    if _CODES in item:
        return [(wording.coded(code),) for code in items(item, _CODES)]
    tag = next((tag for tag in item if tag.startswith("0072") and tag > _SELECTOR_VR), None)
    if tag is None:
        return []
    worded = _DATES.get(text(item, _SELECTOR_VR))
    return [say(worded(str(each)) if worded else wording.words(each)) for each in values(item, tag)]
