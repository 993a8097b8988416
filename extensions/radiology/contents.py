"""What the archive holds of studies and series: counts, sizes, and the facts of every image."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from dicomweb.archive import Archive, Location
from dicomweb.errors import Refusal
from dicomweb.pixels.functional_groups import either
from dicomweb.query import MAX_RESULTS, Asked, Match, Order, Query, UidList
from dicomweb.resources import Level, Resource
from extensions.radiology.wording import value_text

_STUDY_UID, _SERIES_UID, _SOP_UID = "0020000D", "0020000E", "00080018"
_INSTANCE_NUMBER, _FRAMES = "00200013", "00280008"
# Documents about images lie in series of their own: they are read, reported and shown by all
# viewers, but nobody counts them among a study's images.
_DOCUMENTS = frozenset({"SR", "DOC", "KO", "PR"})
_DOCUMENT_CLASSES = tuple(f"1.2.840.10008.5.1.4.1.1.{branch}." for branch in ("88", "104", "11"))
# More than this at once makes a statement that takes longer to build than to run.
_UIDS = 500
# Beyond what every search of instances returns.
_ASKED = (
    Asked("00280004", "CS"),
    Asked(_FRAMES, "IS"),
    Asked("00280010", "US"),
    Asked("00280011", "US"),
    Asked("00280030", "DS"),
    Asked("00280101", "US"),
    Asked("00281050", "DS"),
    Asked("00281051", "DS"),
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many series and images a study has."""

    series: int = 0
    images: int = 0

    def and_series(self, more: int) -> "Counts":
        """With so many series more."""
        return replace(self, series=self.series + more)


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """A series of the archive, as its first file tells of it."""

    study: str
    uid: str
    number: int | None
    modality: str
    description: str
    body_part: str
    images: int


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image of the archive: where it is, and its attributes as DICOM JSON."""

    location: Location
    attributes: dict[str, Any]


def counts(archive: Archive, studies: Sequence[str]) -> dict[str, Counts]:
    """Of the studies with these Study Instance UIDs that have images."""
    found: dict[str, Counts] = {}
    reported: list[str] = []
    for start in range(0, len(studies), _UIDS):
        some = tuple(studies[start : start + _UIDS])
        match = Match((_STUDY_UID,), "UI", UidList(some), ("",))
        for each in results(archive, Query(Level.STUDY, matches=(match,))):
            uid = value_text(each[_STUDY_UID])
            found[uid] = Counts(number(each, "00201206") or 0, number(each, "00201208") or 0)
            if not _DOCUMENTS.isdisjoint(each.get("00080061", {}).get("Value", [])):
                reported.append(uid)
    for uid in reported:
        series = series_of(archive, uid)
        found[uid] = Counts(len(series), sum(each.images for each in series))
    return found


def series_of(archive: Archive, study: str) -> list[StoredSeries]:
    """The series of images of a study in the order of their numbers; none where it has none."""
    found = [_series(each) for each in results(archive, Query(Level.SERIES, Resource(study)))]
    found = [each for each in found if each.modality not in _DOCUMENTS]
    return sorted(found, key=lambda each: (each.number is None, each.number or 0, each.uid))


def series_named(archive: Archive, uid: str) -> list[StoredSeries]:
    """The series with this UID: rarely, files of several studies claim the same."""
    match = Match((_SERIES_UID,), "UI", UidList((uid,)), ("",))
    return [_series(each) for each in results(archive, Query(Level.SERIES, matches=(match,)))]


def places_of(archive: Archive, series: Sequence[str]) -> set[tuple[str, str]]:
    """Study and series UID of those of these series that have images."""
    found = set()
    for start in range(0, len(series), _UIDS):
        some = tuple(series[start : start + _UIDS])
        match = Match((_SERIES_UID,), "UI", UidList(some), ("",))
        for each in map(_series, results(archive, Query(Level.SERIES, matches=(match,)))):
            found.add((each.study, each.uid))
    return found


def last_number(archive: Archive, series: Resource) -> int:
    """The highest Instance Number of a series, 0 where it has none."""
    highest = Query(
        Level.INSTANCE,
        series,
        order=(Order(_INSTANCE_NUMBER, descending=True),),
        limit=1,
    )
    (fragment,) = archive.search(highest).find().fragments or [b"{}"]
    return number(orjson.loads(fragment.replace(b"\x01", b"")), _INSTANCE_NUMBER) or 0


def images_of(archive: Archive, resource: Resource) -> list[StoredImage]:
    """Every image of a study or series: series by number, images by number."""
    try:
        locations = archive.locations(resource)
    except Refusal:  # nothing is stored there, or not any more
        return []
    query = Query(Level.INSTANCE, resource, asked=_ASKED)
    told = {value_text(each[_SOP_UID]): each for each in results(archive, query)}
    return [
        StoredImage(one, told.get(one.instance, {}))
        for one in locations
        if not one.sop_class.startswith(_DOCUMENT_CLASSES)
    ]


def of_first_frame(archive: Archive, image: StoredImage) -> tuple[list[float], list[float]]:
    """Window Center and Width, and Pixel Spacing; either may be empty.

    Multi-frame images may say both of their frames (PS3.3 C.7.6.16.2.1 and .10), which no search
    tells.
    """
    told: Mapping[str, Any] = image.attributes
    whole = numbers(told, "00281050") and numbers(told, "00280030")
    if numbers(told, _FRAMES) and not whole:
        told = archive.attributes(image.location)
    window = either(told, 1, "00289132", "00281050")
    centers, widths = numbers(window, "00281050"), numbers(window, "00281051")
    spacing = numbers(either(told, 1, "00289110", "00280030"), "00280030")
    return [*centers[:1], *widths[:1]] if centers and widths else [], spacing


def size_of(archive: Archive, study: str, sent: Mapping[str, int]) -> int:
    """Bytes of all files of a study; `sent`: of those (by SOP Instance UID) that were no DICOM."""
    try:
        locations = archive.locations(Resource(study))
    except Refusal:
        return 0
    return sum(sent.get(each.instance, each.size) for each in locations)


def results(archive: Archive, query: Query) -> Iterator[dict[str, Any]]:
    """All results of a search, page after page."""
    while True:
        fragments = archive.search(query).find().fragments
        for fragment in fragments:
            yield orjson.loads(fragment.replace(b"\x01", b""))
        if len(fragments) < MAX_RESULTS:
            return
        query = Query(
            query.level,
            query.within,
            query.matches,
            query.asked,
            offset=query.offset + len(fragments),
        )


def _series(found: dict[str, Any]) -> StoredSeries:
    return StoredSeries(
        study=text(found, _STUDY_UID),
        uid=text(found, _SERIES_UID),
        number=number(found, "00200011"),
        modality=text(found, "00080060"),
        description=text(found, "0008103E"),
        body_part=text(found, "00180015"),
        images=number(found, "00201209") or 0,
    )


def text(found: dict[str, Any], tag: str) -> str:
    """The first value of an attribute, empty where it has none."""
    return value_text(found.get(tag, {}))


def numbers(found: Mapping[str, Any], tag: str) -> list[float]:
    """The values of an attribute that are numbers."""
    values = found.get(tag, {}).get("Value", [])
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError):
        return []


def number(found: Mapping[str, Any], tag: str) -> int | None:
    """The first value of an attribute as an integer, None where it is none."""
    values = numbers(found, tag)
    return int(values[0]) if values and values[0].is_integer() else None
