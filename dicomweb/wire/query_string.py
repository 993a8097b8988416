"""The query of a URL, read from its raw text (PS3.18 8.3.1).

Form decoders turn `+` into a space; here it is itself, as in `+0100` and `application/dicom+json`.
Lists are split at their commas before decoding, so that an encoded comma belongs to its value.
"""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from dicomweb.errors import BadRequest

MAX_QUERY_LENGTH = 65_536
MAX_PARAMETERS = 1_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; its name is case-sensitive, `values` are its parts between literal commas."""

    name: str
    values: tuple[str, ...]

    @property
    def value(self) -> str:
        """The whole value, where a comma has no meaning."""
        return ",".join(self.values)


def parse_query(raw: bytes | str) -> tuple[Parameter, ...]:
    """The parameters in their order, decoded from UTF-8. BadRequest for what cannot be decoded.

    `a&a=` both give the value `""`; empty members (`&&`) are left out.
    """
    text = raw.decode("latin-1") if isinstance(raw, bytes) else raw
    if len(text) > MAX_QUERY_LENGTH:
        raise BadRequest(f"The query is too long: {MAX_QUERY_LENGTH} characters are allowed.")
    members = [member for member in text.split("&") if member]
    if len(members) > MAX_PARAMETERS:
        raise BadRequest(f"The query has too many parameters: {MAX_PARAMETERS} are allowed.")
    encoding = "latin-1" if isinstance(raw, bytes) else "utf-8"
    return tuple(_parameter(member, encoding) for member in members)


def first(parameters: tuple[Parameter, ...], name: str) -> str | None:
    """The value of the first parameter of that name, None when there is none."""
    return next((each.value for each in parameters if each.name == name), None)


def joined(parameters: tuple[Parameter, ...], name: str) -> str | None:
    """The values of all parameters of that name as one list, None when there is none.

    This is what `accept` and `charset` want, which may be repeated or hold lists themselves.
    """
    found = [each.value for each in parameters if each.name == name]
    return ",".join(found) if found else None


def _parameter(member: str, encoding: str) -> Parameter:
    name, _, value = member.partition("=")
    return Parameter(
        _decoded(name, encoding), tuple(_decoded(part, encoding) for part in value.split(","))
    )


def _decoded(text: str, encoding: str) -> str:
    if text.isascii() and "%" not in text and "\0" not in text:
        return text
    try:
        decoded = unquote_to_bytes(text.encode(encoding)).decode("utf-8")
    except UnicodeError:
        decoded = "\0"
    if "\0" in decoded:
        raise BadRequest("A parameter of the query is malformed: percent-encoded UTF-8 is right.")
    return decoded
