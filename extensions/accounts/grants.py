"""What admins hand out: API keys for scripts, and links that open one study.

A key is shown once; kept is the SHA-256 of its secret half. A link's token is signed and names the
row that can revoke it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import TypeVar

from sqlmodel import Session, col, select

from dicomweb.access.credentials import Unproven
from dicomweb.access.permissions import GRANTED, Permission, Principal
from dicomweb.actor import Actor
from dicomweb.errors import BadRequest, Forbidden, NotFound
from extensions.accounts.tables import ApiKey, Share, announce, now
from extensions.accounts.tokens import Tokens
from extensions.audit import Action, Entry, enter

PREFIX = "lbk_"
_LONGEST_NAME = 100
LONGEST_KEY = 5 * 366 * 86_400
LONGEST_SHARE = 366 * 86_400

Grant = TypeVar("Grant", ApiKey, Share)


def make_key(
    session: Session,
    actor: Actor,
    by: Principal,
    name: str,
    permissions: Sequence[str],
    expires: int,
) -> tuple[ApiKey, str]:
    """A new key and its text. Raises BadRequest, Forbidden for more than its maker may."""
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise BadRequest(f"name: a few words in one line are right, {_LONGEST_NAME} characters.")
    wanted = {each for each in GRANTED if each.value in permissions}
    if not wanted or len(wanted) != len(set(permissions)):
        known = ", ".join(each.value for each in GRANTED)
        raise BadRequest(f"permissions are one or more of {known}.")
    if not all(by.may(each) for each in wanted):
        raise Forbidden("Nobody gives a key more than they have.")
    _check_end(expires, LONGEST_KEY)
    secret = secrets.token_urlsafe(32)
    key = ApiKey(
        name=name,
        digest=_digest(secret),
        permissions=" ".join(each.value for each in GRANTED if each in wanted),
        creator=by.name,
        created=now(),
        expires=expires,
    )
    session.add(key)
    session.flush()
    detail = f"{key.permissions}, id {key.id}"
    enter(session, Entry(Action.ACCOUNT, actor, "key", object=name, detail=detail))
    return key, f"{PREFIX}{key.id.replace('-', '')}_{secret}"


def key_of(session: Session, text: str) -> ApiKey:
    """The row of a key that a request brings. Raises Unproven."""
    id, _, secret = text.removeprefix(PREFIX).partition("_")
    dashed = f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}"
    key = session.get(ApiKey, dashed)
    if not hmac.compare_digest(_digest(secret), key.digest if key else _digest("")) or not key:
        raise Unproven("The API key is none of ours")
    if key.ended:
        raise Unproven("The API key was revoked")
    if key.expires <= now():
        raise Unproven("The API key has expired")
    return key


def permissions_of(text: str) -> frozenset[Permission]:
    """As the tables keep them: names between blanks."""
    return frozenset(Permission(each) for each in text.split(" ") if each)


def make_share(
    session: Session, tokens: Tokens, actor: Actor, study: str, label: str, expires: int
) -> tuple[Share, str]:
    """A link's row and its token; whether the study is there, the caller knows."""
    _check_end(expires, LONGEST_SHARE)
    share = Share(study=study, label=label, creator=actor.name, created=now(), expires=expires)
    session.add(share)
    session.flush()
    enter(session, Entry(Action.ACCOUNT, actor, "share", study=study, object=share.id))
    claims = {"sub": share.id, "study": study}
    return share, tokens.sign("share", claims, share.created, expires)


def share_of(session: Session, tokens: Tokens, token: str) -> Share:
    """The row of a share token. Raises Unproven."""
    claims = tokens.read("share", token)
    share = session.get(Share, str(claims.get("sub")))
    if share is None or share.study != claims.get("study"):
        raise Unproven("The link is none of ours")
    if share.ended:
        raise Unproven("The link was revoked")
    return share


def listed(session: Session, kind: type[Grant]) -> Sequence[Grant]:
    """The newest first; what has ended stays in the list."""
    return session.exec(select(kind).order_by(col(kind.created).desc(), col(kind.id))).all()


def revoke(session: Session, actor: Actor, kind: type[Grant], id: str) -> None:
    grant = session.get(kind, id) if id.isprintable() else None
    if grant is None:
        raise NotFound("There is no such key." if kind is ApiKey else "There is no such link.")
    if grant.ended:
        return
    grant.ended = now()
    session.add(grant)
    announce(session)
    enter(session, _revoked(actor, grant))


def _revoked(actor: Actor, grant: ApiKey | Share) -> Entry:
    if isinstance(grant, ApiKey):
        detail = f"revoked, id {grant.id}"
        return Entry(Action.ACCOUNT, actor, "key", object=grant.name, detail=detail)
    return Entry(
        Action.ACCOUNT, actor, "share", study=grant.study, object=grant.id, detail="revoked"
    )


def _check_end(expires: int, longest: int) -> None:
    if not now() < expires <= now() + longest:
        raise BadRequest(f"expires lies in the future, at most {longest // 86_400} days ahead.")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
