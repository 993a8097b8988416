"""Orders of the radiology API and the worklist in a browser, for tests."""

from io import BytesIO
from typing import Any

import requests
from chromium import Tab
from PIL import Image
from playwright.sync_api import Locator
from servers import Server


def ordered(server: Server, headers: dict[str, str] | None = None, **order: str) -> dict[str, Any]:
    """A new order as the API tells it."""
    given = {"patientId": "P-1", "modality": "CT", "patientName": "Doe^Jane", **order}
    address = f"{server.address}/api/radiology/studies"
    answer = requests.post(address, json=given, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["data"]
    return made


def rows(tab: Tab) -> Locator:
    """The rows of a list."""
    return tab.page.locator("#results tbody tr")


def said(tab: Tab, text: str) -> None:
    """Wait until the page says so."""
    tab.page.locator("#said", has_text=text).wait_for()


def png() -> bytes:
    """A small picture."""
    buffer = BytesIO()
    Image.new("L", (32, 32), 90).save(buffer, "PNG")
    return buffer.getvalue()


def drop(tab: Tab, files: dict[str, bytes]) -> None:
    """As a person drops them from a folder."""
    given = [[name, list(data)] for name, data in files.items()]
    tab.page.evaluate(
        """given => {
            const held = new DataTransfer();
            for (const [name, data] of given) {
                held.items.add(new File([new Uint8Array(data)], name));
            }
            for (const kind of ["dragenter", "dragover", "drop"]) {
                const told = {dataTransfer: held, bubbles: true, cancelable: true};
                document.body.dispatchEvent(new DragEvent(kind, told));
            }
        }""",
        given,
    )
