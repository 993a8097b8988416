"""The walk over a data set in little endian: each element once, straight to its DICOM JSON.

An element that was seen before, byte for byte, costs one comparison; the rest is read by its VR.
Whatever is odd in its structure raises `Odd`, and pydicom tries its luck (odd.py).
"""

from dicomweb.part10 import fragments, kinds
from dicomweb.part10.dictionary import EITHER_SIGN, vr_of
from dicomweb.part10.doubts import Doubts
from dicomweb.part10.fragments import ITEM, ITEM_END, SEQUENCE_END, UNDEFINED
from dicomweb.part10.header import DISCARDED, Bulk
from dicomweb.part10.kinds import Opened
from dicomweb.part10.large import BINARY, MAY_BE_BULK, PIXELS, is_bulk
from dicomweb.part10.layout import Pixels
from dicomweb.part10.limits import MAX_BULK, MAX_DEPTH, MAX_ELEMENTS, MAX_HEADER, Work, too_much
from dicomweb.part10.memo import MAX_SHORT, Memory, Run, Token, single, token_of
from dicomweb.part10.source import MARGIN, Source
from dicomweb.part10.text import DEFAULT, Charset, charset
from dicomweb.part10.values import CONVERTERS, convert

PLACE = b"\x02"
"""Stands before the path of a bulk value in the JSON until the instance's own path is known."""

_MAX_CHARSET = 256
_CLOSER_LOOK = 8  # times the work of an item
_CHARSET_HEADER = b"\x08\x00\x05\x00CS"
_UTF8 = b'{"vr":"CS","Value":["ISO_IR 192"]}'

_END = Token("", b"", b"")  # what is read where an item, or the file, has no further element


class Odd(Exception):
    """The structure is not what this walk reads: somebody more tolerant must."""


