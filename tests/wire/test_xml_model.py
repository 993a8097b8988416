"""The Native DICOM Model: what is written, what is read, and hostile documents."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import BadRequest, InstanceRefused, TooLarge
from dicomweb.wire.json_model import JsonObject, canonical
from dicomweb.wire.xml_model import from_xml, reading, to_xml


def document(inside: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel '
        'xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">'
        f"{inside}</NativeDicomModel>"
    ).encode()


@pytest.mark.parametrize(
    ("dataset", "inside"),
    [
        ({}, ""),
        (
            {"00080060": {"vr": "CS", "Value": ["CT"]}},
            '<DicomAttribute tag="00080060" vr="CS" keyword="Modality">'
            '<Value number="1">CT</Value></DicomAttribute>',
        ),
        (
            {"00080060": {"vr": "CS"}},
            '<DicomAttribute tag="00080060" vr="CS" keyword="Modality"></DicomAttribute>',
        ),
        (
            {"00080008": {"vr": "CS", "Value": ["A", None, "B"]}},
            '<DicomAttribute tag="00080008" vr="CS" keyword="ImageType"><Value number="1">A</Value>'
            '<Value number="2"/><Value number="3">B</Value></DicomAttribute>',
        ),
        (
            {"00280010": {"vr": "US", "Value": [512]}},
            '<DicomAttribute tag="00280010" vr="US" keyword="Rows">'
            '<Value number="1">512</Value></DicomAttribute>',
        ),
        (
            {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "A^B^^Dr", "Ideographic": "山"}]}},
            '<DicomAttribute tag="00100010" vr="PN" keyword="PatientName"><PersonName number="1">'
            "<Alphabetic><FamilyName>A</FamilyName><GivenName>B</GivenName>"
            "<NamePrefix>Dr</NamePrefix></Alphabetic>"
            "<Ideographic><FamilyName>山</FamilyName></Ideographic></PersonName></DicomAttribute>",
        ),
        (
            {"00081140": {"vr": "SQ", "Value": [{}, {"00080060": {"vr": "CS"}}]}},
            '<DicomAttribute tag="00081140" vr="SQ" keyword="ReferencedImageSequence">'
            '<Item number="1"></Item><Item number="2"><DicomAttribute tag="00080060" vr="CS" '
            'keyword="Modality"></DicomAttribute></Item></DicomAttribute>',
        ),
        (
            {"7FE00010": {"vr": "OW", "BulkDataURI": 'http://h/?a="b"&c'}},
            '<DicomAttribute tag="7FE00010" vr="OW" keyword="PixelData">'
            '<BulkData uri="http://h/?a=&quot;b&quot;&amp;c"/></DicomAttribute>',
        ),
        (
            {"00420011": {"vr": "OB", "InlineBinary": "AAE="}},
            '<DicomAttribute tag="00420011" vr="OB" keyword="EncapsulatedDocument">'
            "<InlineBinary>AAE=</InlineBinary></DicomAttribute>",
        ),
        (
            {
                "00090010": {"vr": "LO", "Value": ["ACME & CO"]},
                "00091002": {"vr": "SH", "Value": ["x<y"]},
            },
            '<DicomAttribute tag="00090002" vr="SH" privateCreator="ACME &amp; CO">'
            '<Value number="1">x&lt;y</Value></DicomAttribute>',
        ),
        (
            {"00104000": {"vr": "LT", "Value": ["  a\r\nb\tc "]}},
            '<DicomAttribute tag="00104000" vr="LT" keyword="PatientComments">'
            '<Value number="1">  a&#13;\nb\tc </Value></DicomAttribute>',
        ),
    ],
)
def test_a_data_set_is_written_and_read_again(dataset: JsonObject, inside: str) -> None:
    assert to_xml(dataset) == document(inside)
    assert from_xml(document(inside)) == dataset


def test_a_private_element_without_a_creator_keeps_its_block() -> None:
    dataset = {"00091002": {"vr": "SH", "Value": ["x"]}}
    assert b'tag="00091002" vr="SH">' in to_xml(dataset)
    assert from_xml(to_xml(dataset)) == dataset


def test_control_characters_do_not_break_the_document() -> None:
    text = "a\x00\x1b\x0c\x0bb\x7f\ufffe\ud800c"
    found = from_xml(to_xml({"00104000": {"vr": "LT", "Value": [text]}}))
    assert found == {"00104000": {"vr": "LT", "Value": ["a\n\nb\x7fc"]}}


@pytest.mark.parametrize("charset", ["utf-8", "us-ascii", "iso-8859-1", "iso-8859-5"])
def test_any_charset_can_hold_any_text(charset: str) -> None:
    dataset = {"00104000": {"vr": "LT", "Value": ["é山Ж"]}}
    data = to_xml(dataset, charset)
    assert f'encoding="{charset.upper()}"'.encode() in data
    assert from_xml(data) == from_xml(data, charset) == dataset


PN = '<DicomAttribute tag="00100010" vr="PN"><PersonName>'


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        # What the Standard leaves open, or strangers leave out.
        (
            '<DicomAttribute tag="00080060"><Value>CT</Value></DicomAttribute>',
            ("00080060", "CS", ["CT"]),
        ),
        (
            '<DicomAttribute tag="7fe00010" vr="OW"> <InlineBinary>\n AAE= </InlineBinary>'
            "\n</DicomAttribute>",
            ("7FE00010", "OW", None),
        ),
        (
            '<DicomAttribute tag="00080008" vr="CS"><Value number="3">C</Value>'
            '<Value number="1">A</Value></DicomAttribute>',
            ("00080008", "CS", ["A", None, "C"]),
        ),
        (
            PN + "<Phonetic><GivenName>X</GivenName></Phonetic></PersonName></DicomAttribute>",
            ("00100010", "PN", [{"Phonetic": "^X"}]),
        ),
        (PN + "</PersonName></DicomAttribute>", ("00100010", "PN", None)),
        (
            '<DicomAttribute tag="00280010" vr="US"><Value number="1">5</Value></DicomAttribute>',
            ("00280010", "US", [5]),
        ),
        (
            '<DicomAttribute tag="00100020" vr="LO" privateCreator="X">'
            "<Value>1</Value></DicomAttribute>",
            ("00100020", "LO", ["1"]),
        ),
        (
            "<!-- a comment --><?pi?>" + PN + "</PersonName></DicomAttribute>",
            ("00100010", "PN", None),
        ),
    ],
)
def test_documents_of_strangers_are_read(inside: str, expected: tuple[str, str, object]) -> None:
    tag, vr, values = expected
    found = from_xml(document(inside))
    assert [*found] == [tag]
    assert (found[tag]["vr"], found[tag].get("Value")) == (vr, values)


def test_a_document_needs_no_namespace_or_another_prefix() -> None:
    plain = b'<NativeDicomModel><DicomAttribute tag="00080060" vr="CS"/></NativeDicomModel>'
    prefixed = (
        plain.replace(b"<Nat", b"<d:Nat").replace(b"</Nat", b"</d:Nat").replace(b"<Dic", b"<d:Dic")
    )
    prefixed = prefixed.replace(b"Model><", b'Model xmlns:d="x"><', 1)
    assert from_xml(plain) == from_xml(prefixed) == {"00080060": {"vr": "CS"}}


def test_bulk_data_by_uuid_becomes_a_urn() -> None:
    inside = '<DicomAttribute tag="7FE00010" vr="OW"><BulkData uuid="1-2"/></DicomAttribute>'
    assert from_xml(document(inside)) == {"7FE00010": {"vr": "OW", "BulkDataURI": "urn:uuid:1-2"}}


def private(tag: str, creator: str, value: str = "x") -> str:
    named = f' privateCreator="{creator}"' if creator else ""
    return f'<DicomAttribute tag="{tag}" vr="LO"{named}><Value>{value}</Value></DicomAttribute>'


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (private("00090002", "A"), ["00090010", "00091002"]),
        (
            private("00090002", "A") + private("00090002", "B"),
            ["00090010", "00090011", "00091002", "00091102"],
        ),
        (private("00091102", "A"), ["00090010", "00091002"]),
        (private("00090011", "", "A") + private("00090002", "A"), ["00090011", "00091102"]),
        (
            private("00090010", "", "B") + private("00090002", "A"),
            ["00090010", "00090011", "00091102"],
        ),
        (private("00091002", "") + private("00090002", "A"), ["00090011", "00091002", "00091102"]),
        (
            private("00090010", "A") + private("000B0010", "A"),
            ["00090010", "00091010", "000B0010", "000B1010"],
        ),
    ],
)
def test_private_blocks_are_allocated(inside: str, expected: list[str]) -> None:
    assert [*from_xml(document(inside))] == expected


def test_private_blocks_can_run_out() -> None:
    inside = "".join(private("00090002", f"C{number}") for number in range(241))
    with pytest.raises(BadRequest, match="private creators"):
        from_xml(document(inside))


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "not well-formed"),
        (b"<NativeDicomModel>", "not well-formed"),
        (b"<NativeDicomModel/><x/>", "not well-formed"),
        (b"<NativeDicomModel>\x00</NativeDicomModel>", "not well-formed"),
        (b"<NativeDicomModel>&unknown;</NativeDicomModel>", "not well-formed"),
        (b'<?xml version="1.0" encoding="klingon"?><NativeDicomModel/>', "encoding|well-formed"),
        (b'<?xml version="1.0" encoding="gb18030"?><NativeDicomModel/>', "encoding"),
        (b"<!DOCTYPE NativeDicomModel><NativeDicomModel/>", "DOCTYPE"),
        ((BOMB + "<NativeDicomModel>&b;</NativeDicomModel>").encode(), "DOCTYPE"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><NativeDicomModel/>', "DOCTYPE"),
        (b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://h/">%p;]><NativeDicomModel/>', "DOCTYPE"),
        (b"<html/>", "no Native DICOM Model"),
        (document("<Value>x</Value>"), "no Native DICOM Model"),
        (document('<DicomAttribute tag="00080060"><FamilyName/></DicomAttribute>'), "no Native"),
        (document("<NativeDicomModel/>"), "no Native DICOM Model"),
        (document('<DicomAttribute tag="00080060"><Value number="0"/></DicomAttribute>'), "number"),
        (document('<DicomAttribute tag="00080060"><Value number="x"/></DicomAttribute>'), "number"),
        (
            document('<DicomAttribute tag="00080060"><Value/><Value number="1"/></DicomAttribute>'),
            "number",
        ),
    ],
)
def test_what_is_no_native_model_is_refused(body: bytes, sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        from_xml(body)


@pytest.mark.parametrize(
    "inside", ['<DicomAttribute vr="CS"/>', '<DicomAttribute tag="0008" vr="CS"/>']
)
def test_an_attribute_without_its_tag_refuses_the_instance(inside: str) -> None:
    with pytest.raises(InstanceRefused, match="not named by its tag"):
        from_xml(document(inside))


def nested(levels: int) -> str:
    opened = '<DicomAttribute tag="00081140" vr="SQ"><Item number="1">' * levels
    return opened + "</Item></DicomAttribute>" * levels


def test_documents_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert from_xml(document(nested(100)))
    with pytest.raises(InstanceRefused, match="100 levels"):
        from_xml(document(nested(101)))
    with pytest.raises(BadRequest, match="100 levels"):
        from_xml(document(nested(5000)))
    gap = (
        '<DicomAttribute tag="00080008" vr="CS"><Value number="99999999">A</Value></DicomAttribute>'
    )
    with pytest.raises(TooLarge, match="leaves out"):
        from_xml(document(gap))
    monkeypatch.setattr(reading, "MAX_XML_BYTES", 100)
    with pytest.raises(TooLarge, match="100 bytes"):
        from_xml(document(nested(2)))


def test_deep_stored_data_sets_can_be_written() -> None:
    dataset: JsonObject = {}
    for _ in range(300):
        dataset = {"00081140": {"vr": "SQ", "Value": [dataset]}}
    assert to_xml(dataset).count(b"<Item ") == 300


TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\\\r", exclude_categories=["Cc"]), max_size=9
)


@settings(max_examples=200, deadline=None)
@given(value=TEXT, creator=TEXT.filter(str.strip), charset=st.sampled_from(["utf-8", "us-ascii"]))
def test_any_text_survives_xml(value: str, creator: str, charset: str) -> None:
    value, creator = (re.sub("[\ufffe\uffff]", "", text) or "x" for text in (value, creator))
    dataset = {
        "00090010": {"vr": "LO", "Value": [creator]},
        "00091001": {"vr": "UT", "Value": [value]},
    }
    data = to_xml(dataset, charset)
    assert from_xml(data) == dataset
    assert ET.fromstring(data)[0].get("privateCreator") == creator


@settings(max_examples=300, deadline=None)
@given(
    inside=st.lists(
        st.sampled_from(
            [
                *(
                    '<DicomAttribute tag="00091001" vr="LO" privateCreator="A">',
                    "</DicomAttribute>",
                ),
                *('<DicomAttribute tag="00081140" vr="SQ">', "<Item>", "</Item>", "<PersonName/>"),
                *("<Value>", "</Value>", '<Value number="2"/>', '<BulkData uri="u"/>'),
                *("text", "&#1;", "<![CDATA[x]]>"),
            ]
        ),
        max_size=10,
    )
)
def test_any_document_is_read_or_refused(inside: list[str]) -> None:
    try:
        dataset = from_xml(document("".join(inside)))
    except (BadRequest, InstanceRefused):
        return
    assert canonical(dataset) == dataset
