"""The query string of a search URL, read into a Query (PS3.18 8.3.4)."""

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from dicomweb.errors import BadRequest
from dicomweb.query.keys import Sent, attributes_of, read, shown, twice
from dicomweb.query.rules import Flags
from dicomweb.query.words import MAX_RESULTS, Order, Query
from dicomweb.resources import Level, Resource

MAX_QUERY_BYTES = 65536
MAX_KEYS = 64
MAX_OFFSET = 2**31
MAX_REMEMBERED_BYTES = 2048

_FLAGS = ("fuzzymatching", "emptyvaluematching", "multiplevaluematching")
_OPTIONS = frozenset((*_FLAGS, "limit", "offset", "orderby", "cursor"))
_ELSEWHERE = frozenset({"accept", "charset"})  # read where the media type is chosen


def parse(level: Level, within: Resource, raw: bytes | str) -> Query:
    """The query of a search for `level` resources below `within`, from the raw query string.

    Raises BadRequest for a parameter that is known and wrong, naming it (PS3.18 8.3); what is not
    known is ignored with a warning.
    """
    # Worklists ask the same again and again: what was read lately is kept, unless it is long.
    reader = _remembered if len(raw) <= MAX_REMEMBERED_BYTES else _parse
    return reader(level, within, raw)


def _parse(level: Level, within: Resource, raw: bytes | str) -> Query:
    options: dict[str, str] = {}
    keys: dict[str, Sent] = {}
    included: list[str] = []
    for name, value, as_form in _pairs(raw):
        if name == "includefield":
            included += value.split(",")
        elif name not in _ELSEWHERE:
            if name in options or name in keys:
                raise twice(name)
            if name in _OPTIONS:
                options[name] = value
            else:
                keys[name] = Sent(value, as_form)
    if len(keys) > MAX_KEYS or len(included) > MAX_KEYS * 8:
        raise BadRequest(
            f"A search has at most {MAX_KEYS} keys and {MAX_KEYS * 8} included fields."
        )
    query = Query(
        level,
        within,
        limit=min(_unsigned(options, "limit", MAX_RESULTS), MAX_RESULTS),
        offset=min(_unsigned(options, "offset", 0), MAX_OFFSET),
        order=tuple(_order(options.get("orderby", ""))),
        cursor=options.get("cursor", ""),
    )
    return read(query, Flags(*(_boolean(options, name) for name in _FLAGS)), keys, included)


_remembered = lru_cache(maxsize=512)(_parse)


def _pairs(raw: bytes | str) -> Iterator[tuple[str, str, str]]:
    """Names and values, percent-decoded, `+` being itself, as in RFC 3986; at last the values as
    HTML forms have them, where it is a space.

    A comma splits lists of UIDs, tags and keywords only, none of which can hold one: whether it
    came percent-encoded makes no difference (OHIF sends `%2C`).
    """
    if len(raw) > MAX_QUERY_BYTES:
        raise BadRequest(f"The query is longer than {MAX_QUERY_BYTES} bytes.")
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        for part in text.split("&"):
            name, _, value = part.partition("=")
            if name:
                decoded = _decoded(value)
                as_form = _decoded(value.replace("+", " ")) if "+" in value else decoded
                yield _decoded(name), decoded, as_form
    except UnicodeDecodeError:
        raise BadRequest("The query is not UTF-8, percent-encoded (PS3.18 8.3).") from None


def _decoded(text: str) -> str:
    if "%" in text:
        text = unquote_to_bytes(text).decode()
    if "\0" in text:
        raise BadRequest("A parameter cannot hold the character NUL.")
    return text


def _boolean(options: dict[str, str], name: str) -> bool:
    value = options.get(name, "false").lower()
    if value not in ("true", "false"):
        raise BadRequest(f"{name} is true or false.")
    return value == "true"


def _unsigned(options: dict[str, str], name: str, default: int) -> int:
    value = options.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise BadRequest(f"{name} is a whole number, zero or more.")
    return int(value)


def _order(text: str) -> Iterator[Order]:
    """`orderby=-StudyDate,PatientName`: a minus means descending, as dcm4chee has it."""
    for name in filter(None, text.split(",")):
        attributes = attributes_of(name.removeprefix("-"))
        if attributes is None or len(attributes) > 1:
            raise BadRequest(f"orderby: {shown(name)} is not the keyword or tag of an attribute.")
        yield Order(attributes[0].tag, name.startswith("-"))
