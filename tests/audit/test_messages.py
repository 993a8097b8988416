"""The trail as DICOM audit messages (PS3.15 A.5), against the schema and the events' codes."""

from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from servers import Server

from dicomweb.actor import PROGRAM, Actor
from extensions.audit.entries import Action, Entry, Outcome, row
from extensions.audit.messages import message
from tests.audit.schema import check
from tests.audit.trails import lines, stored, view

STUDY, SERIES, INSTANCE = "1.2.3", "1.2.3.4", "1.2.3.4.5"


def _message(entry: Entry) -> ElementTree.Element:
    found = ElementTree.fromstring(message(SimpleNamespace(pk=1, batch=None, **row(entry))))
    check(found)
    return found


def _codes(found: ElementTree.Element, path: str) -> list[str]:
    return [element.attrib["csd-code"] for element in found.findall(path)]


@pytest.mark.parametrize(
    ("action", "kind", "event", "type", "code"),
    [
        (Action.STORE, "instances", "110104", None, "C"),
        (Action.VIEW, "frames", "110103", None, "R"),
        (Action.SEARCH, "studies", "110112", None, "E"),
        (Action.EXPORT, "zip", "110106", None, "R"),
        (Action.CREATE, "report", "110111", None, "C"),
        (Action.CHANGE, "report", "110111", None, "U"),
        (Action.DELETE, "study", "110105", None, "D"),
        (Action.DELETE, "series", "110103", None, "D"),
        (Action.DELETE, "report", "110111", None, "D"),
        (Action.LOGIN, "password", "110114", "110122", "E"),
        (Action.LOGOUT, "", "110114", "110123", "E"),
        (Action.ACCOUNT, "key", "110113", "110137", "E"),
        (Action.REFUSAL, "403", "110113", "110132", "E"),
        (Action.AUDIT, "audit", "110101", None, "R"),
        (Action.START, "server", "110100", "110120", "E"),
        (Action.STOP, "server", "110100", "110121", "E"),
    ],
)
def test_each_action_has_its_event(
    action: Action, kind: str, event: str, type: str | None, code: str
) -> None:
    actor = Actor("jane", "10.0.0.1", "r-1")
    found = _message(Entry(action, actor, kind, study=STUDY, patient="P1", object="thing"))
    assert _codes(found, "EventIdentification/EventID") == [event]
    assert _codes(found, "EventIdentification/EventTypeCode") == ([type] if type else [])
    identification = found.find("EventIdentification")
    assert identification is not None
    assert identification.attrib["EventActionCode"] == code


def test_an_import_from_the_command_line_is_one() -> None:
    found = _message(Entry(Action.STORE, PROGRAM, "instances", study=STUDY, patient="P1"))
    assert _codes(found, "EventIdentification/EventID") == ["110107"]


@pytest.mark.parametrize("action", [Action.STORE, Action.VIEW, Action.EXPORT, Action.DELETE])
def test_what_is_about_images_names_study_and_patient(action: Action) -> None:
    uids = (INSTANCE, f"{INSTANCE}.6")
    entry = Entry(action, Actor("jane"), "study", study=STUDY, series=SERIES, patient="P1", count=2)
    found = _message(entry)
    objects = found.findall("ParticipantObjectIdentification")
    assert [each.attrib["ParticipantObjectID"] for each in objects] == [STUDY, "P1"]
    assert _codes(found, "*/ParticipantObjectIDTypeCode") == ["110180", "2"]
    several = Entry(action, Actor("jane"), study=STUDY, instances=uids, patient="P1", count=2)
    listed = _message(several).findall(".//SOPClass/Instance")
    assert [each.attrib["UID"] for each in listed] == list(uids)


@pytest.mark.parametrize(
    ("outcome", "indicator"),
    [(Outcome.SUCCESS, "0"), (Outcome.REFUSED, "4"), (Outcome.FAILURE, "8")],
)
def test_the_outcome_is_told(outcome: Outcome, indicator: str) -> None:
    found = _message(Entry(Action.LOGIN, Actor("", "10.0.0.1"), "password", outcome, object="joe"))
    identification = found.find("EventIdentification")
    assert identification is not None
    assert identification.attrib["EventOutcomeIndicator"] == indicator
    participant = found.find("ActiveParticipant")
    assert participant is not None
    assert participant.attrib["UserID"] == "unknown"
    assert participant.attrib["NetworkAccessPointID"] == "10.0.0.1"


@given(text=st.text(max_size=50), action=st.sampled_from(Action))
def test_whatever_clients_send_is_well_formed(text: str, action: Action) -> None:
    entry = Entry(action, Actor(text, text, text), text, object=text, detail=text, patient=text)
    found: Any = ElementTree.fromstring(message(SimpleNamespace(pk=1, batch=None, **row(entry))))
    assert found.find("EventIdentification/EventID") is not None


def test_the_server_streams_what_fits_the_schema(server: Server) -> None:
    dataset = stored(server)
    view(server, dataset)
    server_trail = lines(server)
    answer = requests.get(f"{server.address}/api/audit.xml", timeout=60)
    assert answer.headers["Content-Type"] == "application/xml"
    whole = ElementTree.fromstring(answer.content)
    assert whole.tag == "AuditMessages"
    assert len(whole) >= len(server_trail)
    for each in whole:
        check(each)


def test_the_same_by_accept_and_with_filters(server: Server) -> None:
    study = stored(server).StudyInstanceUID
    answer = requests.get(
        f"{server.address}/api/audit",
        params={"study": study, "limit": 1},
        headers={"Accept": "application/xml"},
        timeout=60,
    )
    (found,) = ElementTree.fromstring(answer.content)
    assert _codes(found, "EventIdentification/EventID") == ["110104"]
    headers = {"Accept": "image/png"}
    assert (
        requests.get(f"{server.address}/api/audit", headers=headers, timeout=60).status_code == 406
    )
