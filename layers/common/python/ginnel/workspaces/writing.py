"""Making, changing, deleting and restoring workspaces."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, purges
from ginnel.access import Person, SecondFactorRequired
from ginnel.domains.writing import choose
from ginnel.errors import Conflict, NotFound, PreconditionFailed
from ginnel.users import User

from . import reading, tables
from .drafts import WorkspaceChange, WorkspaceDraft, WorkspaceOut
from .reading import MANAGERS, OWNERS, hold, restorable
from .tables import Member, Workspace

LIMIT = 25
"""Workspaces that a person may own, besides the personal one."""


class TooManyWorkspaces(Conflict):
    """This person owns as many workspaces as one may."""

    code = "too_many_workspaces"


class WorkspacePersonal(Conflict):
    """A personal workspace can't be left by its owner, handed over, shared by owners or deleted."""

    code = "workspace_personal"


async def create(conn: AsyncSession, draft: WorkspaceDraft, *, user: int, now: datetime) -> WorkspaceOut:
    """Make a workspace, whose owner its maker is. Raises TooManyWorkspaces."""
    await _refuse_more(conn, user)
    made = await tables.create(conn, name=draft.name, owner=user, now=now)
    audit.record(conn, "workspace_created", subject=f"workspace:{made.id}", at=now, workspace=made.id, user=user)
    return await reading.get(conn, made.id, user=user)


async def _refuse_more(conn: AsyncSession, user: int) -> None:
    # Of two that are made together, one is counted by the other.
    await conn.execute(select(User.id).where(User.id == user).with_for_update(key_share=True))
    owned = (
        select(func.count())
        .select_from(Workspace)
        .join(Member, Member.workspace_id == Workspace.id)
        .where(Member.user_id == user, Member.role == "owner")
        .where(Workspace.deleted_at.is_(None), ~Workspace.personal)
    )
    if (await conn.scalar(owned) or 0) >= LIMIT:
        raise TooManyWorkspaces(f"A person may own {LIMIT} workspaces. Delete one, or hand one over.")


async def change(  # noqa: PLR0913  # who changes what, from which version, when
    conn: AsyncSession, workspace: int, wanted: WorkspaceChange, *, by: int, version: int | None, now: datetime
) -> WorkspaceOut:
    """Change a workspace's given fields. Raises RoleMissing, PreconditionFailed, Invalid."""
    held = (await hold(conn, workspace, by=by, roles=MANAGERS)).workspace
    _check_version(held, version)
    given = wanted.model_fields_set
    if "name" in given:
        held.name = wanted.name
    if "retention_days" in given:
        held.retention_days = wanted.retention_days
    if "require_second_factor" in given:
        held.require_second_factor = wanted.require_second_factor
    if "link_defaults" in given:
        held.link_defaults = wanted.link_defaults.model_dump(exclude_none=True)
    if "default_domain" in given:
        await choose(conn, wanted.default_domain, workspace=workspace)
    held.version += 1
    held.updated_at = now
    await conn.flush()
    fields, subject = sorted(given), f"workspace:{workspace}"
    audit.record(conn, "workspace_changed", subject=subject, at=now, workspace=workspace, user=by, fields=fields)
    return await reading.get(conn, workspace, user=by)


async def delete(conn: AsyncSession, workspace: int, *, by: int, version: int, now: datetime) -> None:
    """Delete a workspace: nobody is led on by its links, nor enters it, from now on. An owner can restore it.

    Raises RoleMissing, PreconditionFailed, WorkspacePersonal.
    """
    held = (await hold(conn, workspace, by=by, roles=OWNERS)).workspace
    _check_version(held, version)
    if held.personal:
        raise WorkspacePersonal("A personal workspace goes with its account.")
    held.deleted_at = held.updated_at = now
    held.version += 1
    subject = f"workspace:{workspace}"
    audit.record(conn, "workspace_deleted", subject=subject, at=now, workspace=workspace, user=by)
    purges.of_workspaces(conn, [workspace], now)


async def restore(conn: AsyncSession, workspace: int, *, by: Person, now: datetime) -> WorkspaceOut:
    """Give a deleted workspace back, as it was, to one who may enter it then.

    Raises NotFound once its time is over, SecondFactorRequired, TooManyWorkspaces.
    """
    await _refuse_more(conn, by.user)
    query = (
        select(Workspace)
        .join(Member, Member.workspace_id == Workspace.id)
        .where(Workspace.id == workspace, Member.user_id == by.user, restorable(now))
        .with_for_update(of=(Workspace, Member), key_share=True)
    )
    found = await conn.scalar(query)
    if found is None:
        raise NotFound("deleted workspace", workspace)
    if found.require_second_factor and by.second_factor is None:
        raise SecondFactorRequired.within()
    found.deleted_at, found.updated_at = None, now
    found.version += 1
    await conn.flush()
    subject = f"workspace:{workspace}"
    audit.record(conn, "workspace_restored", subject=subject, at=now, workspace=workspace, user=by.user)
    purges.of_workspaces(conn, [workspace], now)
    return await reading.get(conn, workspace, user=by.user)


def _check_version(workspace: Workspace, version: int | None) -> None:
    if version is not None and workspace.version != version:
        raise PreconditionFailed(f"The workspace is at version {workspace.version}, not {version}.")
