"""What is drawn beside and below pictures: legends with room for their words, a ruler."""

from unittest.mock import patch

import numpy as np
import pytest

from dicomweb.pixels.documents import sketch
from dicomweb.pixels.documents.contour_picture import render_contours
from dicomweb.pixels.documents.sketch import INK, Entry, with_legend
from tests.pixels.rendering import pixels_of
from tests.pixels.test_documents_contours import RED, SQUARE, contour, region, structures

GROUND = np.zeros((768, 768, 3), np.uint8)
LONG = "a name that nobody would give to a segment " * 4


def written(words: str) -> str:
    """What stands in a legend for these words."""
    found = []

    def noted(*arguments: object) -> str:
        found.append(cut(*arguments))
        return found[-1]

    cut = sketch._cut
    with patch.object(sketch, "_cut", noted):
        with_legend(GROUND, [Entry(RED, words)])
    return found[0]


@pytest.mark.parametrize(
    "words", ["without the image", "48 on other frames", "second segment", "Neoplasm, Primary"]
)
def test_a_legend_has_room_for_its_words(words: str) -> None:
    assert written(words) == words


def test_words_that_would_be_wider_than_the_picture_are_cut() -> None:
    assert written(LONG).endswith("...")


def test_contours_without_an_image_stand_above_a_ruler_that_names_its_length() -> None:
    body = render_contours(structures(region(1, RED, contour(SQUARE)))).body
    corner = pixels_of(body)[-36:-20, 12:60]
    assert (np.abs(corner.astype(int) - INK).max(axis=2) < 40).sum() > 20
