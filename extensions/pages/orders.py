"""One order: what is to be done for whom, how far it is, its images; and the form to write it."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.types import ASGIApp

from dicomweb.access.permissions import Permission, Principal
from dicomweb.answers import in_thread
from dicomweb.archive import Archive
from extensions.pages import words
from extensions.pages.rendering import page
from extensions.pages.worklist import PRIORITIES, line_of, needs_radiology

if TYPE_CHECKING:
    from extensions.radiology.shapes import Step, Study
    from extensions.radiology.tables import RadiologyStudy

# What a report makes of its study; nobody steps there by hand.
BY_REPORTS = ("reported", "verified")
SEXES = {"F": "female", "M": "male", "O": "other"}


@dataclass(frozen=True, slots=True)
class Past:
    """One step that was taken."""

    to: str
    at: str  # "21 Nov 2026, 14:05 UTC"
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """One status on the way of an order: `state` is "done", "now" or "ahead"."""

    status: str
    state: str


async def order(request: Request) -> ASGIApp:
    """The page of the order, or study, that the path names by its id or its UID."""
    return await in_thread(_order, request)


async def new_order(request: Request) -> ASGIApp:
    """An empty form; `?like=` names an order of the same patient."""
    return await in_thread(_new, request)


async def changed_order(request: Request) -> ASGIApp:
    """The form with what is known."""
    return await in_thread(_changed, request)


def _order(request: Request) -> ASGIApp:
    row, study = _study(request, request.path_params["id"])
    from extensions.radiology.statuses import history_of
    from extensions.radiology.telling import series_told

    archive: Archive = request.state.archive
    with archive.reading() as session:
        history = history_of(session, row)
        series = series_told(session, archive, row)
    principal: Principal = request.scope["principal"]
    return page(
        request,
        "order.html",
        order=study,
        line=line_of(study, date.today()),
        age=_age(study),
        past=[_past(step) for step in reversed(history)],
        stops=_stops(study.status),
        ahead=_ahead(study.status),
        back=_back(study.status) if principal.may(Permission.MANAGE) else [],
        series=series,
        ordered=row.origin == "order",
        physician=words.person(study.referring_physician or ""),
        created=words.moment(study.created_at),
        priorities=PRIORITIES,
    )


def _study(request: Request, id: str) -> "tuple[RadiologyStudy, Study]":
    """The row and what the API tells of it. Raises NotFound or Gone."""
    needs_radiology(request)
    from extensions.radiology.lookup import find_study
    from extensions.radiology.telling import studies_told

    archive: Archive = request.state.archive
    with archive.reading() as session:
        row = find_study(session, request.scope["principal"], id)
    (study,) = studies_told(archive, [row])
    return row, study


def _age(study: "Study") -> str:
    """At the study, as the list of studies has it."""
    born, then = (each or "" for each in (study.patient_birth_date, study.study_date))
    spelt = {"00100030": born, "00080020": then}
    return words.age({tag: {"Value": [day.replace("-", "")]} for tag, day in spelt.items()})


def _past(step: "Step") -> Past:
    return Past(str(step.to_status), words.moment(step.at), step.by or "", step.reason or "")


def _stops(status: str) -> list[Stop]:
    from extensions.radiology.workflow import ORDER

    if status not in ORDER:
        return []
    at = [str(each) for each in ORDER].index(status)
    states = ["done"] * at + ["now"] + ["ahead"] * (len(ORDER) - at - 1)
    return [Stop(str(each), state) for each, state in zip(ORDER, states, strict=True)]


def _ahead(status: str) -> list[str]:
    from extensions.radiology.workflow import possible

    return [str(each) for each in possible(status) if each not in BY_REPORTS]


def _back(status: str) -> list[str]:
    """Where a manager may step back to, the nearest first."""
    from extensions.radiology.workflow import ORDER, is_back

    behind = [str(each) for each in ORDER if is_back(status, each) and each not in BY_REPORTS]
    return behind[::-1] if status in ORDER else behind


def _new(request: Request) -> ASGIApp:
    needs_radiology(request)
    like = request.query_params.get("like", "")
    known = _study(request, like)[1] if like else None
    fields = ("patient_id", "patient_name", "patient_birth_date", "patient_sex")
    values = {name: getattr(known, name) for name in fields} if known else {}
    values |= {"study_date": date.today().isoformat(), "priority": "routine"}
    return _form(request, values)


def _changed(request: Request) -> ASGIApp:
    row, study = _study(request, request.path_params["id"])
    values = study.model_dump(mode="json")
    return _form(request, values, order=study, by_files=row.origin != "order")


def _form(
    request: Request,
    values: dict[str, Any],
    *,
    order: "Study | None" = None,
    by_files: bool = False,
) -> ASGIApp:
    """`by_files`: nobody ordered the study, so that its files say whose it is."""
    from extensions.radiology.modalities import MODALITIES

    name = values.get("patient_name") or ""
    family, _, given = name.partition("^")
    return page(
        request,
        "order_form.html",
        order=order,
        by_files=by_files,
        value=lambda field: values.get(field) or "",
        whole_name=name if "^" in given or "=" in name else "",
        family=family,
        given=given,
        modalities={code: f"{code} · {name}" for code, name in MODALITIES.items()},
        priorities=PRIORITIES,
        sexes=SEXES,
        today=date.today().isoformat(),
    )
