"""The login page, and the help about keys for who has no scripts."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp

from extensions.pages.rendering import page, prefix_of


async def login(request: Request) -> ASGIApp:
    """The form; who needs none goes on to where they wanted to be."""
    prefix = prefix_of(request)
    there = request.query_params.get("next", "")
    strange = there.startswith(("//", "/\\")) or "\\" in there or not there.isprintable()
    if not there.startswith("/") or strange or len(there) > 2000:
        there = prefix + "/"
    settings = request.state.settings
    if settings.auth == "none":
        return RedirectResponse(there, 303)
    failed = request.query_params.get("failed", "")
    asked = urlencode({"next": there})
    flow = f"{prefix}/api/auth/oidc/login?{asked}" if settings.oidc_flow else ""
    if flow and not failed and "next" in request.query_params:  # not after a logout
        return RedirectResponse(flow, 303)
    return page(
        request,
        "login.html",
        there=there,
        failed=failed,
        flow=flow,
        provider=settings.oidc_issuer if settings.auth == "oidc" else "",
    )
