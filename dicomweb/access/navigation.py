"""Where a browser goes that shows a page to a person who has not logged in yet."""

from urllib.parse import quote, urlsplit

from starlette.types import Scope

from dicomweb.access.forgery import first_segment, header

LOGIN = "/login"
PROVIDER = "/api/auth/oidc/login"
# Paths that programs call: whoever asks there wants 401.
APIS = frozenset(
    {
        *("dicom-web", "wado", "api", "dicom", "image", "tags", "examens-medicaux"),
        *("health", "metrics", "openapi.json", "fhir"),
    }
)


def login_address(scope: Scope) -> str | None:
    """The login page, which leads back to where somebody wanted to go; None for a program.

    Where people log in at a provider it is the provider's, by way of a path of ours.
    """
    if scope["method"] != "GET" or first_segment(scope) in APIS:
        return None
    if "text/html" not in header(scope, b"accept"):
        return None
    settings = scope["state"].get("settings")
    login = PROVIDER if getattr(settings, "oidc_flow", False) else LOGIN
    router = scope.get("router")
    if not any(getattr(each, "path", "") == login for each in getattr(router, "routes", ())):
        return None
    origin: str = scope["state"]["addresses"].origin(scope)
    prefix = urlsplit(origin).path.rstrip("/")
    query: bytes = scope["query_string"]
    there = f"{prefix}{scope['path']}" + (f"?{query.decode('latin-1')}" if query else "")
    return f"{prefix}{login}?next={quote(there, safe='/')}"
