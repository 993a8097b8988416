"""Conditional requests: entity tags, If-Match, If-None-Match and If-Range (RFC 9110 13)."""

import re

# An entity tag, weak or not; what is inside the quotes need not be ASCII (RFC 9110 8.8.3).
_TAG = re.compile(r'[ \t,]*+(W/)?"([^"]*+)"|[ \t,]*+([^",\s]++)')


def strong_etag(text: str) -> str:
    """The ETag for `text`, which has no quotes in it: the same bytes, always (RFC 9110 8.8.3.1)."""
    return f'"{text}"'


def weak_etag(text: str) -> str:
    """The ETag for the same meaning: metadata and search results, plain or compressed."""
    return f'W/"{text}"'


def is_not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this already: answer 304 (RFC 9110 13.1.2, weak comparison)."""
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    return _opaque(etag) in {opaque for _, opaque in _tags(if_none_match)}


def precondition_holds(if_match: str | None, etag: str | None) -> bool:
    """Whether If-Match allows the change of a resource with this ETag, None when there is no such.

    Otherwise answer 412 (RFC 9110 13.1.1, strong comparison: a weak tag never matches).
    """
    if not if_match:
        return True
    if if_match.strip() == "*":
        return etag is not None
    if etag is None or etag.startswith("W/"):
        return False
    return (False, _opaque(etag)) in _tags(if_match)


def if_range_holds(if_range: str | None, etag: str, last_modified: str = "") -> bool:
    """Whether a Range may be answered with a part; otherwise all is sent (RFC 9110 13.1.5).

    The same strong ETag, or exactly the date that was sent as Last-Modified.
    """
    if not if_range:
        return True
    if '"' in if_range:
        return if_range.strip() == etag and not etag.startswith("W/")
    return bool(last_modified) and if_range.strip() == last_modified


def _opaque(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')


def _tags(header: str) -> list[tuple[bool, str]]:
    """The tags of a list: whether weak, and what is inside the quotes; bare ones are taken too."""
    return [
        (bool(weak), quoted or bare)
        for weak, quoted, bare in (match.groups(default="") for match in _TAG.finditer(header))
    ]
