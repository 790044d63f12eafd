"""Who is in a workspace, and in which role. There always is an owner."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ginnel import audit
from ginnel.errors import Conflict, NotFound
from ginnel.invitations.tables import revoke_beyond
from ginnel.keys import ApiKey
from ginnel.users import User

from .drafts import MemberOut, MemberPage
from .reading import ABOVE, MANAGERS, OWNERS, RoleMissing, hold
from .tables import Member, Role
from .writing import WorkspacePersonal

_OWNERS_ONLY = "Only an owner can make owners, or change anything about one."
_ANY: tuple[Role, ...] = ("owner", "admin", "member", "viewer")


class LastOwner(Conflict):
    """A workspace keeps an owner: make somebody else one first, or hand it over."""

    code = "last_owner"


async def find_all(conn: AsyncSession, workspace: int) -> MemberPage:
    """List a workspace's members, who came first at first."""
    rows = await conn.execute(_shown(workspace).order_by(Member.created_at, Member.user_id))
    return MemberPage(items=[_show(*row) for row in rows], next_cursor=None)


def _shown(workspace: int) -> Any:  # noqa: ANN401  # a select of a member with a name and an address
    query = select(Member, User.name, User.email).join(User, User.id == Member.user_id)
    return query.where(Member.workspace_id == workspace).execution_options(populate_existing=True)


def _show(member: Member, name: str, email: str) -> MemberOut:
    return MemberOut(user=member.user_id, name=name, email=email, role=member.role, joined_at=member.created_at)


async def change_role(  # noqa: PLR0913  # who changes whose to what, when
    conn: AsyncSession, workspace: int, member: int, role: Role, *, by: int, now: datetime
) -> MemberOut:
    """Give a member another role. Raises NotFound, RoleMissing, LastOwner, WorkspacePersonal."""
    held = await hold(conn, workspace, by=by, roles=MANAGERS)
    before = await _role(conn, workspace, member)
    if held.workspace.personal and role == "owner" != before:
        raise WorkspacePersonal("A personal workspace has one owner, whose account it came with.")
    if role not in ABOVE[held.role]:
        raise RoleMissing(_OWNERS_ONLY)
    kept = () if role == "owner" else (or_(*_dispensable(workspace, member)),)
    changed = await conn.scalar(
        update(Member)
        .where(*_reached(workspace, member, ABOVE[held.role]), *kept)
        .values(role=role)
        .returning(Member.user_id)
    )
    if changed is None:
        raise _refusal(before, reach=ABOVE[held.role])
    await revoke_beyond(conn, workspace, of=member, roles=ABOVE[role], now=now)
    subject = f"user:{member}"
    said = {"before": before, "after": role}
    audit.record(conn, "member_role_changed", subject=subject, at=now, workspace=workspace, user=by, **said)
    return _show(*(await conn.execute(_shown(workspace).where(Member.user_id == member))).one())


async def remove(conn: AsyncSession, workspace: int, member: int, *, by: int, now: datetime) -> None:
    """Put a member out, or leave: their keys end, and so do their invitations. Raises NotFound, RoleMissing, LastOwner."""
    leaving = member == by
    held = await hold(conn, workspace, by=by, roles=_ANY if leaving else MANAGERS)
    before = await _role(conn, workspace, member)
    reach = ABOVE["owner"] if leaving else ABOVE[held.role]
    gone = await conn.scalar(
        delete(Member)
        .where(*_reached(workspace, member, reach), or_(*_dispensable(workspace, member)))
        .returning(Member.user_id)
    )
    if gone is None:
        raise _refusal(before, reach=reach)
    theirs = (ApiKey.workspace_id == workspace, ApiKey.user_id == member, ApiKey.revoked_at.is_(None))
    await conn.execute(update(ApiKey).where(*theirs).values(revoked_at=now))
    await revoke_beyond(conn, workspace, of=member, roles=(), now=now)
    action, subject = "member_left" if leaving else "member_removed", f"user:{member}"
    audit.record(conn, action, subject=subject, at=now, workspace=workspace, user=by, role=before)


async def transfer(conn: AsyncSession, workspace: int, to: int, *, by: int, now: datetime) -> None:
    """Hand a workspace over to a member: they are an owner, and who did so an admin. Raises NotFound, RoleMissing."""
    held = (await hold(conn, workspace, by=by, roles=OWNERS)).workspace
    if held.personal:
        raise WorkspacePersonal("A personal workspace stays with its account.")
    if to == by:
        raise NotFound("other member", to)
    taken = await conn.scalar(
        update(Member)
        .where(Member.workspace_id == workspace, Member.user_id == to)
        .values(role="owner")
        .returning(Member.user_id)
    )
    if taken is None:
        raise NotFound("member", to)
    await conn.execute(
        update(Member).where(Member.workspace_id == workspace, Member.user_id == by).values(role="admin")
    )
    await revoke_beyond(conn, workspace, of=by, roles=ABOVE["admin"], now=now)
    audit.record(conn, "ownership_transferred", subject=f"user:{to}", at=now, workspace=workspace, user=by)


async def add(conn: AsyncSession, workspace: int, user: int, role: Role, *, now: datetime) -> bool:
    """Make somebody a member; False if they are one, whose role stays. Needs the workspace's lock."""
    row = {"workspace_id": workspace, "user_id": user, "role": role, "created_at": now}
    made = await conn.scalar(insert(Member).values(row).on_conflict_do_nothing().returning(Member.user_id))
    return made is not None


async def _role(conn: AsyncSession, workspace: int, member: int) -> Role:
    found = await conn.scalar(select(Member.role).where(Member.workspace_id == workspace, Member.user_id == member))
    if found is None:
        raise NotFound("member", member)
    return found


def _reached(workspace: int, member: int, roles: Collection[Role]) -> tuple[ColumnElement[bool], ...]:
    return Member.workspace_id == workspace, Member.user_id == member, Member.role.in_(roles)


def _dispensable(workspace: int, member: int) -> tuple[ColumnElement[bool], ...]:
    """Say when a member is not the workspace's last owner; true with either."""
    other = aliased(Member)
    left = exists().where(other.workspace_id == workspace, other.user_id != member, other.role == "owner")
    return Member.role != "owner", left


def _refusal(before: Role, *, reach: Collection[Role]) -> RoleMissing | LastOwner:
    """Say why no row was changed of one that is there, and that nobody else can have touched."""
    if before not in reach:
        return RoleMissing(_OWNERS_ONLY)
    return LastOwner("A workspace keeps an owner: make somebody else one first, or hand it over.")
