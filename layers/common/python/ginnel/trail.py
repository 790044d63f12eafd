"""Reading the audit log of a workspace, and giving it out as a file. How entries come into it: `audit`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import cursors, db, downloads, sheets, web
from ginnel.audit import Entry
from ginnel.downloads import Format, Piece
from ginnel.users import User

COLUMNS = ("id", "at", "user", "name", "action", "subject", "details")


class EntryOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    at: datetime
    user: int | None = Field(description="The id of who did it; null for what nobody did who was signed in.")
    name: str | None = Field(description="Their name; null if they are gone.")
    action: Annotated[str, Field(examples=["member_role_changed"])]
    subject: Annotated[str, Field(description="To what, or whom.", examples=["user:8"])]
    details: Annotated[dict[str, Any], Field(examples=[{"before": "member", "after": "admin"}])]


class EntryPage(web.Output):
    items: list[EntryOut]
    next_cursor: str | None


class Asked(NamedTuple):
    """Which entries are wanted."""

    actions: Sequence[str] = ()
    user: int | None = None
    since: datetime | None = None
    until: datetime | None = None


async def find_all(  # noqa: PLR0913  # one question, each word of it by name
    conn: AsyncSession,
    asked: Asked,
    *,
    workspace: int,
    limit: int,
    cursor: str | None = None,
    oldest_first: bool = False,
) -> EntryPage:
    """List entries, newest first if not told otherwise. Raises Invalid for a cursor that is none."""
    query = select(Entry, User.name).outerjoin(User, User.id == Entry.user_id).where(Entry.workspace_id == workspace)
    if asked.actions:
        query = query.where(Entry.action.in_(asked.actions))
    if asked.user is not None:
        query = query.where(Entry.user_id == asked.user)
    if asked.since is not None:
        query = query.where(Entry.at >= asked.since)
    if asked.until is not None:
        query = query.where(Entry.at < asked.until)
    if cursor:
        last = cursors.read(cursor, cursors.number)
        query = query.where(Entry.id > last if oldest_first else Entry.id < last)
    order = Entry.id if oldest_first else Entry.id.desc()
    rows = (await conn.execute(query.order_by(order).limit(limit + 1))).all()
    items = [_show(entry, name) for entry, name in rows[:limit]]
    return EntryPage(items=items, next_cursor=cursors.pack(items[-1].id) if len(rows) > limit else None)


def _show(entry: Entry, name: str | None) -> EntryOut:
    return EntryOut(
        id=entry.id,
        at=entry.at,
        user=entry.user_id,
        name=name or None,
        action=entry.action,
        subject=entry.subject,
        details=entry.details,
    )


async def pieces(
    asked: Asked, format_: Format, *, workspace: int, bom: bool, cursor: str | None
) -> AsyncIterator[Piece]:
    """Give the file piece by piece, oldest entry first, each on a connection of its own. Raises Invalid, Unavailable."""
    begun = False
    head = (sheets.BOM if bom else "") + sheets.lines([COLUMNS]) if format_ == "csv" and cursor is None else ""
    while True:
        async with db.session() as conn:
            page = await find_all(
                conn, asked, workspace=workspace, limit=downloads.page_size(), cursor=cursor, oldest_first=True
            )
        yield Piece(head + _written(page.items, format_, begun=begun), page.next_cursor)
        cursor, begun, head = page.next_cursor, True, ""
        if cursor is None:
            return


def _written(entries: Iterable[EntryOut], format_: Format, *, begun: bool) -> str:
    said = [entry.model_dump(mode="json") for entry in entries]
    if format_ == "csv":
        return sheets.lines([_cell(entry[column]) for column in COLUMNS] for entry in said)
    return downloads.objects(said, format_, begun=begun)


def _cell(value: Any) -> str:  # noqa: ANN401  # whatever an entry has
    if value is None or value == {}:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
