"""Rows of a person who waits: OHIF opens a CT of 300 slices over our archive and over Orthanc.

The same OHIF, served by us to both; nginx stands before both, and sends `/dicom-web` to one archive
or the other. Each opening has an empty cache, but for the program of OHIF itself. The archive's
share is what nginx waited for it, to the millisecond: the browser's own haste does not count.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median

from tests.benchmarks.bench import Bench
from tests.benchmarks.measure import require
from tests.benchmarks.peers import Peer
from tests.benchmarks.report import Line, absent

PATIENCE = 120
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 256; }}
http {{
  log_format waits '$msec $upstream_response_time';
  access_log off; keepalive_requests 1000000; client_max_body_size 0;
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
  proxy_buffers 64 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 1m;
{servers}
}}
"""
SERVER = """
  upstream {name} {{ server {archive}; keepalive 16; }}
  upstream {name}_viewer {{ server {viewer}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://{name}_viewer; }}
    location /dicom-web/ {{
      proxy_pass http://{name};
      access_log {folder}/{name}.log waits;
    }}
  }}
"""
# Notes when the first picture is on the canvas; keeps the times of all requests.
WATCH = """
performance.setResourceTimingBufferSize(5000);
window.firstImage = 0;
setInterval(() => {
  const canvas = document.querySelector("canvas.cornerstone-canvas");
  const context = !window.firstImage && canvas && canvas.width && canvas.getContext("2d");
  if (!context) return;
  const half = canvas.width >> 1;
  const row = context.getImageData(half >> 1, canvas.height >> 1, half, 1).data;
  const greys = row.filter((_, at) => at % 4 === 0);
  if (Math.max(...greys) - Math.min(...greys) > 16) window.firstImage = performance.now();
}, 10);
"""
TIMES = """() => ({
  first: window.firstImage,
  frames: performance.getEntriesByType("resource")
    .filter((entry) => entry.name.includes("/dicom-web/"))
    .filter((entry) => entry.name.includes("/frames/"))
    .map((entry) => entry.responseEnd),
})"""


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening of the study, times in milliseconds.

    `waited` adds the archive's response times up, `busy` is the time in which at least one request
    was unanswered: what no number of connections can hide.
    """

    first: float
    all_slices: float
    waited: float = 0.0
    busy: float = 0.0


def opening(bench: Bench) -> Iterator[Line]:
    """First image, all slices, and the archive's share of the waiting."""
    reason = _missing(bench)
    if reason:
        yield absent("OHIF opens a CT of 300 slices", reason)
        return
    from tests.chromium import launched

    found: dict[str, list[Opening]] = {peer.name: [] for peer in bench.archives}
    with _proxied(bench) as addresses, launched() as browser:
        for number in range(-1, bench.options.rounds):
            names = list(addresses) if number % 2 else list(reversed(addresses))
            for name in names:
                log = bench.folder / "browser" / f"{name.lower()}.log"
                log.write_text("")
                seen = _open(browser, addresses[name], bench.series[0].study, len(bench.series))
                seen = replace(seen, **_waits(log.read_text()))
                if number >= 0:
                    found[name].append(seen)
    yield from _lines(found, bench)


def _missing(bench: Bench) -> str:
    from extensions.viewer.build import FETCHED, find
    from tests.chromium import CHROMIUM

    if bench.orthanc is None or bench.nginx is None:
        return "Orthanc or nginx is absent"
    if not CHROMIUM.exists() or find(FETCHED) is None:
        return "Chromium or OHIF (make viewer) is absent"
    return ""


@contextmanager
def _proxied(bench: Bench) -> Iterator[dict[str, str]]:
    """nginx before both archives: the address of each."""
    folder = bench.folder / "browser"
    (folder / "t").mkdir(parents=True)
    viewer = _address(bench.ours)
    addresses, servers = {}, ""
    for peer in bench.archives:
        port = bench.free_port()
        addresses[peer.name] = f"http://127.0.0.1:{port}"
        name = peer.name.lower()
        servers += SERVER.format(
            folder=folder, name=name, archive=_address(peer), viewer=viewer, port=port
        )
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, servers=servers))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "nginx"
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(settings)])
    try:
        time.sleep(1)
        yield addresses
    finally:
        process.terminate()
        process.wait(30)


def _address(peer: Peer) -> str:
    return f"{peer.address[0]}:{peer.address[1]}"


def _open(browser: "object", address: str, study: str, slices: int) -> Opening:
    """Open the study in a new window whose cache holds OHIF alone."""
    from tests.chromium import RETURNING

    context = browser.new_context(viewport={"width": 1100, "height": 700})  # type: ignore[attr-defined]
    try:
        context.add_init_script(RETURNING)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.goto(f"{address}/viewer/viewer?StudyInstanceUIDs=1.2.3")  # OHIF itself, no images
        page.wait_for_load_state("networkidle")
        page.goto(f"{address}/viewer/viewer?StudyInstanceUIDs={study}")
        until = time.monotonic() + PATIENCE
        while True:
            seen = page.evaluate(TIMES)
            frames = [end for end in seen["frames"] if end]
            if seen["first"] and len(frames) >= slices:
                return Opening(seen["first"], max(frames))
            require(time.monotonic() < until, f"{len(frames)} of {slices} slices came: {address}")
            page.wait_for_timeout(100)
    finally:
        context.close()


def _waits(log: str) -> dict[str, float]:
    """What nginx waited: each line has the end of a request (seconds) and how long it took."""
    pairs = [line.split() for line in log.splitlines()]
    spans = sorted((float(end) - float(took), float(end)) for end, took in pairs if took != "-")
    busy, reached = 0.0, 0.0
    for start, end in spans:
        busy += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    waited = sum(end - start for start, end in spans)
    return {"waited": waited * 1000, "busy": busy * 1000}


def _lines(found: dict[str, list[Opening]], bench: Bench) -> Iterator[Line]:
    assert bench.orthanc is not None
    mine, theirs = found[bench.ours.name], found[bench.orthanc.name]
    wanted = (
        ("waited", "the archive's response times", 5.0),
        ("busy", "time with an unanswered request", 5.0),
        ("first", "first image", 1.0),
        ("all_slices", "all slices loaded", 1.0),
    )
    for field, words, times in wanted:
        ours = [getattr(each, field) for each in mine]
        peer = [getattr(each, field) for each in theirs]
        quotients = [b / a for a, b in zip(ours, peer, strict=True)]
        goal = f"≥ {times:g}x less than {bench.orthanc.name}" if times > 1 else "no later"
        yield Line(
            f"OHIF opens a CT of {len(bench.series)} slices: {words}",
            goal,
            f"{median(ours):.0f} ms",
            f"{bench.orthanc.name} {median(peer):.0f} ms",
            f"{median(quotients):.2f}x ({min(quotients):.2f}-{max(quotients):.2f})",
            median(quotients) >= times * (1 if times > 1 else 0.95),
            values={"ours_ms": median(ours), "peer_ms": median(peer)},
        )
