"""The schema of DICOM audit messages, PS3.15 A.5.1, written down once more, and what checks it."""

import re
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime
from xml.etree.ElementTree import Element

TOKEN, DIGITS = r"\S(.*\S)?", r"[0-9]+"
CODED = {"csd-code": TOKEN, "codeSystemName": TOKEN, "displayName?": TOKEN, "originalText": TOKEN}


@dataclass(frozen=True)
class Rule:
    """Attributes (those with ? are optional), children with ? * + in their order, what text is."""

    attributes: dict[str, str] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    text: str = ""


_CODES = Rule(CODED)
_ROLES = "|".join(map(str, range(1, 27)))
_STAGES = "|".join(map(str, range(1, 16)))
RULES = {
    "AuditMessage": Rule(
        children=(
            "EventIdentification",
            "ActiveParticipant+",
            "AuditSourceIdentification",
            "ParticipantObjectIdentification*",
        )
    ),
    "EventIdentification": Rule(
        {
            "EventActionCode?": "[CRUDE]",
            "EventDateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
            "EventOutcomeIndicator": "0|4|8|12",
        },
        ("EventID", "EventTypeCode*", "EventOutcomeDescription?"),
    ),
    "EventID": _CODES,
    "EventTypeCode": _CODES,
    "EventOutcomeDescription": Rule(text=".*"),
    "ActiveParticipant": Rule(
        {
            "UserID": ".+",
            "AlternativeUserID?": ".*",
            "UserName?": ".*",
            "UserIsRequestor": "true|false|0|1",
            "NetworkAccessPointID?": TOKEN,
            "NetworkAccessPointTypeCode?": "[1-5]",
        },
        ("RoleIDCode*",),
    ),
    "RoleIDCode": _CODES,
    "AuditSourceIdentification": Rule({"AuditEnterpriseSiteID?": TOKEN, "AuditSourceID": TOKEN}),
    "ParticipantObjectIdentification": Rule(
        {
            "ParticipantObjectID": TOKEN,
            "ParticipantObjectTypeCode?": "[1-4]",
            "ParticipantObjectTypeCodeRole?": _ROLES,
            "ParticipantObjectDataLifeCycle?": _STAGES,
            "ParticipantObjectSensitivity?": TOKEN,
        },
        (
            "ParticipantObjectIDTypeCode",
            "ParticipantObjectName|ParticipantObjectQuery",
            "ParticipantObjectDetail*",
            "ParticipantObjectDescription*",
        ),
    ),
    "ParticipantObjectIDTypeCode": _CODES,
    "ParticipantObjectName": Rule(text=".*"),
    "ParticipantObjectQuery": Rule(text="base64"),
    "ParticipantObjectDetail": Rule({"type": TOKEN, "value": "base64"}),
    "ParticipantObjectDescription": Rule(children=("SOPClass*",)),
    "SOPClass": Rule({"UID?": TOKEN, "NumberOfInstances": DIGITS}, ("Instance*",)),
    "Instance": Rule({"UID": TOKEN}),
}


def check(element: Element) -> None:
    """Fails where the element, or one below it, is not as the schema has it."""
    rule = RULES[element.tag]
    allowed = {name.rstrip("?"): pattern for name, pattern in rule.attributes.items()}
    assert element.attrib.keys() <= allowed.keys(), element.attrib
    for name in rule.attributes:
        assert name.endswith("?") or name in element.attrib, (element.tag, name)
    for name, value in element.attrib.items():
        _check_text(value, allowed[name])
    if "EventDateTime" in element.attrib:
        datetime.fromisoformat(element.attrib["EventDateTime"])
    pattern = "".join(_grammar(child) for child in rule.children)
    order = "".join(f"<{child.tag}>" for child in element)
    assert re.fullmatch(pattern, order), (element.tag, order)
    if rule.text:
        _check_text(element.text or "", rule.text)
    else:
        assert not (element.text or "").strip()
    for child in element:
        check(child)


def _grammar(child: str) -> str:
    name = child.rstrip("?*+")
    names = "|".join(f"<{each}>" for each in name.split("|"))
    return f"({names}){child[len(name) :]}"


def _check_text(text: str, pattern: str) -> None:
    if pattern == "base64":
        b64decode(text, validate=True)
    else:
        assert re.fullmatch(pattern, text, re.DOTALL), (text, pattern)
