"""Workspaces as operators see them, and blocking one: all its links and domains at once.

As with hosts (see blocking), nothing is written to the links: so lifting it restores exactly what it had stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import ColumnElement, Text, cast, exists, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, cursors, purges, web, workspaces
from ginnel.errors import NotFound
from ginnel.users import Shown, User
from ginnel.workspaces import Member, Workspace

from . import as_id


class Tenant(web.Output):
    """A workspace, as the list of all has it."""

    id: Annotated[int, Field(examples=[7])]
    name: Annotated[str, Field(examples=["Personal"])]
    personal: bool
    guest: Annotated[bool, Field(description="Whether it is that of a guest, who has no address.")]
    owners: Annotated[Sequence[str], Field(description="Their e-mail addresses.", examples=[["ada@example.com"]])]
    blocked_at: Annotated[datetime | None, Field(description="Since when none of its links leads anywhere.")]
    blocked_reason: str | None
    created_at: datetime
    deleted_at: datetime | None


class Tenants(web.Output):
    items: list[Tenant]
    next_cursor: str | None


class Participant(web.Output):
    id: Annotated[int, Field(description="The account's id.")]
    email: Shown
    name: str
    role: workspaces.Role
    disabled: bool


class WholeTenant(Tenant):
    members: Annotated[Sequence[Participant], Field(description="The first hundred.")]
    links: Annotated[int, Field(description="Links that were not deleted.")]
    domains: int
    keys: Annotated[int, Field(description="API keys that were not revoked.")]
    clicks: Annotated[int, Field(description="Clicks by people in the last 30 days.")]


async def find_all(conn: AsyncSession, *, search: str | None, guests: bool, limit: int, cursor: str | None) -> Tenants:
    """List workspaces, newest first, either those of guests or all others. Raises Invalid.

    `search` looks into name and owners' addresses, or is an id.
    """
    query = select(Workspace).order_by(Workspace.id.desc()).limit(limit + 1)
    theirs = exists().where(
        Member.workspace_id == Workspace.id, Member.user_id == User.id, User.guest_until.is_not(None)
    )
    query = query.where(theirs if guests else ~theirs)
    if search:
        query = query.where(or_(*_means(search)))
    if cursor:
        query = query.where(Workspace.id < cursors.read(cursor, cursors.number))
    found = list(await conn.scalars(query))
    return Tenants(
        items=await _shown(conn, found[:limit]),
        next_cursor=cursors.pack(found[limit - 1].id) if len(found) > limit else None,
    )


def _means(search: str) -> list[ColumnElement[bool]]:
    theirs = (
        select(Member.workspace_id)
        .join(User, User.id == Member.user_id)
        .where(Member.role == "owner", cast(User.email, Text).icontains(search, autoescape=True))
    )
    meant = [Workspace.name.icontains(search, autoescape=True), Workspace.id.in_(theirs)]
    return meant if (number := as_id(search)) is None else [*meant, Workspace.id == number]


async def _shown(conn: AsyncSession, found: Sequence[Workspace]) -> list[Tenant]:
    owners: dict[int, list[str]] = {workspace.id: [] for workspace in found}
    guests: set[int] = set()
    asked = (
        select(Member.workspace_id, User.email, User.guest_until)
        .join(User, User.id == Member.user_id)
        .where(Member.role == "owner", Member.workspace_id.in_(owners))
        .order_by(User.id)
    )
    for workspace, email, guest_until in await conn.execute(asked):
        if guest_until is None:
            owners[workspace].append(email)
        else:
            guests.add(workspace)
    return [
        Tenant(
            id=one.id,
            name=one.name,
            personal=one.personal,
            guest=one.id in guests,
            owners=owners[one.id],
            blocked_at=one.blocked_at,
            blocked_reason=one.blocked_reason,
            created_at=one.created_at,
            deleted_at=one.deleted_at,
        )
        for one in found
    ]


async def get(conn: AsyncSession, workspace: int) -> WholeTenant:
    """Raises NotFound."""
    found = await conn.get(Workspace, workspace, populate_existing=True)
    if found is None:
        raise NotFound("workspace", workspace)
    (tenant,) = await _shown(conn, [found])
    members = await conn.execute(
        select(User.id, User.email, User.name, Member.role, User.disabled_at.is_not(None).label("disabled"))
        .join(Member, Member.user_id == User.id)
        .where(Member.workspace_id == workspace)
        .order_by(User.id)
        .limit(100)
    )
    counted = (await conn.execute(text(_COUNTS), {"workspace": workspace})).one()
    return WholeTenant(
        **tenant.model_dump(),
        members=[Participant.model_validate(row) for row in members],
        links=counted.links,
        domains=counted.domains,
        keys=counted.keys,
        clicks=counted.clicks,
    )


_COUNTS = """
    select
        (select count(*) from links where workspace_id = :workspace and deleted_at is null) as links,
        (select count(*) from domains where workspace_id = :workspace and deleted_at is null) as domains,
        (select count(*) from api_keys where workspace_id = :workspace and revoked_at is null) as keys,
        (
            select coalesce(sum(clicks), 0) from clicks_hourly
            where workspace_id = :workspace and hour > now() - interval '30 days'
        ) as clicks
"""


async def block(conn: AsyncSession, workspace: int, *, reason: str | None, by: int, now: datetime) -> None:
    """Have all links and domains of a workspace lead nowhere; those it makes from now on, too. Raises NotFound."""
    values = {"blocked_at": func.coalesce(Workspace.blocked_at, now), "blocked_reason": reason}
    changed = await conn.execute(
        update(Workspace).where(Workspace.id == workspace).values(values).returning(Workspace.id)
    )
    if changed.first() is None:
        raise NotFound("workspace", workspace)
    _note(conn, "workspace_blocked", workspace, by=by, now=now, reason=reason)


async def unblock(conn: AsyncSession, workspace: int, *, by: int, now: datetime) -> None:
    """Let a workspace's links lead on again, but for those that are blocked themselves. Raises NotFound."""
    values = {"blocked_at": None, "blocked_reason": None}
    changed = await conn.execute(
        update(Workspace).where(Workspace.id == workspace).values(values).returning(Workspace.id)
    )
    if changed.first() is None:
        raise NotFound("workspace", workspace)
    _note(conn, "workspace_unblocked", workspace, by=by, now=now)


def _note(conn: AsyncSession, action: str, workspace: int, *, by: int, now: datetime, **details: str | None) -> None:
    audit.record(conn, action, subject=f"workspace:{workspace}", at=now, workspace=workspace, user=by, **details)
    purges.of_workspaces(conn, [workspace], now)
