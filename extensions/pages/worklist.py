"""The worklist at /worklist: what is to be examined and to be read, the most urgent first.

The rows are those of the radiology API, asked in the process itself; every state is in the URL.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.types import ASGIApp

from dicomweb.access.permissions import Permission, Principal
from dicomweb.answers import in_thread
from dicomweb.errors import NotFound
from extensions.pages import words
from extensions.pages.reading import RADIOLOGY
from extensions.pages.rendering import page
from extensions.pages.studies import ROWS, day_of, number_of

if TYPE_CHECKING:
    from extensions.json_api import Page
    from extensions.radiology.shapes import Study

# The tabs: what stands in the URL, what on the tab, the statuses behind it (none: every one).
STAGES = {
    "examine": ("To examine", ("scheduled", "arrived", "in_progress")),
    "read": ("To read", ("completed", "read")),
    "done": ("Reported", ("reported", "verified")),
    "cancelled": ("Cancelled", ("cancelled",)),
    "all": ("All", ()),
}
PRIORITIES = ("stat", "asap", "urgent", "routine")
# What stands in the URL: what is said of it, the first and the last day, counted from today.
PERIODS = {
    "": ("Any date", None, None),
    "today": ("Today", 0, 0),
    "tomorrow": ("Tomorrow", 1, 1),
    "next7": ("Next 7 days", 0, 6),
    "last7": ("Last 7 days", -6, 0),
    "last31": ("Last 31 days", -30, 0),
}
# The step that usually comes next, as the button of a row says it.
NEXT_STEPS = {
    "scheduled": ("arrived", "Arrived"),
    "arrived": ("in_progress", "Start"),
    "in_progress": ("completed", "Complete"),
    "completed": ("read", "Mark as read"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One list: tab, filters and page. Dates are ISO; empty is what is not asked for."""

    stage: str
    text: str = ""
    status: str = ""
    modality: str = ""
    assigned: str = ""  # "me", "nobody", or an account
    priority: str = ""
    period: str = ""
    since: str = ""
    until: str = ""
    page: int = 1
    rows: int = ROWS[0]

    @property
    def filtered(self) -> bool:
        """Whether anything but the tab narrows the list down."""
        return replace(self, page=1, rows=ROWS[0]) != Asked(self.stage)

    @property
    def statuses(self) -> tuple[str, ...]:
        """Those that are wanted; empty: all."""
        return (self.status,) if self.status else STAGES[self.stage][1]


@dataclass(frozen=True, slots=True)
class Line:
    """One order or study as the worklist shows it."""

    id: str
    uid: str
    name: str
    patient_id: str
    born: str
    sex: str
    date: str
    time: str
    when: str  # "today", "in 3 days", "2 days ago"
    late: bool
    modality: str
    description: str
    body_part: str
    accession: str
    priority: str
    status: str
    assigned: str
    images: int
    version: int
    step: tuple[str, str] | None  # the usual next status, and what the button says


async def worklist(request: Request) -> ASGIApp:
    """The page of the worklist that the URL asks for."""
    return await in_thread(_worklist, request)


def needs_radiology(request: Request) -> None:
    """Raises NotFound where the extension is left out."""
    if RADIOLOGY not in request.state.settings.extensions:
        raise NotFound("This server has no radiology extension: there is no worklist here.")


