"""What each resource of the Studies service can be given as (PS3.18 Table 10.4.4-1, 8.7).

`stored` is the transfer syntax in the file, `producible` the ones that it can be transcoded to;
`single` whether the resource is one item only, as a single part must be (Table 10.4.4-1 note 3).
All results are cached and shared: the same arguments give the same object.
"""

from functools import lru_cache

from dicomweb.wire.media_types import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    EXPLICIT_LITTLE_ENDIAN,
    JSON,
    LOSSY,
    NATIVE,
    NEVER_SENT,
    OCTET_STREAM,
    RELATED,
    TRANSFER_SYNTAXES,
    VIDEO,
    ZIP,
    media_type_of,
)
from dicomweb.wire.negotiation import Offer, Offers


@lru_cache(maxsize=512)
def instance_offers(
    stored: str, producible: frozenset[str] = frozenset(), *, single: bool = False
) -> Offers:
    """An instance, of a study, a series or itself: PS3.10 files in a multipart, alone, or in a ZIP.

    Without a transfer-syntax Explicit VR LE is given, or what is stored where that cannot be made:
    PS3.18 8.7.3.4 lets lossy and over-long ones pass. `transfer-syntax=*` gives what is stored,
    except that Implicit VR LE and Big Endian are never sent. A multipart of octet-stream asks for
    the bulk data of the resource, as its `/bulkdata` does: that has offers of its own.
    """
    least = EXPLICIT_LITTLE_ENDIAN if stored in NEVER_SENT else stored
    syntaxes = (least, *sorted(producible - NEVER_SENT - {least}))
    default = EXPLICIT_LITTLE_ENDIAN if EXPLICIT_LITTLE_ENDIAN in syntaxes else syntaxes[0]

    def offer(media_type: str, inner: str = "") -> Offer:
        return Offer(media_type, inner, syntaxes, default, syntaxes[0])

    alone = (offer(DICOM),) if single else ()
    return Offers((offer(RELATED, DICOM), *alone, offer(ZIP), Offer(RELATED, OCTET_STREAM)))


@lru_cache(maxsize=512)
def frame_offers(
    stored: str, producible: frozenset[str] = frozenset(), *, single: bool = False
) -> Offers:
    """Frames, or pixel data as bulk data; `single` when one frame, or one stream, is asked for.

    `application/octet-stream` is Explicit VR LE, and first: it is what `*/*` gets. With
    `transfer-syntax=*`, which is what OHIF sends, compressed frames pass as they are stored, their
    syntax named; in their own media type wherever the client takes that too.
    """
    # The bytes of a native frame are those of Explicit VR LE, whatever surrounds them.
    stored = EXPLICIT_LITTLE_ENDIAN if stored in NATIVE else stored
    possible = producible | {stored}
    raw = tuple(dict.fromkeys(uid for uid in (EXPLICIT_LITTLE_ENDIAN, stored) if uid in possible))
    payloads = [(OCTET_STREAM, raw, _raw_default(stored, possible))]
    own = media_type_of(stored)
    for media_type in sorted(_COMPRESSED, key=lambda name: name != own):
        syntaxes = tuple(uid for uid in TRANSFER_SYNTAXES[media_type] if uid in possible)
        if syntaxes:
            payloads.append((media_type, syntaxes, _image_default(media_type, stored, syntaxes)))
    parts = [Offer(RELATED, name, uids, default, stored) for name, uids, default in payloads]
    alone = [Offer(name, "", uids, default, stored) for name, uids, default in payloads]
    return Offers((*parts, *(alone if single else ())))


_COMPRESSED = tuple(name for name in TRANSFER_SYNTAXES if name != OCTET_STREAM)


def _raw_default(stored: str, possible: frozenset[str]) -> str:
    """Raw pixels for a plain `application/octet-stream`; the stream itself for video.

    An image that cannot be decoded is not passed off as raw: then there is no default.
    """
    if EXPLICIT_LITTLE_ENDIAN in possible:
        return EXPLICIT_LITTLE_ENDIAN
    return stored if stored in VIDEO else ""


def _image_default(media_type: str, stored: str, syntaxes: tuple[str, ...]) -> str:
    """What a plain `image/jpeg` means: the default of the table, but lossy pixels stay as they are.

    PS3.18 8.7.3.4: nothing is won by a lossless copy of what has lost already.
    """
    default = TRANSFER_SYNTAXES[media_type][0]
    if stored in syntaxes and (stored in LOSSY or default not in syntaxes):
        return stored
    return default if default in syntaxes else ""


@lru_cache(maxsize=128)
def bulk_offers(media_type: str = OCTET_STREAM, *, single: bool = False) -> Offers:
    """Bulk data that is no image: a LUT, a waveform, an encapsulated document.

    `media_type` is its own, (0042,0012) of a document; octet-stream is always given as well.
    """
    names = tuple(dict.fromkeys((media_type, OCTET_STREAM)))
    parts = tuple(Offer(RELATED, name) for name in names)
    return Offers((*parts, *(tuple(Offer(name) for name in names) if single else ())))


@lru_cache(maxsize=8)
def metadata_offers(*, single: bool = False) -> Offers:
    """Metadata and search results: JSON, or XML with one part for each data set (PS3.18 8.7.3.3).

    `application/json` is answered as such where only that is accepted; a lone XML document is
    given, beyond the Standard, where there is but one data set.
    """
    alone = (Offer(DICOM_XML),) if single else ()
    return Offers((Offer(DICOM_JSON), Offer(RELATED, DICOM_XML), Offer(JSON), *alone))


def store_offers() -> Offers:
    """The answer to a store: one data set, in JSON by default, in XML alone or in a multipart."""
    return metadata_offers(single=True)


@lru_cache(maxsize=256)
def rendered_offers(media_types: tuple[str, ...], *, several: bool = False) -> Offers:
    """Rendered in one of `media_types`, the default of the category first (PS3.18 Table 8.7.4-1).

    Of several items a multipart is preferred; who accepts single parts only, as viewers do for the
    thumbnail of a series, gets a representative one.
    """
    alone = tuple(Offer(name) for name in media_types)
    parts = tuple(Offer(RELATED, name) for name in media_types)
    return Offers(parts + alone if several else alone + parts)
