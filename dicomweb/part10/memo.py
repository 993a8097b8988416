"""Elements seen before: in a series most of a header repeats, byte for byte, from file to file."""

from collections.abc import Iterable, Sequence
from itertools import chain

from dicomweb.part10.fragments import ITEM
from dicomweb.part10.header import Doubt
from dicomweb.part10.kinds import KINDS, explicit_stop, implicit_stop, kind_of
from dicomweb.part10.text import Charset
from dicomweb.part10.values import SHORT

MAX_BYTES = 24 * 2**20
"""What all contexts together may hold; beyond it they are emptied and begin anew."""
_OVERHEAD = 300  # of one token and its place in the dictionary, about
_FEW = 16  # parts of a header that are not worth joining
MAX_SHORT = 16
"""Levels of sequences in what is remembered; deeper ones are left to the walk."""


class Token:
    """One element: `raw` is all of its bytes with the header, `json` is `"TTTTTTTT":` and `value`.

    `next` is what followed last time, which is a good guess for this time. `raw` is empty for a
    token that is not remembered; it is never guessed either. `depth` counts the levels of sequences
    in it, `doubts` say what is wrong with it. `changing` tells that the element has had another
    value in a file just like this one.
    """

    __slots__ = (
        "changing",
        "depth",
        "doubts",
        "json",
        "last",
        "next",
        "raw",
        "size",
        "tag",
        "value",
    )

    def __init__(
        self, tag: str, prefix: bytes, value: bytes, raw: bytes = b"", depth: int = 0
    ) -> None:
        self.tag = tag
        self.value = value
        self.json = prefix + value
        self.raw = raw
        self.size = len(raw)
        self.depth = depth
        self.doubts: tuple[Doubt, ...] = ()
        self.next: Token | Run | None = None
        self.last: Token | None = None  # none: this is one token, not a run
        self.changing = False


def token_of(tag: str, value: bytes, raw: bytes = b"", depth: int = 0) -> Token:
    return Token(tag, b'"%b":' % tag.encode(), value, raw, depth)


class Run:
    """Tokens that keep following each other, taken as one."""

    __slots__ = (
        "depth",
        "doubts",
        "elements",
        "first",
        "json",
        "last",
        "raw",
        "size",
        "tag",
        "tokens",
    )
    changing = False

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.first, self.last = tokens[0], tokens[-1]
        self.tag = self.first.tag
        self.raw = b"".join([token.raw for token in tokens])
        self.size = len(self.raw)
        self.json = b",".join([token.json for token in tokens])
        self.depth = max(token.depth for token in tokens)
        self.doubts = tuple(chain.from_iterable(token.doubts for token in tokens))
        self.elements = {token.tag: token.value for token in tokens}


def single(parts: Iterable[Token | Run]) -> list[Token]:
    """The tokens one by one."""
    return list(chain.from_iterable(p.tokens if isinstance(p, Run) else (p,) for p in parts))


def elements_of(parts: Iterable[Token | Run]) -> dict[str, bytes]:
    """The fragment of each element, by its tag."""
    elements: dict[str, bytes] = {}
    for part in parts:
        if isinstance(part, Run):
            elements.update(part.elements)
        else:
            elements[part.tag] = part.value
    return elements


