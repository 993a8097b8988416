"""Tells the gate who a token of ours stands for (dicomweb.access.credentials.Accounts)."""

from dataclasses import replace

from sqlmodel import Session

from dicomweb.access.credentials import SESSION_COOKIE, SHARE_COOKIE, Proven, Unproven
from dicomweb.access.permissions import ROLES, Permission, Principal
from dicomweb.archive import Archive
from dicomweb.settings import Settings
from extensions.accounts import grants
from extensions.accounts.provider_logins import Renewals
from extensions.accounts.tables import Account, Change, Login, now
from extensions.accounts.tokens import Tokens


class Credentials:
    """Accounts, logins, keys and links of one archive. All but `knows` wait for the database."""

    def __init__(
        self, settings: Settings, archive: Archive, tokens: Tokens, renewals: Renewals | None = None
    ) -> None:
        self.tokens = tokens
        self._renewals = renewals
        self._archive = archive
        # With a provider our own accounts sleep: whoever it has dismissed stays outside.
        self._local = settings.auth != "oidc"

    def knows(self, token: str) -> bool:
        return token.startswith(grants.PREFIX) or self.tokens.kind_of(token) != ""

    def bearer(self, token: str) -> Proven:
        with self._archive.reading() as session:
            if token.startswith(grants.PREFIX):
                return self._key(session, token)
            if self.tokens.kind_of(token) == "share":
                return self._share(session, token)
            return self._login(session, "access", "token", token)

    def page(self, cookies: dict[str, str]) -> Proven:
        """A person's own login counts more than a link that they have opened."""
        if SESSION_COOKIE in cookies:
            try:
                return self._person(cookies[SESSION_COOKIE])
            except Unproven:
                if SHARE_COOKIE not in cookies:
                    raise
        return self.share(cookies.get(SHARE_COOKIE, ""))

    def _person(self, token: str) -> Proven:
        """Who is logged in to a page; a provider's person as the provider would have them now."""
        with self._archive.reading() as session:
            proven = self._login(session, "page", "page", token)
        if self._renewals is None or proven.principal.account:
            return proven
        until = self._renewals.until(proven.principal.session)
        with self._archive.reading() as session:  # it may have changed
            proven = self._login(session, "page", "page", token)
        return replace(proven, until=min(proven.until, until))

    def changes(self) -> int:
        with self._archive.reading() as session:
            row = session.get(Change, 1)
            return row.number if row else 0

    def share(self, token: str) -> Proven:
        """Who a link stands for; it says nothing of whether it has come as a header."""
        with self._archive.reading() as session:
            return self._share(session, token)

    def _key(self, session: Session, token: str) -> Proven:
        key = grants.key_of(session, token)
        # Several keys may have one name: the trail has to tell which of them it was.
        name = f"key:{key.name}:{key.id[:8]}"
        return Proven(Principal(name, grants.permissions_of(key.permissions)), key.expires)

    def _share(self, session: Session, token: str) -> Proven:
        share = grants.share_of(session, self.tokens, token)
        permissions = frozenset({Permission.VIEW})
        principal = Principal(f"share:{share.id}", permissions, frozenset({share.study}))
        return Proven(principal, share.expires)

    def _login(self, session: Session, token_kind: str, kind: str, token: str) -> Proven:
        claims = self.tokens.read(token_kind, token)
        login = session.get(Login, str(claims.get("sid")))
        if login is None or login.ended or login.kind != kind or login.expires <= now():
            raise Unproven("The login has ended")
        csrf = self.tokens.form_token(login.id) if kind == "page" else ""
        until = min(float(claims["exp"]), float(login.expires))
        if not login.account:
            if self._local:
                raise Unproven("The login has ended")
            permissions = grants.permissions_of(login.permissions)
            return Proven(
                Principal(login.name, permissions, role=login.role, session=login.id, csrf=csrf),
                until,
            )
        account = session.get(Account, login.account) if self._local else None
        if account is None or account.disabled:
            raise Unproven("The account is closed")
        return Proven(
            Principal(
                account.name,
                ROLES[account.role],
                role=account.role,
                account=account.id,
                session=login.id,
                csrf=csrf,
            ),
            until,
        )
