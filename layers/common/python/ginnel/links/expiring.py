"""Links that have expired: nobody asks for that, so somebody has to look."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import webhooks

from .reading import own, shown

MISSED = timedelta(days=30)
"""For how long nobody may have looked, and each expiry still be told."""


async def announce_expired(conn: AsyncSession, now: datetime, *, limit: int = 500) -> int:
    """Tell webhooks of links that have expired since they asked for it, each once; return how many these are."""
    expired = (
        await conn.execute(
            text(
                """
                insert into webhook_expiries as kept (link_id, expires_at)
                select distinct l.id, l.expires_at
                from webhooks w join links l on l.workspace_id = w.workspace_id
                join workspaces s on s.id = w.workspace_id and s.deleted_at is null
                left join webhook_expiries e on e.link_id = l.id and e.expires_at = l.expires_at
                where w.disabled_at is null and 'link.expired' = any(w.events)
                    and l.expires_at > w.created_at and l.expires_at > :missed and l.expires_at <= :now
                    and l.deleted_at is null and e.link_id is null
                order by l.id limit :limit
                on conflict (link_id) do update set expires_at = excluded.expires_at
                where kept.expires_at <> excluded.expires_at
                returning link_id, (select workspace_id from links where id = link_id) as workspace_id
                """
            ),
            {"now": now, "missed": now - MISSED, "limit": limit},
        )
    ).all()
    for link_id, workspace in expired:
        link = await shown(conn, [await own(conn, link_id, workspace=workspace)])
        await webhooks.announce(conn, "link.expired", link, workspace=workspace, now=now)
    return len(expired)
