"""Pages for admins: the audit trail, accounts, keys and share links, filled over /api."""

from starlette.requests import Request
from starlette.types import ASGIApp

from dicomweb.access.permissions import GRANTED, ROLES
from dicomweb.errors import NotFound
from extensions.pages.rendering import page


async def audit(request: Request) -> ASGIApp:
    """The audit trail with its filters in the URL."""
    if "extensions.audit" not in request.state.settings.extensions:
        raise NotFound("This server keeps no audit trail: the extension is not loaded.")
    return page(request, "audit.html", query=dict(request.query_params))


async def accounts(request: Request) -> ASGIApp:
    """Accounts, API keys and share links."""
    settings = request.state.settings
    if "extensions.accounts" not in settings.extensions or settings.auth == "none":
        raise NotFound("There are no accounts here: DICOMWEB_AUTH is none.")
    return page(
        request,
        "accounts.html",
        roles=list(ROLES),
        permissions=[str(each) for each in GRANTED],
        local=settings.auth == "local",
    )
