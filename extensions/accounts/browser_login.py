"""/api/auth/oidc: a person's browser goes to the provider, and comes back with a code.

A login is bound to the browser that began it: by a cookie of ten minutes, signed, hidden from
scripts, in which nothing stands but a number and where to go on to. State, nonce and verifier are
derived from that number with a key of this archive, so that none of them is kept anywhere.
"""

import hmac
import logging
from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from dicomweb.access import asking
from dicomweb.access.asking import Declined
from dicomweb.access.code_flow import CodeFlow, Person
from dicomweb.access.credentials import SESSION_COOKIE, Unproven
from dicomweb.access.guard import GuardedRoute, actor_of, address_of
from dicomweb.access.permissions import Permission, Principal
from dicomweb.answers import in_thread
from dicomweb.errors import Forbidden, NotFound, Refusal, Unavailable
from extensions.accounts import logins, provider_logins, throttle
from extensions.accounts.cookies import NO_STORE, give, inside, origin_of, prefix_of, take
from extensions.accounts.plain_page import page
from extensions.accounts.tables import new_id, now

PATH = "/api/auth/oidc"
SECONDS = 600
# One cookie for each login that was begun: several tabs may be on their way at once.
COOKIE = "lightbox_flow_"
_TABS = 8
_LONGEST = 4096
_STRANGE = "This login was not begun in this browser, or too long ago. Begin again."
# What a provider may say of the person (RFC 6749 4.1.2.1, Core 3.1.2.6); all else is about us.
_DENIED = frozenset(
    {"access_denied", "login_required", "consent_required", "interaction_required"}
    | {"account_selection_required"}
)
_BUSY = frozenset({"temporarily_unavailable", "server_error"})
log = logging.getLogger("dicomweb.access")


async def begin(request: Request) -> Response:
    """To the provider; `next` is where to go on to, `again` asks for another person's login."""
    flow = _flow(request)
    there = inside(request.query_params.get("next", ""), prefix_of(request) or "/")
    id, tokens = f"{new_id()}{new_id()}", request.state.tokens
    redirect = f"{origin_of(request)}{PATH}/callback"
    state, nonce, verifier = (tokens.bound(each, id) for each in ("state", "nonce", "verifier"))
    again = "again" in request.query_params

    def address() -> str:
        return flow.address(redirect, state, nonce, verifier, again=again)

    answer = RedirectResponse(await asking.in_thread(address), 303, NO_STORE)
    claims = {"jti": id, "next": there, "redirect": redirect}
    signed = tokens.sign("flow", claims, now(), now() + SECONDS)
    old = [name for name in request.cookies if name.startswith(COOKIE)]
    for name in old if len(old) >= _TABS else ():
        take(request, answer, name, PATH)
    give(request, answer, _cookie(state), signed, SECONDS, PATH)
    return answer


async def callback(request: Request) -> Response:
    """Back from the provider: a login of ours for its code, and on to where somebody wanted."""
    flow = _flow(request)
    claims = _begun(request)
    there = str(claims["next"])
    try:
        person = await _person(request, flow, claims)
        begun = (request.state.archive, request.state.tokens, actor_of(request.scope), person)
        login = await in_thread(provider_logins.begin, *begun)
    except Refusal as refusal:
        answer = shown(request.scope, refusal, there)
    else:
        answer = RedirectResponse(there, 303, NO_STORE)
        signed = logins.cookie_of(request.state.tokens, login)
        give(request, answer, SESSION_COOKIE, signed, login.expires - login.created)
    take(request, answer, _cookie(request.query_params["state"]), PATH)
    return answer


def _begun(request: Request) -> dict[str, Any]:
    """What the cookie of this login says. Raises Forbidden where there is none."""
    state = request.query_params.get("state", "")
    tokens = request.state.tokens
    try:
        claims: dict[str, Any] = tokens.read("flow", request.cookies.get(_cookie(state), ""))
    except Unproven:
        raise Forbidden(_STRANGE) from None
    expected: str = tokens.bound("state", str(claims["jti"]))
    if not hmac.compare_digest(state.encode(), expected.encode()):
        raise Forbidden(_STRANGE)
    return claims


def _cookie(state: str) -> str:
    return COOKIE + state[:16]


