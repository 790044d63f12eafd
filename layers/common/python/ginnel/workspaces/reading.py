"""Finding workspaces."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel.domains import Domain
from ginnel.drafts import LinkDefaults
from ginnel.errors import Forbidden, NotFound
from ginnel.links import Link

from . import emptying
from .drafts import WorkspaceOut, WorkspacePage
from .tables import Member, Role, Workspace

GRACE = timedelta(days=emptying.GRACE_DAYS)


ABOVE: dict[Role, frozenset[Role]] = {
    "owner": frozenset({"owner", "admin", "member", "viewer"}),
    "admin": frozenset({"admin", "member", "viewer"}),
    "member": frozenset(),
    "viewer": frozenset(),
}
"""The roles that one of this role may give and take, and whose members they may remove."""
MANAGERS: tuple[Role, ...] = ("owner", "admin")
OWNERS: tuple[Role, ...] = ("owner",)


class RoleMissing(Forbidden):
    """This needs a higher role in the workspace."""

    code = "role_missing"


class Held(NamedTuple):
    """A workspace that nobody else changes before the transaction ends, and the role of who does."""

    workspace: Workspace
    role: Role


async def hold(conn: AsyncSession, workspace: int, *, by: int, roles: Collection[Role]) -> Held:
    """Lock a workspace, and so who its members are, for one who has one of these roles in it. Raises RoleMissing.

    Everything that changes members or invitations begins with this: each sees what the one before it did.
    """
    query = (
        select(Workspace, Member.role)
        .join(Member, Member.workspace_id == Workspace.id)
        .where(Workspace.id == workspace, Workspace.deleted_at.is_(None))
        .where(Member.user_id == by, Member.role.in_(roles))
        # The member's row too: who waited for the workspace's sees what became of their own role meanwhile. Links can go on
        # being made.
        .with_for_update(of=(Workspace, Member), key_share=True)
        .execution_options(populate_existing=True)
    )
    found = (await conn.execute(query)).one_or_none()
    if found is None:
        raise RoleMissing(f"This is for {' and '.join(f'{role}s' for role in roles)} of the workspace.")
    return Held(*found)


async def find_all(conn: AsyncSession, *, user: int, now: datetime) -> WorkspacePage:
    """List a person's workspaces, the personal one first; the deleted ones that they can restore last."""
    query = _seen_by(user).where(or_(Workspace.deleted_at.is_(None), restorable(now)))
    order = (Workspace.deleted_at.is_not(None), Workspace.personal.desc(), func.lower(Workspace.name), Workspace.id)
    rows = await conn.execute(query.order_by(*order))
    return WorkspacePage(items=[_show(*row) for row in rows], next_cursor=None)


async def get(conn: AsyncSession, workspace: int, *, user: int) -> WorkspaceOut:
    """Raises NotFound."""
    query = _seen_by(user).where(Workspace.id == workspace, Workspace.deleted_at.is_(None))
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound("workspace", workspace)
    return _show(*row)


def restorable(now: datetime) -> ColumnElement[bool]:
    """Say which deleted workspaces a member sees: owners, those whose grace is not over."""
    return and_(Workspace.deleted_at > now - GRACE, Member.role == "owner")


def _seen_by(user: int) -> Select[Workspace, Role, int, int, str]:
    of_it = Member.__table__.alias()
    members = select(func.count()).where(of_it.c.workspace_id == Workspace.id).correlate(Workspace).scalar_subquery()
    links = (
        select(func.count())
        .where(Link.workspace_id == Workspace.id, Link.deleted_at.is_(None))
        .correlate(Workspace)
        .scalar_subquery()
    )
    default = and_(
        Domain.workspace_id == Workspace.id,
        Domain.is_default,
        Domain.verified_at.is_not(None),
        Domain.deleted_at.is_(None),
    )
    return (
        select(Workspace, Member.role, members, links, Domain.host)
        .join(Member, Member.workspace_id == Workspace.id)
        .outerjoin(Domain, default)
        .where(Member.user_id == user)
        .execution_options(populate_existing=True)
    )


def _show(workspace: Workspace, role: Role, members: int, links: int, default_domain: str | None) -> WorkspaceOut:
    return WorkspaceOut(
        id=workspace.id,
        name=workspace.name,
        personal=workspace.personal,
        role=role,
        members=members,
        links=links,
        retention_days=workspace.retention_days,
        default_domain=default_domain,
        require_second_factor=workspace.require_second_factor,
        link_defaults=LinkDefaults.model_validate(workspace.link_defaults),
        version=workspace.version,
        created_at=workspace.created_at,
        updated_at=workspace.updated_at or workspace.created_at,
        deleted_at=workspace.deleted_at,
    )
