"""Reading DICOM JSON as strangers write it."""

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import BadRequest, InstanceRefused, TooLarge
from dicomweb.wire import json_model
from dicomweb.wire.json_model import (
    BulkReference,
    bulk_references,
    canonical,
    read_datasets,
    with_service_root,
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[]", []),
        (b"{}", [{}]),
        (b"[{}, {}]", [{}, {}]),
        (b'\xef\xbb\xbf[{"00100010": {}}]', [{"00100010": {}}]),
    ],
)
def test_data_sets_are_an_array_or_one_alone(body: bytes, expected: object) -> None:
    assert read_datasets(body) == expected


def test_a_charset_parameter_is_believed() -> None:
    body = '{"00100010": {"Value": ["é"]}}'
    assert read_datasets(body.encode("latin-1"), "ISO-8859-1") == [json.loads(body)]
    assert read_datasets(body.encode(), "UTF-8") == [json.loads(body)]


@pytest.mark.parametrize(
    "body", [b"", b"no", b"[1]", b'"a"', b"null", b"[{}", b'{"a": NaN}', b"\xff", b"[" * 5000]
)
def test_what_is_no_data_set_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest, match="JSON"):
        read_datasets(body)


def test_json_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_model, "MAX_JSON_BYTES", 10)
    with pytest.raises(TooLarge, match="10 bytes"):
        read_datasets(b"[{}, {}, {}]")


def attribute(tag: str, sent: object) -> object:
    return canonical({tag: sent}).get(tag.upper())


