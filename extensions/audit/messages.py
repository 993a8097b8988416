"""Lines of the trail as DICOM audit messages (PS3.15 A.5.1 the schema, A.5.3 the events)."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from dicomweb.actor import PROGRAM
from extensions.audit.entries import Action, Outcome
from extensions.audit.reading import shown

MEDIA_TYPE = "application/xml"
# The schema knows single messages; a list of them is put into an element of ours.
BEGIN = b'<?xml version="1.0" encoding="UTF-8"?>\n<AuditMessages>\n'
END = b"</AuditMessages>\n"
SOURCE = "lightbox"

Code = tuple[str, str, str]


def _dcm(code: int, meaning: str) -> Code:
    return str(code), "DCM", meaning


_USED = _dcm(110101, "Audit Log Used")
_ACCESSED = _dcm(110103, "DICOM Instances Accessed")
_ALERT = _dcm(110113, "Security Alert")
_AUTHENTICATION = _dcm(110114, "User Authentication")
_SOURCE_ROLE, _DESTINATION_ROLE = (
    _dcm(110153, "Source Role ID"),
    _dcm(110152, "Destination Role ID"),
)
_APPLICATION, _LAUNCHER = _dcm(110150, "Application"), _dcm(110151, "Application Launcher")
_STUDY = _dcm(110180, "Study Instance UID")
_QUERIED = _dcm(110181, "SOP Class UID")
_PATIENT: Code = ("2", "RFC-3881", "Patient Number")
_REPORT: Code = ("9", "RFC-3881", "Report Number")
_USER: Code = ("11", "RFC-3881", "User Identifier")
_URI: Code = ("12", "RFC-3881", "URI")
# Study Root Query/Retrieve Information Model - FIND (PS3.4): what a search is closest to.
_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
_INDICATOR = {Outcome.SUCCESS: "0", Outcome.REFUSED: "4", Outcome.FAILURE: "8"}


@dataclass(frozen=True, slots=True)
class Event:
    """An event of A.5.3: its codes, the action code, the stage of life of what it is about."""

    id: Code
    action: str
    type: Code | None = None
    stage: str = ""
    roles: tuple[Code | None, Code | None] = (None, None)


_TO_US, _FROM_US = (_SOURCE_ROLE, _DESTINATION_ROLE), (_DESTINATION_ROLE, _SOURCE_ROLE)
_EVENTS: dict[Action, Event] = {
    Action.STORE: Event(_dcm(110104, "DICOM Instances Transferred"), "C", stage="1", roles=_TO_US),
    Action.VIEW: Event(_ACCESSED, "R", stage="6"),
    Action.SEARCH: Event(_dcm(110112, "Query"), "E", roles=_TO_US),
    Action.EXPORT: Event(_dcm(110106, "Export"), "R", stage="10", roles=_FROM_US),
    Action.CREATE: Event(_dcm(110111, "Procedure Record"), "C", stage="1"),
    Action.CHANGE: Event(_dcm(110111, "Procedure Record"), "U", stage="3"),
    Action.DELETE: Event(_dcm(110105, "DICOM Study Deleted"), "D", stage="15"),
    Action.LOGIN: Event(_AUTHENTICATION, "E", _dcm(110122, "Login")),
    Action.LOGOUT: Event(_AUTHENTICATION, "E", _dcm(110123, "Logout")),
    Action.ACCOUNT: Event(_ALERT, "E", _dcm(110137, "User Security Attributes Changed")),
    Action.REFUSAL: Event(_ALERT, "E", _dcm(110132, "Use of Restricted Function")),
    Action.AUDIT: Event(_USED, "R"),
    Action.START: Event(
        _dcm(110100, "Application Activity"),
        "E",
        _dcm(110120, "Application Start"),
        roles=(_LAUNCHER, _APPLICATION),
    ),
    Action.STOP: Event(
        _dcm(110100, "Application Activity"),
        "E",
        _dcm(110121, "Application Stop"),
        roles=(_LAUNCHER, _APPLICATION),
    ),
}
# What comes by `dicomweb import`, from files (A.5.3.9).
_IMPORT = Event(_dcm(110107, "Import"), "C", stage="2", roles=_TO_US)
# Parts of a study that are deleted, and what else is (A.5.3.6, A.5.3.13).
_PART_DELETED = Event(_ACCESSED, "D", stage="15")
_RECORD_DELETED = Event(_dcm(110111, "Procedure Record"), "D", stage="15")
_OTHER_DELETED = Event(_ALERT, "E", _dcm(110135, "Object Security Attributes Changed"))


def event_of(row: Any) -> Event:
    """The event of a line."""
    action = Action(row.action)
    if action is Action.DELETE and row.kind != "study":
        return _PART_DELETED if row.kind in ("series", "instance") else _RECORD_DELETED
    if action is Action.STORE and row.actor == PROGRAM.name and not row.address:
        return _IMPORT
    return _EVENTS[action]


def message(row: Any) -> bytes:
    """One line of the trail as an AuditMessage."""
    event = event_of(row)
    root = Element("AuditMessage")
    _identify(root, row, event)
    _participants(root, row, event)
    SubElement(root, "AuditSourceIdentification", AuditSourceID=SOURCE)
    _objects(root, row, event)
    return tostring(root)


def document(rows: Iterable[Any]) -> Iterator[bytes]:
    """The messages of a list, without what stands around it."""
    for row in rows:
        yield message(row) + b"\n"


def _coded(parent: Element, name: str, code: Code) -> None:
    value, system, meaning = code
    attributes = {"csd-code": value, "codeSystemName": system, "originalText": meaning}
    SubElement(parent, name, attributes)


def _identify(root: Element, row: Any, event: Event) -> None:
    identification = SubElement(
        root,
        "EventIdentification",
        EventActionCode=event.action,
        EventDateTime=shown(row.time),
        EventOutcomeIndicator=_INDICATOR[Outcome(row.outcome)],
    )
    _coded(identification, "EventID", event.id)
    if event.type is not None:
        _coded(identification, "EventTypeCode", event.type)
    detail = "" if row.action == Action.SEARCH else row.detail  # the query has its own place
    words = [row.kind, detail, f"x{row.count}" if row.count != 1 else ""]
    description = SubElement(identification, "EventOutcomeDescription")
    description.text = " ".join([row.outcome, *filter(None, words)])


def _participants(root: Element, row: Any, event: Event) -> None:
    """Who did it, and the archive."""
    user, archive = event.roles
    attributes = {"UserID": row.actor or "unknown", "UserIsRequestor": "true"}
    if row.address:
        attributes |= {"NetworkAccessPointID": row.address, "NetworkAccessPointTypeCode": "2"}
    element = SubElement(root, "ActiveParticipant", attributes)
    if user is not None:
        _coded(element, "RoleIDCode", user)
    element = SubElement(root, "ActiveParticipant", UserID=SOURCE, UserIsRequestor="false")
    if archive is not None:
        _coded(element, "RoleIDCode", archive)


def _objects(root: Element, row: Any, event: Event) -> None:
    """What it was about: study and patient, or the query, the account, the trail."""
    if row.study:
        study = _object(root, row.study, "2", "3", _STUDY, "study", event.stage)
        _details(study, row)
        _describe(study, row)
    if row.patient or (row.study and row.outcome == Outcome.SUCCESS):
        _object(root, row.patient or "unknown", "1", "1", _PATIENT, "patient")
    if row.action == Action.SEARCH:
        query = f"{row.kind}?{row.detail}" if row.detail else row.kind
        _object(root, _FIND, "2", "3", _QUERIED, query=query)
    elif row.action == Action.AUDIT:
        _object(root, "/api/audit", "2", "13", _URI, "Security Audit Log")
    elif row.object and row.action in (Action.LOGIN, Action.LOGOUT, Action.ACCOUNT):
        _object(root, row.object, "1", "11", _USER, row.kind)
    elif row.object and row.action == Action.REFUSAL:
        _object(root, row.object, "2", "13", _URI, row.kind)
    elif row.object:
        _object(root, row.object, "2", "3", _REPORT, row.kind or "object", event.stage)


def _object(
    root: Element,
    id: str,
    type: str,
    role: str,
    code: Code,
    name: str = "",
    stage: str = "",
    *,
    query: str = "",
) -> Element:
    attributes = {
        "ParticipantObjectID": id,
        "ParticipantObjectTypeCode": type,
        "ParticipantObjectTypeCodeRole": role,
    }
    if stage:
        attributes["ParticipantObjectDataLifeCycle"] = stage
    element = SubElement(root, "ParticipantObjectIdentification", attributes)
    _coded(element, "ParticipantObjectIDTypeCode", code)
    if query:
        SubElement(element, "ParticipantObjectQuery").text = _base64(query)
    else:
        SubElement(element, "ParticipantObjectName").text = name
    return element


def _details(element: Element, row: Any) -> None:
    """What has no place of its own: values are base64, whatever they are."""
    for name in ("request", "series"):
        if value := getattr(row, name):
            SubElement(element, "ParticipantObjectDetail", type=name, value=_base64(value))


def _describe(element: Element, row: Any) -> None:
    """The instances of a store or a deletion, and how many they were."""
    uids = row.instances.split() or ([row.instance] if row.instance else [])
    if not uids and row.action not in (Action.STORE, Action.DELETE):
        return
    count = row.count if row.action in (Action.STORE, Action.DELETE) else len(uids)
    description = SubElement(element, "ParticipantObjectDescription")
    instances = SubElement(description, "SOPClass", NumberOfInstances=str(count))
    for uid in uids:
        SubElement(instances, "Instance", UID=uid)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
