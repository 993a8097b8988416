"""Which requests are a person's who goes to a page, and where one goes who has no login yet."""

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


def is_navigation(scope: Scope) -> bool:
    """Whether a browser asks for a page, and no program for an answer of an API."""
    asks = scope["method"] == "GET" and first_segment(scope) not in APIS
    return asks and "text/html" in header(scope, b"accept")


def login_address(scope: Scope) -> str | None:
    """The login page, which leads back to where somebody wanted to go; None for a program.

    Where people log in at a provider it is the provider's, by way of a path of ours.
    """
    if not is_navigation(scope):
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
