"""The audit log of the whole installation, as operators read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import cursors, web
from ginnel.audit import Entry
from ginnel.users import Shown, User


class EntryOut(web.Output):
    id: int
    at: datetime
    action: Annotated[str, Field(examples=["link_blocked"])]
    subject: Annotated[str, Field(description="What it was done to: `link:7`, `user:3`.", examples=["link:7"])]
    user: Annotated[int | None, Field(description="The id of who did it; null for the installation itself.")]
    email: Annotated[Shown, Field(description="Their e-mail address; null for guests, and if they are gone.")]
    workspace: int | None
    details: Mapping[str, Any]


class Entries(web.Output):
    items: list[EntryOut]
    next_cursor: str | None


async def find_all(  # noqa: PLR0913  # one question, each word of it by name
    conn: AsyncSession,
    *,
    user: int | None,
    workspace: int | None,
    action: str | None,
    subject: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    cursor: str | None,
) -> Entries:
    """List what was done, newest first. Raises Invalid."""
    query = select(Entry, User.email).outerjoin(User, User.id == Entry.user_id).order_by(Entry.id.desc())
    wanted = (
        (Entry.user_id, user),
        (Entry.workspace_id, workspace),
        (Entry.action, action),
        (Entry.subject, subject),
    )
    for column, value in wanted:
        if value is not None:
            query = query.where(column == value)
    if since:
        query = query.where(Entry.at >= since)
    if until:
        query = query.where(Entry.at < until)
    if cursor:
        query = query.where(Entry.id < cursors.read(cursor, cursors.number))
    rows = (await conn.execute(query.limit(limit + 1))).all()
    return Entries(
        items=[_shown(entry, email) for entry, email in rows[:limit]],
        next_cursor=cursors.pack(rows[limit - 1][0].id) if len(rows) > limit else None,
    )


def _shown(entry: Entry, email: str | None) -> EntryOut:
    return EntryOut(
        id=entry.id,
        at=entry.at,
        action=entry.action,
        subject=entry.subject,
        user=entry.user_id,
        email=email,
        workspace=entry.workspace_id,
        details=entry.details,
    )
