"""Templates of reports: made, changed, filled from studies, used in reports, taken out of use."""

from typing import Any

import pytest

from extensions.radiology.report_placeholders import PLACEHOLDERS, fill, values_of
from extensions.radiology.tables import RadiologyStudy
from extensions.radiology.template_text import harmless, plain, sections
from tests.radiology.radiology_api import Api, sentence
from tests.radiology.reporting import draft, put, report

CONTENT = (
    "Technique: CT of {{patientName}} ({{ patientId }}), {{studyDate}}\n"
    "Findings:\nLungs clear. {{lungs}}\nImpression:\nNormal {{modality}}. {{lungs}} {{who}}"
)
PATIENT = {"patientName": "O'Hara^<b>Ann</b>", "patientBirthDate": "1990-06-15"}


def template(api: Api, **fields: Any) -> dict[str, Any]:
    body = {"name": "CT Chest", "modality": "CT", "content": CONTENT, **fields}
    answer = api("POST", "/report-templates", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["data"]
    assert answer.headers["Location"] == f"/api/radiology/report-templates/{made['id']}"
    return made


def filled(api: Api, id: str, study: str) -> dict[str, Any]:
    answer = api("POST", f"/report-templates/{id}/fill?studyId={study}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def test_a_template_is_made_read_changed_and_taken_out_of_use(api: Api) -> None:
    made = template(api, bodyPart="CHEST")
    path = f"/report-templates/{made['id']}"
    assert api.get(path) == made
    assert (made["isActive"], made["version"], made["contentFormat"]) == (True, 1, "text")
    changed = api("PUT", path, {"content": "Findings: other"}).json()["data"]
    assert (changed["content"], changed["name"], changed["version"]) == (
        *("Findings: other", "CT Chest", 2),
    )
    assert api("DELETE", path).status_code == 204
    assert api("DELETE", path).status_code == 204
    assert api.get(path)["isActive"] is False
    assert [each["version"] for each in api.get(f"{path}/versions")] == [3, 2, 1]
    assert api.get(f"{path}/versions")[2]["content"] == CONTENT
    assert api("PUT", path, {"isActive": True}).json()["data"]["isActive"] is True


def test_a_list_shows_active_ones_for_a_modality_and_body_part(api: Api) -> None:
    chest = template(api, name="B chest", modality="NM", bodyPart="CHEST")["id"]
    every = template(api, name="A any", modality="NM")["id"]
    head = template(api, name="C head", modality="NM", bodyPart="HEAD")["id"]
    gone = template(api, name="D gone", modality="NM", isActive=False)["id"]

    def found(query: str) -> list[str]:
        return [each["id"] for each in api.get(f"/report-templates?modality=NM{query}")]

    assert found("") == found("&isActive=true") == [every, chest, head]
    assert found("&isActive=false") == [gone]
    assert found("&bodyPart=chest") == [every, chest]
    assert found("&q=HEAD") == [head]
    page = api("GET", "/report-templates?modality=NM&limit=2&page=2").json()
    assert page["pagination"] == {"page": 2, "limit": 2, "total": 3}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"modality": "XX"}, "modality"),
        ({"modality": None}, "modality"),
        ({"content": " "}, "content"),
        ({"content": 5}, "content"),
        ({"content": "a\x01"}, "content"),
        ({"content": "<script>x</script>", "contentFormat": "html"}, "content"),
        ({"contentFormat": "word"}, "contentFormat"),
        ({"isActive": "perhaps"}, "isActive"),
        ({"bodyPart": "ä" * 20}, "bodyPart"),
    ],
)
def test_a_wrong_field_is_named(api: Api, change: dict[str, Any], field: str) -> None:
    body = {"name": "T", "modality": "CT", "content": "x", **change}
    answer = api("POST", "/report-templates", body)
    assert answer.status_code == 400, answer.text
    assert sentence(answer).startswith(f"{field}: ")


def test_ids_that_nobody_has_are_404(api: Api) -> None:
    for method, tail in (("GET", ""), ("DELETE", ""), ("GET", "/versions")):
        assert api(method, f"/report-templates/none{tail}").status_code == 404
    assert api("PUT", "/report-templates/none", {"name": "x"}).status_code == 404
    id = template(api)["id"]
    assert api("POST", f"/report-templates/{id}/fill?studyId=none").status_code == 404
    wrong = api("POST", f"/report-templates/{id}/fill")
    assert sentence(wrong).startswith("studyId: ")


def test_a_lost_update_is_refused(api: Api) -> None:
    path = f"/report-templates/{template(api)['id']}"
    tag = api("GET", path).headers["ETag"]
    assert api("PUT", path, {"name": "One"}, **{"If-Match": tag}).status_code == 200
    assert api("PUT", path, {"name": "Two"}, **{"If-Match": tag}).status_code == 412
    assert api("DELETE", path, **{"If-Match": tag}).status_code == 412


