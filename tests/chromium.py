"""A real browser for tests: Debian's chromium, watched for everything that goes wrong in it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from engines import missing
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Playwright,
    PlaywrightContextManager,
    Request,
    Response,
    sync_playwright,
)

HERE = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")
# Pictures of every test, to be looked at by a person.
PICTURES = Path(os.environ.get("LIGHTBOX_SCREENSHOTS") or HERE / "build" / "screenshots")
# WebGL without a graphics card, and a browser that calls nobody by itself. Only WebGL is left to
# the emulated card: pages put together by it cost half as much time again.
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-gpu-compositing",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A returning user: the tour and the reminder of OHIF have been seen.
RETURNING = """try {
    localStorage.setItem("shownTours", JSON.stringify(["basicViewerTour"]));
    const expiryDate = new Date(Date.now() + 1e10).toISOString();
    localStorage.setItem("investigationalUseDialog", JSON.stringify({expiryDate}));
} catch {}"""
# Milliseconds. Software WebGL on a shared machine is slow.
PATIENCE = 60_000
# The middle of a viewport counts as a picture when so many of its pixels differ from the ground.
DRAWN = 0.015


class _Driver:
    """Playwright's one driver of this process, which lives as long as any browser of it does."""

    users = 0
    manager: PlaywrightContextManager
    playwright: Playwright


def press(page: Page, key: str) -> None:
    """Press a key when the scripts of the page, which may have just been opened, listen to keys."""
    page.wait_for_load_state("domcontentloaded")
    page.keyboard.press(key)


@contextmanager
def _driven() -> Iterator[Playwright]:
    if not CHROMIUM.exists():
        missing("Chromium is not installed (apt-get install chromium)")
    if not _Driver.users:
        _Driver.manager = sync_playwright()
        _Driver.playwright = _Driver.manager.__enter__()
    _Driver.users += 1
    try:
        yield _Driver.playwright
    finally:
        _Driver.users -= 1
        if not _Driver.users:
            _Driver.manager.__exit__(None, None, None)


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium, with an empty profile; several may be open at once."""
    with _driven() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def returning(profile: Path) -> Iterator[BrowserContext]:
    """The window of a returning user, whose profile is kept in a folder.

    Only so Chromium keeps compiled scripts: from its third opening at one address on, OHIF costs
    a third less of the processor's time.
    """
    with _driven() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=str(CHROMIUM),
            args=FLAGS,
            viewport={"width": 1100, "height": 700},
        )
        context.add_init_script(RETURNING)
        yield context
        context.close()


class Tab:
    """A page of the browser at one address, and what went wrong in it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.problems: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        page.on("requestfailed", lambda asked: self._failed(asked))
        page.on("request", lambda asked: self._asked(asked.url))
        page.on("response", lambda answer: self._answered(answer))

    def _said(self, kind: str, text: str) -> None:
        if kind == "error":
            self.problems.append(f"console: {text}")

    def _failed(self, request: Request) -> None:
        if request.failure == "net::ERR_ABORTED":  # the page itself gave it up
            return
        self.problems.append(f"failed: {request.url} {request.failure}")

    def _asked(self, url: str) -> None:
        network = urlsplit(url).scheme in ("http", "https", "ws", "wss")
        if network and not url.startswith(f"{self.address}/"):
            self.problems.append(f"left {self.address}: {url}")

    def _answered(self, answer: Response) -> None:
        if answer.status >= 400:
            self.problems.append(f"{answer.status}: {answer.request.method} {answer.url}")

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def part(self, name: str) -> Locator:
        """The first element that OHIF calls so for its own tests."""
        return self.page.locator(f'[data-cy="{name}"]').first

    def shows(self, text: str) -> None:
        """Wait until the text is somewhere on the page."""
        self.page.get_by_text(text).first.wait_for()

    def pixels(self) -> np.ndarray:
        """The middle of the viewport, without the texts at its edges; (rows, columns, RGB)."""
        picture = Image.open(BytesIO(self.part("viewport-pane").screenshot())).convert("RGB")
        width, height = picture.size
        box = (width // 5, height // 5, width - width // 5, height - height // 5)
        return np.asarray(picture.crop(box)).astype(int)

    def wait_for_picture(self) -> None:
        """Until the viewport shows more than its ground; it must do so within our patience."""
        self.wait_for_pixels(lambda found: drawn(found) >= DRAWN, "the viewport stays blank")

    def wait_for_pixels(self, good: Callable[[np.ndarray], bool], otherwise: str) -> None:
        self.part("viewport-pane").wait_for()
        until = time.monotonic() + PATIENCE / 1000
        while not good(self.pixels()):
            assert time.monotonic() < until, f"{otherwise}; {self.problems}"
            self.page.wait_for_timeout(200)

    def picture(self, name: str) -> None:
        """Keep a screenshot for people; OHIF's own message of a failure must not be on it."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")
        assert self.page.get_by_text("Something went wrong").count() == 0


def drawn(pixels: np.ndarray) -> float:
    """The share of pixels that differ clearly from the most frequent colour."""
    packed = pixels @ np.array([65536, 256, 1])
    colours, counts = np.unique(packed, return_counts=True)
    ground = pixels[packed == colours[counts.argmax()]][0]
    return float((np.abs(pixels - ground).max(axis=2) > 16).mean())


def reddish(pixels: np.ndarray) -> float:
    """The share of pixels that are clearly red."""
    red, others = pixels[..., 0], pixels[..., 1:].max(axis=2)
    return float((red - others > 60).mean())
