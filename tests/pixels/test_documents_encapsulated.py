"""Encapsulated documents: their bytes to the last one, pages about them, CDA read safely."""

from typing import Any

import pytest

from dicomweb.pixels.documents.cda import cda_blocks
from dicomweb.pixels.documents.encapsulated import (
    document_bytes,
    document_type,
    encapsulated_page,
)
from dicomweb.pixels.documents.html_page import html
from dicomweb.pixels.documents.kinds import Kind
from dicomweb.pixels.documents.links import Ways, no_bulk
from dicomweb.pixels.documents.page import Page
from dicomweb.pixels.documents.plain_page import plain_text
from dicomweb.pixels.documents.rendering import document
from dicomweb.pixels.documents.xml_tree import Refused, read_xml
from tests.pixels.documents_shared import Read, dataset_of, read_html, sample

NARRATIVE = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
 <title>Discharge &amp; summary</title>
 <effectiveTime value="20240229120000+0100"/>
 <recordTarget><patientRole><patient>
   <name><given>Jane</given><family>Doe</family></name><birthTime value="19800102"/>
 </patient></patientRole></recordTarget>
 <author><assignedAuthor><assignedPerson><name>Dr. House</name></assignedPerson>
 </assignedAuthor></author>
 <component><structuredBody>
  <component><section><title>History</title><text>
   <paragraph>First <content styleCode="Bold">bold</content><br/>second line.</paragraph>
   <list listType="ordered"><item>one</item><item>two &lt;3&gt;</item></list>
   <table><thead><tr><th colspan="2">Lab</th></tr></thead>
    <tbody><tr><td>Na</td><td>140</td></tr></tbody></table>
   %s
  </text>
  <component><section><title>Nested</title><text>inner text</text></section></component>
  </section></component>
 </structuredBody></component>
