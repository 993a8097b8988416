"""A report as HTML, PDF, FHIR and DICOM: every form says what the JSON says."""

import io
import re
import subprocess
from html.parser import HTMLParser
from shutil import which
from typing import Any

import pydicom
import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from pypdf import PdfReader

from tests.radiology.radiology_api import Api, sentence
from tests.radiology.reporting import TEXTS, draft, report, squeezed, verify

TYPES = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "fhir": "application/fhir+json",
    "dicom-sr": "application/dicom",
    "dicom-pdf": "application/dicom",
}
PATIENT = {
    "patientName": "Groß^Jürgen",
    "patientBirthDate": "1975-03-09",
    "patientSex": "M",
    "studyDescription": "CT Chest",
    "referringPhysician": "Dr. Smith",
}


@pytest.fixture
def made(api: Api) -> dict[str, Any]:
    """A final report with every section, verified, with an addendum."""
    id = report(api, api.study(**PATIENT)["id"], **TEXTS)["id"]
    assert verify(api, id).status_code == 200
    added = api("POST", f"/reports/{id}/addendum", {"findings": "Seen on second look."})
    assert added.status_code == 201
    found: dict[str, Any] = api.get(f"/reports/{id}")
    return found


def form(api: Api, id: str, name: str) -> Any:
    answer = api("GET", f"/reports/{id}?format={name}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, TYPES[name])
    assert "no-cache" in answer.headers["Cache-Control"]
    return answer


def pdf_text(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def said(node: pydicom.Dataset) -> list[str]:
    """The texts of a content tree in their order."""
    own = [str(node.TextValue)] if node.get("ValueType") == "TEXT" else []
    return own + [text for item in node.get("ContentSequence", []) for text in said(item)]


class Words(HTMLParser):
    """All text of a page, and every tag in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags = "", set[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_says_the_same_and_nothing_in_it_is_markup(api: Api, made: dict[str, Any]) -> None:
    answer = form(api, made["id"], "html")
    page = Words(answer.text)
    for text in (*TEXTS.values(), "Seen on second look.", "Groß, Jürgen", made["accessionNumber"]):
        assert text in page.text
    assert "Verified by anonymous" in page.text
    assert "This report has an addendum" in page.text
    assert not page.tags & {"b", "script", "img", "link", "a"}
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pdf_says_what_its_typeface_cannot_draw(api: Api) -> None:
    """Letters beyond the first plane (ISO 32000-1 9.10.3), and those that are boxes on paper."""
    id = report(api, api.study(patientName="𠮷野^太郎")["id"], findings="😀 𠮷 ไทย")["id"]
    data = form(api, id, "pdf").content
    assert "😀" in pdf_text(data)
    drawn = PdfReader(io.BytesIO(data)).pages[0].get_contents()
    assert drawn is not None
    for text in ("𠮷野, 太郎", "😀 𠮷 ไทย"):
        assert text.encode("utf-16-be").hex().encode() in drawn.get_data()


def test_pdf_says_the_same_in_a_typeface_of_its_own(api: Api, made: dict[str, Any]) -> None:
    data = form(api, made["id"], "pdf").content
    text = squeezed(pdf_text(data))
    for each in (*TEXTS.values(), "Seen on second look.", "Groß, Jürgen", made["patientId"]):
        assert squeezed(each) in text
    assert "Verifiedbyanonymous" in text
    assert "Page1of1" in text
    reader = PdfReader(io.BytesIO(data))
    fonts = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]
    assert any("DejaVu" in font["/BaseFont"] for font in fonts)
    assert form(api, made["id"], "pdf").content == data


def test_fhir_says_the_same_and_is_valid(api: Api, made: dict[str, Any]) -> None:
    resource = form(api, made["id"], "fhir").json()
    DiagnosticReport.model_validate(resource)
    texts = [each["valueString"] for each in resource["contained"] if "valueString" in each]
    assert texts == [*TEXTS.values(), "Seen on second look."]
    assert resource["status"] == "appended"
    assert resource["conclusion"] == TEXTS["impression"]
    patient = resource["contained"][0]
    assert patient["identifier"] == [{"value": made["patientId"]}]
    assert (patient["name"][0]["family"], patient["birthDate"], patient["gender"]) == (
        *("Groß", "1975-03-09", "male"),
    )
    study = resource["contained"][1]["identifier"][0]["value"]
    assert study == f"urn:oid:{made['studyInstanceUID']}"
    assert "&lt;b&gt;fracture&lt;/b&gt; &amp; co" in resource["text"]["div"]
    pdf = resource["presentedForm"][0]["url"]
    assert pdf.endswith(f"/api/radiology/reports/{made['id']}?format=pdf")


@pytest.mark.parametrize(
    ("kind", "status"),
    [("draft", "partial"), ("preliminary", "preliminary"), ("final", "final")],
)
def test_fhir_names_every_status(api: Api, kind: str, status: str) -> None:
    study = api.study()["id"]
    id = (draft(api, study) if kind == "draft" else report(api, study, kind))["id"]
    resource = form(api, id, "fhir").json()
    DiagnosticReport.model_validate(resource)
    assert resource["status"] == status


def test_a_structured_report_says_the_same(api: Api, made: dict[str, Any]) -> None:
    dataset = pydicom.dcmread(io.BytesIO(form(api, made["id"], "dicom-sr").content))
    assert [text.replace("\r\n", "\n") for text in said(dataset)] == [
        *(*TEXTS.values(), "Seen on second look."),
    ]
    assert (dataset.CompletionFlag, dataset.VerificationFlag) == ("COMPLETE", "VERIFIED")
    assert str(dataset.VerifyingObserverSequence[0].VerifyingObserverName) == "anonymous"
    assert dataset.StudyInstanceUID == made["studyInstanceUID"]
    assert str(dataset.PatientName) == "Groß^Jürgen"
    assert dataset.ContentTemplateSequence[0].TemplateIdentifier == "2000"


def test_an_encapsulated_pdf_says_the_same(api: Api, made: dict[str, Any]) -> None:
    dataset = pydicom.dcmread(io.BytesIO(form(api, made["id"], "dicom-pdf").content))
    document = dataset.EncapsulatedDocument[: dataset.EncapsulatedDocumentLength]
    assert document == form(api, made["id"], "pdf").content
    assert dataset.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert dataset.VerificationFlag == "VERIFIED"


@pytest.mark.skipif(which("dsrdump") is None, reason="dcmtk is not installed")
def test_another_toolkit_reads_the_structured_report(
    api: Api, made: dict[str, Any], tmp_path: Any
) -> None:
    file = tmp_path / "report.dcm"
    file.write_bytes(form(api, made["id"], "dicom-sr").content)
    ran = subprocess.run(["dsrdump", "+Pl", str(file)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "E:" not in ran.stderr
    assert "Basic Text SR Document" in ran.stdout
    assert TEXTS["impression"].split("\n")[0] in ran.stdout


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", TYPES["json"]),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TYPES["html"]),
        ("application/pdf", TYPES["pdf"]),
        ("application/json;q=0.1, application/fhir+json", TYPES["fhir"]),
        ("application/dicom", TYPES["dicom-sr"]),
        ("image/png, */*;q=0.1", TYPES["json"]),
    ],
)
def test_accept_chooses_the_form(api: Api, accept: str, content_type: str) -> None:
    id = draft(api, api.study()["id"])["id"]
    answer = api("GET", f"/reports/{id}", Accept=accept)
    assert answer.headers["Content-Type"] == content_type


def test_a_form_that_is_not_made_is_406_and_a_wrong_format_400(api: Api) -> None:
    id = draft(api, api.study()["id"])["id"]
    answer = api("GET", f"/reports/{id}", Accept="image/png")
    assert answer.status_code == 406
    assert "application/pdf" in sentence(answer)
    wrong = api("GET", f"/reports/{id}?format=word")
    assert wrong.status_code == 400
    assert sentence(wrong).startswith("format: ")


@pytest.mark.parametrize(("kind", "mark"), [("draft", "DRAFT"), ("preliminary", "PRELIMINARY")])
def test_what_is_not_final_says_so_on_every_page(api: Api, kind: str, mark: str) -> None:
    study, text = api.study()["id"], "Line.\n" * 200
    fields = {"status": "draft"} if kind == "draft" else {}
    id = report(api, study, "preliminary", findings=text, **fields)["id"]
    pages = PdfReader(io.BytesIO(form(api, id, "pdf").content)).pages
    assert len(pages) > 2
    assert all(mark in page.extract_text() for page in pages)
    assert mark in Words(form(api, id, "html").text).text
    dataset = pydicom.dcmread(io.BytesIO(form(api, id, "dicom-sr").content))
    assert dataset.PreliminaryFlag == "PRELIMINARY"
    assert dataset.CompletionFlag == ("PARTIAL" if kind == "draft" else "COMPLETE")


def test_a_form_that_is_known_already_is_not_sent_again(api: Api) -> None:
    id = report(api, api.study()["id"])["id"]
    for name in ("html", "pdf", "fhir"):
        tag = form(api, id, name).headers["ETag"]
        again = api("GET", f"/reports/{id}?format={name}", **{"If-None-Match": tag})
        assert again.status_code == 304
    api("POST", f"/reports/{id}/addendum", {"findings": "More."})
    assert form(api, id, "fhir").headers["ETag"] != tag


def test_fhir_is_issued_anew_with_an_addendum(api: Api) -> None:
    id = report(api, api.study(patientName="Doe ^ Jane")["id"])["id"]
    before = form(api, id, "fhir").json()
    api("POST", f"/reports/{id}/addendum", {"findings": "More."})
    after = form(api, id, "fhir").json()
    assert after["issued"] > before["issued"]
    assert after["meta"]["lastUpdated"] > before["meta"]["lastUpdated"]
    assert after["meta"]["versionId"] != before["meta"]["versionId"]
    assert after["contained"][0]["name"][0]["family"] == "Doe"


def test_a_form_is_sent_again_when_anything_in_it_has_changed(api: Api) -> None:
    study = api.study()["id"]
    id = report(api, study)["id"]
    added = api("POST", f"/reports/{id}/addendum", {"findings": "More."}).json()["data"]
    steps = [
        lambda: verify(api, added["id"]),
        lambda: api("PATCH", f"/studies/{study}", {"patientName": "Doe^Jane"}),
    ]
    for step in steps:
        tag = form(api, id, "html").headers["ETag"]
        assert step().status_code == 200
        answer = api("GET", f"/reports/{id}?format=html", **{"If-None-Match": tag})
        assert answer.status_code == 200


def test_an_addendum_shows_what_it_adds_to(api: Api, made: dict[str, Any]) -> None:
    addendum = made["addenda"][0]["id"]
    text = squeezed(pdf_text(form(api, addendum, "pdf").content))
    assert text.index(squeezed(TEXTS["findings"])) < text.index("Addendum1")
    assert "Seenonsecondlook." in text


@pytest.mark.parametrize(
    "text",
    [
        "山田太郎 ひらがな 한국어",
        "สวัสดี",
        "x" * 3_000,
        "\u202etfel",
        "🧠 brain",
        "a\u0300\u0301\u0302",
    ],
)
def test_no_script_breaks_any_form(api: Api, text: str) -> None:
    id = report(api, api.study()["id"], "preliminary", findings=text)["id"]
    assert Words(form(api, id, "html").text).text.count(text) == 1
    assert len(PdfReader(io.BytesIO(form(api, id, "pdf").content)).pages) == 1
    resource = form(api, id, "fhir").json()
    DiagnosticReport.model_validate(resource)
    assert re.sub("<[^>]+>", "", resource["text"]["div"]).count(text) == 1
    dataset = pydicom.dcmread(io.BytesIO(form(api, id, "dicom-sr").content))
    assert said(dataset) == [text]


@pytest.mark.parametrize("write", [report, draft])
@pytest.mark.parametrize("patient", ["P-1", "URN:OID:1.2.276.0.76.4711-0815", "W" * 64])
def test_every_page_of_the_pdf_says_whose_it_is(api: Api, write: Any, patient: str) -> None:
    study = api.study(patientId=patient, patientName="Großmann-Maier^Jürgen")
    made = write(api, study["id"], findings="Nothing.\n" * 80)
    _, *pages = PdfReader(io.BytesIO(form(api, made["id"], "pdf").content)).pages
    for page in pages:
        text = squeezed(page.extract_text())
        assert "Großmann-Maier,Jürgen" in text
        assert patient in text or re.search("W{10,63}…", text)  # what is cut says so
    assert pages
