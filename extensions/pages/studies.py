"""The study list at /: search, filters, order and page, all of them in the URL."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.types import ASGIApp

from dicomweb.access.permissions import Principal
from dicomweb.answers import in_thread
from dicomweb.archive import Archive
from extensions.pages import reading, words
from extensions.pages.rendering import page
from extensions.pages.searching import MODALITIES, SORTS, Listed, Wanted, find

ROWS = (25, 50, 100)
# The modalities that a person looks for; any other can be typed into the search box.
OFFERED = ("CT", "MR", "CR", "DX", "US", "MG", "PT", "NM", "XA", "RF", "SM", "ECG", "OT")
PERIODS = {
    "": ("Any date", 0),
    "1": ("Today", 0),
    "7": ("Last 7 days", 6),
    "31": ("Last 31 days", 30),
    "366": ("Last 12 months", 365),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One study as the list shows it."""

    uid: str
    name: str
    patient_id: str
    born: str
    age: str
    sex: str
    date: str
    time: str
    description: str
    accession: str
    modalities: list[str]
    series: int
    images: int
    state: str = ""
    report: str = ""


def row_of(study: dict[str, Any], known: reading.Known | None = None) -> Row:
    """The row of a search result."""
    uid = words.text(study, "0020000D")
    return Row(
        uid=uid,
        name=words.name(study, "00100010"),
        patient_id=words.text(study, "00100020"),
        born=words.dated(study, "00100030"),
        age=words.age(study),
        sex=words.sex(study),
        date=words.dated(study, "00080020"),
        time=words.timed(study, "00080030"),
        description=words.text(study, "00081030"),
        accession=words.text(study, "00080050"),
        modalities=words.texts(study, "00080061"),
        series=int(words.value(study, "00201206") or 0),
        images=int(words.value(study, "00201208") or 0),
        state=known.state if known else "",
        report=known.report if known else "",
    )


async def studies(request: Request) -> ASGIApp:
    """The page of the list that the URL asks for."""
    return await in_thread(_studies, request)


def _studies(request: Request) -> ASGIApp:
    archive: Archive = request.state.archive
    principal: Principal = request.scope["principal"]
    period = request.query_params.get("period", "")
    period = period if period in PERIODS else ""
    wanted = wanted_of(request, period, principal)
    listed = find(archive, wanted)
    uids = [words.text(study, "0020000D") for study in listed.studies]
    known = reading.known(request, uids)
    rows = [row_of(study, known.get(uid)) for uid, study in zip(uids, listed.studies, strict=True)]
    filtered = bool(wanted.text or wanted.modality or wanted.since or wanted.until)
    return page(
        request,
        "studies.html",
        wanted=wanted,
        period=period,
        listed=listed,
        rows=rows,
        filtered=filtered,
        first=wanted.offset + 1,
        last=wanted.offset + len(rows),
        pages=-(-listed.total // wanted.rows),
        modalities=OFFERED if wanted.modality in ("", *OFFERED) else (wanted.modality, *OFFERED),
        periods=PERIODS,
        sizes=ROWS,
        states=bool(known),
        address=lambda **changed: _address(request, wanted, period, changed),
        counted=_counted(listed),
        since=_iso(wanted.since),
        until=_iso(wanted.until),
    )


def wanted_of(request: Request, period: str, principal: Principal) -> Wanted:
    """What the URL asks for; what cannot be understood is as if it were not there."""
    query = request.query_params
    since, until = (day_of(query.get(name, "")) for name in ("from", "to"))
    if period:
        since, until = f"{date.today() - timedelta(PERIODS[period][1]):%Y%m%d}", ""
    if since and until and since > until:
        since, until = until, since
    modality = query.get("modality", "").upper()
    sort = query.get("sort", "date")
    sort = sort if sort in SORTS else "date"
    order = query.get("order", "")
    descending = order == "down" if order in ("up", "down") else sort == "date"
    rows = number_of(query.get("rows", ""), ROWS[0])
    return Wanted(
        text=query.get("q", "").replace("\0", "").strip()[:200],
        modality=modality if modality in MODALITIES else "",
        since=since,
        until=until,
        sort=sort,
        descending=descending,
        page=max(1, number_of(query.get("page", ""), 1)),
        rows=rows if rows in ROWS else ROWS[0],
        studies=principal.studies,
    )


def number_of(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else otherwise


def day_of(text: str) -> str:
    """`2026-11-21`, as a browser's date field has it, as DICOM has it."""
    try:
        return f"{date.fromisoformat(text):%Y%m%d}".zfill(8)
    except ValueError:
        return ""


def _address(request: Request, wanted: Wanted, period: str, changed: dict[str, Any]) -> str:
    """The URL of this list with something changed; another order or filter begins at page 1."""
    plain = {
        "q": wanted.text,
        "modality": wanted.modality,
        "period": period,
        "from": "" if period else _iso(wanted.since),
        "to": "" if period else _iso(wanted.until),
        "sort": wanted.sort if (wanted.sort, wanted.descending) != ("date", True) else "",
        "order": "" if wanted.descending == (wanted.sort == "date") else _order(wanted.descending),
        "rows": wanted.rows if wanted.rows != ROWS[0] else "",
        **changed,
    }
    kept = {name: value for name, value in plain.items() if value not in ("", None, 1)}
    return f"?{urlencode(kept)}" if kept else "?"


def _order(descending: bool) -> str:
    return "down" if descending else "up"


def _iso(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else ""


def _counted(listed: Listed) -> str:
    count = words.plural(listed.total, "study", "studies")
    return count if listed.exact else f"more than {count}"
