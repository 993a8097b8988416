"""The query string of a search: what each parameter becomes, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomweb.attributes import by_keyword, by_tag, level_of
from dicomweb.errors import BadRequest
from dicomweb.query import (
    MAX_RESULTS,
    Combined,
    Empty,
    Flags,
    Fuzzy,
    Match,
    Multiple,
    Order,
    Query,
    Range,
    Rule,
    Single,
    UidList,
    Unresolved,
    Wildcard,
    parse,
)
from dicomweb.query.spans import instants, times
from dicomweb.resources import Level, Resource

EVERYWHERE = Resource()
# Python takes all of these but the first two.
NO_NUMBERS = ["two", "0x10", "nan", "inf", "1_0", "%D9%A1"]


def studies(raw: str | bytes) -> Query:
    return parse(Level.STUDY, EVERYWHERE, raw)


def only(raw: str, level: Level = Level.INSTANCE) -> Match:
    (match,) = parse(level, EVERYWHERE, raw).matches
    return match


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("PatientID=1", Single("1")),
        ("00100020=1", Single("1")),
        ("PatientID=%201%20", Single("1")),
        ("PatientID=a%2Bb", Single("a+b")),
        ("PatientID=a%20b", Single("a b")),
        ("PatientID=a%2Cb", Single("a,b")),
        ("PatientID=a,b", Single("a,b")),
        ("PatientID=a\\b", Single("a\\b")),
        ("PatientID=a*?", Wildcard("a*?")),
        ("PatientID=a***b", Wildcard("a*b")),
        ("PatientName=J%C3%BCrgen", Single("Jürgen")),
        ("PatientName=doe&fuzzymatching=true", Fuzzy("doe")),
        ("PatientName=d*&fuzzymatching=true", Multiple((Wildcard("d*"), Fuzzy("d ")))),
        ("StudyInstanceUID=1.2", UidList(("1.2",))),
        ("StudyInstanceUID=1.2,1.3,1.2", UidList(("1.2", "1.3"))),
        ("StudyInstanceUID=1.2%2C1.3", UidList(("1.2", "1.3"))),
        ("StudyInstanceUID=1.2\\1.3", UidList(("1.2", "1.3"))),
        ("StudyInstanceUID=1.2%5C1.3,", UidList(("1.2", "1.3"))),
        ("0020000d=1.2", UidList(("1.2",))),
        ("StudyDate=20200131", Single("20200131")),
        ("StudyDate=20200131-20200201", Range("20200131", "20200201")),
        ("StudyDate=20200131-", Range("20200131", "")),
        ("StudyDate=-20200131", Range("", "20200131")),
        ("StudyTime=10", Single("10")),
        ("StudyTime=10-1130", Range("100000.000000", "113059.999999")),
        ("StudyTime=-10.5", None),
        ("StudyTime=-101112.5", Range("", "101112.599999")),
        ("AcquisitionDateTime=2020", Single("2020")),
        ("AcquisitionDateTime=2020-2021", Range("20200101000000.000000", "20211231235959.999999")),
        ("AcquisitionDateTime=20200229-", Range("20200229000000.000000", "")),
        ("AcquisitionDateTime=2020022910-0500", Single("2020022910-0500")),
        ("AcquisitionDateTime=2020022910%2B0500", Single("2020022910+0500")),
        (
            "AcquisitionDateTime=202001011200-0500-202001011300-0500",
            Range("20200101120000.000000-0500", "20200101130059.999999-0500"),
        ),
        ("AcquisitionDateTime=-202001011200-0500", Range("", "20200101120059.999999-0500")),
        ("SeriesNumber=5", Single("5")),
        ("SliceThickness=1.50", Single("1.50")),
        ('PatientID=""', Single('""')),
        ('PatientID=""&emptyvaluematching=true', Empty()),
        ("PatientID=%22%22&emptyvaluematching=TRUE", Empty()),
        ("PatientID=a\\b*&multiplevaluematching=true", Multiple((Single("a"), Wildcard("b*")))),
        (
            "StudyDate=20200101-20200105%5C20210101-%5C19990101&multiplevaluematching=true",
            Multiple((Range("20200101", "20200105"), Range("20210101", ""), Single("19990101"))),
        ),
        ("ModalitiesInStudy=CT,MR", Multiple((Single("CT"), Single("MR")))),
        ("ModalitiesInStudy=CT%2CMR", Multiple((Single("CT"), Single("MR")))),
        ("ModalitiesInStudy=CT\\MR", Multiple((Single("CT"), Single("MR")))),
        ("ModalitiesInStudy=CT", Single("CT")),
        ("00090010=ACME", Single("ACME")),
    ],
)
def test_a_value_asks_for_one_kind_of_matching(raw: str, rule: Rule | None) -> None:
    if rule is None:
        with pytest.raises(BadRequest, match="StudyTime"):
            only(raw)
    else:
        assert only(raw).rule == rule


@pytest.mark.parametrize("value", ["^", "^*%3D", "%0A", "%CC%81", "%20%09"])
def test_a_name_without_a_letter_is_an_empty_one(value: str) -> None:
    assert studies(f"PatientName={value}").matches == ()


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("PatientID=a+b", Multiple((Single("a+b"), Single("a b")))),
        ("PatientID=a+b%2Bc", Multiple((Single("a+b+c"), Single("a b+c")))),
        ("PatientName=Doe+J*", Multiple((Wildcard("Doe+J*"), Wildcard("Doe J*")))),
        ("PatientID=+", Single("+")),
        ("AcquisitionDateTime=2020022910+0500", Single("2020022910+0500")),
        (
            "00090010=ACME+1&00091001=a+b",
            Multiple((Unresolved("a+b", Flags()), Unresolved("a b", Flags()))),
        ),
    ],
)
def test_a_plus_in_a_text_is_itself_or_the_space_of_a_form(raw: str, rule: Rule) -> None:
    """RFC 3986 has it as itself; Python's dicomweb-client and requests mean a space."""
    match = only(raw)
    assert match.rule == rule
    assert match.creators in (("",), ("ACME 1",))


