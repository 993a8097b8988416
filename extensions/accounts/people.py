"""Accounts of DICOMWEB_AUTH=local: who they are, what they may; changes hold at once.

Functions take a session of a transaction, which also holds the entry of the audit trail.
"""

import re
from collections.abc import Sequence

from sqlmodel import Session, col, func, select, update

from dicomweb.access.permissions import ROLES, is_ours
from dicomweb.actor import Actor
from dicomweb.archive import Archive
from dicomweb.errors import BadRequest, Conflict, NotFound
from extensions.accounts.tables import Account, Login, announce, now
from extensions.audit import Action, Entry, enter

_NAME = re.compile(r"[^\W_][\w.@+-]{0,99}")


def add(session: Session, actor: Actor, name: str, role: str, hashed: str) -> Account:
    """A new account. Raises BadRequest, Conflict for a name that is taken."""
    announce(session)  # of two who add the same name at once one waits here
    check_new(session, name)
    account = Account(
        key=name.casefold(), name=name, role=checked_role(role), password=hashed, created=now()
    )
    session.add(account)
    session.flush()
    _enter(session, actor, account, f"added as {role}")
    return account


def check_new(session: Session, name: str) -> None:
    """Raises BadRequest for what is no name, Conflict for one that is taken."""
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "A name begins with a letter or a digit, and has letters, digits and . _ @ + - in it, "
            "100 at most."
        )
    if is_ours(name):
        raise BadRequest(f"{name} is what the audit trail calls others: take another name.")
    if find(session, name) is not None:
        raise Conflict(f"There is an account {name} already.")


def checked_role(role: str) -> str:
    if role not in ROLES:
        raise BadRequest(f"A role is one of {', '.join(ROLES)}.")
    return role


def find(session: Session, name: str) -> Account | None:
    """The account of this name, in whatever case it is written."""
    if not name.isprintable():  # NUL, say, which PostgreSQL takes for no text at all
        return None
    return session.exec(select(Account).where(Account.key == name.casefold())).first()


def get(session: Session, id: str) -> Account:
    account = session.get(Account, id) if id.isprintable() else None
    if account is None:
        raise NotFound("There is no such account.")
    return account


def named(session: Session, name: str) -> Account:
    account = find(session, name)
    if account is None:
        raise NotFound(f"There is no account {name if name.isprintable() else 'of this name'}.")
    return account


def listed(session: Session) -> Sequence[Account]:
    return session.exec(select(Account).order_by(Account.key)).all()


def count(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Account)).one()


def change(
    session: Session,
    actor: Actor,
    account: Account,
    *,
    role: str | None = None,
    disabled: bool | None = None,
    hashed: str | None = None,
) -> None:
    """Change what is given. A new password, or being disabled, ends all logins."""
    told = []
    if role is not None and role != account.role:
        told.append(f"role {account.role} became {role}")
        account.role = checked_role(role)
    if disabled is not None and disabled != account.disabled:
        told.append("disabled" if disabled else "enabled")
        account.disabled = disabled
    if hashed is not None:
        told.append("new password")
        account.password = hashed
    if hashed is not None or disabled:
        end_logins(session, account)
    session.add(account)
    announce(session)
    _enter(session, actor, account, ", ".join(told) or "unchanged")


def remove(session: Session, actor: Actor, account: Account) -> None:
    """The account and its logins; what it did stays in the trail."""
    end_logins(session, account)
    session.delete(account)
    announce(session)
    _enter(session, actor, account, "removed")


def keep_an_admin(session: Session, account: Account) -> None:
    """Raises Conflict where nobody could undo what is about to happen to this account."""
    announce(session)  # of two admins who close each other at once one waits here
    others = select(Account).where(
        Account.role == "admin", col(Account.disabled).is_(False), Account.id != account.id
    )
    if account.role == "admin" and session.exec(others).first() is None:
        raise Conflict("This is the only admin: make another one first.")


def strengthen(archive: Archive, id: str, before: str, after: str) -> None:
    """The same password under a stronger hash, unless it is another one by now. In a thread."""
    same = (col(Account.id) == id, col(Account.password) == before)
    with archive.session() as session:
        session.exec(update(Account).where(*same).values(password=after))


def end_logins(session: Session, account: Account) -> None:
    ours = col(Login.account) == account.id
    session.exec(update(Login).where(ours, col(Login.ended) == 0).values(ended=now()))


def _enter(session: Session, actor: Actor, account: Account, detail: str) -> None:
    entry = Entry(Action.ACCOUNT, actor, "account", object=account.name, detail=detail)
    enter(session, entry)
