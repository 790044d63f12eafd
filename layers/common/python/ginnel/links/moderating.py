"""Links of the whole installation, as operators see them, and blocking one: visitors get 451, and its owner can't undo it.

Links are blocked too whose host is (see blocking), or whose workspace is: nothing is written to those.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, cursors, purges, targets, web, webhooks
from ginnel.domains import Domain
from ginnel.errors import Invalid, NotFound
from ginnel.outputs import LinkOut
from ginnel.workspaces import Workspace

from .history import keep
from .reading import Found, shown
from .searching import Asked, found
from .tables import Budget, Link


class Moderated(LinkOut):
    """A link with what only operators see of it."""

    workspace: int = Field(description="The id of whose it is.")
    workspace_name: str
    created_by: int | None = Field(description="The id of who made it; null if they are gone.")
    blocked_at: datetime | None = Field(
        description="Since when the link itself is blocked. It may be `blocked` without: by a host, or with its workspace."
    )
    blocked_reason: str | None


class ModeratedPage(web.Output):
    items: list[Moderated]
    next_cursor: str | None


async def find_everywhere(  # noqa: PLR0913  # one question, each word of it by name
    conn: AsyncSession,
    *,
    search: str | None,
    host: str | None,
    domain: str | None,
    workspace: int | None,
    blocked: bool,
    limit: int,
    cursor: str | None,
) -> ModeratedPage:
    """List links that were not deleted, newest first. `host` is what they lead to, or above that. Raises Invalid."""
    after = cursors.read(cursor, cursors.number) if cursor else None
    on = await _domain(conn, domain) if domain else None
    if domain and on is None:
        return ModeratedPage(items=[], next_cursor=None)
    try:
        leading_to = targets.blockable(host) if host else None
    except targets.BadTarget as error:
        raise Invalid.field("query:host", error.code, error.detail) from error
    asked = Asked(
        workspace=workspace,
        search=search,
        named=(),
        tags=(),
        domain=on,
        archived=None,
        sort="-created_at",
        after=("", after) if after else None,
        limit=limit + 1,
        leading_to=leading_to,
        blocked=blocked,
    )
    rows = await found(conn, asked)
    more = len(rows) > limit
    return ModeratedPage(
        items=await _moderated(conn, rows[:limit]),
        next_cursor=cursors.pack(rows[limit - 1].link.id) if more else None,
    )


async def _domain(conn: AsyncSession, host: str) -> int | None:
    served = (Domain.verified_at.is_not(None), Domain.deleted_at.is_(None))
    return await conn.scalar(select(Domain.id).where(Domain.host == host.lower(), *served))


async def find_one(conn: AsyncSession, link_id: int) -> Moderated:
    """Raises NotFound."""
    return (await _moderated(conn, [await _any(conn, link_id)]))[0]


async def _any(conn: AsyncSession, link_id: int, *, lock: bool = False) -> Found:
    query = (
        select(Link, Domain, Budget.used)
        .join(Domain, Domain.id == Link.domain_id)
        .outerjoin(Budget, Budget.link_id == Link.id)
        # A blocked one that was deleted keeps its slug until the block is lifted.
        .where(Link.id == link_id, or_(Link.deleted_at.is_(None), Link.blocked_at.is_not(None)))
    )
    row = (await conn.execute(query.with_for_update(of=Link) if lock else query)).first()
    if row is None:
        raise NotFound("link", link_id)
    return Found(row[0], row[1], row[2])


async def _moderated(conn: AsyncSession, rows: list[Found]) -> list[Moderated]:
    ids = {row.link.workspace_id for row in rows}
    asked = await conn.execute(select(Workspace.id, Workspace.name).where(Workspace.id.in_(ids)))
    names = dict(asked.all())
    return [
        Moderated(
            **link.model_dump(),
            workspace=row.link.workspace_id,
            workspace_name=names[row.link.workspace_id],
            created_by=row.link.created_by,
            blocked_at=row.link.blocked_at,
            blocked_reason=row.link.blocked_reason,
        )
        for row, link in zip(rows, await shown(conn, rows), strict=True)
    ]


async def block(conn: AsyncSession, link_id: int, *, reason: str | None, by: int, now: datetime) -> Moderated:
    """Have a link answered with 451 from now on. Of one that is blocked already the reason is changed. Raises NotFound."""
    row = await _any(conn, link_id, lock=True)
    row.link.blocked_reason = reason
    audit.record(
        conn, "link_blocked", subject=f"link:{link_id}", at=now, workspace=row.link.workspace_id, user=by, reason=reason
    )
    return await _turned(conn, row, since=row.link.blocked_at or now, now=now)


async def unblock(conn: AsyncSession, link_id: int, *, by: int, now: datetime) -> Moderated:
    """Have a link lead on again, unless its host or its workspace is blocked. Raises NotFound."""
    row = await _any(conn, link_id, lock=True)
    row.link.blocked_reason = None
    audit.record(conn, "link_unblocked", subject=f"link:{link_id}", at=now, workspace=row.link.workspace_id, user=by)
    return await _turned(conn, row, since=None, now=now)


async def _turned(conn: AsyncSession, row: Found, *, since: datetime | None, now: datetime) -> Moderated:
    """Write down whether a link is blocked, as a version of it; who did so is in the audit log alone."""
    link = row.link
    if (link.blocked_at is None) is (since is None):
        await conn.flush()
        return (await _moderated(conn, [row]))[0]
    # Links that are older than the keeping of versions have their first one kept now.
    await keep(conn, await shown(conn, [row]), user=None)
    link.blocked_at = since
    link.version += 1
    link.updated_at = now
    await conn.flush()
    changed = await shown(conn, [row])
    await keep(conn, changed, user=None, blocked=since is not None)
    await webhooks.announce(conn, "link.updated", changed, workspace=link.workspace_id, now=now)
    purges.after_commit(conn, [(row.domain.host, link.slug_key)], now)
    return (await _moderated(conn, [row]))[0]
