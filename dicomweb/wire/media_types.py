"""Media types: reading Accept and Content-Type; the transfer syntaxes of each (PS3.18 8.7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from dicomweb.errors import BadRequest, UnsupportedMediaType
from dicomweb.wire.header_values import MAX_HEADER_LENGTH, Pair, element, elements, quality, quoted

MAX_CACHED_LENGTH = 2048  # so that long headers cannot fill the memory by way of the cache

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
DICOM_XML = "application/dicom+xml"
JSON = "application/json"
OCTET_STREAM = "application/octet-stream"
ZIP = "application/zip"
RELATED = "multipart/related"

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
# PS3.18 8.7.3.4 and 8.6.2.1: no service of PS3.18 ever sends these.
NEVER_SENT = frozenset({IMPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN})

_DICOM_ROOT = "1.2.840.10008.1.2."


def _syntaxes(*tails: str) -> tuple[str, ...]:
    return tuple(_DICOM_ROOT + tail for tail in tails)


# PS3.18 Tables 8.7.3-2, -4 and -5: bulk data in these media types, the default syntax first.
TRANSFER_SYNTAXES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        OCTET_STREAM: (EXPLICIT_LITTLE_ENDIAN,),
        "image/jpeg": _syntaxes("4.70", "4.50", "4.51", "4.57"),
        "image/dicom-rle": _syntaxes("5"),
        "image/jls": _syntaxes("4.80", "4.81"),
        "image/jp2": _syntaxes("4.90", "4.91"),
        "image/jpx": _syntaxes("4.92", "4.93"),
        "image/jphc": _syntaxes("4.201", "4.202", "4.203"),
        "image/jxl": _syntaxes("4.110", "4.111", "4.112"),
        "video/mpeg": _syntaxes("4.101", "4.100", "4.100.1", "4.101.1"),
        "video/mp4": _syntaxes(
            *("4.102", "4.102.1", "4.103", "4.103.1", "4.104"),
            *("4.104.1", "4.105", "4.105.1", "4.106", "4.106.1"),
        ),
        "video/h265": _syntaxes("4.107", "4.108"),
    }
)
# Pixels that lie in the file as they are: what is sent of them is always octet-stream.
NATIVE = frozenset(
    {IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN}
    | {DEFLATED, ENCAPSULATED_UNCOMPRESSED}
)
VIDEO = frozenset(
    uid
    for media_type in ("video/mpeg", "video/mp4", "video/h265")
    for uid in TRANSFER_SYNTAXES[media_type]
)
# A JPEG XL recompression (4.111) holds what was a lossy JPEG.
LOSSY = VIDEO | set(_syntaxes("4.50", "4.51", "4.81", "4.91", "4.93", "4.203", "4.111", "4.112"))

_TOKEN = r"[!#$%&'*+.^_`|~0-9a-z-]+"
_is_media_type = re.compile(f"{_TOKEN}/{_TOKEN}", re.ASCII).fullmatch
_NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})

# Spellings of drafts and of older editions, still asked for.
_ALIASES = {
    "image/x-jls": "image/jls",
    "image/x-dicom-rle": "image/dicom-rle",
    "image/dicom+rle": "image/dicom-rle",
    "image/dicom+jpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/dicom+jpeg-ls": "image/jls",
    "image/dicom+jls": "image/jls",
    "image/dicom+jp2": "image/jp2",
    "image/dicom+jpeg-jp2": "image/jp2",
    "image/dicom+jpx": "image/jpx",
    "image/dicom+jpeg-jpx": "image/jpx",
    "video/mpeg2": "video/mpeg",
    "*": "*/*",
}
# How the Standard spells the one type that has capitals.
_SPELLING = {"video/h265": "video/H265"}


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type in lower case, aliases resolved, and its parameters by lower-case name."""

    name: str
    parameters: Mapping[str, str]

    @property
    def inner(self) -> str:
        """What the parts of a multipart are, `*/*` when not said; empty when it is no multipart."""
        if not self.name.startswith("multipart/"):
            return ""
        named = self.parameters.get("type", "").partition(";")[0]
        return canonical(named) if named else "*/*"

    @property
    def transfer_syntax(self) -> str:
        """The UID, `*`, or empty when none is named (PS3.18 8.7.3.5.2)."""
        return self.parameters.get("transfer-syntax", "")

    @property
    def charset(self) -> str:
        return self.parameters.get("charset", "")

    @property
    def boundary(self) -> str:
        return self.parameters.get("boundary", "")


@dataclass(frozen=True, slots=True)
class MediaRange(MediaType):
    """A member of an Accept header; `q` is 1 when none was sent, 0 forbids (RFC 9110 12.4.2)."""

    q: float = 1.0


@lru_cache(maxsize=256)
def canonical(name: str) -> str:
    """A media type's name in lower case, old spellings replaced: `image/x-jls` is `image/jls`.

    Empty when it is no media type.
    """
    name = name.strip(" \t").lower()
    name = _ALIASES.get(name, name)
    if name.endswith("/"):  # dicomweb-client sends `image/` for `image/*`
        name += "*"
    return name if _is_media_type(name) else ""


