"""What each path below the service root takes and gives: capabilities and statement tell it.

The routes come from the application, media types from the offers that services negotiate with,
keys from the tables of searches: what is not registered, or not offered, is not told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from dicomweb.attributes import TABLES, Attribute
from dicomweb.pixels.documents.kinds import Kind, media_types
from dicomweb.pixels.targets import TARGETS
from dicomweb.resources import Level
from dicomweb.wire.media_types import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    EXPLICIT_LITTLE_ENDIAN,
    RELATED,
    TRANSFER_SYNTAXES,
    ZIP,
    content_type,
)
from dicomweb.wire.negotiation import Offers
from dicomweb.wire.offers import frame_offers, instance_offers, metadata_offers, store_offers

WADL = "application/vnd.sun.wadl+xml"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter; `options` are its values where they are few."""

    name: str
    meaning: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One transaction on one kind of resource; `extension` when it is none of PS3.18."""

    name: str
    clause: str
    statuses: tuple[int, ...]
    gives: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    levels: tuple[Level, ...] = ()
    extension: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the surface: the path is relative to the service root, `/studies/{study}`."""

    method: str
    path: str
    permission: str
    operation: Operation


_TRUTH = ("true", "false")
_ACCEPT = Parameter("accept", "media types, as the Accept header has them")
_CHARSET = Parameter("charset", "character set of the text")
_FIELDS = Parameter("includefield", "attributes to give besides, by keyword or tag; or all")
_KEYS = (
    Parameter("fuzzymatching", "names by the beginnings of their parts", _TRUTH),
    Parameter("emptyvaluematching", 'the value "" matches what is absent or empty', _TRUTH),
    Parameter("multiplevaluematching", "values joined by a backslash are alternatives", _TRUTH),
)
_PAGE = (
    Parameter("limit", "most results of an answer"),
    Parameter("offset", "results to pass over"),
    Parameter("orderby", "keywords or tags, descending ones with a minus (an addition of ours)"),
    Parameter("cursor", "of the link to the next page (an addition of ours)"),
)
SEARCH_PARAMETERS = (*_KEYS, _FIELDS, *_PAGE, _ACCEPT, _CHARSET)
_RENDERING = (
    Parameter("annotation", "burnt in", ("patient", "technique")),
    Parameter("quality", "1 to 100, of lossy media types"),
    Parameter("viewport", "vw,vh[,sx,sy,sw,sh]"),
    Parameter("window", "center,width,function: linear, linear-exact or sigmoid"),
    Parameter("iccprofile", "", ("no", "yes", "srgb", "adobergb", "rommrgb")),
    Parameter("overlays", "yes burns in overlay planes (an addition of ours)", ("yes", "no")),
    _ACCEPT,
    _CHARSET,
)
_PICTURES = media_types(Kind.IMAGE)
_RENDERED = tuple(dict.fromkeys(name for kind in Kind for name in media_types(kind)))


def _given(offers: Offers) -> tuple[str, ...]:
    return tuple(dict.fromkeys(content_type(each.media_type, each.inner) for each in offers.items))


def _frames() -> tuple[str, ...]:
    every = frozenset(uid for uids in TRANSFER_SYNTAXES.values() for uid in uids)
    return _given(frame_offers(EXPLICIT_LITTLE_ENDIAN, frozenset(TARGETS) | every, single=True))


_INSTANCES = _given(instance_offers(EXPLICIT_LITTLE_ENDIAN, frozenset(TARGETS)))
_INSTANCE = _given(instance_offers(EXPLICIT_LITTLE_ENDIAN, frozenset(TARGETS), single=True))
_METADATA, _DATA_SETS = _given(metadata_offers(single=True)), _given(metadata_offers())
STORED_TYPES = (
    *(content_type(RELATED, name) for name in (DICOM, DICOM_JSON, DICOM_XML)),
    *(DICOM, DICOM_JSON, DICOM_XML, ZIP),
)
_READ = (200, 304, 400, 404, 406, 410, 412)
_BULK = Operation("RetrieveBulkdata", "PS3.18 10.4", (200, 206, *_READ[1:], 416), _frames())

