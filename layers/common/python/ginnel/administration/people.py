"""Accounts as operators see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Text, cast, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import cursors, web, workspaces
from ginnel.errors import NotFound
from ginnel.users import Shown, User

from . import as_id

State = Literal["enabled", "disabled", "unverified", "admin", "guest"]


class Account(web.Output):
    """An account, as the list of all has it."""

    id: Annotated[int, Field(examples=[7])]
    email: Shown
    name: str
    guest: Annotated[bool, Field(description="Whether they have still to sign up.")]
    is_admin: Annotated[bool, Field(description="Whether they run this installation.")]
    email_verified_at: datetime | None
    disabled_at: Annotated[datetime | None, Field(description="Since when they are shut out.")]
    disabled_reason: str | None
    created_at: datetime


class Accounts(web.Output):
    items: list[Account]
    next_cursor: str | None


class Membership(web.Output):
    id: Annotated[int, Field(description="The workspace's id.")]
    name: str
    role: workspaces.Role
    personal: bool
    blocked: bool
    deleted: bool


class WholeAccount(Account):
    workspaces: Annotated[Sequence[Membership], Field(description="The first hundred that they are a member of.")]
    links: Annotated[int, Field(description="Links that they made, in any workspace, and that were not deleted.")]
    sessions: Annotated[int, Field(description="Where they are signed in.")]
    keys: Annotated[int, Field(description="API keys of theirs that were not revoked.")]
    last_seen_at: Annotated[
        datetime | None,
        Field(description="When a session of theirs was last refreshed, or a key used: to a quarter of an hour."),
    ]


async def find_all(
    conn: AsyncSession, *, search: str | None, state: State | None, limit: int, cursor: str | None
) -> Accounts:
    """List accounts, newest first, or in their place, by their state, guests. Raises Invalid.

    `search` looks into address and name, or is an id.
    """
    query = select(User).order_by(User.id.desc()).limit(limit + 1)
    if state != "guest":
        query = query.where(User.guest_until.is_(None))
    if search:
        query = query.where(or_(*_means(search)))
    if state:
        query = query.where(_STATES[state])
    if cursor:
        query = query.where(User.id < cursors.read(cursor, cursors.number))
    found = list(await conn.scalars(query))
    return Accounts(
        items=[Account.model_validate(user) for user in found[:limit]],
        next_cursor=cursors.pack(found[limit - 1].id) if len(found) > limit else None,
    )


_STATES: dict[State, ColumnElement[bool]] = {
    "enabled": User.disabled_at.is_(None),
    "disabled": User.disabled_at.is_not(None),
    "unverified": User.email_verified_at.is_(None),
    "admin": User.is_admin.is_(True),
    "guest": User.guest_until.is_not(None),
}


def _means(search: str) -> list[ColumnElement[bool]]:
    # As the index has it: as parameters they could be anything.
    haystack = cast(User.email, Text) + literal_column("' '", Text) + User.name
    meant = [haystack.icontains(search, autoescape=True)]
    return meant if (number := as_id(search)) is None else [*meant, User.id == number]


async def get(conn: AsyncSession, user: int) -> WholeAccount:
    """Raises NotFound."""
    found = await conn.get(User, user, populate_existing=True)
    if found is None:
        raise NotFound("user", user)
    counted = (await conn.execute(text(_COUNTS), {"user": user})).one()
    return WholeAccount(
        **Account.model_validate(found).model_dump(),
        workspaces=await _memberships(conn, user),
        links=counted.links,
        sessions=counted.sessions,
        keys=counted.keys,
        last_seen_at=counted.last_seen_at,
    )


_COUNTS = """
    select
        (select count(*) from links where created_by = :user and deleted_at is null) as links,
        (select count(*) from sessions where user_id = :user and revoked_at is null and expires_at > now()) as sessions,
        (select count(*) from api_keys where user_id = :user and revoked_at is null) as keys,
        greatest(
            (select max(last_used_at) from sessions where user_id = :user),
            (select max(last_used_at) from api_keys where user_id = :user)
        ) as last_seen_at
"""


async def _memberships(conn: AsyncSession, user: int) -> list[Membership]:
    member, workspace = workspaces.Member, workspaces.Workspace
    found = await conn.execute(
        select(
            workspace.id,
            workspace.name,
            member.role,
            workspace.personal,
            workspace.blocked_at.is_not(None).label("blocked"),
            workspace.deleted_at.is_not(None).label("deleted"),
        )
        .join(member, member.workspace_id == workspace.id)
        .where(member.user_id == user)
        .order_by(workspace.id)
        .limit(100)
    )
    return [Membership.model_validate(row) for row in found]
