"""OHIF opens the report of a study's annotations, draws them all, and measures the same."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import samples
from chromium import RETURNING, Tab, launched
from engines import missing

from extensions.viewer.build import FETCHED, find
from tests.radiology.annotating import draw, renewed
from tests.radiology.radiology_api import Api

DRAWN: dict[str, list[tuple[float, float]]] = {
    "text": [(60, 60)],
    "arrow": [(100, 420), (60, 470)],
    "circle": [(256, 256), (296.5, 256)],
    "ellipse": [(330, 100), (430, 130)],
    "rectangle": [(250.2, 140), (150, 100)],
    "measurement": [(100, 250), (200, 250)],
    "angle": [(350, 350), (400, 400), (450, 330)],
    "roi": [(200, 300), (300, 310), (280, 400), (210, 390)],
}


@pytest.fixture
def tab(radiology_server: Any) -> Iterator[Tab]:
    """A tab of a browser at the server; nothing may go wrong in it."""
    if find(FETCHED) is None:
        missing("OHIF is not fetched (make viewer)")
    with launched() as browser:
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        context.add_init_script(RETURNING)
        tab = Tab(context.new_page(), radiology_server.address)
        yield tab
        assert tab.problems == []


def test_ohif_draws_and_measures_the_same(api: Api, tab: Tab) -> None:
    image = renewed(api, samples.folder() / "ct-series/I310.dcm")
    made = {
        kind: draw(api, image, kind, points=points, label=f"{kind} finding")["measurements"]
        for kind, points in DRAWN.items()
    }
    api("POST", f"/studies/{image.StudyInstanceUID}/annotations/sr")
    tools: list[str] = []
    tab.page.on("console", lambda said: tools.extend(re.findall("^=== (.+) ===$", said.text)))
    shown = _rehydrated(tab, image.StudyInstanceUID)
    assert sorted(tools) == [
        *["Angle", "ArrowAnnotate", "ArrowAnnotate", "CircleROI", "EllipticalROI", "Length"],
        *["PlanarFreehandROI", "RectangleROI"],
    ]
    assert "text finding" in shown
    assert "arrow finding" in shown
    assert f"{made['measurement']['length']['value']:.1f} mm" in shown
    assert f"{made['angle']['angle']['value']:.1f} °" in shown
    assert f"Radius: {made['circle']['radius']['value']:.1f} mm" in shown
    for kind in ("circle", "rectangle", "roi", "ellipse"):
        assert _near(shown, made[kind]), kind


def _rehydrated(tab: Tab, study: str) -> str:
    """All texts, once the report has been opened and its measurements are taken over."""
    tab.open(f"/viewer/viewer?StudyInstanceUIDs={study}")
    tab.wait_for_picture()
    label = tab.page.locator('[data-cy="study-browser-thumbnail-no-image"]')
    label.filter(has_text="Annotations").first.dblclick()
    tab.shows("Do you want to continue tracking measurements for this study?")
    tab.page.get_by_role("button", name="Yes").click()
    tab.page.get_by_text("Perimeter").first.wait_for()
    tab.picture("annotations")
    return tab.page.locator("body").inner_text()


def _near(shown: str, expected: dict[str, Any]) -> bool:
    """Whether some area that OHIF shows has the size and the mean that we say.

    It takes one more row and column of a rectangle: pixels at an edge may be in or out.
    """
    slack = 0.05 * expected["standardDeviation"]["value"]
    said = re.findall(r"Area: ([\d.]+) mm²Mean: (-?[\d.]+) HU", shown)
    return any(
        float(area) == pytest.approx(expected["area"]["value"], rel=0.005)
        and float(mean) == pytest.approx(expected["mean"]["value"], abs=slack)
        for area, mean in said
    )
