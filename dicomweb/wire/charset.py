"""Character sets of text answers: the `charset` parameter and Accept-Charset (PS3.18 8.8).

UTF-8 is what everything is kept in and the default; another is used where all of the text exists in
it. Names are those of IANA or the defined terms of (0008,0005), as in `charset="ISO_IR 100"`.
"""

from functools import lru_cache

from dicomweb.errors import BadRequest, NotAcceptable
from dicomweb.wire.header_values import MAX_HEADER_LENGTH, elements, quality

UTF_8 = "utf-8"

# The name that is sent, and Python's codec. An 8-bit or multi-byte set that contains ASCII, so that
# the syntax of JSON and XML is readable in it; that leaves out UTF-16 and ISO 2022. In Python's
# shift_jis and euc_jp a yen sign becomes a backslash, which is syntax; in cp932 it does not.
_CODECS = {
    UTF_8: "utf-8",
    "us-ascii": "ascii",
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    "tis-620": "iso8859-11",
    "gb18030": "gb18030",
    "gbk": "gbk",
    "gb2312": "gb2312",
    "euc-kr": "euc_kr",
    "shift_jis": "cp932",
    "big5": "big5",
    "koi8-r": "koi8-r",
    **{f"windows-{page}": f"cp{page}" for page in range(1250, 1259)},
}
_ALIASES = {
    "*": UTF_8,
    "utf8": UTF_8,
    "iso_ir_192": UTF_8,
    "ascii": "us-ascii",
    "iso_ir_6": "us-ascii",
    "latin1": "iso-8859-1",
    "iso_ir_100": "iso-8859-1",
    "iso_ir_101": "iso-8859-2",
    "iso_ir_109": "iso-8859-3",
    "iso_ir_110": "iso-8859-4",
    "iso_ir_144": "iso-8859-5",
    "iso_ir_127": "iso-8859-6",
    "iso_ir_126": "iso-8859-7",
    "iso_ir_138": "iso-8859-8",
    "iso_ir_148": "iso-8859-9",
    "iso_ir_203": "iso-8859-15",
    "iso_ir_166": "tis-620",
    "iso_ir_13": "shift_jis",
}


def acceptable_charsets(
    parameter: str | None = None, media_type: str = "", accept_charset: str | None = None
) -> tuple[str, ...]:
    """The charsets that the client takes, the preferred first; UTF-8 alone when it names none.

    The `charset` parameter of the query counts before the one of the media type, and that before
    Accept-Charset. Unknown names are passed over (PS3.18 8.8.2); what has q=0 is left out, and
    when that is all that was named, the result is empty.
    """
    for header in (parameter, media_type, accept_charset):
        if header:
            known = _preferences(header)
            if known is not None:
                return known
    return (UTF_8,)


def encode_text(text: bytes, charsets: tuple[str, ...]) -> tuple[bytes, str]:
    """UTF-8 `text` in the first of the charsets that can hold it, and the name of that.

    NotAcceptable when none can (PS3.18 8.8.5).
    """
    for charset in charsets:
        if charset == UTF_8 or text.isascii():
            return text, charset
        try:
            return text.decode("utf-8").encode(_CODECS[charset]), charset
        except UnicodeEncodeError:
            continue
    raise NotAcceptable("The text cannot be encoded in the charset asked for. Available: utf-8.")


def codec_of(charset: str) -> str:
    """Python's name for a charset that `acceptable_charsets` gave."""
    return _CODECS[charset]


def decode_text(data: bytes, charset: str) -> str:
    """The text of a body, UTF-8 when no charset is named. BadRequest when it is not that."""
    name = _canonical(charset) if charset else UTF_8
    if name is None:
        raise BadRequest("The charset of the body is unknown: utf-8 is right.")
    try:
        return data.decode("utf-8-sig" if name == UTF_8 else _CODECS[name])
    except UnicodeDecodeError:
        raise BadRequest(f"The body is not text in {name}.") from None


def _canonical(name: str) -> str | None:
    name = name.strip(' \t"').lower().replace(" ", "_")
    name = _ALIASES.get(name, name)
    return name if name in _CODECS else None


@lru_cache(maxsize=256)
def _preferences(header: str) -> tuple[str, ...] | None:
    """The known charsets of a list by falling q, None when there is none that is known."""
    if len(header) > MAX_HEADER_LENGTH:
        return None
    weights: dict[str, float] = {}
    # `ISO_IR 100` has a space, which no token has, and may come in quotes, which none has either.
    for (name, _), *parameters in elements(header.lower().replace('"', "").replace("ir ", "ir_")):
        q = quality(next((value for key, value in parameters if key.lower() == "q"), "1"))
        charset = _canonical(name)
        if q is not None and charset is not None:
            weights.setdefault(charset, q)
    if not weights:
        return None
    wanted = sorted(weights, key=lambda charset: -weights[charset])
    return tuple(charset for charset in wanted if weights[charset] > 0)