def test_placeholders_are_filled_and_the_unknown_are_told(api: Api) -> None:
    study = api.study(**PATIENT)
    told = filled(api, template(api)["id"], study["id"])
    assert told["sections"]["technique"] == (
        f"CT of O'Hara, <b>Ann</b> ({study['patientId']}), {study['studyDate']}"
    )
    assert told["sections"]["impression"] == "Normal CT. {{lungs}} {{who}}"
    assert told["unknownPlaceholders"] == ["lungs", "who"]
    assert api.get(f"/studies/{study['id']}/reports") == []


def test_values_in_html_are_escaped(api: Api) -> None:
    html = "<h2>Findings</h2><p onclick='x()'>Of <b>{{patientName}}</b></p><script>x()</script>"
    made = template(api, content=html, contentFormat="html")
    assert made["content"] == "<h2>Findings</h2><p>Of <b>{{patientName}}</b></p>"
    told = filled(api, made["id"], api.study(**PATIENT)["id"])
    assert told["content"] == (
        "<h2>Findings</h2><p>Of <b>O&#x27;Hara, &lt;b&gt;Ann&lt;/b&gt;</b></p>"
    )
    assert told["sections"]["findings"] == "Of O'Hara, <b>Ann</b>"


def test_a_report_is_begun_from_a_template(api: Api) -> None:
    study, id = api.study(**PATIENT)["id"], template(api)["id"]
    made = draft(api, study, findings="", templateId=id)
    assert made["findings"] == ""
    answer = api("POST", f"/studies/{study}/report", {"reportType": "final", "templateId": id})
    told = answer.json()["data"]
    assert (told["templateId"], told["findings"]) == (id, "Lungs clear. {{lungs}}")
    assert told["unknownPlaceholders"] == ["lungs", "who"]
    own = report(api, study, findings="{{patientName}}: {{x}}", templateId=id)
    assert (own["findings"], own["impression"]) == ("O'Hara, <b>Ann</b>: {{x}}", "")
    assert own["unknownPlaceholders"] == ["x"]


def test_text_without_a_template_keeps_its_braces(api: Api) -> None:
    assert report(api, api.study()["id"], findings="{{patientName}}")["findings"] == (
        "{{patientName}}"
    )


def test_a_draft_takes_a_template_later_and_may_keep_one_that_is_gone(api: Api) -> None:
    id = draft(api, api.study(**PATIENT)["id"], findings="Mine.")["id"]
    name = template(api)["id"]
    told = put(api, id, templateId=name).json()["data"]
    assert told["findings"] == "Lungs clear. {{lungs}}"
    api("DELETE", f"/report-templates/{name}")
    kept = put(api, id, templateId=name, findings="Mine again.")
    assert kept.json()["data"]["findings"] == "Mine again."
    other = draft(api, api.study()["id"])["id"]
    assert sentence(put(api, other, templateId=name)).startswith("templateId: ")


def test_every_placeholder_has_a_value_and_a_value_is_never_filled_again() -> None:
    study = RadiologyStudy(
        study_uid="1.2",
        patient_name="{{patientId}}^Ann",
        patient_birth_date="1990-06-15",
        study_date="2026-06-14",
    )
    values = values_of(study, "me")
    assert set(values) == set(PLACEHOLDERS)
    assert values["patientAge"] == "35"
    assert fill("{{patientName}}", values).text == "{{patientId}}, Ann"
    assert fill("{{a b}} {x} {{ }} {{{patientSex}}}", values).text == "{{a b}} {x} {{ }} {}"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two &amp; three</p>", "One\nTwo & three"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("a<br>b <b>c</b>", "a\nb c"),
        ("<p>x\n   y</p>", "x y"),
        ("&lt;b&gt;", "<b>"),
    ],
)
def test_html_is_read_as_text(html: str, text: str) -> None:
    assert plain(harmless(html)) == text


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:x'>y</a>",
        "<p style='x' onclick='y'>z</p>",
        "<svg><script>x</script></svg>",
        "<iframe src='//x'></iframe>",
    ],
)
def test_html_is_made_harmless(html: str) -> None:
    found = harmless(html)
    for word in ("script", "onerror", "onclick", "href", "style", "src", "svg", "iframe"):
        assert word not in found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Just text.", {"findings": "Just text."}),
        ("FINDINGS: a\nb\nIMPRESSION:\nc", {"findings": "a\nb", "impression": "c"}),
        ("**Impressions:**\nx", {"impression": "x"}),
        ("## Recommendations\nx", {"recommendations": "x"}),
        ("Before\nHistory: cough", {"findings": "Before", "clinical_history": "cough"}),
        ("The findings: are here", {"findings": "The findings: are here"}),
        ("", {}),
    ],
)
def test_headings_divide_a_text_into_sections(text: str, found: dict[str, str]) -> None:
    assert sections(text) == found
