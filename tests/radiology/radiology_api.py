"""A client of the radiology API for tests, that shares no code with the server."""

import io
import uuid
from dataclasses import dataclass
from typing import Any

import requests
from PIL import Image
from servers import Server


@dataclass(frozen=True)
class Api:
    """Calls below /api/radiology; `token` is sent as Bearer where there is one."""

    server: Server
    token: str = ""

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        address = f"{self.server.address}/api/radiology{path}"
        return requests.request(
            method, address, json=body, headers=headers, timeout=60, allow_redirects=False
        )

    def get(self, path: str, **headers: str) -> Any:
        """The data of a GET that has to succeed."""
        answer = self("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["success"] is True
        return answer.json()["data"]

    def study(self, **fields: Any) -> dict[str, Any]:
        """A scheduled study of a patient of its own."""
        body = {"patientId": f"P-{uuid.uuid4()}", "modality": "CT", **fields}
        answer = self("POST", "/studies", body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()["data"]
        return created

    def post_file(
        self, path: str, data: bytes, name: str = "image.dcm", field: str = "image", **fields: Any
    ) -> Any:
        """A form with one file."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return requests.post(
            f"{self.server.address}/api/radiology{path}",
            data={key: str(value) for key, value in fields.items()},
            files={field: (name, data)},
            headers=headers,
            timeout=60,
        )

    def upload(self, study: str, data: bytes, name: str = "image.dcm", **fields: Any) -> Any:
        """Upload to a study: what the answer says of the image."""
        answer = self.post_file(f"/studies/{study}/upload", data, name, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]


def sentence(answer: Any) -> str:
    """The one sentence of a refusal, in its one shape."""
    body = answer.json()
    assert body["error"]["code"] == answer.status_code
    assert body["message"] == body["error"]["message"]
    found: str = body["message"]
    return found


def picture(kind: str = "PNG", size: tuple[int, int] = (24, 16), **options: Any) -> bytes:
    """A small colour picture of which every corner is different."""
    image = Image.new("RGB", size)
    for x in range(size[0]):
        for y in range(size[1]):
            image.putpixel((x, y), (x * 10 % 256, y * 15 % 256, (x + y) * 5 % 256))
    return saved(image, kind, **options)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
