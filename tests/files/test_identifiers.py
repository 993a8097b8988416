"""Ids by their formulas: UUIDs, their short form, Orthanc's."""

import hashlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as some

from extensions.files.identifiers import (
    ALPHABET,
    orthanc_of,
    read_orthanc,
    read_uuid,
    short_of,
    uuid_of,
)


@given(some.uuids())
def test_a_short_id_is_another_spelling_of_the_uuid(id: uuid.UUID) -> None:
    short = short_of(str(id))
    assert len(short) == 22
    assert set(short) <= set(ALPHABET)
    assert read_uuid(short) == str(id)


@given(some.uuids(), some.uuids())
def test_short_ids_sort_as_their_uuids(one: uuid.UUID, other: uuid.UUID) -> None:
    assert (short_of(str(one)) < short_of(str(other))) is (one < other)


def test_the_short_id_of_the_document_can_be_read() -> None:
    assert short_of(read_uuid("iEfcZk3Vn6H8iyqc3seHrm") or "") == "iEfcZk3Vn6H8iyqc3seHrm"


def test_a_uuid_is_that_of_its_instance_everywhere() -> None:
    found = uuid.UUID(uuid_of("1.2.3"))
    assert found.version == 5
    assert uuid_of("1.2.3") == str(found)
    assert uuid_of("1.2.4") != str(found)


def test_an_orthanc_id_is_a_sha1_in_five_groups() -> None:
    digest = hashlib.sha1(b"P1|1.2|1.2.3|1.2.3.4").hexdigest()
    found = orthanc_of("P1 ", "1.2", "1.2.3", "1.2.3.4")
    assert found.replace("-", "") == digest
    assert [len(group) for group in found.split("-")] == [8] * 5


@pytest.mark.parametrize(
    "text",
    ["", "x", "z" * 22, "0" * 22, "l" * 22, "2" * 21, "2" * 23, "é" * 22, "../etc/passwd", "1.2.3"],
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert read_uuid(text) is None
    assert read_orthanc(text) is None


def test_letters_of_hex_may_be_large() -> None:
    assert read_uuid("5EFB7E40-5880-4A82-88C3-B52644C4F703") == (
        "5efb7e40-5880-4a82-88c3-b52644c4f703"
    )
    large = "2991C996-62BA403E-96D27BFE-33D472EE-F2B96E17"
    assert read_orthanc(large) == large.lower()
