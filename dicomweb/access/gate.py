"""Tells who sends a request, and remembers it: a token is verified once, not with every frame.

Remembered is who a token stands for, until it expires. Once a second, when requests come, the
database is asked whether anything was taken away from anybody: then all is forgotten. So a
revocation holds within that second in every worker, and a request costs one look into a dictionary.
"""

import time
from collections.abc import Awaitable, Callable

from starlette.types import Scope

from dicomweb.access import forgery
from dicomweb.access.credentials import (
    LONGEST,
    Accounts,
    Proven,
    Unproven,
    bearer_token,
    cookies_of,
    sent,
)
from dicomweb.access.guard import unauthorized
from dicomweb.access.oidc import Provider
from dicomweb.access.permissions import NOBODY, Principal
from dicomweb.errors import Refusal

# So long, in seconds, may what was revoked still be believed.
BELIEVED = 1.0
REMEMBERED = 2048

InThread = Callable[..., Awaitable[object]]


class Gate:
    """`Identify` of a server that asks who comes (guard.Guard).

    `in_thread` runs what waits for the database, or computes, outside the event loop.
    """

    def __init__(self, in_thread: InThread, provider: Provider | None) -> None:
        self._in_thread = in_thread
        self._provider = provider
        self._known: dict[tuple[bytes, bool], Proven] = {}
        self._changes = -1
        self._asked = 0.0

    def __call__(self, scope: Scope) -> Principal | Awaitable[Principal]:
        found = sent(scope)
        if found is None:
            return NOBODY
        known = self._known.get(found)
        if known is None or time.monotonic() - self._asked > BELIEVED or known.until < time.time():
            return self._identified(scope, found)
        return self._page(scope, known.principal) if found[1] else known.principal

    async def _identified(self, scope: Scope, found: tuple[bytes, bool]) -> Principal:
        """The same for what is not remembered, or may have been revoked."""
        try:
            proven = await self._proven(scope["state"]["credentials"], found)
        except Unproven as problem:
            scope["refusal"] = unauthorized(str(problem))
            return NOBODY
        except Refusal as refusal:  # the provider, or the database, does not answer
            scope["refusal"] = refusal
            return NOBODY
        return self._page(scope, proven.principal) if found[1] else proven.principal

    async def _proven(self, accounts: Accounts, found: tuple[bytes, bool]) -> Proven:
        now = time.monotonic()
        if now - self._asked > BELIEVED:
            changes = await self._in_thread(accounts.changes)
            if changes != self._changes:
                self._known.clear()
            self._changes, self._asked = int(str(changes)), now
        known = self._known.get(found)
        if known is not None and known.until >= time.time():
            return known
        before = self._changes
        proven = await self._verified(accounts, *found)
        if before == self._changes:  # else it may have been verified before, and revoked since
            self._remember(found, proven)
        return proven

    async def _verified(self, accounts: Accounts, header: bytes, is_cookie: bool) -> Proven:
        if is_cookie:
            proven = await self._in_thread(accounts.page, cookies_of(header))
        else:
            token = bearer_token(header)
            if self._provider is None or accounts.knows(token):
                proven = await self._in_thread(accounts.bearer, token)
            else:
                proven = await self._in_thread(self._provider.verified, token)
        assert isinstance(proven, Proven)
        return proven

    def _remember(self, found: tuple[bytes, bool], proven: Proven) -> None:
        """But not for cookies that others have filled: two thousand of them are much memory."""
        self._known.pop(found, None)
        if len(found[0]) > LONGEST:
            return
        if len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[found] = proven

    def _page(self, scope: Scope, principal: Principal) -> Principal:
        """What a cookie proves only together with where the request comes from."""
        if forgery.is_foreign(scope):
            scope["refusal"] = forgery.refusal()
            return NOBODY
        # A link's cookie has no such token: all that it may change is that it is there.
        if forgery.is_safe(scope) or forgery.is_standard(scope) or principal.studies is not None:
            return principal
        if given := forgery.header(scope, b"x-csrf-token"):
            if forgery.matches(given, principal.csrf):
                return principal
        else:

            def refuse() -> None:
                scope["principal"], scope["refusal"] = NOBODY, forgery.tokenless()

            scope["csrf"] = forgery.in_form(scope, principal.csrf, refuse)
            if scope["csrf"] is not None:
                return principal
        scope["refusal"] = forgery.tokenless()
        return NOBODY
