"""The workflow of a study: which steps are possible, who took them, when and why."""

from enum import StrEnum

from sqlmodel import Session

from dicomweb.access.permissions import Permission, Principal
from dicomweb.actor import Actor
from dicomweb.errors import BadRequest, Conflict, Forbidden
from extensions.radiology.tables import RadiologyStep, RadiologyStudy, utc_now


class Status(StrEnum):
    """Where a study stands, in the order of the work; `cancelled` stands beside."""

    SCHEDULED = "scheduled"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    READ = "read"
    REPORTED = "reported"
    VERIFIED = "verified"
    CANCELLED = "cancelled"


ORDER: tuple[Status, ...] = tuple(status for status in Status if status is not Status.CANCELLED)
# What has been reported was done: it is no longer cancelled, only stepped back from.
_CANCELLABLE = ORDER[: ORDER.index(Status.REPORTED)]


def possible(current: str) -> list[Status]:
    """The statuses that may follow without a reason."""
    if current == Status.CANCELLED:
        return []
    later: list[Status] = list(ORDER[ORDER.index(Status(current)) + 1 :])
    return [*later, Status.CANCELLED] if current in _CANCELLABLE else later


def is_back(current: str, to: str) -> bool:
    """Whether a step undoes work: to an earlier status, or out of `cancelled`."""
    if to == Status.CANCELLED:
        return False
    if current == Status.CANCELLED:
        return True
    return ORDER.index(Status(to)) < ORDER.index(Status(current))


def advance(
    session: Session,
    study: RadiologyStudy,
    to: str,
    actor: Actor,
    *,
    principal: Principal | None = None,
    reason: str = "",
) -> bool:
    """Take a step and remember it; false where the study is there already.

    A step back needs a `principal` with radiology:manage and a reason. Raises Conflict, which
    names the possible steps, Forbidden, and BadRequest without a reason.
    """
    if to == study.status:
        return False
    if is_back(study.status, to):
        if principal is None or not principal.may(Permission.MANAGE):
            raise Forbidden(
                f"A step back from {study.status} to {to} needs the permission "
                f"{Permission.MANAGE}; {_spelt(study.status)}."
            )
        if not reason.strip():
            raise BadRequest("reason: a step back needs one.")
    elif to not in possible(study.status):
        raise Conflict(f"A study that is {study.status} cannot become {to}; {_spelt(study.status)}")
    _take(session, study, to, actor, reason)
    return True


def _spelt(current: str) -> str:
    steps = ", ".join(possible(current))
    return f"possible steps are: {steps}" if steps else "no step forward is possible"


def _take(session: Session, study: RadiologyStudy, to: str, actor: Actor, reason: str) -> None:
    now, to = utc_now(), str(to)  # a driver would spell a member of an enumeration its own way
    session.add(
        RadiologyStep(
            study_id=study.id,
            from_status=study.status,
            to_status=to,
            reason=reason,
            at=now,
            by=actor.name,
        )
    )
    study.status = to
    touch(study, actor, now)
    session.add(study)


def touch(study: RadiologyStudy, actor: Actor, now: str = "") -> None:
    """Every change of a study's row: who, when, and a new version."""
    study.updated_at = now or utc_now()
    study.updated_by = actor.name
    study.version += 1


def reported(session: Session, study: RadiologyStudy, actor: Actor) -> bool:
    """A report that is no draft was made: the study is reported, from any earlier status.

    A verified study stays verified, a cancelled one cancelled. True where it changed.
    """
    if study.status in (Status.REPORTED, Status.VERIFIED, Status.CANCELLED):
        return False
    return advance(session, study, Status.REPORTED, actor)


def verified(session: Session, study: RadiologyStudy, actor: Actor) -> bool:
    """Its final report was verified. True where the status changed."""
    if study.status in (Status.VERIFIED, Status.CANCELLED):
        return False
    return advance(session, study, Status.VERIFIED, actor)