@pytest.mark.parametrize(
    ("tag", "sent", "expected"),
    [
        # What is right stays as it is.
        ("00080060", {"vr": "CS", "Value": ["CT"]}, {"vr": "CS", "Value": ["CT"]}),
        (
            "00080008",
            {"vr": "CS", "Value": ["A", None, "B"]},
            {"vr": "CS", "Value": ["A", None, "B"]},
        ),
        ("00280030", {"vr": "DS", "Value": [0.5, "0.50"]}, {"vr": "DS", "Value": [0.5, "0.50"]}),
        ("00281050", {"vr": "DS", "BulkDataURI": "u"}, {"vr": "DS", "BulkDataURI": "u"}),
        ("7FE00010", {"vr": "OW", "InlineBinary": "AAE="}, {"vr": "OW", "InlineBinary": "AAE="}),
        # Empty, in all its forms.
        ("00080060", {"vr": "CS"}, {"vr": "CS"}),
        ("00080060", None, {"vr": "CS"}),
        ("00080060", {}, {"vr": "CS"}),
        ("00080060", {"vr": "CS", "Value": []}, {"vr": "CS"}),
        ("00080060", {"vr": "CS", "Value": [""]}, {"vr": "CS"}),
        ("00080060", {"vr": "CS", "Value": None}, {"vr": "CS"}),
        ("00080060", {"vr": "CS", "Value": [None, ""]}, {"vr": "CS"}),
        ("00280010", {"vr": "US", "Value": [None]}, {"vr": "US"}),
        ("00100010", {"vr": "PN", "Value": [{"Alphabetic": ""}]}, {"vr": "PN"}),
        ("00081140", {"vr": "SQ", "Value": []}, {"vr": "SQ"}),
        ("7FE00010", {"vr": "OW", "Value": [""]}, {"vr": "OW"}),
        ("7FE00010", {"vr": "OW", "BulkDataURI": ""}, {"vr": "OW"}),
        # A VR that is missing, lower-case, ambiguous or unknown.
        ("00080060", {"Value": ["CT"]}, {"vr": "CS", "Value": ["CT"]}),
        ("00080060", {"vr": "", "Value": ["CT"]}, {"vr": "CS", "Value": ["CT"]}),
        ("00080060", {"vr": "cs", "Value": ["CT"]}, {"vr": "CS", "Value": ["CT"]}),
        ("00280106", {"vr": "xs", "Value": [5]}, {"vr": "US", "Value": [5]}),
        ("00280106", {"Value": [-5]}, {"vr": "SS", "Value": [-5]}),
        ("7FE00010", {"BulkDataURI": "u"}, {"vr": "OW", "BulkDataURI": "u"}),
        ("00283006", {"Value": [1, 2]}, {"vr": "US", "Value": [1, 2]}),
        ("00283006", {"InlineBinary": "AAE="}, {"vr": "OW", "InlineBinary": "AAE="}),
        ("60003000", {"InlineBinary": "AAE="}, {"vr": "OW", "InlineBinary": "AAE="}),
        ("00090010", {"Value": ["ACME"]}, {"vr": "LO", "Value": ["ACME"]}),
        ("00091001", {"Value": ["x"]}, {"vr": "UC", "Value": ["x"]}),
        ("00091001", {"Value": [1.5]}, {"vr": "DS", "Value": [1.5]}),
        ("00091001", {"InlineBinary": "AAE="}, {"vr": "UN", "InlineBinary": "AAE="}),
        (
            "00091001",
            {"Value": [{"alphabetic": "A"}]},
            {"vr": "PN", "Value": [{"Alphabetic": "A"}]},
        ),
        ("00091001", {"Value": [{}]}, {"vr": "SQ", "Value": [{}]}),
        ("12345678", {}, {"vr": "UN"}),
        # Values of the wrong kind.
        ("00080060", {"vr": "CS", "Value": "CT"}, {"vr": "CS", "Value": ["CT"]}),
        ("00100020", {"vr": "LO", "Value": [123]}, {"vr": "LO", "Value": ["123"]}),
        ("00280010", {"vr": "US", "Value": ["512"]}, {"vr": "US", "Value": [512]}),
        ("00280010", {"vr": "US", "Value": [512.0, "3.0"]}, {"vr": "US", "Value": [512, 3]}),
        ("00189087", {"vr": "FD", "Value": ["1.5", 2]}, {"vr": "FD", "Value": [1.5, 2]}),
        (
            "00189087",
            {"vr": "FD", "Value": ["NaN", "-inf"]},
            {"vr": "FD", "Value": ["NaN", "-Infinity"]},
        ),
        ("00280009", {"vr": "AT", "Value": ["(0018,106a)"]}, {"vr": "AT", "Value": ["0018106A"]}),
        (
            "00280009",
            {"vr": "AT", "Value": [None, "00180000"]},
            {"vr": "AT", "Value": [None, "00180000"]},
        ),
        ("00280009", {"vr": "AT", "Value": [1577066]}, {"vr": "AT", "Value": ["0018106A"]}),
        (
            "00100010",
            {"vr": "PN", "Value": ["A^B"]},
            {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]},
        ),
        (
            "00100010",
            {"vr": "PN", "Value": ["A=B=C"]},
            {"vr": "PN", "Value": [{"Alphabetic": "A", "Ideographic": "B", "Phonetic": "C"}]},
        ),
        (
            "00100010",
            {"vr": "PN", "Value": [None, "A"]},
            {"vr": "PN", "Value": [None, {"Alphabetic": "A"}]},
        ),
        ("00081140", {"vr": "SQ", "Value": {}}, {"vr": "SQ", "Value": [{}]}),
        ("00081140", {"vr": "SQ", "Value": [None]}, {"vr": "SQ", "Value": [{}]}),
        ("7FE00010", {"vr": "OW", "Value": [1, 256]}, {"vr": "OW", "InlineBinary": "AQAAAQ=="}),
        ("7FE00010", {"vr": "OB", "Value": ["AAE="]}, {"vr": "OB", "InlineBinary": "AAE="}),
        ("7FE00010", {"vr": "OB", "InlineBinary": ["AAE="]}, {"vr": "OB", "InlineBinary": "AAE="}),
        # Lower-case tags; what belongs in no data set.
        ("7fe00010", {"vr": "OW", "BulkDataURI": "u"}, {"vr": "OW", "BulkDataURI": "u"}),
        ("00020010", {"vr": "UI", "Value": ["1.2"]}, None),
        ("00080000", {"vr": "UL", "Value": [12]}, None),
        ("FFFEE00D", {"vr": "UN"}, None),
    ],
)
def test_an_attribute_becomes_what_the_standard_says(
    tag: str, sent: object, expected: object
) -> None:
    assert attribute(tag, sent) == expected


