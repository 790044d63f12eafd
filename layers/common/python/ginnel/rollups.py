"""Roll-ups: clicks counted by link and by workspace, so that a year is read as quickly as a day.

| table | one row for each |
|---|---|
| clicks_hourly, workspace_hours | link or workspace, hour |
| workspace_quarters | workspace, quarter of an hour |
| link_days, workspace_days, workspace_months | link or workspace, day or month (UTC), dimension, value |

Of most links a year's clicks are quickly read, and their roll-ups by dimension would be longer than that. So `link_days` knows
only what `rolled_links` says: of a link, the days before `until`; of a busy one that is all of them.

`ADD` counts clicks in the transaction that stores them; `recounting` counts a day anew from the clicks themselves. A visitor is
counted once a day, by the click that met them first: `new_to_link` and `new_to_workspace` say so on its row. So visitors add
up like clicks do, over hours, values and links.

Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

DIMENSIONS = {
    "continent": "c.continent",
    "country": "c.country",
    "region": "c.region",
    # There is a London in Ontario, too.
    "city": "coalesce(c.country || '/', '') || c.city",
    "device": "c.device",
    "os": "c.os",
    "browser": "c.browser",
    "language": "c.language",
    "bot": "c.bot",
    "referrer_host": "c.referrer_host",
    "utm_source": "c.utm_source",
    "utm_medium": "c.utm_medium",
    "utm_campaign": "c.utm_campaign",
    "utm_term": "c.utm_term",
    "utm_content": "c.utm_content",
    "qr": "case when c.qr then 'true' end",
    "variant": "c.variant",
    # Kept only where it is listed, or known to be more than another site's link.
    "source": "coalesce(c.source, c.referrer_host)",
    "channel": "coalesce(c.channel, case when c.referrer_host is not null then 'referral' end)",
}
"""What a click's value is, by dimension. One without a value is counted by no row: it is what the total has more."""

BUSY = 5_000
"""Clicks from which on a link's are counted by dimension. Fewer are read in a few milliseconds."""

_LOCK, _OLD_LOCK = 7467, 7468
"""Held by those who store clicks, together; by who counts a day anew, alone. The other by those who store old ones."""
_OLD, _SURELY_OLD = timedelta(days=2), timedelta(days=3)
"""How old a click is that its storing says so, and all clicks of a day that are so, whoever's clock one goes by."""

_VALUES = "values " + ", ".join(f"('{name}'::dimension, {value})" for name, value in DIMENSIONS.items())

_SUM_UP = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in ("clicks", "visitors", "bots"))

QUARTER = "date_bin('15 minutes', {}, timestamptz 'epoch')"

ADD = f"""
    counted as materialized (
        select
            r.link_id, c.workspace_id, c.day, v.dimension, v.value,
            count(*) filter (where bot is null) as clicks, count(*) filter (where new_to_link) as visitors,
            count(*) filter (where new_to_workspace) as of_workspace, count(bot) as bots
        from (select *, (at at time zone 'UTC')::date as day from inserted) c
        left join rolled_links r on r.link_id = c.link_id and c.day < r.until
        cross join lateral ({_VALUES}) v (dimension, value)
        where v.value is not null
        group by 1, 2, 3, 4, 5
    ), by_link_hour as (
        insert into clicks_hourly as kept (link_id, hour, workspace_id, clicks, visitors, bots)
        select
            link_id, date_trunc('hour', at), min(workspace_id), count(*) filter (where bot is null),
            count(*) filter (where new_to_link), count(bot)
        from inserted group by 1, 2 order by 1, 2
        on conflict (link_id, hour) do update set {_SUM_UP}
    ), by_workspace_hour as (
        insert into workspace_hours as kept (workspace_id, hour, clicks, visitors, bots)
        select
            workspace_id, date_trunc('hour', at), count(*) filter (where bot is null),
            count(*) filter (where new_to_workspace), count(bot)
        from inserted group by 1, 2 order by 1, 2
        on conflict (workspace_id, hour) do update set {_SUM_UP}
    ), by_workspace_quarter as (
        insert into workspace_quarters as kept (workspace_id, quarter, clicks, visitors, bots)
        select
            workspace_id, {QUARTER.format("at")}, count(*) filter (where bot is null),
            count(*) filter (where new_to_workspace), count(bot)
        from inserted group by 1, 2 order by 1, 2
        on conflict (workspace_id, quarter) do update set {_SUM_UP}
    ), by_link_day as (
        insert into link_days as kept (link_id, dimension, day, value, workspace_id, clicks, visitors, bots)
        select link_id, dimension, day, value, min(workspace_id), sum(clicks), sum(visitors), sum(bots)
        from counted where link_id is not null
        group by 1, 2, 3, 4 order by 1, 2, 3, 4
        on conflict (link_id, dimension, day, value) do update set {_SUM_UP}
    ), by_workspace_day as (
        insert into workspace_days as kept (workspace_id, dimension, day, value, clicks, visitors, bots)
        select workspace_id, dimension, day, value, sum(clicks), sum(of_workspace), sum(bots)
        from counted group by 1, 2, 3, 4 order by 1, 2, 3, 4
        on conflict (workspace_id, dimension, day, value) do update set {_SUM_UP}
    ), by_workspace_month as (
        insert into workspace_months as kept (workspace_id, dimension, month, value, clicks, visitors, bots)
        select workspace_id, dimension, date_trunc('month', day)::date, value, sum(clicks), sum(of_workspace), sum(bots)
        from counted group by 1, 2, 3, 4 order by 1, 2, 3, 4
        on conflict (workspace_id, dimension, month, value) do update set {_SUM_UP}
    )
"""  # noqa: S608  # of constants above
"""Common table expressions that count the rows of one named `inserted`. Rows are touched in the order of their keys."""


