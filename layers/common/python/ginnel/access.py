"""Who is asking, for which workspace, and what they may do there.

An app writes `me: Annotated[Me, Depends(access.may("links:write"))]`, and puts `me.workspace` in its queries' WHERE.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, get_args

from fastapi import Depends, Header, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import db, keys, limits, tokens, workspaces
from ginnel.db import Conn
from ginnel.errors import Forbidden, NotFound, Problem, Unauthorized
from ginnel.keys import ApiKey
from ginnel.sessions import Session
from ginnel.users import User
from ginnel.web import Now
from ginnel.workspaces import Member, Workspace

Scope = keys.Scope | Literal["keys:write", "workspace:write"]

KEY_SCOPES: frozenset[str] = frozenset(get_args(keys.Scope))
ALL_SCOPES = KEY_SCOPES | {"keys:write", "workspace:write"}
_MANAGERS = frozenset({"workspace:write", "audit:read"})
"""What only who looks after a workspace may do."""
ROLE_SCOPES: dict[workspaces.Role, frozenset[str]] = {
    "owner": ALL_SCOPES,
    "admin": ALL_SCOPES,
    "member": ALL_SCOPES - _MANAGERS,
    "viewer": frozenset(scope for scope in ALL_SCOPES - _MANAGERS if scope.endswith(":read")),
}

GUEST_SCOPES = frozenset({"links:read", "links:write", "stats:read", "workspace:read"})
"""What a guest may do in their own workspace, as far as a route is open to guests at all. See `guests` for the limits."""

FRESH = timedelta(minutes=1)
"""How far a key's last_used_at may lag behind."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whose account it is, signed in themselves, whatever the workspaces that they are a member of require of them."""

    user: int
    session: int
    second_factor: str | None
    guest: bool = False


@dataclass(frozen=True, slots=True)
class Me:
    """Who is asking. `session` is None for an API key, which never has its owner's rights over the installation."""

    user: int
    workspace: int
    role: workspaces.Role
    scopes: frozenset[str]
    session: int | None
    is_admin: bool
    key: int | None = None
    guest: bool = False


class KeyInvalid(Unauthorized):
    """The API key is unknown, revoked or expired, or its owner may not enter its workspace any more."""

    code = "key_invalid"


class SessionEnded(Unauthorized):
    """The access token is genuine, but its session was ended or its account disabled."""

    code = "session_ended"


class ScopeMissing(Forbidden):
    """This role or API key doesn't reach that far."""

    code = "scope_missing"


class SecondFactorRequired(Forbidden):
    """The workspace takes only those who have signed in with a second factor."""

    code = "second_factor_required"

    @classmethod
    def within(cls) -> SecondFactorRequired:
        return cls("This workspace requires a second factor: sign in with yours, or set one up.")


class SignInNeeded(Forbidden):
    """An API key can't do this: it needs the access token of somebody who is signed in."""

    code = "sign_in_needed"


class GuestNotAllowed(Forbidden):
    """This is not for guests, or more than one may have: it needs an account. Signing up keeps all that a guest has made."""

    code = "guest_not_allowed"

    @classmethod
    def here(cls, what: str = "do this") -> GuestNotAllowed:
        return cls(f"Sign up to {what}: what you have made stays yours.")


class NotOperator(Forbidden):
    """Only those who run this installation may do this, signed in themselves."""

    code = "operator_only"


_SIGNED_IN = (Unauthorized, tokens.TokenInvalid, tokens.TokenExpired, SessionEnded)
OF_PERSON = (*_SIGNED_IN, SignInNeeded, GuestNotAllowed)
"""What any call that needs a `person` may be answered, for its documentation."""
REFUSALS = (*_SIGNED_IN, KeyInvalid, SecondFactorRequired, GuestNotAllowed)
"""What any call that needs `me` may be answered, for its documentation."""

_bearer = HTTPBearer(
    auto_error=False,
    description="An access token from `POST /api/v1/auth/login`, or an API key (`gnl_…`) from `POST /api/v1/api-keys`.",
)

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]

Wanted = Annotated[
    str | None,
    Header(
        alias="Ginnel-Workspace",
        description="The id of the workspace that the call is about; without it the personal one, or the API key's.",
        examples=["7"],
    ),
]


@limits.counting
async def me(request: Request, bearer: Bearer, conn: Conn, now: Now, wanted: Wanted = None) -> Me:
    """Find out who is asking. Raises Unauthorized, NotFound for a workspace that they are no member of, TooManyRequests."""
    try:
        found = await _ask(bearer, conn, wanted=wanted, now=now)
    except Problem:
        await limits.by_address(request)
        raise
    await limits.by(request, f"user:{found.user}" if found.key is None else f"key:{found.key}")
    return found


