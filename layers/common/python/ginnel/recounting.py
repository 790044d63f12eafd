"""Counting anew: what the roll-ups of some days should be, from the clicks themselves, and how far they were from it.

Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ginnel import rollups
from ginnel.rollups import QUARTER, SUMS, VALUED

if TYPE_CHECKING:
    import asyncpg


async def rebuild(
    connection: asyncpg.Connection, first: date, last: date, *, link: int | None = None
) -> dict[str, int]:
    """Count the days from `first` up to, not including, `last` anew; return how many rows had to be changed, by table.

    Of a link, only its own roll-ups are. Workspaces that have let clicks of a day go are passed over. Each day is a
    transaction, for which those who store its clicks wait.
    """
    changed: Counter[str] = Counter()
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    for day in days:
        async with connection.transaction():
            await rollups.keep_others_out(connection, day + timedelta(days=1))
            if link is None:
                await connection.execute(_MEET, day)
            for table, statement in _OF_LINKS:
                changed[table] += await connection.fetchval(statement, day, link)
            for table, statement in _OF_WORKSPACES if link is None else ():
                changed[table] += await connection.fetchval(statement, day)
    for month in sorted({day.replace(day=1) for day in days}) if link is None else ():
        changed["workspace_months"] += await connection.fetchval(_MONTH, month)
    return dict(+changed)


async def even_out(connection: asyncpg.Connection, lately: timedelta = timedelta(days=3)) -> dict[str, int]:
    """Count days anew whose quarters of an hour don't add up to their hours; return how many rows that changed, by table.

    A release that knows of hours only stores clicks beside this one while that is deployed, or after it was rolled back.
    """
    rows = await connection.fetch(
        """
        select distinct (hour at time zone 'UTC')::date as day from (
            select workspace_id, hour, clicks, visitors, bots from workspace_hours where hour >= now() - $1::interval
            except
            select workspace_id, date_trunc('hour', quarter, 'UTC'), sum(clicks), sum(visitors), sum(bots)
            from workspace_quarters where quarter >= date_trunc('hour', now() - $1::interval, 'UTC') group by 1, 2
        ) uneven order by 1
        """,
        lately,
    )
    changed: Counter[str] = Counter()
    for row in rows:
        changed += Counter(await rebuild(connection, row["day"], row["day"] + timedelta(days=1)))
    return dict(changed)


# Of other workspaces some of the day's clicks are gone.
_WHOLE = "not exists (select from workspaces w where w.id = {}.workspace_id and w.raw_since > $1::date)"
_OF_DAY = "c.at >= $1::date::timestamp at time zone 'UTC' and c.at < ($1::date + 1)::timestamp at time zone 'UTC'"
_OF_LINK = f"{_OF_DAY} and ($2::bigint is null or c.link_id = $2)"


def _flag(column: str, whose: str, which: str) -> str:
    """Leave one of a visitor's clicks of the day flagged: the first that is, else the first."""
    return f"""
        with ranked as (
            select c.at, c.id, row_number() over (partition by {whose} order by c.{column} desc, c.at, c.id) = 1 as flag
            from clicks c where {which} and c.bot is null and c.visitor is not null
        ), changed as (
            update clicks c set {column} = r.flag from ranked r
            where {which} and c.at = r.at and c.id = r.id and c.{column} <> r.flag returning 1
        )
        select count(*) from changed
    """  # noqa: S608  # of constants


def _recount(table: str, keys: str, period: str, counted: str) -> tuple[str, str]:
    """Name a table, with what makes its rows of a period what was counted, and touches no others."""
    same = " and ".join(f"k.{key} = w.{key}" for key in keys.split(", "))
    statement = f"""
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
    return table, statement


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
_KEPT = _WHOLE.format("c")
_BY_TIME = "k.{0} >= $1::date::timestamp at time zone 'UTC' and k.{0} < ($1::date + 1)::timestamp at time zone 'UTC'"
_LINK = " and ($2::bigint is null or k.link_id = $2)"
_OF_LINKS = (
    ("clicks", _flag("new_to_link", "c.link_id, c.visitor", _OF_LINK)),
    _recount(
        "clicks_hourly",
        "link_id, hour",
        _BY_TIME.format("hour") + _LINK,
        f"""
            select c.link_id, date_trunc('hour', c.at, 'UTC') as hour, min(c.workspace_id),
                count(*) filter (where c.bot is null), count(c.bot), count(*) filter (where c.new_to_link)
            from clicks c where {_OF_LINK} and {_KEPT} group by 1, 2
        """,  # noqa: S608  # of constants
    ),
    _recount(
        "link_days",
        "link_id, dimension, day, value",
        "k.day = $1::date" + _LINK,
        f"""
            select c.link_id, v.dimension, $1::date as day, v.value, min(c.workspace_id), {SUMS.format(new="c.new_to_link")}
            from {VALUED} join rolled_links r on r.link_id = c.link_id
            where {_OF_LINK} and {_KEPT} and v.value is not null and r.until > $1::date group by 1, 2, 4
        """,  # noqa: S608  # of constants
    ),
)
_OF_WORKSPACES = (
    ("clicks", _flag("new_to_workspace", "c.visitor", _OF_DAY)),
    _recount(
        "workspace_hours",
        "workspace_id, hour",
        _BY_TIME.format("hour"),
        f"""
            select c.workspace_id, date_trunc('hour', c.at, 'UTC') as hour, {SUMS.format(new="c.new_to_workspace")}
            from clicks c where {_OF_DAY} and {_KEPT} group by 1, 2
        """,  # noqa: S608  # of constants
    ),
    _recount(
        "workspace_quarters",
        "workspace_id, quarter",
        _BY_TIME.format("quarter"),
        f"""
            select c.workspace_id, {QUARTER.format("c.at")} as quarter, {SUMS.format(new="c.new_to_workspace")}
            from clicks c where {_OF_DAY} and {_KEPT} group by 1, 2
        """,  # noqa: S608  # of constants
    ),
    _recount(
        "workspace_days",
        "workspace_id, dimension, day, value",
        "k.day = $1::date",
        f"""
            select c.workspace_id, v.dimension, $1::date as day, v.value, {SUMS.format(new="c.new_to_workspace")}
            from {VALUED} where {_OF_DAY} and {_KEPT} and v.value is not null group by 1, 2, 4
        """,  # noqa: S608  # of constants
    ),
)
# From its days, as the clicks of the first of them may be gone.
_, _MONTH = _recount(
    "workspace_months",
    "workspace_id, dimension, month, value",
    "k.month = $1::date",
    """
        select workspace_id, dimension, $1::date as month, value,
            sum(clicks)::bigint as clicks, sum(visitors)::bigint as visitors, sum(bots)::bigint as bots
        from workspace_days where day >= $1::date and day < $1::date + interval '1 month' group by 1, 2, 4
    """,
)
