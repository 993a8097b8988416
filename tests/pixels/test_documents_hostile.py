"""Documents from files that mean harm or mean nothing: escaped, bounded, never a traceback."""

import time
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import Refusal
from dicomweb.pixels.attributes import binary
from dicomweb.pixels.documents.content_tree import MAX_DEPTH, MAX_ITEMS, read_tree
from dicomweb.pixels.documents.document import Document
from dicomweb.pixels.documents.html_page import CONTENT_SECURITY_POLICY, STYLE
from dicomweb.pixels.documents.kinds import Kind, media_types
from dicomweb.pixels.documents.markup import readable, safe_url
from dicomweb.pixels.documents.rendering import Instance, Others, document, render
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.tables import no_bulk
from tests.pixels.documents_shared import read_html, squeezed, stored

SCRIPT = "<script>alert('x')</script>"
QUOTES = "\"' onmouseover='x' &lt; &#60; ]]> --> <!--"
KINDS_OF_TEXT = [Kind.REPORT, Kind.PDF, Kind.CDA, Kind.MODEL, Kind.WAVEFORM, Kind.STRUCTURE_SET]
KINDS_OF_TEXT += [Kind.KEY_OBJECTS, Kind.OTHER]


def code(meaning: str, value: str = "1", scheme: str = "99TEST") -> dict[str, Any]:
    return {
        "00080100": {"vr": "SH", "Value": [value]},
        "00080102": {"vr": "SH", "Value": [scheme]},
        "00080104": {"vr": "LO", "Value": [meaning]},
    }


def item(kind: str, name: str = "Name", *children: Any, **values: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "0040A010": {"vr": "CS", "Value": ["CONTAINS"]},
        "0040A040": {"vr": "CS", "Value": [kind]},
        "0040A043": {"vr": "SQ", "Value": [code(name)]},
    }
    found |= {tag.removeprefix("t"): {"vr": "UT", "Value": [each]} for tag, each in values.items()}
    return found | ({"0040A730": {"vr": "SQ", "Value": list(children)}} if children else {})


def report(*items: Any, name: Any = "Doe^Jane") -> dict[str, Any]:
    root = item("CONTAINER", "Report", *items)
    root["00080016"] = {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.88.33"]}
    root["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": name}]}
    return root


def forms(metadata: dict[str, Any], kind: Kind = Kind.REPORT) -> tuple[str, str, str]:
    """The three texts; the HTML is balanced and the XML well formed."""
    instance = Instance(metadata, kind)
    page, plain, tree = (
        document(instance, f"text/{form}").text for form in ("html", "plain", "xml")
    )
    read_html(page)
    ElementTree.fromstring(tree.encode("utf-8", "surrogatepass"))
    return page, plain, tree


@pytest.mark.parametrize("harm", [SCRIPT, QUOTES, "<img src=x onerror=y>", "{{7*7}}", "</style>"])
def test_everything_in_a_report_is_escaped(harm: str) -> None:
    metadata = report(
        item("TEXT", harm, t0040A160=harm),
        item("CODE", harm) | {"0040A168": {"vr": "SQ", "Value": [code(harm, harm, harm)]}},
        item("PNAME", harm, t0040A123=harm),
        item("UIDREF", harm, t0040A124=harm),
        item(harm, harm),
        name=harm,
    )
    page, plain, tree = forms(metadata)
    read = read_html(page)
    assert read.words.count(squeezed(harm)) >= 7
    assert "script" not in read.elements
    assert plain.count(harm) >= 6
    texts = [element.text or "" for element in ElementTree.fromstring(tree).iter()]
    assert texts.count(harm) >= 6


@pytest.mark.parametrize("kind", KINDS_OF_TEXT)
def test_everything_in_the_head_of_a_page_is_escaped(kind: Kind) -> None:
    tags = ["00081030", "00080050", "0008103E", "00420010", "00080070", "00080080", "30060002"]
    metadata = report() | {tag: {"vr": "LO", "Value": [SCRIPT]} for tag in tags}
    metadata["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": SCRIPT, "Ideographic": SCRIPT}]}
    read = read_html(document(Instance(metadata, kind), "text/html").text)
    assert read.words.count(squeezed(SCRIPT)) >= 5


def test_a_url_that_runs_something_is_no_link() -> None:
    reference = {"00081155": {"vr": "UI", "Value": ["1.2.3"]}}
    image = item("IMAGE") | {"00081199": {"vr": "SQ", "Value": [reference]}}
    others = Others(url_of=lambda sop_class, instance: "javascript:alert(1)")
    page = document(Instance(report(image), Kind.REPORT), "text/html", others).text
    assert read_html(page).links == []


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/b?c=d&e", True),
        ("/instances/1.2", True),
        ("#item-1", True),
        ("//evil.example", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://a\"onload='x'", False),
        (" https://a", False),
        ("", False),
    ],
)
def test_only_the_web_and_ourselves_may_be_followed(url: str, safe: bool) -> None:
    assert (safe_url(url) is not None) is safe


