"""A server with accounts for tests, and how its clients prove themselves."""

import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
from clients import body_of
from samples import encode, make_image
from servers import Server

PASSWORD = "correct horse battery"
ROLES = ("admin", "radiologist", "radiology_tech", "doctor")
# Each test that fails to log in does so from an address of its own: failures count by address.
PROXIED = "X-Forwarded-For"


def run_cli(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """`dicomweb …`, with `given` as its standard input."""
    command = [sys.executable, "-m", "dicomweb.cli", *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, check=False, timeout=180
    )


def make_accounts(folder: Path, *names: str) -> None:
    """Accounts named as their roles, or `name:role`, in the archive of a folder."""
    from dicomweb.app import open_archive
    from dicomweb.extension import load
    from dicomweb.settings import Settings
    from extensions.accounts import commands

    settings = Settings(data_dir=folder)
    archive = open_archive(settings, load(settings.extensions))
    for each in names:
        name, _, role = each.partition(":")
        commands.add(archive, name, role or name, PASSWORD)
    archive.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass
class House:
    """A running server with an account for each role, and two studies in it."""

    server: Server
    datasets: list[Any] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.server.address

    def ask(self, method: str, path: str, token: str = "", **more: Any) -> requests.Response:
        headers = {**more.pop("headers", {}), **(bearer(token) if token else {})}
        more.setdefault("timeout", 30)
        more.setdefault("allow_redirects", False)
        return requests.request(method, self.address + path, headers=headers, **more)

    def grant(self, name: str, password: str = PASSWORD, **headers: str) -> requests.Response:
        """The password grant."""
        form = {"grant_type": "password", "username": name, "password": password}
        return self.ask("POST", "/api/auth/token", data=form, headers=headers)

    def renew(self, refresh_token: str) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.ask("POST", "/api/auth/token", data=form)

    def token(self, name: str) -> str:
        """A fresh access token."""
        found: str = self.grant(name).json()["access_token"]
        return found

    @cached_property
    def admin(self) -> str:
        return self.token("admin")

    def made(self, what: str, **body: Any) -> dict[str, Any]:
        """A key or a share link."""
        answer = self.ask("POST", f"/api/auth/{what}", self.admin, json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found

    def key(self, *permissions: str) -> str:
        found: str = self.made("keys", name="script", permissions=list(permissions))["key"]
        return found

    def share(self, study: str) -> str:
        found: str = self.made("shares", studyInstanceUid=study)["token"]
        return found

    def store(self, **values: Any) -> Any:
        """A fresh small image, stored by the admin."""
        dataset = make_image(**values)
        body, kind = body_of([encode(dataset)])
        answer = self.ask(
            "POST", "/dicom-web/studies", self.admin, data=body, headers={"Content-Type": kind}
        )
        assert answer.status_code == 200, answer.text
        return dataset

    def browser(self, name: str) -> requests.Session:
        """A session with the cookie of our pages."""
        session = requests.Session()
        answer = session.post(
            f"{self.address}/api/auth/session",
            json={"username": name, "password": PASSWORD},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return session