@pytest.mark.parametrize("value", ["", "*", "**", "%20", "%2A"])
@pytest.mark.parametrize("name", ["PatientID", "StudyDate", "StudyInstanceUID", "SeriesNumber"])
def test_an_empty_value_matches_everything_and_is_returned(name: str, value: str) -> None:
    query = parse(Level.INSTANCE, EVERYWHERE, f"{name}={value}")
    assert query.matches == ()
    assert [asked.tag for asked in query.asked] == [by_keyword(name).tag]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("raw", "path", "vr"),
    [
        ("RequestAttributesSequence.RequestedProcedureID=1", ("00400275", "00401001"), "SH"),
        ("00400275.00401001=1", ("00400275", "00401001"), "SH"),
        ("00400275.RequestedProcedureID=1", ("00400275", "00401001"), "SH"),
        ("OtherPatientIDsSequence.00100020=1", ("00101002", "00100020"), "LO"),
        ("0040a730.0040A168.00080100=1", ("0040A730", "0040A168", "00080100"), "SH"),
    ],
)
def test_a_path_leads_into_sequences(raw: str, path: tuple[str, ...], vr: str) -> None:
    match = only(raw)
    assert (match.path, match.vr) == (path, vr)


def test_a_private_key_comes_with_its_creator() -> None:
    match = only("00091001=x&00090010=ACME")
    assert (match.rule, match.creators, match.vr) == (
        Unresolved("x", Flags()),
        ("ACME",),
        "",
    )
    nested = only("00091001.00091002=x&00090010=ACME&00091001.00090010=INNER")
    assert nested.creators == ("ACME", "INNER")


def test_a_date_and_its_time_in_ranges_of_one_form_are_one_range() -> None:
    raw = "StudyDate=20060705-20060707&StudyTime=1000-1800"
    assert only(raw).rule == Combined(
        ("00080030",), "20060705100000.000000", "20060707180059.999999"
    )
    nested = only("00400275.00400002=20200101-&00400275.00400003=10-")
    assert nested.rule == Combined(("00400275", "00400003"), "20200101100000.000000", "")


