"""/api/auth/users, /api/auth/keys, /api/auth/shares: for admins."""

from datetime import UTC, datetime

from starlette.requests import Request

from dicomweb.access.guard import actor_of, demand
from dicomweb.access.permissions import ROLES, Permission, Principal
from dicomweb.archive import Archive
from dicomweb.errors import Conflict, Forbidden
from dicomweb.resources import Resource
from extensions.accounts import grants, passwords, people
from extensions.accounts.shapes import (
    Key,
    MadeKey,
    MadeShare,
    NewKey,
    NewShare,
    NewUser,
    ShareLink,
    User,
    UserChange,
)
from extensions.accounts.tables import Account, ApiKey, Share, moment, now
from extensions.json_api import Page, Paging, api

_DAY = 86_400


def list_users(request: Request, query: Paging) -> Page[User]:
    archive: Archive = request.state.archive
    with archive.reading() as session:
        return _page([_user(each) for each in people.listed(session)], query)


def add_user(request: Request, body: NewUser) -> User:
    _no_more_than(request, people.checked_role(body.role))
    hashed = passwords.hashed(body.password)
    with request.state.archive.session() as session:
        return _user(people.add(session, actor_of(request.scope), body.name, body.role, hashed))


def change_user(request: Request, body: UserChange) -> User:
    hashed = passwords.hashed(body.password) if body.password is not None else None
    with request.state.archive.session() as session:
        account = people.get(session, request.path_params["id"])
        _no_more_than(request, account.role)
        if body.role is not None:
            _no_more_than(request, people.checked_role(body.role))
        if body.disabled or (body.role is not None and body.role != "admin"):
            people.keep_an_admin(session, account)
        if body.disabled:
            _not_oneself(request, account)
        people.change(
            session,
            actor_of(request.scope),
            account,
            role=body.role,
            disabled=body.disabled,
            hashed=hashed,
        )
        return _user(account)


def remove_user(request: Request) -> None:
    with request.state.archive.session() as session:
        account = people.get(session, request.path_params["id"])
        people.keep_an_admin(session, account)
        _not_oneself(request, account)
        people.remove(session, actor_of(request.scope), account)


def _no_more_than(request: Request, role: str) -> None:
    """Raises Forbidden where a key that may less would make itself an account, or take one."""
    by: Principal = request.scope["principal"]
    if not all(by.may(each) for each in ROLES[role]):
        raise Forbidden(f"Only who may all that {role} may gives this role, or its password.")


def _not_oneself(request: Request, account: Account) -> None:
    if request.scope["principal"].account == account.id:
        raise Conflict("Nobody closes their own account: another admin does.")


def list_keys(request: Request, query: Paging) -> Page[Key]:
    with request.state.archive.reading() as session:
        return _page([_key(each) for each in grants.listed(session, ApiKey)], query)


def make_key(request: Request, body: NewKey) -> MadeKey:
    by: Principal = request.scope["principal"]
    expires = _seconds(body.expires, 365)
    with request.state.archive.session() as session:
        actor = actor_of(request.scope)
        key, text = grants.make_key(session, actor, by, body.name, body.permissions, expires)
        return MadeKey(**_key(key).model_dump(), key=text)


def revoke_key(request: Request) -> None:
    with request.state.archive.session() as session:
        grants.revoke(session, actor_of(request.scope), ApiKey, request.path_params["id"])


def list_shares(request: Request, query: Paging) -> Page[ShareLink]:
    with request.state.archive.reading() as session:
        return _page([_share(each) for each in grants.listed(session, Share)], query)


def make_share(request: Request, body: NewShare) -> MadeShare:
    demand(request.scope, Permission.VIEW)  # nobody opens to others what is closed to them
    state = request.state
    study = body.study_instance_uid
    state.archive.version(Resource(study))  # NotFound, Gone
    with state.archive.session() as session:
        share, token = grants.make_share(
            session,
            state.tokens,
            actor_of(request.scope),
            study,
            body.label,
            _seconds(body.expires, 7),
        )
        url = f"{state.addresses.origin(request.scope)}/share/{token}"
        return MadeShare(**_share(share).model_dump(), url=url, token=token)


def revoke_share(request: Request) -> None:
    with request.state.archive.session() as session:
        grants.revoke(session, actor_of(request.scope), Share, request.path_params["id"])


def _seconds(given: datetime | None, days: int) -> int:
    """The end that was asked for; a time without a zone is UTC."""
    if given is None:
        return now() + days * _DAY
    aware = given if given.tzinfo else given.replace(tzinfo=UTC)
    return int(aware.timestamp())


def _page(rows: list[User] | list[Key] | list[ShareLink], paging: Paging) -> Page:  # type: ignore[type-arg]
    end = paging.offset + paging.limit
    return Page(rows[paging.offset : end], paging.page, paging.limit, len(rows))


def _user(account: Account) -> User:
    return User.model_validate(account.model_dump() | {"created": moment(account.created)})


def _key(key: ApiKey) -> Key:
    return Key(
        id=key.id,
        name=key.name,
        permissions=key.permissions.split(" "),
        creator=key.creator,
        created=moment(key.created),
        expires=moment(key.expires),
        revoked=moment(key.ended) if key.ended else None,
    )


def _share(share: Share) -> ShareLink:
    return ShareLink(
        id=share.id,
        study_instance_uid=share.study,
        label=share.label,
        creator=share.creator,
        created=moment(share.created),
        expires=moment(share.expires),
        revoked=moment(share.ended) if share.ended else None,
    )


_MANAGE = Permission.MANAGE
_USERS, _KEYS, _SHARES = "/api/auth/users", "/api/auth/keys", "/api/auth/shares"

routes = [
    api(
        *("GET", _USERS, list_users, _MANAGE),
        asks=Paging,
        gives=User,
        listed=True,
        summary="All accounts",
    ),
    api(
        *("POST", _USERS, add_user, _MANAGE),
        takes=NewUser,
        gives=User,
        status=201,
        summary="Add an account",
        refusals=(400, 409),
    ),
    api(
        *("PATCH", _USERS + "/{id}", change_user, _MANAGE),
        takes=UserChange,
        gives=User,
        summary="Change an account's role or password, disable or enable it",
        refusals=(400, 404, 409),
    ),
    api(
        *("DELETE", _USERS + "/{id}", remove_user, _MANAGE),
        status=204,
        summary="Remove an account",
        refusals=(404, 409),
    ),
    api(
        *("GET", _KEYS, list_keys, _MANAGE),
        asks=Paging,
        gives=Key,
        listed=True,
        summary="All API keys, without their text",
    ),
    api(
        *("POST", _KEYS, make_key, _MANAGE),
        takes=NewKey,
        gives=MadeKey,
        status=201,
        summary="Make an API key",
        refusals=(400, 403),
    ),
    api(
        *("DELETE", _KEYS + "/{id}", revoke_key, _MANAGE),
        status=204,
        summary="Revoke an API key",
        refusals=(404,),
    ),
    api(
        *("GET", _SHARES, list_shares, _MANAGE),
        asks=Paging,
        gives=ShareLink,
        listed=True,
        summary="All share links, without their tokens",
    ),
    api(
        *("POST", _SHARES, make_share, _MANAGE),
        takes=NewShare,
        gives=MadeShare,
        status=201,
        summary="Make a link that opens one study",
        refusals=(400, 404, 410),
    ),
    api(
        *("DELETE", _SHARES + "/{id}", revoke_share, _MANAGE),
        status=204,
        summary="Revoke a share link",
        refusals=(404,),
    ),
]