def test_the_style_sheet_is_the_one_that_the_policy_allows() -> None:
    import base64
    import hashlib

    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in CONTENT_SECURITY_POLICY
    page = document(Instance(report(), Kind.REPORT), "text/html").text
    assert f"<style>{STYLE}</style>" in page
    assert page.count("<style") == 1


def test_controls_reach_neither_a_terminal_nor_xml() -> None:
    harm = "a\x1b[2Jb\x00c\x9bd\x7fe\ufffef\x0cg\rh"
    page, plain, tree = forms(report(item("TEXT", harm, t0040A160=harm), name=harm))
    for text in (page, plain, tree):
        assert not any(ord(char) < 32 and char not in "\n\t" for char in text)
        assert not any(127 <= ord(char) < 160 for char in text)
    assert "a\ufffd[2Jb\ufffdc" in plain


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"0040A040": {"vr": "CS"}},
        {"0040A040": {"vr": "CS", "Value": [None]}},
        {"0040A730": {"vr": "SQ"}},
        {"0040A730": {"vr": "SQ", "Value": [{}, None, "x", {"0040A160": {"vr": "UT"}}]}},
        {"0040A300": {"vr": "SQ", "Value": [{}]}, "0040A040": {"vr": "CS", "Value": ["NUM"]}},
        {"0040A168": {"vr": "SQ", "Value": [{}]}, "0040A010": {"vr": "CS", "Value": ["LOVES"]}},
        {"00081199": {"vr": "SQ", "Value": [{}]}, "0040A040": {"vr": "CS", "Value": ["IMAGE"]}},
        {"00700022": {"vr": "FL", "Value": ["x", None, 3]}, "00700023": {"vr": "CS"}},
        {"0040DB73": {"vr": "UL", "Value": [1, -2, "x"]}},
        {"0040A801": {"vr": "SQ", "Value": [{"0040A802": {"vr": "UL", "Value": [4_000_000_000]}}]}},
        {"0040A123": {"vr": "PN", "Value": ["plain string"]}},
        {"0040A043": {"vr": "SQ", "Value": [{}]}, "0040A160": {"vr": "UT", "Value": [7]}},
    ],
)
def test_a_broken_item_leaves_the_rest_readable(broken: dict[str, Any]) -> None:
    text = item("TEXT", "Finding", t0040A160="still here")
    for page in forms(report(broken, text)):
        assert "still here" in page


def test_an_item_without_a_value_type_shows_what_it_holds() -> None:
    nameless = {"0040A160": {"vr": "UT", "Value": ["what it says"]}}
    assert "Text: what it says" in forms(report(nameless))[1]


def test_a_relationship_that_nobody_knows_is_said_as_it_is() -> None:
    odd = item("TEXT", "Finding", t0040A160="x") | {"0040A010": {"vr": "CS", "Value": ["LOVES"]}}
    assert "Finding (loves): x" in forms(report(odd))[1]


def test_a_deep_report_ends_where_it_says_so() -> None:
    deep = item("TEXT", "bottom")
    for _ in range(300):
        deep = item("CONTAINER", "level", deep)
    page, plain, tree = forms(report(deep))
    assert "longer than is shown" in plain
    assert "longer than is shown" in page
    assert 'whole="no"' in tree
    assert not read_tree(report(deep)).whole
    assert MAX_DEPTH < 300


def test_a_wide_report_takes_bounded_time() -> None:
    wide = report(*(item("TEXT", f"n{n}", t0040A160="x" * 50) for n in range(MAX_ITEMS + 10)))
    began = time.process_time()
    page = document(Instance(wide, Kind.REPORT), "text/html").text
    assert time.process_time() - began < 15
    assert "longer than is shown" in page
    assert len(page) < 200 * MAX_ITEMS


@pytest.mark.parametrize("kind", list(Kind))
def test_an_instance_with_nothing_in_it_is_said_or_refused(kind: Kind) -> None:
    for media_type in media_types(kind):
        options = RenderOptions(media_type=media_type)
        if media_type.startswith("text/") and kind not in (Kind.IMAGE, Kind.VIDEO):
            assert render(Instance({}, kind), options)
        else:
            with pytest.raises(Refusal) as refused:
                render(Instance({}, kind), options)
            assert refused.value.status in (404, 406)


def test_a_file_whose_head_is_all_empty_gives_a_page() -> None:
    empty = {f"{tag:08X}": {"vr": "LO"} for tag in range(0x00100010, 0x00100060)}
    page = read_html(document(Instance(empty, Kind.OTHER), "text/html").text)
    assert "body" in page.elements


