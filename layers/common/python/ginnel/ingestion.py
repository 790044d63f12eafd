"""Clicks as they are stored: a row each, once, and the roll-ups that count it; and those that are on their way there.

A row's key and the counting of inserted rows only make any number of deliveries harmless.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from ginnel import redis, rollups, shards
from ginnel.webhooks import outbox


class Row(NamedTuple):
    """A click as it is stored. Its fields are the columns of `clicks`, in their order; no address is among them."""

    at: datetime
    id: UUID
    workspace_id: int
    domain_id: int
    link_id: int
    visitor: bytes | None
    country: str | None
    region: str | None
    city: str | None
    continent: str | None
    device: str
    os: str | None
    browser: str | None
    language: str | None
    bot: str | None
    referrer_host: str | None
    referrer_path: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None
    qr: bool
    variant: str | None
    clamped: bool
    source: str | None
    """The name of where it came from, where that is listed: what is not goes by `referrer_host`, see `rollups.DIMENSIONS`."""
    channel: str | None


async def store(connection: asyncpg.Connection, rows: Sequence[Row]) -> int:
    """Insert rows that are not there yet, and count in the roll-ups just those; return how many they were.

    All or nothing, also within the caller's transaction.
    """
    if not rows:
        return 0
    async with connection.transaction():
        rows = await _settled(connection, rows)
        # Also of months that were there before: a partition that was dropped would make each of its clicks look refused.
        months = {(row.at.year, row.at.month) for row in rows}
        await connection.execute(
            "select ensure_clicks_partition(month) from unnest($1::date[]) month",
            [date(year, month, 1) for year, month in sorted(months)],
        )
        # Takes half of what arrays as parameters take here, and PostgreSQL no more.
        await connection.execute(
            "create temporary table if not exists incoming (like clicks including defaults) on commit delete rows"
        )
        await connection.copy_records_to_table("incoming", schema_name="pg_temp", columns=Row._fields, records=rows)
        await rollups.share(connection, min(row.at for row in rows))
        stored = await connection.fetchrow(_STORE)
        if stored["heard"]:
            heard = set(stored["heard"])
            await outbox.announce_clicks(connection, [row for row in rows if row.id in heard])
    return int(stored["inserted"])


# Who was met today is asked by what `visitors` takes: of any number of workers one hears that a visitor is new. Then their
# first click among these says so; equal ranks are one click twice, of which one is inserted. Whose webhooks want clicks is
# asked first, so that where nobody's do it costs nothing to pick them out.
_STORE = f"""
    with taken as (
        delete from pg_temp.incoming returning *, (at at time zone 'UTC')::date as day
    ), met as (
        insert into visitors (link_id, day, visitor)
        select link_id, day, visitor from taken where bot is null and visitor is not null
        union
        select 0, day, visitor from taken where bot is null and visitor is not null
        order by 1, 2, 3
        on conflict do nothing
        returning link_id, day, visitor
    ), inserted as (
        insert into clicks (
            at, id, workspace_id, domain_id, link_id, visitor, country, region, city, continent, device, os,
            browser, language, bot, referrer_host, referrer_path, utm_source, utm_medium, utm_campaign, utm_term,
            utm_content, qr, variant, clamped, source, channel, new_to_link, new_to_workspace
        )
        select
            t.at, t.id, t.workspace_id, t.domain_id, t.link_id, t.visitor, t.country, t.region, t.city, t.continent,
            t.device, t.os, t.browser, t.language, t.bot, t.referrer_host, t.referrer_path, t.utm_source, t.utm_medium,
            t.utm_campaign, t.utm_term, t.utm_content, t.qr, t.variant, t.clamped, t.source, t.channel,
            l.visitor is not null and rank() over (of_link order by t.at, t.id) = 1,
            w.visitor is not null and rank() over (of_workspace order by t.at, t.id) = 1
        from taken t
        left join met l on t.bot is null and l.day = t.day and l.link_id = t.link_id and l.visitor = t.visitor
        left join met w on t.bot is null and w.day = t.day and w.link_id = 0 and w.visitor = t.visitor
        window
            of_link as (partition by t.day, t.link_id, t.visitor, t.bot is null),
            of_workspace as (partition by t.day, t.visitor, t.bot is null)
        on conflict do nothing
        returning *
    ), {rollups.ADD}
    select
        (select count(*) from inserted) as inserted,
        case when exists (select from webhooks where 'link.clicked' = any(events) and disabled_at is null) then array(
            select id from inserted where workspace_id in (
                select workspace_id from webhooks where 'link.clicked' = any(events) and disabled_at is null
            )
        ) end as heard