async def _ask(
    bearer: HTTPAuthorizationCredentials | None, conn: AsyncSession, *, wanted: str | None, now: datetime
) -> Me:
    if bearer is None:
        raise Unauthorized("Send `Authorization: Bearer …` with an access token or an API key.")
    if bearer.credentials.startswith(keys.PREFIX):
        return await _program(conn, bearer.credentials, wanted=wanted, now=now)
    return await _person(conn, bearer.credentials, wanted=wanted, now=now)


async def again(bearer: HTTPAuthorizationCredentials | None, wanted: str | None, scope: Scope) -> None:
    """Ask once more as `may(scope)` does, within an answer that goes on for long. Raises as that; no limit counts it."""
    async with db.session() as conn:
        found = await _ask(bearer, conn, wanted=wanted, now=datetime.now(UTC))
    _check_scope(found, scope)


WorkspaceId = Annotated[int, Path(ge=1, lt=2**63, description="The workspace's id.", examples=[7])]


@limits.counting
async def _within(request: Request, workspace_id: WorkspaceId, bearer: Bearer, conn: Conn, now: Now) -> Me:
    """Find out who is asking about the workspace of the path. Raises Unauthorized, or NotFound if they are no member."""
    return await me(request, bearer, conn, now, wanted=str(workspace_id))


async def _person(conn: AsyncSession, token: str, *, wanted: str | None, now: datetime) -> Me:
    access = await tokens.accept(token, now=now)
    found = (await conn.execute(_membership(access, wanted=_number(wanted), now=now))).one_or_none()
    if found is None:
        raise SessionEnded("The session was ended. Please sign in again.")
    workspace, role, is_admin, barred, guest = found
    if workspace is None:
        raise NotFound("workspace", wanted or "")
    if barred:
        raise SecondFactorRequired.within()
    scopes = ROLE_SCOPES[role] & GUEST_SCOPES if guest else ROLE_SCOPES[role]
    return Me(access.user, workspace, role, scopes, access.session, is_admin, guest=guest)


def _membership(
    access: tokens.Access, *, wanted: int | None, now: datetime
) -> Select[int | None, workspaces.Role, bool, bool, bool]:
    """Ask for the workspace and role of a live session's owner: no row is no session, no workspace is no membership.

    Last come whether the workspace requires a second factor and the session began without, and whether it is a guest's.
    """
    # Somebody may be a guest in another's personal workspace: theirs is the one they own.
    personal = and_(Workspace.personal, Member.role == "owner")
    chosen = personal if wanted is None else Workspace.id == wanted
    members = (
        select(Workspace.id, Workspace.require_second_factor, Member.role, Member.user_id)
        .join(Member, Member.workspace_id == Workspace.id)
        .where(Member.user_id == access.user, Workspace.deleted_at.is_(None), chosen)
        .order_by(Workspace.id)
        .limit(1)
        .subquery()
    )
    return (
        select(
            members.c.id,
            members.c.role,
            User.is_admin,
            and_(members.c.require_second_factor, Session.second_factor.is_(None)),
            User.guest_until.is_not(None),
        )
        .select_from(Session)
        .join(User, User.id == Session.user_id)
        .outerjoin(members, members.c.user_id == User.id)
        .where(*_live(access, now=now))
    )


def _live(access: tokens.Access, *, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Session.id == access.session,
        User.id == access.user,
        Session.revoked_at.is_(None),
        Session.expires_at > now,
        User.disabled_at.is_(None),
    )


@limits.counting
async def person(request: Request, bearer: Bearer, conn: Conn, now: Now) -> Person:
    """Find out who is signed in, for what is theirs and no workspace's.

    Raises Unauthorized, SignInNeeded, GuestNotAllowed, TooManyRequests.
    """
    found = await anybody(request, bearer, conn, now)
    if found.guest:
        raise GuestNotAllowed.here()
    return found


@limits.counting
async def anybody(request: Request, bearer: Bearer, conn: Conn, now: Now) -> Person:
    """The same for what guests may do as well. Raises Unauthorized, SignInNeeded, TooManyRequests."""
    try:
        found = await _signed_in(bearer, conn, now=now)
    except Problem:
        await limits.by_address(request)
        raise
    await limits.by(request, f"user:{found.user}")
    return found