class Context:
    """One way of encoding and one character set: the elements seen in it, and how to read new ones.

    What it reads has nothing peculiar about it, and lies before it as a whole; for all else it
    gives None, and the walk takes a closer look.
    """

    __slots__ = (
        "_charset",
        "_key",
        "_memory",
        "_quiet",
        "item",
        "short",
        "start",
        "stop_of",
        "tokens",
    )

    def __init__(self, memory: "Memory", charset: Charset, *, implicit: bool) -> None:
        self._memory = memory
        self._charset = charset
        self._key = 4 if implicit else 6  # how many bytes tell the Kind of an element
        self.short = frozenset() if implicit else SHORT  # VRs that tell a length of 16 bits
        self.stop_of = implicit_stop if implicit else explicit_stop
        self.tokens: dict[bytes, Token] = {}
        self.start = Token("", b"", b"")  # what comes before the first element of a file
        self.item = Token("", b"", b"")  # and of an item
        self._quiet = _FEW

    def new(self, raw: bytes, depth: int = 0) -> Token | None:
        """An element that was not seen before."""
        size = len(raw)
        kind = KINDS.get(raw[: self._key]) or kind_of(raw[: self._key])
        if kind is None or not kind.header < size <= kind.longest or size % 2:
            return None
        inside = 0
        if kind.convert is not None:
            fragment, complaint = kind.convert(raw[kind.header :], self._charset)
            if complaint:
                return None
        else:
            found = self._short_sequence(raw, kind.header, depth + 1)
            if found is None:
                return None
            fragment, inside = b'{"vr":"SQ","Value":[%b]}' % found[0], found[1] + 1
        token = self.tokens[raw] = Token(kind.tag, kind.prefix, fragment, raw, inside)
        self._memory.take(self, size + 2 * len(fragment) + _OVERHEAD)
        return token

    def short_item(self, buf: bytes, i: int, stop: int, depth: int = 0) -> tuple[bytes, int] | None:
        """The elements in `buf[i:stop]` as a JSON object, and the levels of sequences in it."""
        parts = []
        deepest = 0
        known, short, last = self.tokens.get, self.short, ""
        while i < stop - 7:
            if buf[i + 4 : i + 6] in short:
                end = i + 8 + buf[i + 6] + (buf[i + 7] << 8)
            else:
                end = self.stop_of(buf, i)
            raw = buf[i:end]
            token = known(raw)
            if token is None and i < end <= stop:
                token = self.new(raw, depth)
            if token is None or token.tag <= last or token.doubts:
                return None
            if token.depth > deepest:
                deepest = token.depth
            parts.append(token.json)
            last, i = token.tag, end
        return (b"{%b}" % b",".join(parts), deepest) if i == stop else None

    def remember(self, token: Token, longer: bytes) -> Token:
        """`longer` are the bytes of `token` with those before it that have no place in the JSON.

        Gives the token that stands for them; it can be guessed, if not looked up.
        """
        self.tokens[token.raw] = token
        self._memory.take(self, token.size + 2 * len(token.json) + _OVERHEAD)
        if len(longer) <= token.size:
            return token
        doubts = token.doubts
        token = token_of(token.tag, token.value, longer, token.depth)
        token.doubts = doubts
        return token

    def differs(self, guess: Token | Run, found: Token) -> None:
        """Not what was guessed: what follows will be the same, if only the value is another."""
        first = guess.first if isinstance(guess, Run) else guess
        if first is found or first.tag != found.tag:
            return
        first.changing = found.changing = True
        if found.next is None:
            found.next = first.next

    def learn(self, parts: Sequence[Token | Run]) -> None:
        """Join what keeps its value from file to file into runs, once there is much to join."""
        if len(parts) <= self._quiet:
            return
        before: Token | Run = self.start
        steady: list[Token | Run] = []
        joined = 0
        for part in parts:
            if part.raw and not part.changing:
                steady.append(part)
                continue
            joined += self._join(before, steady)
            before, steady = part, []
        joined += self._join(before, steady)
        self._quiet = len(parts) - joined + _FEW

    def _join(self, before: Token | Run, steady: list[Token | Run]) -> int:
        """Make a run of parts that followed `before`, which must be one that is remembered."""
        if steady and not before.raw and before is not self.start:
            before, *steady = steady
        if len(steady) < 2:
            return 0
        run = Run(single(steady))
        last = before.last if isinstance(before, Run) else before
        last.next = run
        self._memory.take(self, 2 * (run.size + len(run.json)) + _OVERHEAD)
        return len(steady) - 1

    def clear(self) -> None:
        self.tokens.clear()
        self.start.next = self.item.next = None
        self._quiet = _FEW

    def _short_sequence(self, raw: bytes, i: int, depth: int) -> tuple[bytes, int] | None:
        """The items in `raw[i:]` as JSON objects, if their lengths are defined; levels in them."""
        items = []
        deepest, end = 0, len(raw)
        while i < end:
            stop = i + 8 + int.from_bytes(raw[i + 4 : i + 8], "little")
            if stop > end or depth > MAX_SHORT or not raw.startswith(ITEM, i):
                return None
            item = self.short_item(raw, i + 8, stop, depth)
            if item is None:
                return None
            items.append(item[0])
            deepest = max(deepest, item[1])
            i = stop
        return b",".join(items), deepest


class Memory:
    """The contexts, bounded together in bytes.

    Threads may share it: a dictionary's get and set are atomic, and a token lost is only read anew.
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = self._room = limit
        self._contexts: dict[object, Context] = {}

    def context(self, charset: Charset, *, implicit: bool, signed: bool) -> Context:
        """`signed` matters in implicit VR only, where it tells some VRs."""
        key = (charset, implicit, signed and implicit)
        found = self._contexts.get(key)
        if found is None:
            found = self._contexts.setdefault(key, Context(self, charset, implicit=implicit))
            self.take(found, 10 * _OVERHEAD)
        return found

    def take(self, context: Context, size: int) -> None:
        """Room in `context` for `size` bytes more; where there is none, everything is forgotten."""
        self._room -= size
        if self._room < 0:
            self.forget()
            context.clear()  # a walk may hold on to one that was forgotten before

    def forget(self) -> None:
        for context in list(self._contexts.values()):
            context.clear()
        self._contexts.clear()
        self._room = self._limit


MEMORY = Memory()
