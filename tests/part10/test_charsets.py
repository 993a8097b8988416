"""Character sets: every one of PS3.3 C.12.1.1.2 comes out as Unicode, and bad ones survive."""

# ruff: noqa: RUF001 - names in their own letters

import pytest

from dicomweb.part10.text import charset
from tests import samples
from tests.part10 import oracle

# What stands in the README of the samples.
NAMES = {
    "thai": "นามสกุล^ชื่อ",
    "cyrillic": "Люксембург^Иван",
    "latin2": "Wałęsa^Łukasz",
    "latin5_turkish": "Çavuşoğlu^Gül",
    "utf8_emoji": "Müller^Zoë 😀=田中^太郎=たなか^たろう",
    "gbk": "王^小东",
    "gb18030": "Wang^XiaoDong=王^小东=",
    "korean": "Hong^Gildong=洪^吉洞=홍^길동",
    "jis_full": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "greek": "Παπαδόπουλος^Γιώργος",
    "hebrew": "כהן^דוד",
    "arabic": "محمد^علي",
    "multi_latin1_greek": "Äneas^Rüdiger",
    "none_ascii": "Plain^Ascii",
    "latin9": "Œuvre^€dith",
    "gb2312_iso2022": "Zhang^XiaoDong=张^小东=",
    "latin1_bytes_declared_utf8": "Pl\ufffdin^N\ufffdme",
    "latin1_bytes_no_charset": "Pläin^Näme",
    "unknown_term": "Plain^Name",
}
REAL = {
    "chrArab": "قباني^لنزار",
    "chrFren": "Buc^Jérôme",
    "chrGerm": "Äneas^Rüdiger",
    "chrGreek": "Διονυσιος",
    "chrH31": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "chrH32": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    "chrHbrw": "שרון^דבורה",
    "chrI2": "Hong^Gildong=洪^吉洞=홍^길동",
    "chrRuss": "Люкceмбypг",
    "chrX1": "Wang^XiaoDong=王^小東=",
    "chrX2": "Wang^XiaoDong=王^小东=",
}


def name_in(path: str) -> str:
    header = oracle.scan_bytes((samples.folder() / path).read_bytes())
    name = oracle.metadata(header)["00100010"]["Value"][0]
    groups = [name.get(word, "") for word in ("Alphabetic", "Ideographic", "Phonetic")]
    return "=".join(groups).rstrip("=")


@pytest.mark.parametrize("name", NAMES)
def test_a_made_name_comes_out_as_the_readme_says(name):
    assert name_in(f"synthetic/charsets/{name}.dcm") == NAMES[name].rstrip("=")


@pytest.mark.parametrize("name", REAL)
def test_a_real_name_comes_out_as_it_is_written(name):
    assert name_in(f"charsets/{name}.dcm") == REAL[name].rstrip("=")


def decoded(terms: str, raw: bytes, vr: str = "LO") -> tuple[str, bool]:
    return charset(terms.encode()).decode(raw, vr)


TEXTS = [
    ("", b"plain", "plain"),
    ("ISO_IR 13", b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ"),
    ("ISO_IR 166", b"\xa1", "ก"),
    ("ISO 2022 IR 149", b"\xb0\xa1", "가"),
    ("\\ISO 2022 IR 87", b"\x1b$B\x3d\x55\x1b(B=\x1b$B\x3d\x55\x1b(B", "春=春"),
    ("\\ISO 2022 IR 159", b"\x1b$(D\x30\x22\x1b(B", "丄"),
    ("\\ISO 2022 IR 58", b"\x1b$)A\xd5\xc5 \x1b$)A\xd0\xa1", "张 小"),
    ("ISO 2022 IR 6\\ISO 2022 IR 100", b"\x1b-A\xfcber", "über"),
    ("GB18030", b"\x81\x5c", "乗"),
    ("GBK", b"\x81\x5c", "乗"),
    ("ISO_IR 203", b"\xa4", "€"),
    ("ISO_IR_100", b"\xe4", "ä"),
    ("ISO-IR 100", b"\xe4", "ä"),
]


@pytest.mark.parametrize(("terms", "raw", "text"), TEXTS)
def test_text_is_decoded_by_its_terms(terms, raw, text):
    assert decoded(terms, raw) == (text, True)


def test_a_delimiter_ends_what_an_escape_sequence_began():
    raw = b"\x1b-F\xe1\\\xe1"
    assert decoded("ISO 2022 IR 100\\ISO 2022 IR 126", raw) == ("α\\á", True)
    assert decoded("ISO 2022 IR 100\\ISO 2022 IR 126", b"\x1b-F\xe1^\xe1", "PN") == ("α^á", True)


def test_an_escape_sequence_that_is_not_repeated_is_understood_and_doubted():
    """pydicom writes none behind a line break, where the bytes mean nothing without one."""
    raw = b"\x1b$)C" + "홍".encode("euc_kr") + b"\r\n" + "동".encode("euc_kr")
    assert decoded("\\ISO 2022 IR 149", raw, "LT") == ("홍\r\n동", False)


def test_the_second_byte_of_a_character_is_no_delimiter():
    dataset = samples.make_dataset(SpecificCharacterSet="GB18030", PatientID="乗\\乗")
    file = samples.encode(dataset)
    assert b"\x81\x5c\\\x81\x5c" in file
    found = oracle.metadata(oracle.scan_bytes(file))
    assert found["00100020"]["Value"] == ["乗", "乗"]


@pytest.mark.parametrize("terms", ["ISO_IR 999", "nonsense", "ISO_IR 100\\what"])
def test_a_term_that_is_not_defined_is_doubted(terms):
    assert not charset(terms.encode()).known


@pytest.mark.parametrize(
    ("terms", "raw"), [("ISO_IR 192", b"\xff"), ("\\ISO 2022 IR 87", b"\x1b%zx")]
)
def test_bytes_without_a_meaning_are_replaced_and_noted(terms, raw):
    text, whole = decoded(terms, raw)
    assert "\ufffd" in text
    assert not whole


@pytest.mark.parametrize("terms", ["", "ISO_IR 6", "ISO_IR 999"])
@pytest.mark.parametrize("codec", ["utf-8", "latin-1"])
def test_bytes_beyond_an_undeclared_character_set_are_guessed_and_noted(terms, codec):
    assert decoded(terms, "Müller".encode(codec)) == ("Müller", False)


def test_an_item_may_have_a_character_set_of_its_own():
    data = (samples.folder() / "charsets/chrSQEncoding.dcm").read_bytes()
    place = data.index(b"\x08\x00\x05\x00CS")
    made = samples.encode(samples.make_dataset())
    ids = made[made.index(b"\x08\x00\x16\x00UI") : made.index(b"\x08\x00\x20\x00DA")]
    more = made[made.index(b"\x20\x00\x0d\x00UI") : made.index(b"\x20\x00\x10\x00SH")]
    end = place + 8 + data[place + 6]
    item = data[end:]
    found = oracle.metadata(oracle.scan_bytes(data[:end] + ids + more + item))
    inner = found["00321064"]["Value"][0]
    assert inner["00080005"]["Value"] == ["ISO_IR 192"]
    assert inner["00100010"]["Value"][0]["Ideographic"] == "山田^太郎"
