"""One instance as a picture, or as the file that was stored."""

from hashlib import blake2b

import orjson
from starlette.requests import Request

from dicomweb.answers import Part, Streamed, decoded, part_of, ranged, unchanged
from dicomweb.archive import Archive, Location
from dicomweb.errors import BadRequest, NotAcceptable
from dicomweb.pixels.options import DEFAULT_QUALITY, RenderOptions, parse_quality, whole
from dicomweb.rendering import Rendering, is_image
from dicomweb.wire.conditional import strong_etag
from extensions.files.file_names import attachment
from extensions.files.tables import FilesInstance

PNG, JPEG, DICOM = "image/png", "image/jpeg", "application/dicom"
# Names of a patient must not make a header that a proxy refuses.
MAX_HEADER = 4_000
_CUT = 64

_PRIVATE = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}


async def picture(request: Request, location: Location, media_type: str) -> Streamed:
    """The first frame, or that of `frame`; JPEG in the `quality` that is asked for.

    Raises BadRequest for what has no pixels that can be shown, and for a malformed parameter;
    NotFound beyond the last frame.
    """
    archive: Archive = request.state.archive
    rendering: Rendering = request.state.rendering
    asked = request.query_params
    quality = parse_quality(asked["quality"], "quality") if "quality" in asked else DEFAULT_QUALITY
    frame = whole(asked.get("frame", "1"), 10**9, "frame is a whole number, 1 the first.")
    if not is_image(location):
        raise BadRequest("This DICOM file has no pixels that could be shown as a picture.")
    archive.frames(location).check(frame)
    options = RenderOptions(media_type=media_type, quality=quality)
    etag = _etag(archive, location, f"{media_type} {frame} {quality}")
    if (answer := unchanged(request, etag)) is not None:
        return answer
    body = rendering.finished(location, frame, options)
    if body is None:
        try:
            body = await decoded(rendering.picture, location, frame, options)
        except NotAcceptable as refusal:
            raise BadRequest(refusal.sentence) from None
    return ranged(request, part_of(media_type, "", body), {"ETag": etag, **_PRIVATE})


def download(
    request: Request, location: Location, name: str, headers: dict[str, str] | None = None
) -> Streamed:
    """The bytes exactly as they were received, by ranges where they are asked for."""
    archive: Archive = request.state.archive
    etag = _etag(archive, location, DICOM)
    if (answer := unchanged(request, etag)) is not None:
        return answer
    content = archive.content(location, 0, location.size)
    named = {"Content-Disposition": attachment(name), "ETag": etag, **_PRIVATE, **(headers or {})}
    return ranged(request, Part(DICOM, "", content), named)


def file_name(entry: FilesInstance) -> str:
    """The name under which an instance came, or one of its UID."""
    return entry.name or f"{entry.sop}.dcm"


def in_header(values: dict[str, str | None]) -> str:
    """JSON of ASCII characters only, in one line, of a length that every proxy takes."""
    text = _ascii(values)
    if len(text) > MAX_HEADER:
        text = _ascii({name: value and value[:_CUT] for name, value in values.items()})
    return text


def _ascii(values: dict[str, str | None]) -> str:
    text = orjson.dumps(values).decode()
    return "".join(letter if " " <= letter <= "~" else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    """`\\u00e9`; beyond the first plane the two halves (RFC 8259 7)."""
    units = letter.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _etag(archive: Archive, location: Location, form: str) -> str:
    seed = f"{archive.digest(location)} {form}".encode()
    return strong_etag(f"f-{blake2b(seed, digest_size=12).hexdigest()}")