class Walk:
    """One pass over one data set; what it finds beside the elements stands in its attributes."""

    def __init__(self, source: Source, memory: Memory) -> None:
        self.source = source
        self.bulk: list[Bulk] = []
        self.pixels: Pixels | None = None
        self.wrapped: dict[str, fragments.Fragments] = {}  # encapsulated values other than those
        self.cut = False  # the file ends inside an element
        self.at = 0  # the offset behind the last element read
        self.doubts = Doubts()
        self._memory = memory
        self._charset: Charset = DEFAULT
        self._signed = False
        self._trail: list[list[object]] = []  # tag and item number of each open sequence
        self._work = Work()
        self._begin = self._skipped = 0  # where the data set begins, and its bytes of bulk values
        self._enter(implicit=False)

    def data_set(self, at: int, *, implicit: bool) -> list[Token | Run]:
        """The top-level elements from `at` to the end of the file, in the order of their tags."""
        self._begin = self.at = at
        self._enter(implicit=implicit)
        first = self._charset_first(at)
        parts = self._parts(self.at, self.source.size, self._context.start)
        self._context.learn(parts)
        for part in parts:
            if part.doubts:
                self.doubts.put(part.doubts)
        self.doubts.put(self.doubts.taken(0))
        if first and parts and parts[0].tag <= kinds.CHARSET:
            return self._in_order([*first, *parts])
        return [*first, *parts]

    def _charset_first(self, at: int) -> list[Token]:
        """Specific Character Set, where it comes first, as it nearly always does in explicit VR."""
        i = at - self.source.base
        header = self.source.buf[i : i + 8]
        if not header.startswith(_CHARSET_HEADER) or header[6] % 2 or header[7]:
            return []
        content = self.source.at(at + 8, header[6])
        if len(content) < header[6]:
            return []
        self.at = at + 8 + len(content)
        return [self._change_charset(content)]

    def _enter(self, *, implicit: bool) -> None:
        """Remember, and recognise, elements of this way of encoding and the present charset."""
        self._implicit = implicit
        self._context = self._memory.context(self._charset, implicit=implicit, signed=self._signed)

    def _parts(self, at: int, end: int, token: Token) -> list[Token | Run]:  # noqa: C901 - see below
        """Elements from `at` to `end`, or to the delimiter of their item; sets `self.at`.

        `token` is the one before. A store spends its time in this loop: nothing is taken out of it.
        """
        source, ordered = self.source, True
        short, stop_of = self._context.short, self._context.stop_of
        parts: list[Token | Run] = []
        append = parts.append
        self.at = at
        while at < end:
            buf, base = source.buf, source.base
            i = at - base
            safe = min(end - base, len(buf) - MARGIN + 1)
            if not 0 <= i < safe:
                self._move(at, len(parts))
                continue
            whole = min(end - base, len(buf))
            follows, known = buf.startswith, self._context.tokens.get
            while i < safe:
                guess = token.next
                if guess is not None and follows(guess.raw, i) and i + guess.size <= whole:
                    append(guess)
                    i += guess.size
                    token = guess.last or guess  # type: ignore[assignment]  # a run has a last one
                    continue
                if buf[i + 4 : i + 6] in short:
                    stop = i + 8 + buf[i + 6] + (buf[i + 7] << 8)
                else:
                    stop = stop_of(buf, i)
                raw = buf[i:stop]
                found = known(raw)
                if found is None:
                    self._work.done += 1
                    if i < stop <= whole:
                        found = self._context.new(raw)
                if found is None:
                    found = self._fresh(base + i, end)
                    if found is _END:
                        return parts if ordered else self._in_order(parts)
                    stop, known = self.at - base, self._context.tokens.get
                self._work.done += 1
                if guess is not None:
                    self._context.differs(guess, found)
                if found.tag <= token.tag:
                    ordered = False
                elif found.raw:
                    token.next = found
                token = found
                append(token)
                i = stop
                if source.buf is not buf:
                    break
            at = self.at = base + i
        if at > end:
            self._overflow(end)
        return parts if ordered else self._in_order(parts)

    def _move(self, at: int, elements: int = 0) -> None:
        self._work.add(0)
        if at - self._begin - self._skipped > MAX_HEADER:
            raise too_much(f"The header is larger than {MAX_HEADER >> 20} MB.")
        if elements > MAX_ELEMENTS:
            raise too_much(f"There are more than {MAX_ELEMENTS} elements in one data set.")
        self.source.move(at)

    def _near(self, at: int) -> int:
        """The place of `at` in the window, which then has MARGIN bytes from there on."""
        i = at - self.source.base
        if not 0 <= i <= len(self.source.buf) - MARGIN:
            self._move(at)
            return 0
        return i

    def _overflow(self, end: int) -> None:
        """Something reaches beyond `end`: of the file, or only of the item that it is in."""
        if end < self.source.size:
            raise Odd("an element reaches beyond the item that it is in")
        self.cut = True
        self.at = end

    def _in_order(self, parts: list[Token | Run]) -> list[Token | Run]:
        """Sorted by tag; of elements given twice the last counts, as it does for pydicom."""
        self.doubts.add("Elements are not in the order of their tags.")
        tokens = single(parts)
        found = {token.tag: token for token in tokens}
        if len(found) < len(tokens):
            self.doubts.add("Elements are given twice: the last of each counts.", DISCARDED)
        return [found[tag] for tag in sorted(found)]

    def _fresh(self, at: int, end: int) -> Token:
        """The next element that belongs into the JSON, with what is apart before it; or `_END`."""
        since, mark = at, self.doubts.mark
        while at < end:
            i = self._near(at)
            header = self.source.buf[i : i + MARGIN]
            if header.startswith(ITEM_END) and self._trail:
                self.at = at + 8
                return _END
            if self.source.size < at + 8 or (header.startswith(bytes(8)) and not self._trail):
                self.doubts.add("There are stray bytes behind the data set.")
                break
            self._work.add(_CLOSER_LOOK)
            found = self._element(at, header, end)
            if isinstance(found, Opened):
                found = self._sequence(found)
            if found is not None:
                found.doubts = self.doubts.taken(mark)
                return self._context.remember(found, self._raw(since)) if found.raw else found
            at = self.at
        self.at = max(at, end)
        return _END

    def _element(self, at: int, header: bytes, end: int) -> Token | Opened | None:
        """One element by its header; None for one that has no place in the JSON."""
        tag = kinds.tag_of(header)
        vr, value, length = self._vr_and_length(tag, at, header)
        if length == UNDEFINED:
            return self._undefined(tag, vr, at, value, end)
        if value + length > end:
            return self._too_long(tag, vr, at, value, length, end)
        self.at = value + length
        if kinds.is_apart(tag):
            return None
        if vr == "UN" and not self._implicit:
            vr = self._known_by_others(tag, value)
            if vr == "SQ":
                return Opened(tag, at, value, self.at, True, True)
        if vr == "SQ":
            return Opened(tag, at, value, self.at, True, self._implicit)
        if length and is_bulk(tag, vr, length):
            return self._bulk_value(tag, vr, value, length)
        return self._value(tag, vr, at, value, length)

    def _vr_and_length(self, tag: str, at: int, header: bytes) -> tuple[str, int, int]:
        """VR, offset of the value, and length of an element (PS3.5 7.1)."""
        if tag.startswith("FFFE"):
            raise Odd("an item where an element should be")
        if self._implicit:
            vr = vr_of(tag)
            if vr == EITHER_SIGN:
                vr = "SS" if self._signed else "US"
            return vr, at + 8, int.from_bytes(header[4:8], "little")
        vr, skip, length = kinds.explicit_header(header)
        if not vr.isupper():
            raise Odd("no VR where one should be")
        if vr not in CONVERTERS and vr != "SQ":
            self.doubts.complain(f"{kinds.shown(tag)} has a VR that does not exist.")
            vr = "UN"
        return vr, at + skip, length

    def _known_by_others(self, tag: str, value: int) -> str:
        """The VR of a public element that somebody without its dictionary wrote as UN."""
        vr = vr_of(tag)
        unsure = vr == EITHER_SIGN or (vr == "SQ" and self.source.at(value, 4) != ITEM)
        return "UN" if unsure else vr

    def _value(self, tag: str, vr: str, at: int, value: int, length: int) -> Token:
        content = self.source.at(value, length)
        self.cut = self.cut or len(content) < length
        if length % 2:
            self.doubts.complain(f"{kinds.shown(tag)} has an odd length.")
        if tag == kinds.CHARSET:
            return self._change_charset(content)
        fragment, complaint = convert(vr, content, self._charset)
        if complaint:
            self.doubts.complain(f"{kinds.shown(tag)} {complaint}.")
        if tag == kinds.PIXEL_REPRESENTATION and self._implicit:
            self._signed = content[:2] == b"\1\0"
            self._enter(implicit=True)
            return token_of(tag, fragment)
        return token_of(tag, fragment, self._raw(at))

    def _raw(self, at: int) -> bytes:
        """The element from `at` to here, if it may be remembered: short and whole."""
        if self.cut or self.at - at > kinds.MAX_REMEMBERED:
            return b""
        raw = self.source.at(at, self.at - at)
        return raw if len(raw) == self.at - at else b""

    def _change_charset(self, content: bytes) -> Token:
        """From here on, text is decoded by this value; the JSON is UTF-8 (PS3.18 F.2)."""
        self._charset = charset(content[:_MAX_CHARSET])
        self._enter(implicit=self._implicit)
        if not self._charset.known:
            self.doubts.complain("Specific Character Set holds a term that is not defined.")
        return token_of(kinds.CHARSET, _UTF8 if content.strip(b" \0") else b'{"vr":"CS"}')

    def _bulk_value(self, tag: str, vr: str, value: int, length: int, missing: int = 0) -> Token:
        """A value that is not read: its place is remembered instead."""
        if vr not in MAY_BE_BULK:
            self.doubts.complain(f"{kinds.shown(tag)} is too long for its VR.")
            vr = "UN"
        if (length + missing) % 2:
            self.doubts.complain(f"{kinds.shown(tag)} has an odd length.")
        if tag in PIXELS and not self._trail:
            self.pixels = Pixels(tag, vr, value, length, missing)
        return self.place(tag, vr, value, length)

    def place(self, tag: str, vr: str, value: int, length: int) -> Token:
        """A bulk value, with its path as it follows from the sequences that are open."""
        path = "".join(f"{place[0]}/{place[1]}/" for place in self._trail) + tag
        self.bulk.append(Bulk(path, vr, value, length))
        if len(self.bulk) > MAX_BULK:
            raise too_much(f"There are more than {MAX_BULK} bulk values.")
        self._skipped += length
        return token_of(
            tag, b'{"vr":"%b","BulkDataURI":"%b%b"}' % (vr.encode(), PLACE, path.encode())
        )

    def _undefined(self, tag: str, vr: str, at: int, value: int, end: int) -> Token | Opened:
        """A value of undefined length: items of a sequence, or of encapsulated data."""
        if vr == "SQ":
            return Opened(tag, at, value, end, False, self._implicit)
        if vr == "UN" and tag not in PIXELS:  # PS3.5 6.2.2 note 2: items in implicit VR
            return Opened(tag, at, value, end, False, True)
        if vr not in BINARY:
            raise Odd("an undefined length where there is none")
        vr = "OB" if self._implicit else vr  # PS3.5 A.4
        found = fragments.walk(self.source, value, end)
        self._work.add(len(found.starts))
        self.at = found.end
        length = found.starts[-1] - value
        if not found.whole:
            self._overflow(end)
        token = self.place(tag, vr, value, length)
        if tag in PIXELS and not self._trail:
            self.pixels = Pixels(tag, vr, value, length, fragments=found)
        else:
            self.wrapped[self.bulk[-1].path] = found
        return token

    def _too_long(
        self, tag: str, vr: str, at: int, value: int, length: int, end: int
    ) -> Token | Opened | None:
        """An element that reaches beyond what holds it. At the end of a file, some is readable."""
        self._overflow(end)
        rest = end - value
        if vr == "SQ" and rest > 0:
            return Opened(tag, at, value, end, True, self._implicit)
        if rest > 0 and is_bulk(tag, vr, length):
            return self._bulk_value(tag, vr, value, rest, length - rest)
        return None

    def _sequence(self, opened: Opened) -> Token:
        """A sequence as one token; its items are read up to their end, or to the delimiter."""
        if len(self._trail) >= MAX_DEPTH:
            raise too_much(f"Sequences are nested deeper than {MAX_DEPTH} levels.")
        tag, end = opened.tag, opened.end
        before = len(self.bulk)
        outside = self._charset, self._signed, self._implicit, self._context
        if opened.implicit is not self._implicit:
            self._enter(implicit=opened.implicit)
        inside = self._charset, self._signed, self._implicit, self._context
        self._trail.append([tag, 0])
        items: list[bytes] = []
        at, deepest = opened.value, 0
        while at < end and self._is_item(at):
            self._trail[-1][1] = len(items) + 1
            self._work.add(1)
            stop = self._end_of_item(at, end)
            short = self._short_item(at + 8, stop)
            if short is None:
                parts = self._parts(at + 8, stop or end, self._context.item)
                item = b"{%b}" % b",".join([part.json for part in parts])
                depth = max([part.depth for part in parts], default=0)
                for part in parts:
                    self.doubts.inherit(part.doubts)
                self._charset, self._signed, self._implicit, self._context = inside
                stop = stop or self.at
            else:
                item, depth = short
            items.append(item)
            at, deepest = stop, max(deepest, depth)
        self._trail.pop()
        self._charset, self._signed, self._implicit, self._context = outside
        self.at = self._end_of_items(at, opened)
        fragment = b'{"vr":"SQ","Value":[%b]}' % b",".join(items) if items else b'{"vr":"SQ"}'
        if len(self._trail) + deepest >= MAX_DEPTH:
            raise too_much(f"Sequences are nested deeper than {MAX_DEPTH} levels.")
        plain = before == len(self.bulk) and deepest < MAX_SHORT
        return token_of(tag, fragment, self._raw(opened.at) if plain else b"", deepest + 1)

    def _is_item(self, at: int) -> bool:
        return (i := self._near(at)) >= 0 and self.source.buf.startswith(ITEM, i)

    def _short_item(self, at: int, stop: int) -> tuple[bytes, int] | None:
        """An item without peculiarities, if all of it is in the window."""
        source = self.source
        i, end = at - source.base, stop - source.base
        if not 0 <= end - i <= kinds.MAX_REMEMBERED or end > len(source.buf) - MARGIN:
            return None
        self._work.add((end - i) // 32)
        return self._context.short_item(source.buf, i, end)

    def _end_of_item(self, at: int, end: int) -> int:
        """Where the item at `at` ends; 0 for one that a delimiter ends."""
        i = at - self.source.base
        length = int.from_bytes(self.source.buf[i + 4 : i + 8], "little")
        if length == UNDEFINED:
            return 0
        if at + 8 + length > end:
            self._overflow(end)
            return end
        return at + 8 + length

    def _end_of_items(self, at: int, opened: Opened) -> int:
        """Where the sequence ends, if its last item ends at `at`."""
        end = opened.end
        if at < end and self.source.at(at, 4) == SEQUENCE_END:
            return end if opened.defined else at + 8
        if at < end or not opened.defined:
            self._overflow(end)
        return end
