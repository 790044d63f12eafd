"""Roll-ups: clicks counted by link and by workspace, so that a year is read as quickly as a day.

| table | one row for each |
|---|---|
| clicks_hourly, workspace_hours | link or workspace, hour |
| link_days, workspace_days, workspace_months | link or workspace, day or month (UTC), dimension, value |

Of most links a year's clicks are quickly read, and their roll-ups by dimension would be longer than that. So `link_days` knows
only what `rolled_links` says: of a link, the days before `until`; of a busy one that is all of them.

`add` counts clicks in the transaction that stores them; `rebuild` counts a day anew from the clicks themselves. A visitor is
counted once a day, by the click that met them first: `new_to_link` and `new_to_workspace` say so on its row. So visitors add
up like clicks do, over hours, values and links.

Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
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

_LOCK = 7467
"""Held by those who store clicks, together; by who counts a day anew, alone."""

_VALUES = "values " + ", ".join(f"('{name}'::dimension, {value})" for name, value in DIMENSIONS.items())

_SUM_UP = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in ("clicks", "visitors", "bots"))

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


async def share(connection: asyncpg.Connection) -> None:
    """Keep days from being counted anew until the running transaction ends, together with others who store clicks."""
    await connection.execute("select pg_advisory_xact_lock_shared($1)", _LOCK)


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

    Those who store clicks wait for that.
    """
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_ROLL, links, until)
        await connection.execute(
            """
            insert into rolled_links as r (link_id, until) select unnest($1::bigint[]), $2::date
            on conflict (link_id) do update set until = greatest(r.until, excluded.until)
            """,
            links,
            until,
        )


async def rebuild(connection: asyncpg.Connection, first: date, last: date) -> int:
    """Count the days from `first` up to, not including, `last` anew; return how many rows had to be changed for that.

    Workspaces that have let clicks of a day go are passed over. Each day is a transaction, for which those who store clicks
    wait.
    """
    changed = 0
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    for day in days:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
            await connection.execute(_MEET, day)
            for statement in (*_FLAGS, *_DAY):
                changed += await connection.fetchval(statement, day)
    for month in sorted({day.replace(day=1) for day in days}):
        changed += await connection.fetchval(_MONTH, month)
    return changed


# Of other workspaces some of the day's clicks are gone.
_WHOLE = "not exists (select from workspaces w where w.id = {}.workspace_id and w.raw_since > $1::date)"
_OF_DAY = "c.at >= $1::date::timestamp at time zone 'UTC' and c.at < ($1::date + 1)::timestamp at time zone 'UTC'"


def _flag(column: str, whose: str) -> str:
    """Leave one of a visitor's clicks of the day flagged: the first that is, else the first."""
    return f"""
        with ranked as (
            select c.at, c.id, row_number() over (partition by {whose} order by c.{column} desc, c.at, c.id) = 1 as flag
            from clicks c where {_OF_DAY} and c.bot is null and c.visitor is not null
        ), changed as (
            update clicks c set {column} = r.flag from ranked r
            where {_OF_DAY} and c.at = r.at and c.id = r.id and c.{column} <> r.flag returning 1
        )
        select count(*) from changed
    """  # noqa: S608  # of constants


def _recount(table: str, keys: str, period: str, counted: str) -> str:
    """Make the rows of a table's period what was counted, and touch no others."""
    same = " and ".join(f"k.{key} = w.{key}" for key in keys.split(", "))
    return f"""
        with wanted as materialized ({counted}),
        gone as (
            delete from {table} k
            where {period} and {_WHOLE.format("k")} and not exists (select from wanted w where {same}) returning 1
        ), changed as (
            insert into {table} as k select * from wanted
            on conflict ({keys}) do update set clicks = excluded.clicks, visitors = excluded.visitors, bots = excluded.bots
            where (k.clicks, k.visitors, k.bots) <> (excluded.clicks, excluded.visitors, excluded.bots) returning 1
        )
        select (select count(*) from gone) + (select count(*) from changed)
    """  # noqa: S608  # of constants


