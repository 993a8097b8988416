"""What an operator's Prometheus reads: requests, bytes, stores and renderings; no patient data."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)

REQUESTS = Counter(
    "dicomweb_requests", "Requests by route and status.", ["method", "route", "status"]
)
DURATIONS = Histogram(
    "dicomweb_request_seconds",
    "From the request's head to the last byte of the answer, by route.",
    ["method", "route"],
    buckets=_SECONDS,
)
RECEIVED = Counter("dicomweb_received_bytes", "Bytes of request bodies.")
SENT = Counter("dicomweb_sent_bytes", "Bytes of response bodies.")
STORED = Counter("dicomweb_stored_instances", "Instances of store requests.", ["outcome"])
RENDERING = Histogram("dicomweb_render_seconds", "Time to render one image.", buckets=_SECONDS)
USED = Gauge(
    "dicomweb_storage_bytes", "Bytes of all stored instances.", multiprocess_mode="mostrecent"
)
INSTANCES = Gauge("dicomweb_instances", "Instances in the index.", multiprocess_mode="mostrecent")
STUDIES = Gauge("dicomweb_studies", "Studies in the index.", multiprocess_mode="mostrecent")


def exposition() -> bytes:
    """All metrics in Prometheus's text format; those of several workers add up."""
    if MULTIPROCESS not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


class Measured:
    """The outermost middleware: counts and times every request under its route's template.

    `answered` are hooks of extensions, told of every request when it is finished.
    """

    def __init__(self, app: ASGIApp, answered: Sequence[Callable[[Scope, int], None]] = ()) -> None:
        self.app = app
        self.answered = tuple(answered)
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        sent = received = 0

        async def watch_send(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                scope["started"] = True
            else:
                sent += len(message.get("body", b""))
            await send(message)

        async def watch_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        began = time.perf_counter()
        try:
            await self.app(scope, watch_receive, watch_send)
        finally:
            self._count(scope, status, sent, received, time.perf_counter() - began)
            for told in self.answered:
                told(scope, status)

    def _count(self, scope: Scope, status: int, sent: int, received: int, seconds: float) -> None:
        route = scope.get("route")
        path = getattr(route, "path", "none")
        key = (scope["method"], path, status)
        children = self._children.get(key)
        if children is None:
            # Who scans every path by every method makes no series of numbers for each.
            served = getattr(route, "methods", None) or _METHODS
            key = (key[0] if key[0] in served else "other", path, status)
            children = (REQUESTS.labels(*key), DURATIONS.labels(*key[:2]))
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)
        if sent:
            SENT.inc(sent)
        if received:
            RECEIVED.inc(received)
