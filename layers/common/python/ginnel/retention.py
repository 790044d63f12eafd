"""Retention: clicks go when their workspace's time for them is over; what they were counted as stays.

Of a link whose clicks go, the days until then are rolled up first. `raw_since` of a workspace says from which day on all of its
clicks are there. Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from ginnel import observe, rollups

if TYPE_CHECKING:
    import asyncpg

_LINKS = 20
"""Links that are rolled up at once; those who store clicks that come so late wait for each such step."""
_CLICKS = 5_000
"""Clicks that are deleted at once."""


async def expire(connection: asyncpg.Connection, now: datetime) -> int:
    """Let clicks go whose time is over; return how many were deleted one by one. Can be cut off anywhere, and repeated.

    Months that nobody keeps any more are dropped whole. Needs a connection in no transaction.
    """
    due = await connection.fetch(
        """
        select id, (($1::timestamptz at time zone 'UTC')::date - retention_days) as cutoff from workspaces
        where retention_days is not null
            and (raw_since is null or raw_since < ($1::timestamptz at time zone 'UTC')::date - retention_days)
        order by id
        """,
        now,
    )
    for row in due:
        await _roll(connection, row["id"], row["cutoff"])
    dropped = await _drop_months(connection, now)
    deleted = 0
    for row in due:
        deleted += await _delete(connection, row["id"], row["cutoff"])
    if dropped or deleted:
        observe.log.info("clicks_expired", months=dropped, clicks=deleted)
    return deleted


async def _roll(connection: asyncpg.Connection, workspace: int, cutoff: date) -> None:
    """Roll up the days before `cutoff` of a workspace's links, then say that its clicks of those days may be gone."""
    links = [
        row["link_id"]
        for row in await connection.fetch(
            """
            select distinct h.link_id from clicks_hourly h left join rolled_links r using (link_id)
            where h.workspace_id = $1 and h.hour < $2::date::timestamp at time zone 'UTC'
                and (r.until is null or r.until < $2::date) and h.hour >= coalesce(r.until, '-infinity')
            """,
            workspace,
            cutoff,
        )
    ]
    for start in range(0, len(links), _LINKS):
        await rollups.roll(connection, links[start : start + _LINKS], cutoff)
    await connection.execute("update workspaces set raw_since = $2 where id = $1", workspace, cutoff)


async def _delete(connection: asyncpg.Connection, workspace: int, cutoff: date) -> int:
    deleted = 0
    while True:
        gone: int = await connection.fetchval(
            """
            with old as (
                select at, id from clicks where workspace_id = $1 and at < $2::date::timestamp at time zone 'UTC' limit $3
            ), gone as (
                delete from clicks c using old where c.at = old.at and c.id = old.id
                    and c.at < $2::date::timestamp at time zone 'UTC' returning 1
            )
            select count(*) from gone
            """,
            workspace,
            cutoff,
            _CLICKS,
        )
        deleted += gone
        if gone < _CLICKS:
            return deleted


async def _drop_months(connection: asyncpg.Connection, now: datetime) -> list[str]:
    """Drop the partitions of months that no workspace keeps a day of, without making readers or writers wait."""
    dropped = []
    names = await connection.fetch(
        """
        select c.relname as name, i.inhdetachpending as half from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'clicks'::regclass order by 1
        """
    )
    for row in names:
        found = re.fullmatch(r"clicks_(\d{4})_(\d{2})", row["name"])
        if not found:
            continue
        year, month = map(int, found.groups())
        ends = date(year + month // 12, month % 12 + 1, 1)
        if ends > now.date() - timedelta(days=1) or await _kept(connection, date(year, month, 1), ends):
            continue
        how = "finalize" if row["half"] else "concurrently"
        await connection.execute(f"alter table clicks detach partition {row['name']} {how}")
        await connection.execute(f"drop table {row['name']}")
        dropped.append(row["name"])
    return dropped


async def _kept(connection: asyncpg.Connection, month: date, ends: date) -> bool:
    """Say whether somebody has clicks in a month and keeps some of them; an empty month is kept, too: it costs nothing."""
    keeps = await connection.fetchval(
        """
        select count(*) = 0 or bool_or(w.raw_since is null or w.raw_since < $2)
        from (
            select distinct workspace_id from workspace_hours
            where hour >= $1::date::timestamp at time zone 'UTC' and hour < $2::date::timestamp at time zone 'UTC'
        ) h join workspaces w on w.id = h.workspace_id
        """,
        month,
        ends,
    )
    return bool(keeps)
