"""What differs between two versions of a report, line by line, in bounded time."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain

from extensions.radiology.report_shapes import Diff, FieldDiff, Piece
from extensions.radiology.report_tables import SECTIONS, RadiologyReportVersion

# Comparing takes the square of the lines: longer sections are told as replaced whole.
MAX_LINES = 1_000
CONTEXT = 3
_FIELDS = {
    "reportType": "report_type",
    "status": "status",
    "clinicalHistory": "clinical_history",
    "technique": "technique",
    "comparison": "comparison",
    "findings": "findings",
    "impression": "impression",
    "recommendations": "recommendations",
    "templateId": "template_id",
}
assert set(SECTIONS) < set(_FIELDS.values())

_Step = tuple[str, int, int, int, int]


def difference(old: RadiologyReportVersion, new: RadiologyReportVersion) -> Diff:
    """Every field that differs, in the order in which a report is read."""
    changes: list[FieldDiff] = []
    unified: list[str] = []
    for name, attribute in _FIELDS.items():
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before == after:
            continue
        lines = before.splitlines(), after.splitlines()
        matcher = _matcher(*lines)
        pieces = list(_pieces(*lines, matcher.get_opcodes()))
        changes.append(FieldDiff(field=name, before=before, after=after, pieces=pieces))
        titles = f"{name} (version {old.version})", f"{name} (version {new.version})"
        unified += _unified(*titles, *lines, matcher)
    return Diff(from_=old.version, to=new.version, changes=changes, unified="\n".join(unified))


def _matcher(before: list[str], after: list[str]) -> SequenceMatcher[str]:
    if max(len(before), len(after)) > MAX_LINES:
        return SequenceMatcher(lambda line: True, before, after)  # every line is junk: no matches
    return SequenceMatcher(None, before, after, autojunk=False)


def _pieces(before: list[str], after: list[str], steps: Sequence[_Step]) -> Iterator[Piece]:
    for _, low, high, start, end in steps:
        if before[low:high] == after[start:end]:
            yield Piece(op="equal", text="\n".join(before[low:high]))
            continue
        if low < high:
            yield Piece(op="delete", text="\n".join(before[low:high]))
        if start < end:
            yield Piece(op="insert", text="\n".join(after[start:end]))


def _unified(
    old: str, new: str, before: list[str], after: list[str], matcher: SequenceMatcher[str]
) -> Iterator[str]:
    """As `diff -u` prints it."""
    yield f"--- {old}"
    yield f"+++ {new}"
    for group in matcher.get_grouped_opcodes(CONTEXT):
        first, last = group[0], group[-1]
        removed, added = (first[1], last[2]), (first[3], last[4])
        yield f"@@ -{_range(*removed)} +{_range(*added)} @@"
        for step, low, high, start, end in group:
            if step == "equal":
                yield from (f" {line}" for line in before[low:high])
                continue
            gone = (f"-{line}" for line in before[low:high])
            yield from chain(gone, (f"+{line}" for line in after[start:end]))


def _range(low: int, high: int) -> str:
    """The lines of a hunk, counted from 1; an empty one names the line before it."""
    return f"{low + 1 if high > low else low},{high - low}"
