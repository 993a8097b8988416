"""/api/auth/token, /session, /logout, /me, /password, and the door of share links."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dicomweb.access import forgery
from dicomweb.access.credentials import (
    LONGEST,
    SESSION_COOKIE,
    SHARE_COOKIE,
    Unproven,
)
from dicomweb.access.guard import actor_of, address_of, route, unauthorized
from dicomweb.access.permissions import NOBODY, Permission, Principal
from dicomweb.answers import in_thread
from dicomweb.errors import BadRequest, Forbidden, NotFound, Refusal, TooLarge, TooManyRequests
from extensions.accounts import browser_login, logins, passwords, people, throttle
from extensions.accounts.cookies import NO_STORE, give, inside, prefix_of, take
from extensions.accounts.plain_page import page
from extensions.accounts.shapes import GoOn, Me, NewPassword, TokenAnswer
from extensions.accounts.tables import now
from extensions.audit import Action, Entry, enter
from extensions.json_api import api

_MOST = 65_536


async def token(request: Request) -> Response:
    """OAuth 2 password grant (RFC 6749 4.3), and the renewal of what it gave (6)."""
    _need_accounts(request)
    fields = await _fields(request)
    grant = fields.get("grant_type", "")
    if grant == "password":
        given = await _by_password(request, fields, "token")
    elif grant == "refresh_token":
        state = request.state
        sent = fields.get("refresh_token", "")[:LONGEST]
        if not sent:
            raise BadRequest("refresh_token is needed.")
        given = await in_thread(
            logins.renew, state.archive, state.tokens, actor_of(request.scope), sent
        )
    else:
        raise BadRequest("grant_type is password or refresh_token.")
    body = logins.token_answer(request.state.tokens, given)
    return Response(orjson.dumps(body), 200, NO_STORE, "application/json")


async def session(request: Request) -> Response:
    """The cookie of our pages: for name and password, or for the provider's token that was sent."""
    if forgery.is_foreign(request.scope) and {"origin", "sec-fetch-site"} & set(request.headers):
        raise forgery.refusal()  # nobody logs somebody in unasked
    principal: Principal = request.scope["principal"]
    is_page = "text/html" in request.headers.get("accept", "")
    fields = await _fields(request)
    there = inside(fields.get("next", ""), prefix_of(request) or "/")
    if request.state.settings.auth == "oidc":
        login = await _by_provider(request, principal)
    else:
        try:
            login = (await _by_password(request, fields, "page")).login
        except Refusal as refusal:
            if not is_page:
                raise
            return _back(request, refusal, there)
    answer: Response
    if is_page:
        answer = RedirectResponse(there, 303, NO_STORE)
    else:
        answer = _json({"success": True, "data": {"next": there}})
    cookie = logins.cookie_of(request.state.tokens, login)
    give(request, answer, SESSION_COOKIE, cookie, login.expires - login.created)
    return answer


async def _by_password(request: Request, fields: dict[str, str], kind: str) -> logins.Given:
    _need_accounts(request)
    name, password = fields.get("username", ""), fields.get("password", "")
    if not name or not password:
        raise BadRequest("username and password are needed.")
    archive, actor = request.state.archive, actor_of(request.scope)
    whose = throttle.subjects(name, address_of(request.scope))
    try:
        stored = await in_thread(logins.stored_hash, archive, name, whose)
        if not await passwords.compared(stored, password):
            raise logins.wrong()
        given = await in_thread(logins.enter_by_password, archive, actor, name, stored, whose, kind)
        if stronger := await passwords.stronger(stored, password):
            await in_thread(people.strengthen, archive, given.account.id, stored, stronger)
        return given
    except TooManyRequests:
        raise
    except Refusal:
        await in_thread(logins.refused, archive, actor, name, kind)
        raise


async def _by_provider(request: Request, principal: Principal) -> Any:
    """A page's login for who has shown a token of the provider."""
    if principal is NOBODY or principal.session or principal.studies is not None:
        raise request.scope.get("refusal") or unauthorized()
    until = now() + logins.ACCESS_SECONDS
    return await in_thread(
        logins.begin_for, request.state.archive, actor_of(request.scope), principal, until
    )


def _back(request: Request, refusal: Refusal, there: str) -> Response:
    """A page's form in vain: the login page again, which says so."""
    failed = "wait" if refusal.status == 429 else "1"
    address = f"{prefix_of(request)}/login?failed={failed}&next={quote(there, safe='/')}"
    headers = {name: value for name, value in refusal.headers.items() if name == "Retry-After"}
    return RedirectResponse(address, 303, {**NO_STORE, **headers})


async def logout(request: Request) -> Response:
    """End the login of the token or cookie; its refresh tokens and cookies end with it."""
    principal: Principal = request.scope["principal"]
    is_page = "text/html" in request.headers.get("accept", "")
    elsewhere = await browser_login.elsewhere(request) if is_page else ""
    if principal.session:
        actor = actor_of(request.scope)
        await in_thread(logins.end, request.state.archive, actor, principal.session)
    if elsewhere:
        answer: Response = browser_login.onwards(elsewhere)
    elif is_page:
        answer = RedirectResponse(f"{prefix_of(request)}/login", 303, NO_STORE)
    else:
        answer = Response(status_code=204, headers=NO_STORE)
    for name in (SESSION_COOKIE, SHARE_COOKIE):
        take(request, answer, name)
    return answer