async def share(connection: asyncpg.Connection, oldest: datetime) -> None:
    """Keep days from being counted anew until the running transaction ends, together with others who store clicks."""
    await connection.execute("select pg_advisory_xact_lock_shared($1)", _LOCK)
    if oldest < datetime.now(UTC) - _OLD:
        await connection.execute("select pg_advisory_xact_lock_shared($1)", _OLD_LOCK)


async def keep_others_out(connection: asyncpg.Connection, before: date) -> None:
    """Have those who store clicks of the days before `before` wait until the running transaction ends.

    Where these days are long over, who stores what comes now does not have to.
    """
    if before > (datetime.now(UTC) - _SURELY_OLD).date():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
    await connection.execute("select pg_advisory_xact_lock($1)", _OLD_LOCK)


async def promote(connection: asyncpg.Connection, lately: timedelta = timedelta(hours=3)) -> int:
    """Have links that became busy counted by dimension, as far back as their clicks go; return how many they are.

    Only links that were followed lately are looked at.
    """
    busy = await connection.fetch(
        """
        select link_id from clicks_hourly k
        where link_id in (select link_id from clicks_hourly where hour >= now() - $2::interval)
            and not exists (select from rolled_links r where r.link_id = k.link_id and r.until = 'infinity')
        group by link_id having sum(clicks + bots) >= $1
        """,
        BUSY,
        lately,
    )
    for row in busy:
        await roll(connection, [row["link_id"]])
    return len(busy)


async def roll(connection: asyncpg.Connection, links: Sequence[int], until: date = date.max) -> None:
    """Count links' clicks of the days before `until` by dimension, and from now on those that come late, too.

    Those who store clicks of these days wait for that.
    """
    async with connection.transaction():
        await keep_others_out(connection, until)
        await connection.execute(_ROLL, links, until)
        await connection.execute(
            """
            insert into rolled_links as r (link_id, until) select unnest($1::bigint[]), $2::date
            on conflict (link_id) do update set until = greatest(r.until, excluded.until)
            """,
            links,
            until,
        )


VALUED = f"(clicks c cross join lateral ({_VALUES}) v (dimension, value))"
SUMS = (
    "count(*) filter (where c.bot is null) as clicks, count(*) filter (where {new}) as visitors, count(c.bot) as bots"
)
_ROLL = f"""
    insert into link_days (link_id, dimension, day, value, workspace_id, clicks, visitors, bots)
    select
        c.link_id, v.dimension, (c.at at time zone 'UTC')::date, v.value, min(c.workspace_id),
        {SUMS.format(new="c.new_to_link")}
    from unnest($1::bigint[]) l (id) left join rolled_links r on r.link_id = l.id join {VALUED} on c.link_id = l.id
    where v.value is not null
        and c.at >= coalesce(r.until, '-infinity')::timestamp at time zone 'UTC'
        and c.at < $2::date::timestamp at time zone 'UTC'
    group by 1, 2, 3, 4
"""  # noqa: S608  # of constants