@pytest.mark.parametrize(
    ("tag", "sent"),
    [
        ("PatientName", {"vr": "PN"}),
        ("0010001", {}),
        ("00100020", "bare"),
        ("00100020", {"vr": "LO", "Value": [True]}),
        ("00100020", {"vr": "LO", "Value": [{}]}),
        ("00100020", {"vr": "LO", "Value": ["a\\b"]}),
        ("00104000", {"vr": "LT", "Value": ["a", "b"]}),
        ("00280010", {"vr": "US", "Value": ["1,5"]}),
        ("00280010", {"vr": "US", "Value": [1.5]}),
        ("00280010", {"vr": "US", "Value": [1, None]}),
        ("00280010", {"vr": "US", "Value": [True]}),
        ("00280010", {"vr": "US", "Value": ["1" * 5000]}),
        ("00189087", {"vr": "FD", "Value": ["x"]}),
        ("00189087", {"vr": "FD", "Value": [[1]]}),
        ("00280009", {"vr": "AT", "Value": ["PatientID"]}),
        ("00280009", {"vr": "AT", "Value": [-1]}),
        ("00100010", {"vr": "PN", "Value": [1]}),
        ("00100010", {"vr": "PN", "Value": [{"Alphabetic": "A=B"}]}),
        ("00100010", {"vr": "PN", "Value": [{"Alphabetic": ["A"]}]}),
        ("00081140", {"vr": "SQ", "Value": ["x"]}),
        ("00081140", {"vr": "SQ", "BulkDataURI": "items"}),
        ("00081140", {"vr": "SQ", "InlineBinary": "YQ=="}),
        ("7FE00010", {"vr": "OW", "Value": [1, 65536]}),
        ("7FE00010", {"vr": "OW", "Value": ["a", "b"]}),
        ("7FE00010", {"vr": "OW", "BulkDataURI": 5}),
    ],
)
def test_what_has_no_meaning_refuses_the_instance_with_its_uids(tag: str, sent: object) -> None:
    uids = {"00080016": {"Value": ["1.2"]}, "00080018": {"Value": "1.3"}}
    with pytest.raises(InstanceRefused) as refusal:
        canonical({**uids, tag: sent})
    assert refusal.value.reason == 0xC000
    assert (refusal.value.sop_class, refusal.value.sop_instance) == ("1.2", "1.3")
    assert refusal.value.sentence.endswith(".")


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(InstanceRefused) as refusal:
        canonical({"00280010": {"vr": "US", "Value": ["SECRET"]}})
    assert "SECRET" not in refusal.value.sentence
    assert "00280010" in refusal.value.sentence


def nested(levels: int) -> dict[str, object]:
    dataset: dict[str, object] = {}
    for _ in range(levels):
        dataset = {"00081140": {"vr": "SQ", "Value": [dataset]}}
    return dataset


def test_sequences_have_a_depth() -> None:
    assert canonical(nested(100)) == nested(100)
    with pytest.raises(InstanceRefused, match="100 levels"):
        canonical(nested(101))
    with pytest.raises(InstanceRefused, match="100 levels"):
        canonical(read_datasets(json.dumps(nested(200)).encode())[0])


def test_tags_are_sorted_at_every_level() -> None:
    item = {"00080060": {"vr": "CS"}, "00080005": {"vr": "CS"}}
    found = canonical({"7fe00010": {}, "00081140": {"vr": "SQ", "Value": [item]}, "00080005": {}})
    assert [*found] == ["00080005", "00081140", "7FE00010"]
    assert [*found["00081140"]["Value"][0]] == ["00080005", "00080060"]


def test_bulk_references_have_paths() -> None:
    bulk = {"vr": "OB", "BulkDataURI": "icon"}
    items = [{}, {"7FE00010": bulk}]
    dataset = {
        "00880200": {"vr": "SQ", "Value": items},
        "7FE00010": {"vr": "OW", "BulkDataURI": "u"},
    }
    assert [*bulk_references(canonical(dataset))] == [
        BulkReference("00880200/2/7FE00010", "OB", "icon"),
        BulkReference("7FE00010", "OW", "u"),
    ]


def test_the_service_root_is_filled_in() -> None:
    stored = b'{"7FE00010":{"vr":"OW","BulkDataURI":"\x01/studies/1"}}'
    filled = with_service_root(stored, "https://h/dicom-web")
    assert orjson.loads(filled)["7FE00010"]["BulkDataURI"] == "https://h/dicom-web/studies/1"


@pytest.mark.parametrize("root", ['http://h/"', "http://h\\", "http://h\n"])
def test_a_service_root_cannot_break_out_of_its_string(root: str) -> None:
    with pytest.raises(ValueError, match="neither quotes"):
        with_service_root(b"{}", root)


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
)
JSON_VALUES = st.recursive(
    LEAVES,
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(["vr", "Value", "InlineBinary", "00080005", "x"]), inside, max_size=3
        )
    ),
    max_leaves=8,
)
VRS = st.sampled_from(
    ["", "SQ", "PN", "AT", "DS", "IS", "US", "FD", "OW", "UN", "LT", "CS", "UI", "??"]
)


@settings(max_examples=300, deadline=None)
@given(
    dataset=st.dictionaries(
        st.sampled_from(["00080005", "00080018", "00091001", "00280106", "7fe00010", "00081140"]),
        st.fixed_dictionaries(
            {"vr": VRS}, optional={"Value": JSON_VALUES, "InlineBinary": JSON_VALUES}
        ),
        max_size=4,
    )
)
def test_any_json_becomes_canonical_or_is_refused(dataset: dict[str, object]) -> None:
    try:
        found = canonical(dataset)
    except InstanceRefused:
        return
    assert canonical(found) == found
    assert all("vr" in each and each.get("Value") != [] for each in found.values())