# A visitor of a day whose salt is still there may come again.
_MEET = f"""
    insert into visitors (link_id, day, visitor)
    select o.link_id, $1::date, c.visitor
    from clicks c cross join lateral (values (c.link_id), (0)) o (link_id)
    where {_OF_DAY} and c.bot is null and c.visitor is not null
        and exists (select from visitor_salts where day = $1::date)
    group by 1, 3
    on conflict do nothing
"""  # noqa: S608  # of constants
_FLAGS = (_flag("new_to_link", "c.link_id, c.visitor"), _flag("new_to_workspace", "c.visitor"))
_KEPT = _WHOLE.format("c")
_BY_HOUR = "k.hour >= $1::date::timestamp at time zone 'UTC' and k.hour < ($1::date + 1)::timestamp at time zone 'UTC'"
_VALUED = f"(clicks c cross join lateral ({_VALUES}) v (dimension, value))"
_SUMS = (
    "count(*) filter (where c.bot is null) as clicks, count(*) filter (where {new}) as visitors, count(c.bot) as bots"
)
_ROLL = f"""
    insert into link_days (link_id, dimension, day, value, workspace_id, clicks, visitors, bots)
    select
        c.link_id, v.dimension, (c.at at time zone 'UTC')::date, v.value, min(c.workspace_id),
        {_SUMS.format(new="c.new_to_link")}
    from unnest($1::bigint[]) l (id) left join rolled_links r on r.link_id = l.id join {_VALUED} on c.link_id = l.id
    where v.value is not null
        and c.at >= coalesce(r.until, '-infinity')::timestamp at time zone 'UTC'
        and c.at < $2::date::timestamp at time zone 'UTC'
    group by 1, 2, 3, 4
"""  # noqa: S608  # of constants
_DAY = (
    _recount(
        "clicks_hourly",
        "link_id, hour",
        _BY_HOUR,
        f"""
            select c.link_id, date_trunc('hour', c.at, 'UTC') as hour, min(c.workspace_id),
                count(*) filter (where c.bot is null), count(c.bot), count(*) filter (where c.new_to_link)
            from clicks c where {_OF_DAY} and {_KEPT} group by 1, 2
        """,  # noqa: S608  # of constants
    ),
    _recount(
        "workspace_hours",
        "workspace_id, hour",
        _BY_HOUR,
        f"""
            select c.workspace_id, date_trunc('hour', c.at, 'UTC') as hour, {_SUMS.format(new="c.new_to_workspace")}
            from clicks c where {_OF_DAY} and {_KEPT} group by 1, 2
        """,  # noqa: S608  # of constants
    ),
    _recount(
        "link_days",
        "link_id, dimension, day, value",
        "k.day = $1::date",
        f"""
            select c.link_id, v.dimension, $1::date as day, v.value, min(c.workspace_id), {_SUMS.format(new="c.new_to_link")}
            from {_VALUED} join rolled_links r on r.link_id = c.link_id
            where {_OF_DAY} and {_KEPT} and v.value is not null and r.until > $1::date group by 1, 2, 4
        """,  # noqa: S608  # of constants
    ),
    _recount(
        "workspace_days",
        "workspace_id, dimension, day, value",
        "k.day = $1::date",
        f"""
            select c.workspace_id, v.dimension, $1::date as day, v.value, {_SUMS.format(new="c.new_to_workspace")}
            from {_VALUED} where {_OF_DAY} and {_KEPT} and v.value is not null group by 1, 2, 4
        """,  # noqa: S608  # of constants
    ),
)
# From its days, as the clicks of the first of them may be gone.
_MONTH = _recount(
    "workspace_months",
    "workspace_id, dimension, month, value",
    "k.month = $1::date",
    """
        select workspace_id, dimension, $1::date as month, value,
            sum(clicks)::bigint as clicks, sum(visitors)::bigint as visitors, sum(bots)::bigint as bots
        from workspace_days where day >= $1::date and day < $1::date + interval '1 month' group by 1, 2, 4
    """,
)