async def _signed_in(bearer: HTTPAuthorizationCredentials | None, conn: AsyncSession, *, now: datetime) -> Person:
    if bearer is None:
        raise Unauthorized("Send `Authorization: Bearer …` with an access token.")
    if bearer.credentials.startswith(keys.PREFIX):
        raise SignInNeeded("This needs an access token: an API key can't do it.")
    access = await tokens.accept(bearer.credentials, now=now)
    joined = select(Session.second_factor, User.guest_until).join(User, User.id == Session.user_id)
    found = (await conn.execute(joined.where(*_live(access, now=now)))).one_or_none()
    if found is None:
        raise SessionEnded("The session was ended. Please sign in again.")
    return Person(access.user, access.session, found.second_factor, guest=found.guest_until is not None)


async def guest(bearer: HTTPAuthorizationCredentials | None, conn: AsyncSession, *, now: datetime) -> int | None:
    """Return the guest whose access token is sent, if it is one's.

    Raises Unauthorized for a token that is good for nothing any more: it may be a guest's, who would lose what is theirs.
    """
    if bearer is None or bearer.credentials.startswith(keys.PREFIX):
        return None
    found = await _signed_in(bearer, conn, now=now)
    return found.user if found.guest else None


async def _program(conn: AsyncSession, secret: str, *, wanted: str | None, now: datetime) -> Me:
    found = (
        await conn.execute(
            select(ApiKey.id, ApiKey.user_id, ApiKey.workspace_id, ApiKey.scopes, ApiKey.last_used_at, Member.role)
            .join(User, User.id == ApiKey.user_id)
            .join(Workspace, Workspace.id == ApiKey.workspace_id)
            .join(Member, and_(Member.workspace_id == ApiKey.workspace_id, Member.user_id == ApiKey.user_id))
            .where(
                ApiKey.key_hash == tokens.digest(secret),
                ApiKey.revoked_at.is_(None),
                or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
                User.disabled_at.is_(None),
                Workspace.deleted_at.is_(None),
            )
        )
    ).one_or_none()
    if found is None:
        raise KeyInvalid("The API key is not valid.")
    if wanted is not None and _number(wanted) != found.workspace_id:
        raise NotFound("workspace", wanted)
    if found.last_used_at is None or found.last_used_at <= now - FRESH:
        await _touch(conn, found.id, now=now)
    scopes = KEY_SCOPES & ROLE_SCOPES[found.role] & frozenset(found.scopes)
    return Me(found.user_id, found.workspace_id, found.role, scopes, None, is_admin=False, key=found.id)


async def _touch(conn: AsyncSession, key: int, *, now: datetime) -> None:
    # The row stays locked until the request's transaction ends; a program's other requests don't wait for that.
    free = select(ApiKey.id).where(ApiKey.id == key).with_for_update(skip_locked=True)
    await conn.execute(
        update(ApiKey)
        .where(ApiKey.id == free.scalar_subquery())
        .values(last_used_at=func.greatest(ApiKey.last_used_at, now))
        .execution_options(synchronize_session=False)
    )


async def session_of(bearer: HTTPAuthorizationCredentials | None, *, now: datetime) -> int | None:
    """Return the session that a genuine access token belongs to, without asking whether it goes on."""
    try:
        return (await tokens.accept(bearer.credentials, now=now)).session if bearer else None
    except Unauthorized:
        return None


def _number(wanted: str | None) -> int | None:
    """Read the workspace's header. What is no id is nobody's: 0."""
    if wanted is None:
        return None
    return int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) <= 18 else 0  # noqa: PLR2004  # 2**63 has 19 digits


def _check_scope(me: Me, scope: Scope, *, guests: bool = True) -> None:
    if me.guest and not (guests and scope in me.scopes):
        raise GuestNotAllowed.here()
    if scope not in me.scopes:
        raise ScopeMissing(f"This needs the scope {scope}.")


def may(scope: Scope, *, guests: bool = False) -> Callable[[Me], Me]:
    """Make the dependency that gives Me to those who have this scope, and to `guests` only if told so.

    It raises ScopeMissing, or GuestNotAllowed, for others.
    """

    def allowed(me: Annotated[Me, Depends(me)]) -> Me:
        _check_scope(me, scope, guests=guests)
        return me

    return allowed


def may_within(scope: Scope, *, guests: bool = False) -> Callable[[Me], Me]:
    """Make the same for the workspace that the path names: it is the call's, whatever the header says."""

    def allowed(me: Annotated[Me, Depends(_within)]) -> Me:
        _check_scope(me, scope, guests=guests)
        return me

    return allowed


def operator(me: Annotated[Me, Depends(me)]) -> Me:
    """Give Me to those who run the installation. Raises NotOperator for others."""
    if not me.is_admin:
        raise NotOperator("Only administrators of this installation may do this.")
    return me
