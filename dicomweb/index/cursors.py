"""Cursors of result lists: which result ended the last page, as the client hands it back."""

from dicomweb.errors import BadRequest
from dicomweb.index.fragments import RETRIEVE_URL
from dicomweb.resources import Level, Resource, is_uid

_MARK = b'"%b":{"vr":"UR","Value":["\x01/' % RETRIEVE_URL.encode()


def cursor_of(fragment: bytes) -> str:
    """The UIDs of a search result, `study/series/instance`: nothing about the patient."""
    start = fragment.index(_MARK) + len(_MARK)
    path = fragment[start : fragment.index(b'"', start)].decode()
    return "/".join(path.split("/")[1::2])


def place_of(cursor: str, level: Level) -> Resource:
    """The resource that a cursor names. Raises BadRequest for what `cursor_of` has not made."""
    uids = cursor.split("/")
    if len(uids) != list(Level).index(level) + 1 or not all(map(is_uid, uids)):
        raise BadRequest("cursor: take it from the link to the next page of the same search.")
    study, series, instance = [*uids, "", ""][:3]
    return Resource(study, series, instance)