"""  # noqa: S608  # of constants


async def _settled(connection: asyncpg.Connection, rows: Sequence[Row]) -> Sequence[Row]:
    """Give each click whose time was corrected the time of its first delivery.

    Its own time can't be its key, and its arrival is another one in the outbox than in the stream, should it be in both.
    """
    arrivals: dict[UUID, datetime] = {}
    for row in rows:
        if row.clamped:
            arrivals.setdefault(row.id, row.at)
    if not arrivals:
        return rows
    ids = sorted(arrivals)  # so that two workers with the same ones don't wait for each other
    kept = await connection.fetch(
        """
        insert into clamped_clicks (id, at) select id, at from unnest($1::uuid[], $2::timestamptz[]) as arrived (id, at)
        on conflict (id) do update set at = clamped_clicks.at returning id, at
        """,
        ids,
        [arrivals[identifier] for identifier in ids],
    )
    times = {row["id"]: row["at"] for row in kept}
    return [row._replace(at=times[row.id]) if row.clamped else row for row in rows]


async def bury(connection: asyncpg.Connection, payload: bytes, error: str, *, appended: datetime) -> None:
    """Keep what can't be stored as a click, for a person to look at. Runs in the caller's transaction.

    Its date is that of the click's arrival: a replay has to come to the same row as the first delivery would have.
    """
    await connection.execute(
        "insert into dead_letters (created_at, payload, error) values ($1, $2, $3)", appended, payload, error
    )


async def replay(connection: asyncpg.Connection) -> int:
    """Have all dead letters that were not yet replayed stored again; return how many they are.

    They go through the outbox: in one transaction, and with the time of their arrival.
    """
    count: int = await connection.fetchval(
        """
        with replayed as (
            update dead_letters set replayed_at = now() where replayed_at is null returning id, created_at, payload
        ), spilled as (
            insert into outbox (created_at, payload) select created_at, payload from replayed order by id
        )
        select count(*) from replayed
        """
    )
    return count


async def take_outbox(connection: asyncpg.Connection, *, limit: int, size: int) -> list[asyncpg.Record]:
    """Remove the oldest (id, created_at, payload) from the outbox, as part of the caller's transaction.

    `limit` many, and fewer once they exceed `size` bytes together.
    """
    rows = await connection.fetch(
        """
        with oldest as (
            select id, octet_length(payload) as size from outbox order by id limit $1 for update skip locked
        ), chosen as (
            select id, sum(size) over (order by id) - size as before from oldest
        )
        delete from outbox using chosen where outbox.id = chosen.id and chosen.before < $2
        returning outbox.id, created_at, payload
        """,
        limit,
        size,
    )
    return sorted(rows, key=lambda row: int(row["id"]))


@dataclass(frozen=True)
class Waiting:
    """What is on its way into the table, and what did not make it. An entry and a spilled payload hold one click or many."""

    entries: int
    spilled: int
    dead_letters: int
    oldest_seconds: float
    """Age of the oldest of those entries and payloads; 0 when none waits."""


async def waiting(connection: asyncpg.Connection, now: datetime) -> Waiting:
    """Look at the streams and the outbox. Raises RedisError when Redis does not answer."""
    entries, appended_first = await streamed()
    aside = await connection.fetchrow(PUT_ASIDE)
    since = [moment for moment in (appended_first, aside["since"]) if moment]
    return Waiting(
        entries=entries,
        spilled=aside["spilled"],
        dead_letters=aside["dead_letters"],
        oldest_seconds=max(0.0, (now - min(since)).total_seconds()) if since else 0.0,
    )


async def streamed() -> tuple[int, datetime | None]:
    """Count the streams' entries, and say when the oldest was appended. Raises RedisError."""
    entries = 0
    since: list[datetime] = []
    for name in shards.streams():

        async def look(client: redis.Redis, name: str = name) -> tuple[int, Any]:
            return await client.xlen(name), await client.xrange(name, count=1)

        # What is stored is deleted, so whatever is there waits.
        length, first = await redis.call(look, name)
        entries += length
        since += [appended(identifier) for identifier, _ in first]
    return entries, min(since, default=None)


PUT_ASIDE = """
    select (select count(*) from outbox) as spilled, (select min(created_at) from outbox) as since,
        (select count(*) from dead_letters where replayed_at is null) as dead_letters
"""
"""Asks for the outbox's payloads, since when the oldest waits, and the dead letters that nobody has replayed."""


def appended(identifier: bytes) -> datetime:
    """Return when an entry of the stream was made, by its id."""
    return datetime.fromtimestamp(int(identifier.partition(b"-")[0]) / 1000, UTC)


async def hosts(connection: asyncpg.Connection, domains: Sequence[int]) -> dict[int, set[str]]:
    """Return, by id, what the pages of a domain are at: its own host, and those of the installation, which nobody owns.

    By the table, as who stores clicks need not know where the site is: a back-up does, and is told no BASE_URL.
    """
    rows = await connection.fetch(
        "select id, host, workspace_id from domains where id = any($1::bigint[]) or workspace_id is null", domains
    )
    ours = {row["host"] for row in rows if row["workspace_id"] is None}
    own = {row["id"]: row["host"] for row in rows}
    return {domain: ours | ({own[domain]} if domain in own else set()) for domain in domains}


async def salt(connection: asyncpg.Connection, day: date) -> bytes:
    """Return the secret that makes visitor ids of one day; nobody can make them again once it is discarded."""
    kept: bytes = await connection.fetchval(
        """
        insert into visitor_salts (day, salt) values ($1, $2)
        on conflict (day) do update set salt = visitor_salts.salt returning salt
        """,
        day,
        os.urandom(32),
    )
    return kept


async def tend(connection: asyncpg.Connection, now: datetime) -> None:
    """Do the housekeeping that time asks for: partitions ahead, salts and once-only keys that are past use."""
    await connection.execute(
        "select ensure_clicks_partition(($1::date + make_interval(months => n))::date) from generate_series(0, 2) n",
        now.date(),
    )
    await connection.execute("delete from visitor_salts where day < $1::date - 2", now.date())
    # Whoever comes on a day of discarded salts is somebody new.
    await connection.execute("delete from visitors where day < $1::date - 3", now.date())
    await connection.execute("delete from clamped_clicks where at < $1::timestamptz - interval '7 days'", now)
    await connection.execute("delete from captured_clicks where created_at < $1::timestamptz - interval '7 days'", now)
    await connection.execute("delete from idempotency_keys where created_at < $1::timestamptz - interval '1 day'", now)
    await connection.execute("delete from tries where began < $1::timestamptz - interval '2 days'", now)
    await connection.execute("delete from devices where expires_at < $1::timestamptz", now)
    await connection.execute("delete from imports where worked_at < $1::timestamptz - interval '30 days'", now)
