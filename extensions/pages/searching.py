"""What a person types into the one search box, as searches of the index.

A word is a modality, a date, or text in the name, the Patient ID, the accession number or the
description. All words have to be found, each wherever it is: the index joins keys by AND, so that
an OR over attributes is several searches, whose results are merged in their common order.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice, product
from typing import Any

import orjson

from dicomweb.archive import COUNTED, Archive
from dicomweb.query import Fuzzy, Match, Multiple, Order, Query, Range, Single, UidList, Wildcard
from dicomweb.resources import Level

MODALITIES = (
    *("AR", "AU", "BDUS", "BI", "BMD", "CR", "CT", "DG", "DOC", "DX", "ECG", "EEG", "EPS", "ES"),
    *("FID", "GM", "HD", "IO", "IVOCT", "IVUS", "KO", "LS", "MG", "MR", "NM", "OAM", "OP", "OPT"),
    *("OT", "PR", "PT", "PX", "REG", "RESP", "RF", "RG", "RTDOSE", "RTIMAGE", "RTPLAN", "RTRECORD"),
    *("RTSTRUCT", "RWV", "SEG", "SM", "SR", "STAIN", "TG", "US", "VA", "XA", "XC"),
)
MAX_WORDS = 6
MOST_DIGITS = 4  # a word with so many is a number of something, no word of a description
TRIGRAM = 3  # fewer letters within a text have no index
MAX_SEARCHES = 16
MAX_OFFSET = 100_000
# A merged list is read this far: who looks further adds a word.
MAX_MERGED = 1_000

NAME, PATIENT_ID, ACCESSION, DESCRIPTION = "00100010", "00100020", "00080050", "00081030"
DATE, MODALITIES_IN_STUDY, STUDY = "00080020", "00080061", "0020000D"
_VRS = {NAME: "PN", DATE: "DA", MODALITIES_IN_STUDY: "CS", STUDY: "UI"}
# What the list can be sorted by: those with an index.
SORTS = {"date": DATE, "name": NAME, "id": PATIENT_ID, "accession": ACCESSION}

# Texts that many studies may hold: how many do is told up to COUNTED.
_COUNTED_SLOWLY = frozenset({NAME, PATIENT_ID, ACCESSION, DESCRIPTION})

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WRITTEN = re.compile(
    rf"\b(?:(\d{{1,2}})\.?[ -])?({'|'.join(_MONTHS)})[a-z]*\.?[ -](\d{{4}})\b", re.IGNORECASE
)
_ISO = re.compile(r"(\d{4})-(\d\d?)(?:-(\d\d?))?", re.ASCII)
_DOTTED = re.compile(r"(?:(\d\d?)[./])?(\d\d?)[./](\d{4})", re.ASCII)
_BARE = re.compile(r"((?:19|20)\d\d)(?:(\d\d)(\d\d))?", re.ASCII)
_SEPARATORS = re.compile(r"[\s,^=]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One list: the text, the filters beside it, its order and its page (counted from 1)."""

    text: str = ""
    modality: str = ""
    since: str = ""  # YYYYMMDD
    until: str = ""
    sort: str = "date"
    descending: bool = True
    page: int = 1
    rows: int = 25
    studies: frozenset[str] | None = None  # all that the caller sees; None: every study

    @property
    def offset(self) -> int:
        return min((self.page - 1) * self.rows, MAX_OFFSET)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page as DICOM JSON objects. `total` studies are found in all; more where not `exact`."""

    studies: list[dict[str, Any]]
    total: int
    exact: bool = True


def find(archive: Archive, wanted: Wanted) -> Listed:
    """The page that is wanted. May wait for the database: in a thread."""
    if wanted.studies is not None and not wanted.studies:
        return Listed([], 0)
    query = Query(Level.STUDY, matches=tuple(_filters(wanted)), order=_order(wanted))
    queries = _queries(archive, query, words(wanted.text))
    if not queries:
        return Listed([], 0)
    if len(queries) == 1:
        return _one(archive, queries[0], wanted)
    return _merged(archive, queries, wanted)


def words(text: str) -> list[list[Match]]:
    """The alternatives of each word: one of them has to match."""
    found: list[list[Match]] = []

    def written(match: re.Match[str]) -> str:
        day, month, year = match.groups()
        span = _days(year, str(_MONTHS.index(month[:3].lower()) + 1), day)
        if span is None:
            return match[0]
        found.append([_match(DATE, span)])
        return " "

    rest = _WRITTEN.sub(written, text.replace("\0", " "))
    found += [_alternatives(word) for word in _SEPARATORS.split(rest) if word.strip("*?.-/")]
    return found[:MAX_WORDS]


def _alternatives(word: str) -> list[Match]:
    if word.upper() in MODALITIES:
        return [_match(MODALITIES_IN_STUDY, Single(word.upper()))]
    span, sure = _span(word)
    if span is not None and sure:
        return [_match(DATE, span)]
    plain = re.sub(r"[*?]+", "", word)
    begins = tuple(Wildcard(f"{each}*") for each in dict.fromkeys((plain, plain.upper())))
    found = [_match(NAME, Fuzzy(plain))] if not plain[:1].isdigit() else []
    found += [_match(tag, Multiple(begins)) for tag in (PATIENT_ID, ACCESSION)]
    if len(plain) >= TRIGRAM and sum(map(str.isdigit, plain)) < MOST_DIGITS:
        # The index heeds upper and lower case in descriptions: these are the spellings that occur.
        cases = dict.fromkeys((plain, plain.lower(), plain.upper(), plain.capitalize()))
        found.append(_match(DESCRIPTION, Multiple(tuple(Wildcard(f"*{each}*") for each in cases))))
    return [*found, _match(DATE, span)] if span is not None else found


def _within(word: Sequence[Match]) -> list[Match]:
    """The alternatives of a word that nothing begins with: parts of numbers."""
    found = []
    for match in word:
        if match.path not in ((PATIENT_ID,), (ACCESSION,)) or not isinstance(match.rule, Multiple):
            continue
        begins = [each.pattern for each in match.rule.rules if isinstance(each, Wildcard)]
        if all(len(pattern) > TRIGRAM for pattern in begins):
            anywhere = Multiple(tuple(Wildcard(f"*{pattern}") for pattern in begins))
            found.append(replace(match, rule=anywhere))
    return found


def _span(word: str) -> tuple[Range | None, bool]:
    """The days that a word may mean, and whether it can mean nothing else."""
    today = date.today()
    if word.lower() in ("today", "yesterday"):
        day = today - timedelta(word.lower() == "yesterday")
        return Range(f"{day:%Y%m%d}", f"{day:%Y%m%d}"), True
    if found := _ISO.fullmatch(word):
        return _days(*found.groups()), True
    if found := _DOTTED.fullmatch(word):
        day_, month, year = found.groups()
        return _days(year, month, day_), True
    if found := _BARE.fullmatch(word):
        return _days(*found.groups()), False
    return None, False


def _days(year: str, month: str | None = None, day: str | None = None) -> Range | None:
    """The first and the last day of a year, a month or a day; None where there is none."""
    if month is None:
        return Range(f"{year}0101", f"{year}1231")
    if not 1 <= int(month) <= 12:
        return None
    last = monthrange(int(year), int(month))[1] if int(year) else 0
    if day is None:
        return Range(f"{year}{int(month):02}01", f"{year}{int(month):02}{last:02}")
    if not 1 <= int(day) <= last:
        return None
    return Range(*(f"{year}{int(month):02}{int(day):02}",) * 2)


def _match(tag: str, rule: Any) -> Match:
    return Match((tag,), _VRS.get(tag, "LO"), rule, ("",))


def _filters(wanted: Wanted) -> Iterator[Match]:
    if wanted.studies is not None:
        yield _match(STUDY, UidList(tuple(sorted(wanted.studies))[:1000]))
    if wanted.modality:
        yield _match(MODALITIES_IN_STUDY, Single(wanted.modality))
    if wanted.since or wanted.until:
        yield _match(DATE, Range(wanted.since, wanted.until))


def _order(wanted: Wanted) -> tuple[Order, ...]:
    """The order of the index itself where it is the one that is wanted: it costs nothing."""
    if wanted.sort == "date" and wanted.descending:
        return ()
    return (Order(SORTS[wanted.sort], wanted.descending),)


def _queries(archive: Archive, query: Query, found: Sequence[Sequence[Match]]) -> list[Query]:
    """One query for each way in which the words may be spread over the attributes."""
    fixed = query.matches + tuple(word[0] for word in found if len(word) == 1)
    fixed_query = replace(query, matches=fixed)
    hits = [_hits(archive, fixed_query, word) for word in found if len(word) > 1]
    spread = islice(product(*hits), MAX_SEARCHES)
    return [replace(query, matches=(*fixed, *_joined(each))) for each in spread]


def _hits(archive: Archive, query: Query, word: Sequence[Match]) -> list[Match]:
    """The alternatives of a word that match any study at all."""
    for alternatives in (word, _within(word)):
        found = [each for each in alternatives if _matches(archive, query, each)]
        if found:
            return found
    return []


def _matches(archive: Archive, query: Query, match: Match) -> bool:
    probe = replace(query, matches=(*query.matches, match), order=())
    return archive.search(probe).exists()


def _joined(matches: Sequence[Match]) -> Iterator[Match]:
    """Words of one name have to be different words of it."""
    names = [match.rule.name for match in matches if isinstance(match.rule, Fuzzy)]
    if names:
        yield _match(NAME, Fuzzy(" ".join(names)))
    yield from (match for match in matches if not isinstance(match.rule, Fuzzy))


def _one(archive: Archive, query: Query, wanted: Wanted) -> Listed:
    found = archive.search(replace(query, limit=wanted.rows, offset=wanted.offset)).find()
    total = wanted.offset + len(found.fragments) + found.remaining
    if found.remaining < COUNTED and (found.fragments or not wanted.offset):
        return Listed(_loaded(found.fragments), total)
    if any(match.path[0] in _COUNTED_SLOWLY for match in query.matches):
        return Listed(_loaded(found.fragments), total, exact=False)
    return Listed(_loaded(found.fragments), archive.search(replace(query, order=())).count())


def _merged(archive: Archive, queries: list[Query], wanted: Wanted) -> Listed:
    """The results of all queries, each study once, in the order of the list."""
    end = min(wanted.offset + wanted.rows, MAX_MERGED)
    found: dict[bytes, None] = {}
    most, exact = 0, True
    for query in queries:
        answer = archive.search(replace(query, limit=end)).find()
        exact = exact and not answer.remaining
        most = max(most, len(answer.fragments) + answer.remaining)
        found |= dict.fromkeys(answer.fragments)
    studies = _loaded(list(found))
    studies.sort(key=_uid)
    studies.sort(key=lambda study: _key(study, DATE) + _key(study, "00080030"), reverse=True)
    if wanted.sort != "date" or not wanted.descending:
        tag = SORTS[wanted.sort]
        studies.sort(key=lambda study: _key(study, tag), reverse=wanted.descending)
    total = len(studies) if exact else max(len(studies), most)
    return Listed(studies[wanted.offset : end], total, exact)


def _loaded(fragments: Sequence[bytes]) -> list[dict[str, Any]]:
    return [orjson.loads(fragment.replace(b"\x01", b"")) for fragment in fragments]


def _uid(study: dict[str, Any]) -> str:
    return str(study[STUDY]["Value"][0])


def _key(study: dict[str, Any], tag: str) -> str:
    value = (study.get(tag, {}).get("Value") or [""])[0]
    return str(value.get("Alphabetic", "") if isinstance(value, dict) else value or "").casefold()