</ClinicalDocument>"""


def page_of(extra: str = "") -> Page:
    blocks, warnings = cda_blocks((NARRATIVE % extra).encode())
    return Page("CDA", blocks=blocks, warnings=warnings)


def read_cda(extra: str = "") -> Read:
    return read_html(html(page_of(extra)))


@pytest.mark.parametrize("kind", ["pdf", "cda", "stl"])
def test_the_bytes_are_the_document_without_its_padding(kind: str) -> None:
    name = f"synthetic/modalities/encapsulated_{kind}.dcm"
    held, dataset = sample(name), dataset_of(name)
    found = document_bytes(held.metadata, held.bulk)
    assert found == bytes(dataset.EncapsulatedDocument)[: dataset.EncapsulatedDocumentLength]
    assert document_type(held.metadata) == str(dataset.MIMETypeOfEncapsulatedDocument).lower()


@pytest.mark.parametrize(
    ("stored", "length", "expected"),
    [
        (b"abc\0", 3, b"abc"),
        (b"abc\0", None, b"abc"),
        (b"abcd", None, b"abcd"),
        (b"abcd", 99, b"abcd"),
        (b"abcd", 1, b"abcd"),
        (b"", None, b""),
    ],
)
def test_a_wrong_length_cuts_nothing_off(stored: bytes, length: Any, expected: bytes) -> None:
    metadata: dict[str, Any] = {"00420011": {"vr": "OB", "BulkDataURI": "/x"}}
    if length is not None:
        metadata["00420015"] = {"vr": "UL", "Value": [length]}
    assert document_bytes(metadata, lambda uri: stored) == expected


def test_a_pdf_is_shown_from_where_it_is_served() -> None:
    held = sample("synthetic/modalities/encapsulated_pdf.dcm")
    page = read_html(document(held.instance("/documents/1"), "text/html").text)
    assert page.links.count("/documents/1") == 2
    assert ("type", "application/pdf") in page.attributes
    assert "SyntheticpdfPatient" in page.words.replace("Opened", "")
    assert "399bytes" in page.words


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:application/pdf;base64,x", ""])
def test_a_pdf_from_nowhere_is_only_described(url: str) -> None:
    held = sample("synthetic/modalities/encapsulated_pdf.dcm")
    assert read_html(document(held.instance(url), "text/html").text).links == []


@pytest.mark.parametrize("kind", ["pdf", "stl"])
@pytest.mark.parametrize("media_type", ["text/plain", "text/xml"])
def test_the_facts_are_given_as_text_and_xml(kind: str, media_type: str) -> None:
    held = sample(f"synthetic/modalities/encapsulated_{kind}.dcm")
    found = document(held.instance(), media_type).text
    assert f"Synthetic {kind}" in found
    assert "SYN-" in found


def test_the_narrative_of_a_cda_is_read_with_its_structure() -> None:
    page = read_cda()
    assert "HistoryFirstboldsecondline." in page.words
    assert "two<3>" in page.words
    for element in ("strong", "ol", "li", "table", "th", "td", "br"):
        assert element in page.elements
    assert ("colspan", "2") in page.attributes
    assert page.elements.count("h3") == 1


def test_the_head_of_a_cda_is_said() -> None:
    text = plain_text(page_of())
    assert "Discharge & summary" in text
    assert "Patient:    Jane Doe" in text
    assert "Birth date: 1980-01-02" in text
    assert "Date:       2024-02-29 12:00:00 +01:00" in text
    assert "Author:     Dr. House" in text
    assert "Na | 140" in text
    assert "- one" in text


@pytest.mark.parametrize(
    "harm",
    [
        "<script>alert(1)</script>",
        '<paragraph onclick="alert(1)" style="x">y</paragraph>',
        '<linkHtml href="javascript:alert(1)">z</linkHtml>',
        '<linkHtml href="//evil.example/x">z</linkHtml>',
        '<td colspan="1&quot; onload=&quot;x">w</td>',
        '<img src="http://evil.example/x"/><iframe src="x"/><object data="x"/>',
        "<![CDATA[<script>alert(1)</script>]]>",
        '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
    ],
)
def test_nothing_of_a_cda_runs_or_is_fetched(harm: str) -> None:
    page = read_cda(harm)
    assert page.links == []
    assert "object" not in page.elements


def test_a_link_of_a_cda_to_the_web_is_one() -> None:
    assert read_cda('<linkHtml href="https://a.example/b">c</linkHtml>').links == [
        "https://a.example/b"
    ]


BOMB = '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><a>&y;</a>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (BOMB.encode(), "DOCTYPE"),
        (OUTSIDE.encode(), "DOCTYPE"),
        (b"<a>" * 500, "too large"),
        (b"<a>" + b"<b/>" * 300_000 + b"</a>", "too large"),
        (b"<a><b></a>", "well-formed"),
        (b"", "well-formed"),
        (b"%PDF-1.4", "well-formed"),
        (b"\xff\xfe\x00", "well-formed"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "well-formed"),
    ],
)
def test_xml_that_means_harm_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        read_xml(data)
    blocks, warnings = cda_blocks(data)
    assert blocks == ()
    assert sentence in warnings[0]


def test_a_cda_with_another_body_names_it() -> None:
    body = '<ClinicalDocument><component><nonXMLBody><text mediaType="application/pdf"'
    body += ' representation="B64">JVBERi0=</text></nonXMLBody></component></ClinicalDocument>'
    blocks, warnings = cda_blocks(body.encode())
    text = plain_text(Page("x", blocks=blocks, warnings=warnings))
    assert "application/pdf" in text
    assert "JVBER" not in text


def test_a_cda_behind_its_uri_is_read_by_the_page() -> None:
    metadata = {"00420011": {"vr": "OB", "BulkDataURI": "/x"}}
    data = (NARRATIVE % "").encode()
    page = encapsulated_page(metadata, Kind.CDA, ways=Ways(bulk=lambda uri: data))
    assert "inner text" in html(page)
    assert "no well-formed XML" in html(encapsulated_page(metadata, Kind.CDA, ways=Ways(no_bulk)))


def test_a_model_says_its_unit() -> None:
    metadata: dict[str, Any] = dict(sample("synthetic/modalities/encapsulated_stl.dcm").metadata)
    unit = {"00080100": {"vr": "SH", "Value": ["mm"]}, "00080104": {"vr": "LO", "Value": ["mm"]}}
    metadata["004008EA"] = {"vr": "SQ", "Value": [unit]}
    assert "Unit of the model: mm" in plain_text(encapsulated_page(metadata, Kind.MODEL))
