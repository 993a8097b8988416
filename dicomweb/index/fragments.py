"""Search results prepared at ingest: one DICOM JSON object for each row (PS3.18 10.6.3.3)."""

from collections.abc import Iterable
from functools import lru_cache

import orjson

from dicomweb.attributes import TABLES, Returned, level_of
from dicomweb.index.values import Elements
from dicomweb.resources import Level

SERVICE_ROOT = "\x01"  # cannot occur in JSON; whoever answers puts the root in its place
MODALITIES, AVAILABILITY, RETRIEVE_URL = "00080061", "00080056", "00081190"
STUDY_SERIES, STUDY_INSTANCES, SERIES_INSTANCES = "00201206", "00201208", "00201209"
CHARSET, TIMEZONE, SYNTAXES = "00080005", "00080201", "00083002"
STUDY_UID, SERIES_UID, INSTANCE_UID = "0020000D", "0020000E", "00080018"
# The attribute that follows Modalities in Study in every study's result.
_AFTER_MODALITIES = b'"00080090":'

_UNICODE = b'"00080005":{"vr":"CS","Value":["ISO_IR 192"]}'
_NAMES = ("studies", "series", "instances")
_ONLINE = b'{"vr":"CS","Value":["ONLINE"]}'


def _returned(level: Level) -> tuple[tuple[str, bytes], ...]:
    """Tags that a level returns, each with what tells that nothing is known (`b""`: leave out)."""
    return tuple(
        (item.tag, b'{"vr":"%b"}' % item.vr.encode() if item.returned is Returned.ALWAYS else b"")
        for item in TABLES[level]
        if item.returned is not Returned.IF_ASKED
    )


_RETURNED = {level: _returned(level) for level in Level}


def study(elements: Elements, uid: str) -> bytes:
    """The result of a new study: its modalities and counts are set later."""
    made = {
        AVAILABILITY: _ONLINE,
        MODALITIES: b"",
        RETRIEVE_URL: _url(uid),
        STUDY_UID: _uid(uid),
        STUDY_SERIES: _count(0),
        STUDY_INSTANCES: _count(0),
    }
    return _object(Level.STUDY, elements, made)


def series(elements: Elements, study_uid: str, uid: str) -> bytes:
    """The result of a new series: its count is set later. It tells its study's UID too."""
    made = {
        RETRIEVE_URL: _url(study_uid, uid),
        STUDY_UID: _uid(study_uid),
        SERIES_UID: _uid(uid),
        SERIES_INSTANCES: _count(0),
    }
    return _object(Level.SERIES, elements, made)


def instance(
    elements: Elements, study_uid: str, series_uid: str, uid: str, transfer_syntax: str
) -> bytes:
    """The result of an instance, with the UIDs of its series and study."""
    made = {
        INSTANCE_UID: _uid(uid),
        AVAILABILITY: _ONLINE,
        RETRIEVE_URL: _url(study_uid, series_uid, uid),
        SYNTAXES: _uid(transfer_syntax),
        STUDY_UID: _uid(study_uid),
        SERIES_UID: _uid(series_uid),
    }
    return _object(Level.INSTANCE, elements, made)


def attributes(elements: Elements, level: Level) -> bytes:
    """All attributes of an instance that describe its study (or its series), as one object."""
    return joined((tag, elements[tag]) for tag in sorted(elements) if level_of(tag) is level)


def joined(elements: Iterable[tuple[str, bytes]]) -> bytes:
    """A DICOM JSON object of ready elements, in the order given."""
    return b"{%b}" % b",".join(b'"%b":%b' % (tag.encode(), value) for tag, value in elements)


def values(vr: str, content: list[str]) -> bytes:
    """An element of text values."""
    return orjson.dumps({"vr": vr, "Value": content} if content else {"vr": vr})


def with_count(fragment: bytes, tag: str, count: int) -> bytes:
    """The fragment with another count, which is always there (an IS of one value)."""
    mark = b'"%b":{"vr":"IS","Value":[' % tag.encode()
    start = fragment.index(mark) + len(mark)
    return b"%b%d%b" % (fragment[:start], count, fragment[fragment.index(b"]", start) :])


def with_modalities(fragment: bytes, modalities: list[str]) -> bytes:
    """The study's fragment with these Modalities in Study.

    Without any the attribute is left out: an empty one makes OHIF show no studies at all.
    """
    end = fragment.index(_AFTER_MODALITIES)
    mark = b'"%b":' % MODALITIES.encode()
    start = fragment.find(mark, 0, end)
    told = mark + values("CS", modalities) + b"," if modalities else b""
    return fragment[: start if start >= 0 else end] + told + fragment[end:]


# Elements that are made here differ from level to level; all others are copied from the instance.
_UPPER = {
    Level.STUDY: (),
    Level.SERIES: ((TIMEZONE, b""), (RETRIEVE_URL, b""), (STUDY_UID, b"")),
    Level.INSTANCE: (
        (AVAILABILITY, b""),
        (TIMEZONE, b""),
        (RETRIEVE_URL, b""),
        (STUDY_UID, b""),
        (SERIES_UID, b""),
    ),
}
_ORDERED = {
    level: tuple(
        (tag, b'"%b":' % tag.encode(), unknown)
        for tag, unknown in sorted({*_RETURNED[level], *_UPPER[level]})
        if tag != CHARSET
    )
    for level in Level
}


def _object(level: Level, elements: Elements, made: dict[str, bytes]) -> bytes:
    """The elements that a level returns, sorted by tag (PS3.18 F.2.2)."""
    found = []
    for tag, mark, unknown in _ORDERED[level]:
        value = made[tag] if tag in made else elements.get(tag, unknown)
        # What is returned only if known is left out where it is empty.
        if value and (unknown or b":[" in value):
            found.append(mark + value)
    fragment = b"{%b}" % b",".join(found)
    # Specific Character Set is told where it matters: all answers are UTF-8.
    return fragment if fragment.isascii() else b"{%b,%b" % (_UNICODE, fragment[1:])


@lru_cache(maxsize=256)
def _uid(uid: str) -> bytes:
    return values("UI", [uid])


def _url(*uids: str) -> bytes:
    """The Retrieve URL of a study, of a series of it, of an instance of that."""
    path = "".join(map("/{}/{}".format, _NAMES, uids))
    return b'{"vr":"UR","Value":["\x01%b"]}' % path.encode()


def _count(number: int) -> bytes:
    return b'{"vr":"IS","Value":[%d]}' % number
