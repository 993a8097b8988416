"""Data sets as answers, in JSON or XML: their character set (PS3.18 8.8), their compression."""

import orjson
from starlette.requests import Request

from dicomweb.answers import Streamed, in_thread, multipart, part_of, whole
from dicomweb.compression import compress
from dicomweb.wire.charset import UTF_8, acceptable_charsets, encode_text
from dicomweb.wire.content_coding import choose_coding
from dicomweb.wire.negotiation import Choice
from dicomweb.wire.query_string import joined, parse_query
from dicomweb.wire.xml_model import to_xml

PLAIN = (UTF_8,)
# For a patient's data: caches between keep nothing, and the client's own asks again.
REVALIDATE = {
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Accept-Encoding, Accept-Charset",
}
# Less is not worth compressing; more is compressed, or written as XML, outside the event loop.
WORTHWHILE = 2048
QUICK = 256 * 1024


def charsets_of(request: Request, choice: Choice) -> tuple[str, ...]:
    """The character sets that the client takes, the preferred first (PS3.18 8.8.2)."""
    query: bytes = request.scope["query_string"]
    header = request.headers.get("accept-charset")
    if not header and not choice.charset and b"charset=" not in query:
        return PLAIN
    parameter = joined(parse_query(query), "charset") if b"charset=" in query else None
    return acceptable_charsets(parameter, choice.charset, header)


async def json_answer(
    request: Request, choice: Choice, body: bytes, headers: dict[str, str]
) -> Streamed:
    """JSON in the character set and the content coding that the client prefers."""
    content_type = choice.payload_type
    charsets = charsets_of(request, choice)
    if charsets != PLAIN:
        body, charset = encode_text(body, charsets)
        content_type += f"; charset={charset}"
    accepted = request.headers.get("accept-encoding")
    if accepted and len(body) >= WORTHWHILE and (coding := choose_coding(accepted)) != "identity":
        if len(body) <= QUICK:
            body = compress(body, coding)
        else:
            body = await in_thread(compress, body, coding)
        headers = {**headers, "Content-Encoding": coding}
    return whole(body, {"Content-Type": content_type, **headers})


async def xml_answer(
    request: Request, choice: Choice, body: bytes, seed: str, headers: dict[str, str]
) -> Streamed:
    """The JSON array `body` as XML, one document a data set (PS3.18 8.7.3.3.1)."""
    charset = next(iter(charsets_of(request, choice)), UTF_8)

    def write() -> list[bytes]:
        return [to_xml(each, charset) for each in orjson.loads(body)]

    documents = write() if len(body) <= QUICK // 8 else await in_thread(write)
    content_type = choice.part_type
    if charset != UTF_8:
        content_type += f"; charset={charset}"
    if not choice.multipart:
        return whole(documents[0], {"Content-Type": content_type, **headers})
    parts = [part_of(content_type, "", document) for document in documents]
    return multipart(request, choice, parts, seed, headers)
