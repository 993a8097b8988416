"""A report as PDF, ready to be printed and signed: A4, its own typeface embedded."""

from dataclasses import replace
from functools import cache
from io import BytesIO
from threading import Lock
from typing import Any

from extensions.radiology.report_layout import (
    BOLD,
    FACE,
    GREY,
    RED,
    Pages,
    Rule,
    Style,
    Written,
    lines,
    measured,
)
from extensions.radiology.report_scripts import ASIAN_FACES, has_boxes, runs
from extensions.radiology.report_sheet import Part, Sheet

_A4 = (595.28, 841.89)  # points
_MARGIN = 54.0  # three quarters of an inch
_TEXT = Style()
_TITLE = Style(BOLD, 18, 24)
_MARK = Style(BOLD, 12, 18, RED)
_PART = Style(BOLD, 13, 18)
_SECTION = Style(BOLD, 10.5, 15)
_NOTICE = Style(BOLD, 10, 16)
_LABEL = Style(FACE, 8.5, 13, GREY)
_FACT = Style(FACE, 9.5, 13)
_SIGNED = Style(FACE, 9, 13, GREY)
_EDGE = Style(FACE, 8, 10, GREY)
_EDGE_MARK = Style(BOLD, 9, 10, RED)
_MORE = "…"
# The library keeps fonts in globals: one document at a time.
_LOCK = Lock()


def pdf(sheet: Sheet) -> bytes:
    """The PDF of a report; the same report gives the same bytes."""
    with _LOCK:
        _register()
        pages = _laid_out(sheet)
        return _drawn(sheet, pages.pages)


@cache
def _register() -> None:
    """The typefaces: ours embedded; of Han, Kana and Hangul those that every PDF reader has."""
    from reportlab.pdfbase import ttfonts
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    from dicomweb.pixels import lettering

    ttfonts.makeToUnicodeCMap = _to_unicode  # its own spells no character beyond the first plane
    registerFont(TTFont(FACE, str(lettering.FACE)))
    registerFont(TTFont(BOLD, str(lettering.BOLD_FACE)))
    for name in ASIAN_FACES:
        registerFont(UnicodeCIDFont(name))


def _to_unicode(face: str, subset: list[int]) -> str:
    """Which characters the glyphs are (ISO 32000-1 9.10.3): in UTF-16, a hundred to a block."""
    spelt = [
        f"<{code:02X}> <{chr(each).encode('utf-16-be').hex().upper()}>"
        for code, each in enumerate(subset)
    ]
    blocks = []
    for start in range(0, len(spelt), 100):
        some = spelt[start : start + 100]
        blocks += [f"{len(some)} beginbfchar", *some, "endbfchar"]
    return "\n".join(
        (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            f"/CIDSystemInfo << /Registry ({face}) /Ordering ({face}) /Supplement 0 >> def",
            f"/CMapName /{face} def /CMapType 2 def",
            f"1 begincodespacerange <00> <{len(subset) - 1:02X}> endcodespacerange",
            *blocks,
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        )
    )


def _laid_out(sheet: Sheet) -> Pages:
    width, height = _A4
    pages = Pages(_MARGIN, width - 2 * _MARGIN, height - _MARGIN - 8, _MARGIN)
    if sheet.mark:
        pages.write(sheet.mark, _MARK)
    pages.write(sheet.title, _TITLE)
    pages.space(6)
    _write_facts(pages, sheet)
    pages.space(8)
    pages.rule(pages.width, 1.2)
    if sheet.notice:
        pages.space(6)
        pages.write(sheet.notice, _NOTICE)
    for part in sheet.parts:
        _write_part(pages, part)
    return pages


def _write_facts(pages: Pages, sheet: Sheet) -> None:
    """Labels and values, two pairs beside each other, read line by line."""
    half, label = pages.width / 2, 92.0
    for number in range(0, len(sheet.facts), 2):
        cells = []
        for column, (name, value) in enumerate(sheet.facts[number : number + 2]):
            x = pages.left + column * half
            cells.append((name, _LABEL, x, label))
            cells.append((value[:300], _FACT, x + label, half - label - 8))
        pages.columns(cells)