def test_texts_that_are_too_large_together_are_refused() -> None:
    uri = {"vr": "UT", "BulkDataURI": "/x"}
    many = [item("TEXT", "Long") | {"0040A160": uri} for _ in range(100)]
    instance = Instance(report(*many), Kind.REPORT, bulk=lambda uri: b"x" * 1_000_000)
    with pytest.raises(Refusal) as refused:
        document(instance, "text/plain")
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("charset", "declared"),
    [
        *(("utf-8", "utf-8"), ("ISO-8859-1", "iso-8859-1"), ("latin1", "iso-8859-1")),
        *(("utf-7", "utf-8"), ("utf-16", "utf-8"), ("nonsense", "utf-8"), ("rot13", "utf-8")),
        *(("windows-1252", "windows-1252"), ("us-ascii", "us-ascii"), ("Shift_JIS", "shift_jis")),
    ],
)
def test_a_text_is_written_in_the_charset_that_is_asked_for(charset: str, declared: str) -> None:
    page = document(Instance(report(name="Müller^Zoë 山"), Kind.REPORT), "text/html")
    written = page.encode(charset)
    assert f'<meta charset="{declared}">'.encode() in written
    assert "Müller, Zoë 山" in "".join(read_html(written.decode(declared)).texts)
    tree = Document("<a>山</a>", "text/xml").encode(charset)
    assert tree.decode(declared).startswith(f'<?xml version="1.0" encoding="{declared.upper()}"?>')


anything = st.recursive(
    st.none()
    | st.text(max_size=30)
    | st.integers()
    | st.floats()
    | st.binary(max_size=4).map(repr),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
TAGS = st.sampled_from(
    [
        *("0040A040", "0040A010", "0040A043", "0040A160", "0040A168", "0040A300", "0040A30A"),
        *("004008EA", "00081199", "00081155", "00081160", "00700022", "00700023", "0040A123"),
        *("0040A124", "0040DB73", "0040A120", "0040A121", "0040A122", "0040A130", "0040A132"),
        *("0040A801", "0040A050", "0040A301", "0040A032", "00080104", "00080100", "00080102"),
    ]
)
VALUE_TYPES = st.sampled_from(
    [
        *("TEXT", "NUM", "CODE", "PNAME", "DATE", "TIME", "DATETIME", "UIDREF", "IMAGE"),
        *("COMPOSITE", "WAVEFORM", "SCOORD", "SCOORD3D", "TCOORD", "CONTAINER", "TABLE", "ODD"),
    ]
)
elements = st.fixed_dictionaries(
    {"vr": st.sampled_from(["LO", "SQ", "UT", "DS"])},
    optional={"Value": st.lists(anything, max_size=3) | anything, "InlineBinary": anything},
)
datasets = st.dictionaries(TAGS, elements, max_size=5)


def nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    content = st.lists(children, max_size=4).map(lambda each: {"vr": "SQ", "Value": each})
    kind = VALUE_TYPES.map(lambda each: {"vr": "CS", "Value": [each]})
    more = st.fixed_dictionaries({"0040A730": content, "0040A040": kind})
    return st.builds(lambda one, other: one | other, datasets, more)


@settings(max_examples=100, deadline=None)
@given(st.recursive(datasets, nested, max_leaves=12))
def test_no_tree_breaks_a_page(metadata: dict[str, Any]) -> None:
    assert all(forms(report(metadata)))
    assert all(forms(metadata, Kind.KEY_OBJECTS))


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=6))
def test_every_text_of_any_letters_arrives(pairs: list[tuple[str, str]]) -> None:
    items = [item("TEXT", name, t0040A160=said) for name, said in pairs]
    page, _, tree = forms(report(*items))
    read = squeezed("".join(read_html(page).texts))
    found = [element.text or "" for element in ElementTree.fromstring(tree).iter("text")]
    assert len(found) == len(pairs)
    for (_, said), element in zip(pairs, found, strict=True):
        expected = squeezed(readable(said.strip(" \0")))
        assert expected in read
        assert squeezed(element) == expected


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.from_regex("[0-9A-F]{8}", fullmatch=True) | TAGS, elements, max_size=8))
def test_no_data_set_breaks_a_page_of_facts(metadata: dict[str, Any]) -> None:
    for kind in (Kind.OTHER, Kind.PDF, Kind.CDA, Kind.WAVEFORM, Kind.STRUCTURE_SET):
        page = read_html(document(Instance(metadata, kind), "text/html").text)
        assert "body" in page.elements
        assert document(Instance(metadata, kind), "text/plain").text.strip()


def test_the_wildcards_of_a_nasty_file_are_only_text() -> None:
    name = "synthetic/oddities/wildcard_and_quote_chars.dcm"
    held = stored((samples.folder() / name).read_bytes())
    page = read_html(document(Instance(held.metadata, Kind.OTHER), "text/html").text)
    name = held.metadata["00100010"]["Value"][0]["Alphabetic"]
    assert squeezed(name.split("^")[0]) in squeezed("".join(page.texts))


def test_what_is_no_base64_is_no_bytes() -> None:
    for inline in ("\N{GREEK SMALL LETTER ALPHA}===", "A", "\x80"):
        metadata = {"00420011": {"vr": "OB", "InlineBinary": inline}}
        assert binary(metadata, "00420011", no_bulk) == b""
