"""A light HTTP/1.1 client on raw sockets: requests are made beforehand, bodies are drained."""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Body = Sequence[bytes | memoryview]
TIMEOUT = 600.0
BUFFER = 1024 * 1024


class Disconnected(ConnectionError):
    """The server ended a connection before its answer was whole."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request ready to be sent: the head as bytes, the body in pieces."""

    head: bytes
    body: Body = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; `body` is empty when it was drained, `size` counts its bytes all the same."""

    status: int
    headers: dict[str, str]
    body: bytes
    size: int


def get(path: str, accept: str = "*/*") -> Request:
    return Request(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n".encode())


def send(method: str, path: str, kind: str, body: Body = (), accept: str = "*/*") -> Request:
    """A request with a body, its length announced."""
    size = sum(len(piece) for piece in body)
    return Request(
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {size}\r\n\r\n".encode(),
        body,
    )


class Connection:
    """One connection that is kept, and opened anew when the server closed it after an answer."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)
        self._left = b""
        self._again: Request | None = None

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._left = None, b""

    def ask(self, request: Request, *, keep: bool = False) -> Answer:
        """Send and read; `keep` keeps the body."""
        self.send(request)
        return self.read(keep=keep)

    def send(self, request: Request) -> None:
        """Send; `read` gives the answer."""
        self._again = None if request.body else request
        try:
            self.send_pieces(request.head, request.body)
        except ConnectionError:
            self._send_again()

    def send_pieces(self, head: bytes, pieces: Iterable[bytes | memoryview]) -> None:
        """Send a body that need not exist as a whole."""
        connected = self._connected()
        connected.sendall(head)
        for piece in pieces:
            connected.sendall(piece)

    def read(self, *, keep: bool = False) -> Answer:
        """The next answer on this connection."""
        try:
            status, headers = self._read_head()
        except ConnectionError:
            self._send_again()
            status, headers = self._read_head()
        kept: list[bytes] | None = [] if keep else None
        if headers.get("transfer-encoding", "").lower() == "chunked":
            size = self._read_chunks(kept)
        elif "content-length" in headers:
            size = self._read_exactly(int(headers["content-length"]), kept)
        elif status in (204, 304):
            size = 0
        else:
            size = self._read_rest(kept)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, b"".join(kept or ()), size)

    def _send_again(self) -> None:
        """A kept connection may be closed while it waits: a GET is repeated once on a new one."""
        request, self._again = self._again, None
        if request is None:
            raise Disconnected("the server closed the connection")
        self.close()
        self.send_pieces(request.head, ())

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _receive(self) -> memoryview:
        """Some bytes, at least one; those left over from reading a head or a line first."""
        if self._left:
            left, self._left = self._left, b""
            return memoryview(left)
        if self._socket is None:
            raise Disconnected("not connected")
        count = self._socket.recv_into(self._buffer)
        if not count:
            raise Disconnected("the server closed the connection")
        return self._view[:count]

    def _read_until(self, end: bytes) -> bytes:
        collected = b""
        while end not in collected:
            collected += bytes(self._receive())
        found, _, self._left = collected.partition(end)
        return found

    def _read_head(self) -> tuple[int, dict[str, str]]:
        first, *lines = self._read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        status = int(first.split(" ", 2)[1])
        if status == 100:
            return self._read_head()
        return status, {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _read_exactly(self, size: int, kept: list[bytes] | None) -> int:
        missing = size
        while missing:
            piece = self._receive()
            if len(piece) > missing:
                self._left = bytes(piece[missing:])
                piece = piece[:missing]
            if kept is not None:
                kept.append(bytes(piece))
            missing -= len(piece)
        return size

    def _read_chunks(self, kept: list[bytes] | None) -> int:
        total = 0
        while size := int(self._read_until(b"\r\n").split(b";")[0], 16):
            total += self._read_exactly(size, kept)
            self._read_exactly(2, None)
        while self._read_until(b"\r\n"):
            pass
        return total

    def _read_rest(self, kept: list[bytes] | None) -> int:
        """A body that ends with its connection."""
        total = 0
        try:
            while True:
                piece = self._receive()
                total += len(piece)
                if kept is not None:
                    kept.append(bytes(piece))
        except Disconnected:
            self.close()
        return total


def parts(answer: Answer) -> list[bytes]:
    """The payloads of a multipart answer."""
    kind = answer.headers["content-type"]
    boundary = kind.partition("boundary=")[2].split(";")[0].strip().strip('"').encode()
    inner = (b"\r\n" + answer.body).split(b"\r\n--" + boundary)[1:-1]
    return [part.partition(b"\r\n\r\n")[2] for part in inner]
