"""Browsers' logins of people of an OpenID provider: begun, renewed while it vouches, ended.

What the provider's tokens said holds until they end. Some time before, whoever comes next lets the
provider renew them; of several at once, in whatever worker, one does.
"""

import json
import time
from dataclasses import dataclass

from sqlmodel import Session, col, delete, update

from dicomweb.access.asking import Declined
from dicomweb.access.code_flow import CodeFlow, Person
from dicomweb.access.credentials import Unproven
from dicomweb.access.discovery import silent
from dicomweb.actor import Actor
from dicomweb.archive import Archive
from dicomweb.errors import Unavailable
from extensions.accounts import logins
from extensions.accounts.tables import Login, ProviderLogin, announce, now
from extensions.accounts.tokens import Tokens
from extensions.audit import Action, Entry, Outcome, enter

# Renewed so long before the end, in seconds, or in the last quarter of what is short.
EARLY = 60
# Whoever has begun to renew a login has failed after so long; so long do others wait for it.
PATIENCE = 15
_PAUSE = 0.1
# What still holds is looked at again so soon, in seconds, while somebody renews it.
_SOON = 2.0
# A provider that was silent is asked again after so many.
_RETRY = 5


@dataclass(frozen=True, slots=True)
class Given:
    """The tokens of one login, and whose they are at the provider."""

    subject: str
    id_token: str
    refresh_token: str


def begin(archive: Archive, tokens: Tokens, actor: Actor, person: Person) -> Login:
    """A browser's login: half a day if it can be renewed, else as long as its token."""
    principal = person.principal
    who = Actor(principal.name, actor.address, actor.request)
    with archive.session() as session:
        stale = col(ProviderLogin.until) < now() - logins.LOGIN_SECONDS
        session.exec(delete(ProviderLogin).where(stale))
        login = logins.begin(
            session,
            "page",
            name=principal.name,
            role=principal.role,
            permissions=" ".join(principal.granted),
        )
        if not person.refresh_token:
            login.expires = min(login.expires, int(person.until))
        session.add(login)
        session.add(_row(tokens, login.id, person, person.id_token))
        enter(session, Entry(Action.LOGIN, who, "page", object=principal.name))
        session.flush()
        session.expunge(login)
        return login


def given(archive: Archive, tokens: Tokens, id: str) -> Given | None:
    """The tokens of a login; None where there are none. In a thread."""
    with archive.reading() as session:
        row = session.get(ProviderLogin, id)
        return _given(tokens, row) if row else None


def _row(tokens: Tokens, id: str, person: Person, id_token: str) -> ProviderLogin:
    kept = {"sub": person.subject, "id": id_token, "refresh": person.refresh_token}
    until = int(person.until)
    left = max(until - now(), 0)
    due = until - min(EARLY, left // 4) if person.refresh_token else 0
    return ProviderLogin(id=id, sealed=tokens.sealed(json.dumps(kept)), due=due, until=until)


def _given(tokens: Tokens, row: ProviderLogin) -> Given | None:
    text = tokens.unsealed(row.sealed)
    if not text:
        return None
    kept = json.loads(text)
    return Given(kept["sub"], kept["id"], kept["refresh"])


class Renewals:
    """Keeps logins as the provider would have them. All of it waits."""

    def __init__(self, archive: Archive, tokens: Tokens, flow: CodeFlow) -> None:
        self._archive = archive
        self._tokens = tokens
        self._flow = flow

    def until(self, id: str) -> float:
        """Until when what is known of a login holds, renewed if it is time.

        Raises Unproven when the provider renews it no longer, Unavailable when it does not answer.
        """
        row = self._found(id)
        if row is None or not row.due:
            return float("inf")  # the login itself ends with its token
        if now() < row.due:
            return float(row.due)
        if self._is_mine(row):
            return self._renewed(row)
        return time.time() + _SOON if now() < row.until else self._awaited(row)

    def _found(self, id: str) -> ProviderLogin | None:
        with self._archive.reading() as session:
            row = session.get(ProviderLogin, id)
            if row is not None:
                session.expunge(row)
            return row

    def _is_mine(self, row: ProviderLogin) -> bool:
        """Whether it is for this thread to renew the tokens of a row: the first one finds it so."""
        same = (
            col(ProviderLogin.id) == row.id,
            col(ProviderLogin.sealed) == row.sealed,
            col(ProviderLogin.tried) < now() - PATIENCE,
        )
        with self._archive.session() as session:
            found = session.exec(update(ProviderLogin).where(*same).values(tried=now()))
            return bool(found.rowcount == 1)

    def _awaited(self, row: ProviderLogin) -> float:
        """What somebody else is renewing."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            time.sleep(_PAUSE)
            found = self._found(row.id)
            if found is None:
                raise Unproven("The login has ended")
            if found.due > now():
                return float(found.due)
            if not found.tried:  # in vain
                break
        raise silent()

    def _renewed(self, row: ProviderLogin) -> float:
        kept = _given(self._tokens, row)
        try:
            if kept is None:
                raise Unproven("The login was kept by another secret")
            person = self._flow.renewed(kept.refresh_token, kept.subject)
            if not person.principal.permissions or person.until <= now():
                raise Unproven("The provider gives no rights any more")
        except Unavailable:
            again = self._gave_up(row)
            if now() < row.until:
                return float(again)
            raise
        except (Unproven, Declined):
            self._end(row.id)
            raise Unproven("The provider has ended the login") from None
        new = _row(self._tokens, row.id, person, person.id_token or kept.id_token)
        with self._archive.session() as session:
            login = session.get(Login, row.id)
            if login is None or login.ended:
                raise Unproven("The login has ended")
            session.merge(new)
            self._change(session, person, login)
        return float(new.due)

    def _change(self, session: Session, person: Person, login: Login) -> None:
        """What the provider has changed of somebody's rights holds from now on."""
        principal = person.principal
        found = (principal.role, " ".join(principal.granted))
        if (login.role, login.permissions) == found:
            return
        login.role, login.permissions = found
        session.add(login)
        announce(session)
        detail = f"the provider now gives {found[0] or found[1]}"
        actor = Actor(login.name, "", "")
        enter(session, Entry(Action.ACCOUNT, actor, "login", object=login.name, detail=detail))

    def _gave_up(self, row: ProviderLogin) -> int:
        """Somebody may try again, when the provider has had some time; when that is."""
        again = min(now() + _RETRY, row.until)
        same = col(ProviderLogin.id) == row.id
        with self._archive.session() as session:
            session.exec(update(ProviderLogin).where(same).values(tried=0, due=again))
        return again

    def _end(self, id: str) -> None:
        with self._archive.session() as session:
            login = session.get(Login, id)
            if login is None or login.ended:
                return
            logins.close(session, login)
            entry = Entry(
                Action.LOGOUT,
                Actor(login.name, "", ""),
                "page",
                Outcome.REFUSED,
                object=login.name,
                detail="the provider has ended the login",
            )
            enter(session, entry)