@pytest.mark.parametrize(
    "raw",
    [
        "StudyDate=20060705&StudyTime=1000-1800",
        "StudyDate=20060705-&StudyTime=1000-1800",
        "StudyDate=20060705-20060707&StudyTime=10",
        "StudyDate=20060705-20060707&SeriesTime=10-11",
    ],
)
def test_other_dates_and_times_stay_apart(raw: str) -> None:
    rules = [match.rule for match in parse(Level.INSTANCE, EVERYWHERE, raw).matches]
    assert len(rules) == 2
    assert not any(isinstance(rule, Combined) for rule in rules)


def test_options_are_read() -> None:
    query = studies("limit=5&offset=07&orderby=-StudyDate,PatientName&cursor=x")
    assert (query.limit, query.offset, query.cursor) == (5, 7, "x")
    assert query.order == (Order("00080020", True), Order("00100010"))
    assert studies("").limit == studies("limit=999999999").limit == MAX_RESULTS
    assert studies("accept=application/dicom%2Bjson&charset=utf-8").warnings == ()
    assert studies("TimezoneOffsetFromUTC=-0530").timezone == "-0530"
    assert studies("SpecificCharacterSet=ISO_IR%20100").matches == ()


@pytest.mark.parametrize("raw", ["includefield=all", "includefield=all,00080020"])
def test_all_includes_everything(raw: str) -> None:
    assert studies(raw).everything


def test_fields_of_the_level_and_above_are_included() -> None:
    raw = "includefield=00081030%2C00080060,PatientWeight"
    raw += "&includefield=OtherPatientIDsSequence.00100020"
    assert [asked.tag for asked in studies(raw).asked] == ["00081030", "00101030", "00101002"]
    series = parse(Level.SERIES, Resource("1.2"), "includefield=Modality,StudyDate,Rows")
    assert [asked.tag for asked in series.asked] == ["00080060", "00080020"]