def spelling(name: str) -> str:
    """The name as it is sent: `video/h265` is `video/H265` in PS3.18."""
    return _SPELLING.get(name, name)


def media_type_of(transfer_syntax: str) -> str:
    """The media type of pixel data in a transfer syntax; empty when the Standard names none."""
    return _MEDIA_TYPE_OF.get(transfer_syntax, "")


_MEDIA_TYPE_OF = {
    uid: media_type for media_type, uids in TRANSFER_SYNTAXES.items() for uid in uids
} | dict.fromkeys(NATIVE, OCTET_STREAM)


def parse_accept(header: str) -> tuple[MediaRange, ...]:
    """The ranges of an Accept header or an `accept` parameter, in their order (PS3.18 8.7.7).

    Members that cannot be read are left out. BadRequest when the header is over 8 KiB.
    """
    if len(header) > MAX_CACHED_LENGTH:
        return _parse_accept(header)
    return _parse_accept_cached(header)


def _parse_accept(header: str) -> tuple[MediaRange, ...]:
    if len(header) > MAX_HEADER_LENGTH:
        raise BadRequest("The Accept header is too long: 8192 characters are allowed.")
    ranges = (_media_range(pairs) for pairs in elements(header))
    return tuple(found for found in ranges if found is not None)


_parse_accept_cached = lru_cache(maxsize=512)(_parse_accept)


def _media_range(pairs: list[Pair]) -> MediaRange | None:
    name = canonical(pairs[0][0]) if pairs[0][1] is None else ""
    if not name:
        return None
    if len(pairs) == 1:
        return MediaRange(name, _NO_PARAMETERS)
    parameters = _parameters(pairs[1:])
    q = 1.0
    if "q" in parameters:
        weight = quality(parameters.pop("q"))
        if weight is None:
            return None
        q = weight
    return MediaRange(name, MappingProxyType(parameters), q)


def _parameters(pairs: list[Pair]) -> dict[str, str]:
    """Parameters by lower-case name, the first of a name; those inside a quoted `type` as well."""
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if value is not None:
            parameters.setdefault(name.lower(), value)
    inside = parameters.get("type", "")
    if ";" in inside:  # type="application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50"
        for name, value in element(inside)[1:]:
            if value is not None:
                parameters.setdefault(name.lower(), value)
    return parameters


def parse_content_type(header: str | None) -> MediaType:
    """The media type of a message or of a part. BadRequest when it is missing or malformed."""
    pairs = element(header or "") if header is None or len(header) <= MAX_HEADER_LENGTH else []
    name = canonical(pairs[0][0]) if pairs and pairs[0][1] is None else ""
    if not name or "*" in name:
        what = "is malformed" if header else "is missing"
        raise BadRequest(
            f"The Content-Type {what}: a type and its parameters are right, "
            'as in multipart/related; type="application/dicom"; boundary=b.'
        )
    return MediaType(name, MappingProxyType(_parameters(pairs[1:])))


def consumable(header: str | None, accepted: Mapping[str, tuple[str, ...]]) -> MediaType:
    """The Content-Type of a request, one of `accepted` (PS3.18 8.5: 400 missing, 415 another).

    `accepted` gives for each media type the types that its parts may have, nothing when it is no
    multipart. A multipart that does not say its `type` passes: its parts will.
    """
    media_type = parse_content_type(header)
    inner = accepted.get(media_type.name)
    if inner is None or (inner and media_type.inner not in (*inner, "*/*")):
        listing = ", ".join(
            content_type(name, part) for name, parts in accepted.items() for part in parts or ("",)
        )
        raise UnsupportedMediaType(f"The Content-Type cannot be read here. Available: {listing}.")
    return media_type


def content_type(
    name: str, inner: str = "", *, transfer_syntax: str = "", boundary: str = "", charset: str = ""
) -> str:
    """A Content-Type: `multipart/related; type="application/dicom"; boundary=b`.

    The `type` is quoted, as its grammar demands; what is empty is left out (PS3.18 8.7.1).
    """
    text = spelling(name)
    if inner:
        text += f"; type={quoted(spelling(inner))}"
    if transfer_syntax:
        text += f"; transfer-syntax={transfer_syntax}"
    if boundary:
        text += f"; boundary={boundary}"
    if charset:
        text += f"; charset={charset}"
    return text


def safe_media_type(text: str) -> str:
    """A media type that was found in a data set, fit for a header; octet-stream when it is not.

    (0042,0012) MIME Type of Encapsulated Document is whatever its writer put there.
    """
    pairs = element(text.strip(" \0"))
    name = pairs[0][0].lower() if pairs and pairs[0][1] is None else ""
    return name if _is_media_type(name) and "*" not in name else OCTET_STREAM
