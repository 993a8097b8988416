"""The parts of a store of metadata and bulk data, kept until the request is whole (PS3.18 10.5.4).

Metadata and bulk data wait in one spool on the disk; in memory is only where each part lies.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urljoin

from dicomweb.errors import BadRequest, InstanceRefused, TooLarge
from dicomweb.spool import Span, Spool
from dicomweb.wire.json_model import MAX_JSON_BYTES, JsonObject, read_datasets
from dicomweb.wire.media_types import DICOM_JSON, DICOM_XML, JSON, MediaType, parse_content_type
from dicomweb.wire.xml_model import from_xml

METADATA = (DICOM_JSON, JSON, DICOM_XML)
# What hostile JSON or XML of 64 MB could grow to in memory is many times that.
MAX_VALUES = 2_000_000
_AS_IT_IS = ("", "binary", "7bit", "8bit", "identity")


@dataclass(frozen=True, slots=True)
class BulkPart:
    """One bulk data part: its media type and where its bytes are; why it cannot be used, if so."""

    media_type: MediaType
    span: Span
    fault: str = ""


@dataclass(slots=True)
class _Open:
    """The part that is arriving."""

    headers: dict[str, str]
    media_type: MediaType
    start: int


class Bundle:
    """Collects the parts of one request. `feed` only collects; `spill` and what reads may wait.

    `base` is the URL that relative references are resolved against: nothing is ever fetched.
    `assumed` is what the root part is when it does not say so (RFC 2387 3.1).
    """

    def __init__(self, folder: Path, base: str, assumed: str = "") -> None:
        self.spool = Spool(folder)
        self._base = base
        self.assumed = assumed
        self._metadata: list[tuple[MediaType, Span]] = []
        self._bulk: dict[str, list[BulkPart]] = {}
        self._by_id: dict[str, list[BulkPart]] = {}
        self._resolved: dict[str, list[BulkPart]] | None = None
        self._open: _Open | None = None
        self._pieces: list[bytes | memoryview] = []
        self.waiting = 0

    # collecting

    def begin(self, headers: dict[str, str]) -> None:
        """A part begins. BadRequest when its Content-Type cannot be read."""
        content_type = headers.get("content-type", "")
        if not content_type:
            content_type = "application/octet-stream" if self._metadata else self.assumed
        media_type = _parsed(content_type)
        self._open = _Open(headers, media_type, self.spool.size)

    def feed(self, piece: bytes | memoryview) -> None:
        self._pieces.append(piece)
        self.waiting += len(piece)

    def spill(self) -> None:
        """Write what waits. Waits for the disk."""
        pieces, self._pieces, self.waiting = self._pieces, [], 0
        opened = self._open
        assert opened is not None
        self.spool.append(pieces)
        size = self.spool.size - opened.start
        if opened.media_type.name in METADATA and size > MAX_JSON_BYTES:
            raise TooLarge(
                f"A metadata part is over {MAX_JSON_BYTES} bytes: send bulk data as parts, "
                "or several requests."
            )

    def end(self) -> None:
        """The part is complete. Waits for the disk."""
        self.spill()
        opened, self._open = self._open, None
        assert opened is not None
        span = Span(opened.start, self.spool.size - opened.start)
        if opened.media_type.name in METADATA:
            self._metadata.append((opened.media_type, span))
            return
        encoding = opened.headers.get("content-transfer-encoding", "").strip().lower()
        fault = "" if encoding in _AS_IT_IS else "its part has a Content-Transfer-Encoding."
        part = BulkPart(opened.media_type, span, fault)
        if location := opened.headers.get("content-location", "").strip():
            self._bulk.setdefault(location, []).append(part)
        if name := opened.headers.get("content-id", "").strip(" <>"):
            self._by_id.setdefault(name, []).append(part)

    def drop(self) -> None:
        """The part that has begun is not to be had whole."""
        self._open, self._pieces, self.waiting = None, [], 0

    def close(self) -> None:
        self.spool.close()

    # using

    def datasets(self) -> Iterator[JsonObject | InstanceRefused]:
        """The data sets of all metadata parts, as sent; a refusal for an XML part that is none.

        BadRequest when there is no metadata, or when JSON is no JSON; TooLarge for too much.
        """
        if not self._metadata:
            raise BadRequest(
                f"The request has no metadata: a part of {DICOM_JSON} or {DICOM_XML} is right."
            )
        for media_type, span in self._metadata:
            text = self.spool.read(span)
            if media_type.name == DICOM_XML:
                yield _from_xml(text, media_type.charset)
                continue
            if text.count(b"{") + text.count(b"[") + text.count(b",") > MAX_VALUES:
                raise _too_many()
            yield from read_datasets(text, media_type.charset)

    def bulk(self, uri: str) -> list[BulkPart]:
        """The parts of a BulkDataURI: by Content-Location as it stands, then resolved, or by id."""
        found = self._bulk.get(uri)
        if not found and uri.lower().startswith("cid:"):
            found = self._by_id.get(unquote(uri[4:]))
        if not found and self._bulk:
            if self._resolved is None:
                self._resolved = {}
                for location, parts in self._bulk.items():
                    self._resolved.setdefault(self._resolve(location), []).extend(parts)
            found = self._resolved.get(self._resolve(uri))
        return found or []

    def _resolve(self, uri: str) -> str:
        try:
            return unquote(urljoin(self._base, uri))
        except ValueError:
            return uri


def _from_xml(text: bytes, charset: str) -> JsonObject | InstanceRefused:
    if text.count(b"<") > 2 * MAX_VALUES:
        raise _too_many()
    try:
        return from_xml(text, charset)
    except BadRequest as fault:
        return InstanceRefused(InstanceRefused.CANNOT_UNDERSTAND, fault.sentence)
    except InstanceRefused as refused:
        return refused


def _too_many() -> TooLarge:
    return TooLarge(f"A metadata part has more than {MAX_VALUES} values: send several requests.")


@lru_cache(maxsize=64)
def _parsed(content_type: str) -> MediaType:
    return parse_content_type(content_type)