async def _person(request: Request, flow: CodeFlow, claims: dict[str, Any]) -> Person:
    """Whom the provider vouches for; whatever goes wrong is in the trail and a sentence."""
    archive, actor = request.state.archive, actor_of(request.scope)
    whose = throttle.subjects("", address_of(request.scope))[1:]
    await in_thread(throttle.attempt, archive, whose)
    name = ""
    try:
        person = await asking.in_thread(_asked, request, flow, claims)
        name = person.principal.name
        if not person.principal.permissions:
            raise Forbidden(
                f"{name} has no role here. Who runs this archive can give one at the provider."
            )
        if person.until <= now():
            raise Forbidden("The provider's token has ended already: do the clocks agree?")
    except Refusal as refusal:
        if isinstance(refusal, Unavailable):  # nobody's fault who comes from this address
            await in_thread(_forgive, request, whose)
        await in_thread(logins.refused, archive, actor, name, "page")
        raise
    await in_thread(_forgive, request, whose)
    return person


def _forgive(request: Request, whose: Sequence[throttle.Subject]) -> None:
    with request.state.archive.session() as session:
        throttle.forgive(session, whose)


def _asked(request: Request, flow: CodeFlow, claims: dict[str, Any]) -> Person:
    """The code for a person. Raises Forbidden, Unavailable. In a thread."""
    query, tokens, id = request.query_params, request.state.tokens, str(claims["jti"])
    try:
        flow.check_issuer(query.get("iss"))
        if "error" in query or not query.get("code"):
            raise Declined(query.get("error", ""))
        return flow.person(
            query["code"][:_LONGEST],
            str(claims["redirect"]),
            tokens.bound("verifier", id),
            tokens.bound("nonce", id),
        )
    except Unproven as problem:
        log.warning("A login at the provider was refused: %s", problem)
        raise Forbidden("What the provider has answered does not hold. Begin again.") from None
    except Declined as declined:
        raise _refusal(declined.error) from None


def _refusal(error: str) -> Refusal:
    """The provider's word in our words: of its own sentences none is repeated."""
    if error in _DENIED:
        return Forbidden("The provider has not let you in, or you have not agreed.")
    if error in _BUSY:
        return Unavailable("The provider cannot log in anybody now: try again later.")
    if error == "invalid_grant":
        return Forbidden("The provider has not accepted this login, or accepted it before.")
    known = error if error.isidentifier() and len(error) < 40 else "no known word"
    log.error("The provider refuses this server as its client: %s", known)
    return Unavailable("The provider does not know this server as it should: tell who runs it.")


async def elsewhere(request: Request) -> str:
    """Where a browser that logs out here does so at the provider; empty for anybody else."""
    principal: Principal = request.scope["principal"]
    flow: CodeFlow | None = request.state.oidc_flow
    if flow is None or not principal.session:
        return ""
    state = request.state
    given = await in_thread(provider_logins.given, state.archive, state.tokens, principal.session)
    if given is None:
        return ""
    try:
        return await asking.in_thread(flow.ending, given.id_token, f"{origin_of(request)}/login")
    except Unavailable:
        return ""


def onwards(address: str) -> Response:
    """On to the provider after a form: a page, since browsers let no form end on another server."""
    link = escape(address)
    return page(
        "Logged out",
        f'<p>You are logged out here. <a href="{link}">On to the provider</a></p>',
        200,
        f'<meta http-equiv="refresh" content="0; url={link}">',
    )


def shown(scope: Scope, refusal: Refusal, there: str = "") -> Response:
    """A login in vain: a page for a person, JSON for a program."""
    request = Request(scope)
    if "text/html" not in request.headers.get("accept", ""):
        said = {"code": refusal.status, "message": refusal.sentence, "type": "Login"}
        body = orjson.dumps({"error": said, "message": refusal.sentence})
        headers = {**NO_STORE, **refusal.headers}
        return Response(body, refusal.status, headers, "application/json")
    prefix = prefix_of(request)
    address = f"{prefix}{PATH}/login?next={quote(there or prefix or '/', safe='/')}"
    links = f'<a href="{escape(address)}">Try again</a>'
    if refusal.status == 403:
        links += f' · <a href="{escape(address)}&amp;again=1">Log in as somebody else</a>'
    answer = page(
        "That did not work", f"<p>{escape(refusal.sentence)}</p><p>{links}</p>", refusal.status
    )
    answer.headers.update(refusal.headers)
    return answer


def _flow(request: Request) -> CodeFlow:
    flow: CodeFlow | None = request.state.oidc_flow
    if flow is None:
        raise NotFound("People log in here by DICOMWEB_AUTH=oidc with DICOMWEB_OIDC_CLIENT_ID.")
    return flow


def _route(path: str, handler: Any) -> GuardedRoute:
    return GuardedRoute(path, handler, permission=Permission.PUBLIC, methods=["GET"], refused=shown)


routes = [_route(f"{PATH}/login", begin), _route(f"{PATH}/callback", callback)]