def test_what_ohif_sends_needs_no_warning() -> None:
    query = studies(
        b"limit=101&offset=0&fuzzymatching=false"
        b"&includefield=00081030%2C00080060%2C00080090%2C00100030&PatientName=*juno*"
    )
    assert query.warnings == ()
    assert query.matches == (Match(("00100010",), "PN", Wildcard("*juno*"), ("",)),)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("foo=1", "foo is not known"),
        ("NoSuchKeyword=1", "NoSuchKeyword is not known"),
        ("includefield=NoSuchKeyword", "NoSuchKeyword is not known"),
        ("b%0D%0Ad=1", "A parameter is not known"),
        ("Modality=CT", "matched as ModalitiesInStudy"),
        ("SeriesNumber=1", "lower level"),
        ("EncapsulatedDocument=x", "binary"),
        ("RetrieveURL=x", "not matched"),
        ("NumberOfPatientRelatedStudies=1", "not matched"),
        ("AvailableTransferSyntaxUID=1.2", "not matched"),
        ("AnatomicRegionsInStudyCodeSequence.CodeValue=1", "not matched"),
    ],
)
def test_what_is_not_done_as_asked_is_told(raw: str, words: str) -> None:
    assert any(words in warning for warning in studies(raw).warnings)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("PatientID=1&PatientID=2", "PatientID"),
        ("PatientID=1&00100020=2", "00100020"),
        ("limit=1&limit=2", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        ("offset=x", "offset"),
        ("offset=%D9%A1", "offset"),
        ("fuzzymatching=maybe", "fuzzymatching"),
        ("StudyDate=2020", "StudyDate"),
        ("StudyDate=20201301", "StudyDate"),
        ("StudyDate=20210229", "StudyDate"),
        ("StudyDate=-", "StudyDate"),
        ("StudyDate=20210201-20210101", "StudyDate"),
        ("StudyDate=20210101-20210201-20210301", "StudyDate"),
        ("StudyTime=24", "StudyTime"),
        ("StudyTime=2200-0600", "StudyTime"),
        ("AcquisitionDateTime=x", "AcquisitionDateTime"),
        ("AcquisitionDateTime=2020010112%2B9900", "AcquisitionDateTime"),
        ("StudyInstanceUID=1.2*", "StudyInstanceUID"),
        ("StudyInstanceUID=abc", "StudyInstanceUID"),
        *((f"SeriesNumber={value}", "SeriesNumber") for value in NO_NUMBERS),
        ("RequestAttributesSequence=x", "RequestAttributesSequence"),
        ("PatientID.PatientName=x", "PatientID.PatientName"),
        ("00091001=x", "00090010=NAME"),
        ("includefield=00091001", "00090010=NAME"),
        ("PatientID=" + "x" * 1025, "PatientID"),
        ("PatientID=a*b*c*d*e*f*g*h*i*j", "PatientID"),
        ("TimezoneOffsetFromUTC=0100", "TimezoneOffsetFromUTC"),
        ("orderby=NoSuchKeyword", "NoSuchKeyword"),
        ("orderby=00400275.00401001", "orderby"),
        ("PatientID=%00", "NUL"),
        ("PatientID=%FF", "UTF-8"),
        ("&".join(f"x{n}=1" for n in range(65)), "64 keys"),
        ("x=" + "y" * 70000, "longer"),
        ("StudyInstanceUID=" + ",".join(f"1.{n}" for n in range(1001)), "StudyInstanceUID"),
    ],
)
def test_a_wrong_value_is_refused_by_name(raw: str, name: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(Level.INSTANCE, EVERYWHERE, raw)
    assert name in refused.value.sentence


def test_sentences_never_repeat_a_name_that_could_break_a_header() -> None:
    with pytest.raises(BadRequest) as refused:
        studies("a%0D%0Ab=1&a%0D%0Ab=2")
    assert "\r" not in refused.value.sentence


def test_every_attribute_has_a_level() -> None:
    levels = {"00100010": Level.STUDY, "00380010": Level.STUDY, "00321032": Level.STUDY}
    levels |= {"00080060": Level.SERIES, "00080070": Level.SERIES, "00280010": Level.INSTANCE}
    levels |= {"00091001": Level.INSTANCE, "7FE00010": Level.INSTANCE}
    assert {tag: level_of(tag) for tag in levels} == levels


def test_the_tables_agree_with_the_dictionary() -> None:
    from pydicom.datadict import dictionary_VR, keyword_for_tag

    from dicomweb.attributes import TABLES

    for attribute in (item for table in TABLES.values() for item in table):
        tag = int(attribute.tag, 16)
        assert (keyword_for_tag(tag), dictionary_VR(tag)) == (attribute.keyword, attribute.vr)
        assert level_of(attribute.tag) is attribute.level


def test_keywords_and_tags_beyond_the_tables_come_from_the_dictionary() -> None:
    found = by_keyword("KVP")
    assert found is by_tag("00180060") is not None
    assert found.vr == "DS"
    assert by_keyword("kvp") is by_tag("00180000") is by_tag("00091001") is None
    overlay = by_tag("60021500")
    assert overlay is not None
    assert overlay.vr == "LO"


def test_a_zone_may_be_left_open() -> None:
    query = studies("TimezoneOffsetFromUTC=*&StudyDate=20200101")
    assert (query.timezone, len(query.matches)) == ("", 1)


@given(st.text(max_size=60))
def test_any_query_is_read_or_refused(raw: str) -> None:
    try:
        sentences = parse(Level.SERIES, EVERYWHERE, raw).warnings
    except BadRequest as refused:
        sentences = (refused.sentence,)
    assert all(sentence.isprintable() and sentence.isascii() for sentence in sentences)


@given(st.datetimes(), st.sampled_from(["%Y", "%Y%m", "%Y%m%d", "%Y%m%d%H", "%Y%m%d%H%M%S"]))
def test_a_moment_lies_in_the_span_of_its_writing(moment: object, form: str) -> None:
    exact = f"{moment:%Y%m%d%H%M%S.%f}".rjust(21, "0")
    written = f"{moment:{form}}".rjust(len(f"{moment:{form}}"), "0")
    if len(exact) == 21 and f"{moment:%Y}".isdigit() and len(f"{moment:%Y}") == 4:
        low, high = instants(written)
        assert low <= exact <= high
        assert times(exact[8:])[0] == exact[8:]