_BY_LAST_WORD: dict[tuple[str, str], Operation] = {
    ("POST", "studies"): Operation(
        "StoreInstances",
        "PS3.18 10.5",
        (200, 202, 400, 409, 413, 415, 503),
        _given(store_offers()),
        STORED_TYPES,
        (_ACCEPT,),
    ),
    ("GET", "metadata"): Operation(
        "RetrieveMetadata", "PS3.18 10.4", _READ, _METADATA, (), (_FIELDS, _ACCEPT, _CHARSET)
    ),
    ("GET", "frames"): replace(_BULK, name="RetrieveFrames", parameters=(_ACCEPT,)),
    ("GET", "bulkdata"): replace(_BULK, parameters=(_ACCEPT,)),
    ("GET", "pixeldata"): replace(_BULK, name="RetrievePixelData", parameters=(_ACCEPT,)),
    ("GET", "rendered"): Operation(
        "RetrieveRendered",
        "PS3.18 10.4",
        (*_BULK.statuses[:-1], 413, 416),
        _RENDERED,
        (),
        _RENDERING,
    ),
    ("GET", "thumbnail"): Operation(
        "RetrieveThumbnail",
        "PS3.18 10.4",
        (*_READ, 416),
        _PICTURES[:2],
        (),
        (Parameter("viewport", "vw,vh"), _ACCEPT),
    ),
    ("OPTIONS", ""): Operation(
        "RetrieveCapabilities", "PS3.18 8.9", (200, 304, 406, 412), (WADL, JSON), (), (_ACCEPT,)
    ),
}
_SEARCHED = {
    "/studies": (Level.STUDY,),
    "/studies/{study}/series": (Level.SERIES,),
    "/studies/{study}/instances": (Level.SERIES, Level.INSTANCE),
    "/studies/{study}/series/{series}/instances": (Level.INSTANCE,),
    "/series": (Level.STUDY, Level.SERIES),
    "/instances": (Level.STUDY, Level.SERIES, Level.INSTANCE),
}
_NOUNS = {"studies": "Studies", "series": "Series", "instances": "Instances"}


def operation(method: str, path: str) -> Operation | None:
    """What is done at a path below the service root; None for what is told nowhere."""
    words = [word for word in path.split("/") if word and not word.startswith("{")]
    last = words[-1] if words else ""
    if method == "GET" and path in _SEARCHED:
        return Operation(
            f"SearchFor{_NOUNS[last]}",
            "PS3.18 10.6",
            (200, 400, 406, 413),
            _DATA_SETS,
            (),
            SEARCH_PARAMETERS,
            _SEARCHED[path],
        )
    if method == "GET" and last == "count":
        counted = path.removesuffix("/count")
        return Operation(
            f"Count{_NOUNS[words[-2]]}",
            "beyond PS3.18",
            (200, 400, 406, 413),
            (JSON,),
            (),
            (*_KEYS, _ACCEPT),
            _SEARCHED.get(counted, ()),
            extension=True,
        )
    if method == "DELETE":
        name = f"Delete{_NOUNS[last]}"
        return Operation(name, "beyond PS3.18", (204, 400, 404, 410), extension=True)
    if method == "GET" and last in _NOUNS and path.endswith("}"):
        types, ranges = (_INSTANCE, (416,)) if last == "instances" else (_INSTANCES, ())
        statuses = (200, 206, *_READ[1:], 413, *ranges)
        return Operation(f"Retrieve{_NOUNS[last]}", "PS3.18 10.4", statuses, types, (), (_ACCEPT,))
    return _BY_LAST_WORD.get((method, last))


def entries(routes: Iterable[Any], root: str) -> list[Entry]:
    """The surface below `root`, from the routes of the application, sorted by path."""
    found = []
    for route in routes:
        path = getattr(route, "path", "")
        if path != root and not path.startswith(f"{root}/"):
            continue
        below = path.removeprefix(root).replace(":path}", "}")
        for method in sorted(route.methods - {"HEAD"}):
            if known := operation(method, below):
                found.append(Entry(method, below, str(route.permission), known))
    return sorted(found, key=lambda entry: (entry.path, entry.method))


def keys(levels: Iterable[Level]) -> list[Attribute]:
    """The search attributes of the levels, by their tags."""
    return sorted((each for level in levels for each in TABLES[level]), key=lambda each: each.tag)