async def me(request: Request) -> Response:
    principal: Principal = request.scope["principal"]
    found = Me(
        name=principal.name,
        role=principal.role,
        permissions=principal.granted,
        csrf=principal.csrf,
        study_instance_uid=next(iter(principal.studies), None) if principal.studies else None,
    )
    return _json({"success": True, "data": found.model_dump(by_alias=True)})


async def change_password(request: Request, body: NewPassword) -> Response:
    """One's own password; every login of the account ends, this one included."""
    principal: Principal = request.scope["principal"]
    if not principal.account:
        raise Forbidden("Only accounts of this server have a password here.")
    new = passwords.checked(body.password)
    archive, actor = request.state.archive, actor_of(request.scope)
    whose = throttle.subjects(principal.name, address_of(request.scope))
    stored = await in_thread(logins.stored_hash, archive, principal.name, whose)
    if not await passwords.compared(stored, body.current):
        raise Forbidden("The current password is another one.")
    hashed = await in_thread(passwords.hashed, new)

    def change() -> None:
        with archive.session() as session:
            throttle.forgive(session, whose)
            account = people.get(session, principal.account)
            people.change(session, actor, account, hashed=hashed)

    await in_thread(change)
    return Response(status_code=204)


async def open_share(request: Request) -> Response:
    """A link: a cookie that is good for its one study, and on to the viewer."""
    state = request.state
    sent: str = request.path_params["token"]
    try:
        proven = await in_thread(state.credentials.share, sent)
    except Unproven as problem:
        return _shut(request, unauthorized(str(problem)))
    (study,) = proven.principal.studies
    address = f"{prefix_of(request)}/viewer/viewer?StudyInstanceUIDs={study}"
    answer = RedirectResponse(address, 303, {**NO_STORE, "Referrer-Policy": "no-referrer"})
    give(request, answer, SHARE_COOKIE, sent, int(proven.until) - now())
    await in_thread(_opened, request, proven.principal.name, study)
    return answer


def _shut(request: Request, refusal: Refusal) -> Response:
    """Who was given a link has no account: they are told, and not led to the login page."""
    if "text/html" not in request.headers.get("accept", ""):
        raise refusal
    said = (
        "<p>It has expired, was revoked, or was not copied whole. "
        "Ask for a new one where you were given it.</p>"
    )
    answer = page("This link opens nothing", said, refusal.status)
    answer.headers.update(refusal.headers)
    return answer


def _opened(request: Request, name: str, study: str) -> None:
    """Who opens a link is whoever was given it: the link itself is all that is known of them."""
    actor = replace(actor_of(request.scope), name=name)
    entry = Entry(Action.LOGIN, actor, "share", study=study, object=name.partition(":")[2])
    with request.state.archive.session() as session:
        enter(session, entry)


async def _fields(request: Request) -> dict[str, str]:
    """A form of either kind, or a JSON object of texts; small ones."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await _parts(request)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST:
            raise TooLarge(f"The body may have {_MOST} bytes at most.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            given = orjson.loads(bytes(body))
        else:
            pairs = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=50)
            given = {name: values[-1] for name, values in pairs.items()}
    except ValueError:
        raise BadRequest("The body is neither a form nor JSON.") from None
    if not isinstance(given, dict):
        raise BadRequest("The body must be a form, or a JSON object.")
    return {name: value for name, value in given.items() if isinstance(value, str)}


async def _parts(request: Request) -> dict[str, str]:
    """A form as scripts of pages send it (FormData); no files, and no large fields."""
    from starlette.formparsers import MultiPartException

    try:
        async with request.form(max_files=0, max_fields=50, max_part_size=_MOST) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    except MultiPartException:
        raise BadRequest("The body is no form of a few short fields.") from None


def _need_accounts(request: Request) -> None:
    settings = request.state.settings
    if settings.auth == "oidc":
        raise NotFound(f"Tokens are given by {settings.oidc_issuer}.")


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), 200, NO_STORE, "application/json")


_LOGIN = (("username", "string", "Name"), ("password", "string", "Password"))
_TOKEN = (
    ("grant_type", "string", "password or refresh_token"),
    *_LOGIN,
    ("refresh_token", "string", "For grant_type=refresh_token"),
)

routes = [
    api(
        *("POST", "/api/auth/token", token, Permission.PUBLIC),
        form=_TOKEN,
        gives=TokenAnswer,
        bare=True,
        summary="A token for name and password, or for a refresh token",
        refusals=(400, 401, 404, 429),
    ),
    api(
        *("POST", "/api/auth/session", session, Permission.PUBLIC),
        form=(*_LOGIN, ("next", "string", "Path to go on to")),
        gives=GoOn,
        summary="The cookie of our pages",
        refusals=(400, 401, 403, 429),
    ),
    api(
        *("POST", "/api/auth/logout", logout, Permission.KNOWN),
        status=204,
        summary="End this login",
    ),
    api(
        *("GET", "/api/auth/me", me, Permission.KNOWN),
        gives=Me,
        summary="Who the caller is, and what they may",
    ),
    api(
        *("POST", "/api/auth/password", change_password, Permission.KNOWN),
        takes=NewPassword,
        status=204,
        summary="Change one's own password",
        refusals=(400, 403, 429),
    ),
    route("GET", "/share/{token}", open_share, Permission.PUBLIC),
]
for each in routes[2:4]:
    each.narrows = True  # who has a link may ask what it is, and be rid of its cookie
