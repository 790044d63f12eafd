"""What a guest's links gain when their maker signs up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel.drafts import LinkChange
from ginnel.links import Link, writing
from ginnel.sessions import end_all
from ginnel.workspaces import Member, Workspace

from .tables import Expiry


async def settle(conn: AsyncSession, user: int, *, now: datetime) -> None:
    """Lift the expiries that the rule for guests has set, and end the guest's sessions, for one who has just signed up."""
    personal = (
        select(Workspace.id)
        .join(Member, Member.workspace_id == Workspace.id)
        .where(Member.user_id == user, Member.role == "owner", Workspace.personal)
    )
    workspace = (await conn.scalars(personal)).one()
    ruled = (
        select(Link.id)
        .join(Expiry, Expiry.link_id == Link.id)
        .where(Link.workspace_id == workspace, Link.deleted_at.is_(None), Link.expires_at == Expiry.expires_at)
        .order_by(Link.id)
    )
    for link in (await conn.scalars(ruled)).all():
        for_good = LinkChange.model_construct({"expires_at"}, expires_at=None)
        await writing.change(conn, link, for_good, workspace=workspace, user=user, version=None, now=now)
    theirs = Expiry.link_id.in_(select(Link.id).where(Link.workspace_id == workspace))
    await conn.execute(delete(Expiry).where(theirs).execution_options(synchronize_session=False))
    await end_all(conn, user=user, now=now)
