"""The server under test, seen through requests: a request holds what the test says, no more."""

import json
from collections.abc import Iterable
from urllib.parse import quote, urljoin

import requests
from pydicom import Dataset
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from conformance import multipart
from conformance.instances import part10, study_of

JSON = "application/dicom+json"
XML = 'multipart/related; type="application/dicom+xml"'
DICOM = 'multipart/related; type="application/dicom"'
DICOM_AS_STORED = f"{DICOM}; transfer-syntax=*"
OCTETS = 'multipart/related; type="application/octet-stream"'
TIMEOUT = 60


class Client:
    """Requests to one service root. `get("/studies")` is relative to it; absolute URLs stay."""

    def __init__(self, base_url: str, wado_uri_url: str, headers: Iterable[str] = ()) -> None:
        self.base_url = base_url.rstrip("/")
        self.wado_uri_url = wado_uri_url
        self.headers = tuple(headers)
        self.studies: set[str] = set()
        self._session = requests.Session()
        # One retry: a kept-alive connection may be closed just as it is used again.
        retry = Retry(total=1, status=0, redirect=0, backoff_factor=0, raise_on_status=False)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))
        self._session.headers.clear()
        for header in self.headers:
            name, _, value = header.partition(":")
            self._session.headers[name.strip()] = value.strip()

    def request(self, method: str, path: str, *, accept: str | None = None, **more: object):
        """One request; `accept=None` sends no Accept header at all."""
        headers = dict(more.pop("headers", None) or {})  # type: ignore[call-overload]
        if accept is not None:
            headers["Accept"] = accept
        url = path if path.startswith(("http:", "https:")) else self.base_url + path
        more.setdefault("timeout", TIMEOUT)
        return self._session.request(method, url, headers=headers, **more)  # type: ignore[arg-type]

    def get(self, path: str, accept: str | None = JSON, **headers: str) -> requests.Response:
        """GET; further headers as keywords: `if_none_match='"x"'`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("GET", path, accept=accept, headers=named)

    def post(
        self, body: object, content_type: str | None, *, path: str = "/studies", accept: str = JSON
    ) -> requests.Response:
        """A store request of any body, whatever it is worth."""
        headers = {} if content_type is None else {"Content-Type": content_type}
        return self.request("POST", path, accept=accept, headers=headers, data=body)

    def store(
        self, *instances: Dataset | bytes, path: str = "/studies", accept: str = JSON
    ) -> requests.Response:
        """STOW of Part 10 instances in the Standard's own spelling."""
        self.remember(*instances)
        files = [one if isinstance(one, bytes) else part10(one) for one in instances]
        content_type, body = multipart.dicom(files)
        return self.post(body, content_type, path=path, accept=accept)

    def keep(self, *instances: Dataset | bytes) -> None:
        """A store that other tests stand on: all must have been stored."""
        response = self.store(*instances)
        expect(response, 200, 202)
        failed = response.json().get("00081198", {}).get("Value", [])
        assert not failed, f"{len(failed)} of {len(instances)} instances were refused: {failed}"

    def remember(self, *instances: Dataset | bytes) -> None:
        """Note the studies, so that --delete can remove them at the end."""
        for one in instances:
            if isinstance(one, Dataset) and one.get("StudyInstanceUID"):
                self.studies.add(study_of(one))

    def find(self, resource: str, **keys: str) -> list[dict]:
        """The results of a search as DICOM JSON; each key's value is percent-encoded."""
        query = "&".join(f"{key}={quote(value, safe='*?-')}" for key, value in keys.items())
        return found(self.get(f"{resource}?{query}" if query else resource))

    def metadata(self, path: str) -> list[dict]:
        """The DICOM JSON of {path}/metadata."""
        response = expect(self.get(f"{path}/metadata"), 200)
        return json.loads(response.content)

    def parts(self, path: str, accept: str) -> list[multipart.Part]:
        """The parts of a 200 with multipart/related."""
        response = expect(self.get(path, accept), 200)
        return multipart.read(response.headers.get("Content-Type", ""), response.content)

    def wado_uri(self, query: str, accept: str | None = "*/*") -> requests.Response:
        """A WADO-URI request; `query` is what stands behind requestType=WADO&."""
        return self.get(f"{self.wado_uri_url}?requestType=WADO&{query}", accept)

    def absolute(self, location: str) -> str:
        """A Content-Location or a URL of an answer, resolved against the service root."""
        return urljoin(self.base_url + "/", location)

    def delete_what_was_stored(self) -> None:
        """Best effort: DELETE is an extension."""
        for study in sorted(self.studies):
            self.request("DELETE", study, accept="*/*")


def expect(response: requests.Response, *statuses: int) -> requests.Response:
    """The response, if its status is one of these; else a failure that shows what came."""
    request = response.request
    assert response.status_code in statuses, (
        f"{response.status_code} instead of {' or '.join(map(str, statuses))} for "
        f"{request.method} {request.url} (Accept: {request.headers.get('Accept')}): "
        f"{response.content[:300]!r}"
    )
    return response


def found(response: requests.Response) -> list[dict]:
    """The results of a search: nothing found is 200 with [] (2026a) or 204 (up to 2025)."""
    expect(response, 200, 204)
    if response.status_code == 204:
        assert not response.content, "a 204 must not have a body"
        return []
    results = json.loads(response.content)
    assert isinstance(results, list), f"a search gives an array, not {results!r:.100}"
    return results


def values(dataset: dict, tag: str) -> list:
    """The Value array of an attribute, empty where there is none."""
    return dataset.get(tag, {}).get("Value", [])


def uids(results: list[dict], tag: str) -> list[str]:
    """One UID of each result: StudyInstanceUID, SeriesInstanceUID or SOPInstanceUID by its tag."""
    return [values(result, tag)[0] for result in results]
