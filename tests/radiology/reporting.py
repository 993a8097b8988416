"""What tests of reports share: texts, and reports in every state."""

from typing import Any

from tests.radiology.radiology_api import Api

TEXTS = {
    "clinicalHistory": "Cough for 3 weeks.",
    "technique": "Helical CT, 1 mm.",
    "comparison": "CT of 2025-01-02.",
    "findings": "Nodule of 5 mm, right upper lobe.\n\n- no effusion\n- no <b>fracture</b> & co",
    "impression": "1. Knötchen ≤ 5 mm.\n2. Больше ничего.",
    "recommendations": "Follow-up in 12 months; see {{nothing}}.",
}


def report(api: Api, study: str, kind: str = "final", **fields: Any) -> dict[str, Any]:
    """A report of the study, as the server answers it."""
    body = {"reportType": kind, "findings": "Nothing.", **fields}
    answer = api("POST", f"/studies/{study}/report", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    assert answer.headers["Location"] == f"/api/radiology/reports/{found['id']}"
    return found


def draft(api: Api, study: str, kind: str = "preliminary", **fields: Any) -> dict[str, Any]:
    return report(api, study, kind, status="draft", **fields)


def put(api: Api, id: str, **fields: Any) -> Any:
    return api("PUT", f"/reports/{id}", fields)


def verify(api: Api, id: str) -> Any:
    return api("POST", f"/reports/{id}/verify")


def status_of(api: Api, study: str) -> str:
    found: str = api.get(f"/studies/{study}")["status"]
    return found


def squeezed(text: str) -> str:
    """Without blanks and line ends, which every form of a text breaks elsewhere."""
    return "".join(text.split())
