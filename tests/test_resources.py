"""What a path names: UIDs that may stand in one, frame lists, levels."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomweb.errors import BadRequest
from dicomweb.resources import MAX_UID_LENGTH, Level, Resource, is_uid, parse_frames


@given(st.text("0123456789.", max_size=20) | st.text(max_size=20))
def test_a_uid_is_digits_in_groups_joined_by_dots(text: str) -> None:
    assert is_uid(text) == bool(re.fullmatch(r"[0-9]+(\.[0-9]+)*", text, re.ASCII))


@pytest.mark.parametrize(
    "text", ["1\n", "1.2\0", "1." * 64 + "1", "\uff11.2", "1..2", ".1", "1.", ""]
)
def test_what_could_leave_a_path_is_no_uid(text: str) -> None:
    assert not is_uid(text)


def test_a_uid_may_be_longer_than_the_standard_allows_but_not_endless() -> None:
    assert is_uid("1" * MAX_UID_LENGTH)
    assert not is_uid("1" * (MAX_UID_LENGTH + 1))


def test_a_resource_with_a_malformed_uid_is_refused() -> None:
    with pytest.raises(BadRequest):
        Resource("1.2", "../3")


@pytest.mark.parametrize(
    ("resource", "level", "path"),
    [
        (Resource("1"), Level.STUDY, "/studies/1"),
        (Resource("1", "2"), Level.SERIES, "/studies/1/series/2"),
        (Resource("1", "2", "3"), Level.INSTANCE, "/studies/1/series/2/instances/3"),
    ],
)
def test_a_resource_knows_its_level_and_its_path(
    resource: Resource, level: Level, path: str
) -> None:
    assert (resource.level, resource.path) == (level, path)


@pytest.mark.parametrize(
    ("text", "frames"), [("1", (1,)), ("3,1,3", (3, 1, 3)), ("1%2C2", (1, 2)), ("007", (7,))]
)
def test_frames_come_in_the_order_asked_for(text: str, frames: tuple[int, ...]) -> None:
    assert parse_frames(text) == frames


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1,", ",1", "1.5", "x", "1 2", "9" * 5000, "\uff12"]
)
def test_what_is_no_list_of_frames_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_frames(text)
