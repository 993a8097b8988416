"""Elements seen before: in a series most of a header repeats, byte for byte, from file to file."""

MAX_BYTES = 24 * 2**20
"""What all memos together may hold; beyond it they are emptied and begin anew."""
MAX_REMEMBERED = 4096
"""Elements longer than this are not worth remembering."""
_OVERHEAD = 300  # of one token and its place in the dictionary, about


class Token:
    """One element: `raw` is all of its bytes with the header, `json` is `"TTTTTTTT":` and `value`.

    `next` is the token that followed last time, which is a good guess for this time. `raw` is empty
    for a token that is not remembered; it is never guessed either.
    """

    __slots__ = ("json", "next", "raw", "size", "tag", "value")

    def __init__(self, tag: str, prefix: bytes, value: bytes, raw: bytes = b"") -> None:
        self.tag = tag
        self.value = value
        self.json = prefix + value
        self.raw = raw
        self.size = len(raw)
        self.next: Token | None = None


class Memo:
    """The tokens of one context: a way of encoding and a character set."""

    __slots__ = ("item", "start", "tokens")

    def __init__(self) -> None:
        self.tokens: dict[bytes, Token] = {}
        self.start = Token("", b"", b"")  # what comes before the first element of a file
        self.item = Token("", b"", b"")  # and of an item

    def clear(self) -> None:
        self.tokens.clear()
        self.start.next = self.item.next = None


class Memory:
    """The memos of all contexts, bounded together in bytes.

    Threads may share it: a dictionary's get and set are atomic, and a token lost is only read anew.
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._memos: dict[object, Memo] = {}
        self._used = 0

    def memo(self, context: object) -> Memo:
        found = self._memos.get(context)
        if found is None:
            self._used += _OVERHEAD
            found = self._memos.setdefault(context, Memo())
        return found

    def remember(self, memo: Memo, token: Token) -> Token:
        if self._used > self._limit:
            self.forget()
        self._used += token.size + 2 * len(token.json) + _OVERHEAD
        memo.tokens[token.raw] = token
        return token

    def forget(self) -> None:
        for memo in list(self._memos.values()):
            memo.clear()
        self._memos.clear()
        self._used = 0


MEMORY = Memory()