def _write_part(pages: Pages, part: Part) -> None:
    if part.title:
        pages.space(22)
        pages.need(90)
        pages.write(part.title, _PART)
    for passage in part.passages:
        pages.space(12)
        pages.need(46)  # a title never stands alone at the foot of a page
        pages.write(passage.title, _SECTION)
        pages.space(1)
        pages.write(passage.text, _TEXT)
    pages.space(20)
    pages.need(10 + _SIGNED.leading * len(part.signatures))
    pages.rule(pages.width / 3, 0.6)
    pages.space(3)
    for signature in part.signatures:
        pages.write(str(signature), _SIGNED)


def _drawn(sheet: Sheet, pages: list[list[Written | Rule]]) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=_A4, invariant=1, lang="en", initialFontName=FACE)
    canvas.setTitle(sheet.title)
    canvas.setAuthor(sheet.report.finalized_by or sheet.report.updated_by)
    canvas.setSubject(f"{sheet.report.report_type} report, version {sheet.report.version}")
    canvas.setCreator("Lightbox")
    for number, page in enumerate(pages, 1):
        for each in (*page, *_margins(sheet, number, len(pages))):
            _draw(canvas, each)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _margins(sheet: Sheet, number: int, count: int) -> list[Written]:
    """Who the page is about, what it is, and which it is: a page may come loose."""
    width, height = _A4
    study, report = sheet.study, sheet.report
    top, foot, right = height - _MARGIN + 8, _MARGIN - 24, width - _MARGIN
    third = (width - 2 * _MARGIN) / 3
    found = [
        _line(f"Report {report.id}, version {report.version}", _EDGE, _MARGIN, foot),
        _line(f"Page {number} of {count}", _EDGE, right, foot, 1),
    ]
    if number > 1:
        found += _patient(sheet, top, third if sheet.mark else 2 * third)
        found.append(_line(study.accession_number, _EDGE, right, top, 1, room=third))
        found.append(_line(sheet.mark, _EDGE_MARK, width / 2, top, 0.5))
    found.append(_line(sheet.mark, _EDGE_MARK, right - 80, foot, 1))
    return found


def _patient(sheet: Sheet, top: float, room: float) -> list[Written]:
    """Name and Patient ID, above each other where the line is too short for both."""
    who = [each for each in (dict(sheet.facts).get("Patient"), sheet.study.patient_id) if each]
    if measured(" · ".join(who), _EDGE) <= room:
        who = [" · ".join(who)]
    return [
        _line(each, _EDGE, _MARGIN, top + _EDGE.leading * above, room=room)
        for above, each in enumerate(reversed(who))
    ]


def _line(
    text: str, style: Style, x: float, y: float, part: float = 0.0, room: float = 400.0
) -> Written:
    """One line, cut to `room` with an ellipsis; `part` of it stands left of `x`."""
    first, *cut = lines(text[:200], style, 0, room)
    if cut:
        first = next(iter(lines(text[:200], style, 0, room - measured(_MORE, style))))
        first = replace(first, shown=first.shown + _MORE, said=first.said + _MORE)
    return replace(first, x=x - part * measured(first.shown, style), y=y)


def _draw(canvas: Any, each: Written | Rule) -> None:
    if isinstance(each, Rule):
        canvas.setStrokeColor(GREY)
        canvas.setLineWidth(each.thickness)
        canvas.line(each.x, each.y, each.x + each.width, each.y)
        return
    text = canvas.beginText(each.x, each.y)
    text.setFillColor(each.style.colour)
    for face, run in runs(each.shown, each.style.face):
        text.setFont(face, each.style.size)
        text.textOut(run)
    if each.shown == each.said and not has_boxes(each.shown):
        canvas.drawText(text)
        return
    # What is drawn from right to left, or as boxes, is copied and read aloud as it was typed.
    said = each.said.encode("utf-16-be").hex()
    canvas._code.append(f"/Span <</ActualText <FEFF{said}>>> BDC")
    canvas.drawText(text)
    canvas._code.append("EMC")