def _worklist(request: Request) -> ASGIApp:
    needs_radiology(request)
    from extensions.radiology.modalities import MODALITIES

    principal: Principal = request.scope["principal"]
    asked = asked_of(request, principal)
    found = _found(request, asked)
    rows = [line_of(study, date.today()) for study in found.rows]
    tally = _tally(request, asked)
    return page(
        request,
        "worklist.html",
        asked=asked,
        rows=rows,
        total=found.total,
        first=(asked.page - 1) * asked.rows + 1,
        last=(asked.page - 1) * asked.rows + len(rows),
        pages=-(-found.total // asked.rows),
        tabs=[(key, said, _counted(tally, key)) for key, (said, _) in STAGES.items()],
        statuses=STAGES[asked.stage][1] or tuple(s for _, some in STAGES.values() for s in some),
        modalities=MODALITIES,
        priorities=PRIORITIES,
        periods=PERIODS,
        period=asked.period,
        since=asked.since,
        until=asked.until,
        sizes=ROWS,
        address=partial(_address, asked),
        pairs=lambda some: [(each, each) for each in some],
    )


def home_of(principal: Principal) -> str:
    """The tab that a person sees first: who only reads has nothing to examine."""
    reads = principal.may(Permission.REPORT) and not principal.may(Permission.CREATE)
    return "read" if reads else "examine"


def asked_of(request: Request, principal: Principal) -> Asked:
    """What the URL asks for; what cannot be understood is as if it were not there."""
    query = request.query_params
    given = {name: query.get(name, "").replace("\0", "").strip()[:200] for name in query}
    stage = given.get("stage", "")
    stage = stage if stage in STAGES else home_of(principal)
    status = given.get("status", "")
    known = STAGES[stage][1] or [each for _, some in STAGES.values() for each in some]
    period = given.get("period", "")
    period = period if period in PERIODS else ""
    since, until = _days(period) if period else (_iso(given, "from"), _iso(given, "to"))
    if since and until and since > until:
        since, until = until, since
    priority, rows = given.get("priority", ""), number_of(given.get("rows", ""), ROWS[0])
    return Asked(
        stage=stage,
        text=given.get("q", ""),
        status=status if status in known else "",
        modality=_modality(given.get("modality", "")),
        assigned=given.get("assigned", ""),
        priority=priority if priority in PRIORITIES else "",
        period=period,
        since=since,
        until=until,
        page=max(1, number_of(given.get("page", ""), 1)),
        rows=rows if rows in ROWS else ROWS[0],
    )


def _modality(text: str) -> str:
    code = text.upper()
    return code if code.isascii() and code.isalnum() and len(code) <= 16 else ""


def _iso(given: dict[str, str], name: str) -> str:
    found = day_of(given.get(name, ""))
    return f"{found[:4]}-{found[4:6]}-{found[6:]}" if found else ""


def _days(period: str) -> tuple[str, str]:
    _, first, last = PERIODS[period]
    today = date.today()
    return tuple((today + timedelta(each or 0)).isoformat() for each in (first, last))  # type: ignore[return-value]


def _filters(asked: Asked) -> dict[str, Any]:
    """As the API's query has them."""
    somebody = asked.assigned not in ("", "nobody")
    return {
        "q": asked.text or None,
        "modality": asked.modality or None,
        "priority": asked.priority or None,
        "assigned_to": asked.assigned if somebody else None,
        "unassigned": True if asked.assigned == "nobody" else None,
        "date_from": asked.since or None,
        "date_to": asked.until or None,
    }


def _found(request: Request, asked: Asked) -> "Page[Study]":
    """What waits as the API's worklist has it; what is done as its list of studies."""
    from extensions.radiology import listing
    from extensions.radiology.shapes import StudyQuery, WorkQuery

    paging = {"page": asked.page, "limit": asked.rows}
    fields = {**_filters(asked), **paging, "status": list(asked.statuses) or None}
    if asked.stage in ("examine", "read"):
        return listing.worklist(request, WorkQuery(**fields))
    return listing.listed(request, StudyQuery(**fields))


def _tally(request: Request, asked: Asked) -> dict[str, int]:
    """How many there are in each status, with the other filters."""
    from extensions.radiology import listing
    from extensions.radiology.shapes import StudyFilters

    return listing.tally(request, StudyFilters(**_filters(asked)))


def _counted(tally: dict[str, int], stage: str) -> int:
    statuses = STAGES[stage][1]
    return sum(many for status, many in tally.items() if not statuses or status in statuses)


def line_of(study: "Study", today: date) -> Line:
    """The row of a study."""
    day = words.iso_day(study.study_date)
    status = str(study.status)
    waits = status in STAGES["examine"][1] and not study.number_of_images
    return Line(
        id=study.id,
        uid=study.study_instance_uid,
        name=words.person(study.patient_name or ""),
        patient_id=study.patient_id or "",
        born=words.written(words.iso_day(study.patient_birth_date)),
        sex=words.SEXES.get(study.patient_sex or "", ""),
        date=words.written(day),
        time=(study.study_time or "")[:5],
        when=words.distance(day, today) if waits else "",
        late=bool(waits and day and day < today),
        modality=study.modality or "",
        description=study.study_description or "",
        body_part=(study.body_part or "").lower().replace("_", " "),
        accession=study.accession_number or "",
        priority=study.priority,
        status=status,
        assigned=study.assigned_to or "",
        images=study.number_of_images,
        version=study.version,
        step=NEXT_STEPS.get(status),
    )


def _address(asked: Asked, **changed: Any) -> str:
    """The URL of this list with something changed; another filter begins at page 1."""
    plain = {
        "stage": asked.stage,
        "q": asked.text,
        "status": asked.status if changed.get("stage", asked.stage) == asked.stage else "",
        "modality": asked.modality,
        "assigned": asked.assigned,
        "priority": asked.priority,
        "period": asked.period,
        "from": "" if asked.period else asked.since,
        "to": "" if asked.period else asked.until,
        "rows": asked.rows if asked.rows != ROWS[0] else "",
        **changed,
    }
    return "?" + urlencode({name: each for name, each in plain.items() if each not in ("", 1)})
