"""Logging in and out: access tokens of minutes, refresh tokens that are good once, cookies.

A refresh token carries the number of its turn. One of an earlier turn comes from somebody who has
a copy: nobody can tell whose is the copy, so the whole family ends (RFC 9700 4.14.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, delete, update

from dicomweb.access.credentials import Unproven
from dicomweb.access.guard import unauthorized
from dicomweb.access.permissions import Principal
from dicomweb.actor import Actor
from dicomweb.archive import Archive
from dicomweb.errors import Refusal
from extensions.accounts import people, throttle
from extensions.accounts.tables import Account, Login, ProviderLogin, announce, now
from extensions.accounts.tokens import Tokens
from extensions.audit import Action, Entry, Outcome, enter

ACCESS_SECONDS = 900
# A day's work: then everybody says their password again.
LOGIN_SECONDS = 12 * 3600
# Ended logins are kept so long, for what still refers to them.
_KEPT = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Given:
    """What a login, or its renewal, gives."""

    account: Account
    login: Login


def wrong() -> Refusal:
    """One answer, whatever was wrong with name or password."""
    return unauthorized("The name or the password is wrong")


def stored_hash(archive: Archive, name: str, whose: Sequence[throttle.Subject]) -> str:
    """Counts the attempt; what its password is compared with, empty for nobody's. In a thread."""
    throttle.attempt(archive, whose)
    with archive.reading() as session:
        account = people.find(session, name)
        return "" if account is None or account.disabled else account.password


def enter_by_password(
    archive: Archive,
    actor: Actor,
    name: str,
    compared_with: str,
    whose: Sequence[throttle.Subject],
    kind: str,
) -> Given:
    """After the password proved right: a login of this kind. In a thread."""
    with archive.session() as session:
        account = people.find(session, name)
        # Whatever changed while the password was compared counts.
        if account is None or account.disabled or account.password != compared_with:
            raise wrong()
        throttle.forgive(session, whose)
        login = begin(session, kind, account=account.id, name=account.name)
        who = Actor(account.name, actor.address, actor.request)
        enter(session, Entry(Action.LOGIN, who, kind, object=account.name))
        return _detached(session, account, login)


def refused(archive: Archive, actor: Actor, name: str, kind: str) -> None:
    """Enter a login in vain. In a thread."""
    entry = Entry(Action.LOGIN, actor, kind, Outcome.REFUSED, object=name[:100])
    with archive.session() as session:
        enter(session, entry)


def begin(session: Session, kind: str, **who: Any) -> Login:
    session.exec(delete(Login).where(col(Login.expires) < now() - _KEPT))
    login = Login(kind=kind, created=now(), expires=now() + LOGIN_SECONDS, turn=1, **who)
    session.add(login)
    session.flush()
    return login


def begin_for(archive: Archive, actor: Actor, principal: Principal, until: float) -> Login:
    """A browser's login for somebody of an OpenID provider, as long as their token is good."""
    with archive.session() as session:
        login = begin(
            session,
            "page",
            name=principal.name,
            role=principal.role,
            permissions=" ".join(principal.granted),
        )
        login.expires = min(login.expires, int(until))
        session.add(login)
        enter(session, Entry(Action.LOGIN, actor, "page", object=principal.name))
        session.flush()
        session.expunge(login)
        return login


def renew(archive: Archive, tokens: Tokens, actor: Actor, token: str) -> Given:
    """A refresh token for the next one. Raises Unauthorized. In a thread."""
    try:
        claims = tokens.read("refresh", token)
    except Unproven as problem:
        raise unauthorized(str(problem)) from None
    with archive.session() as session:
        login = session.get(Login, str(claims.get("sid")))
        account = session.get(Account, login.account) if login else None
        if login is None or login.ended or login.expires <= now() or login.kind != "token":
            raise unauthorized("The login has ended")
        if account is None or account.disabled:
            raise unauthorized("The login has ended")
        mine = (col(Login.id) == login.id, col(Login.turn) == claims["turn"], col(Login.ended) == 0)
        # Of two at once one finds the row, the other is the second use.
        found = session.exec(update(Login).where(*mine).values(turn=Login.turn + 1))
        if found.rowcount == 1:
            return _detached(session, account, login)
        session.refresh(login)
        close(session, login)
        who = Actor(account.name, actor.address, actor.request)
        entry = Entry(Action.LOGIN, who, "refresh token used twice", Outcome.REFUSED)
        enter(session, entry)
    raise unauthorized("The refresh token was used before: its login has ended")


def end(archive: Archive, actor: Actor, id: str) -> None:
    """Log out; every token of the login is worth nothing within a second. In a thread."""
    with archive.session() as session:
        login = session.get(Login, id)
        if login is not None and not login.ended:
            close(session, login)
            enter(session, Entry(Action.LOGOUT, actor, login.kind, object=actor.name))


def close(session: Session, login: Login) -> None:
    """What has ended keeps no tokens of a provider."""
    session.exec(delete(ProviderLogin).where(col(ProviderLogin.id) == login.id))
    login.ended = now()
    session.add(login)
    announce(session)


def _detached(session: Session, account: Account, login: Login) -> Given:
    session.flush()
    session.refresh(account)
    session.refresh(login)
    session.expunge(account)
    session.expunge(login)
    return Given(account, login)


def token_answer(tokens: Tokens, given: Given) -> dict[str, Any]:
    """The answer of RFC 6749 5.1."""
    issued = now()
    account, login = given.account, given.login
    claims = {"sub": account.id, "sid": login.id, "name": account.name, "role": account.role}
    expires = min(issued + ACCESS_SECONDS, login.expires)
    refresh = {"sub": account.id, "sid": login.id, "turn": login.turn}
    return {
        "access_token": tokens.sign("access", claims, issued, expires),
        "token_type": "Bearer",
        "expires_in": expires - issued,
        "refresh_token": tokens.sign("refresh", refresh, issued, login.expires),
    }


def cookie_of(tokens: Tokens, login: Login) -> str:
    return tokens.sign("page", {"sid": login.id}, now(), login.expires)
