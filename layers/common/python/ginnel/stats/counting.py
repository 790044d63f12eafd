"""How many, and how many when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import web
from ginnel.errors import Invalid

from . import filtered
from .asking import Counts, Of, Question, asked, check

Interval = Literal["minute", "hour", "day", "week", "month"]

MAX_BUCKETS = 10_000
_SHORTEST = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(hours=23),
    "week": timedelta(days=7, hours=-1),
    "month": timedelta(days=28, hours=-1),
}


# Only who compares is told of the time before: these two are left out else, which a default is for.


class Summary(Counts):
    previous: Counts | None = None


class Bucket(Counts):
    start: datetime


class Series(web.Output):
    items: list[Bucket]
    previous: list[Bucket] | None = None


async def summary(conn: AsyncSession, question: Question) -> Counts:
    """Count clicks. Raises NotFound."""
    await check(conn, question)
    counted = (
        filtered.counted if await filtered.known(conn, question) else partial(_counted, span=_HOURS.get(question.of))
    )
    edges = "select cast(:since as timestamptz) as edge union all select cast(:until as timestamptz)"
    row = await conn.execute(
        text(
            f"""
            with edges as ({edges}), counted as ({counted(question)})
            select coalesce(sum(clicks), 0)::bigint as clicks, coalesce(sum(visitors), 0)::bigint as visitors,
                coalesce(sum(bots), 0)::bigint as bots
            from counted
            """  # noqa: S608  # of constants; values are parameters
        ),
        question.values,
    )
    return Counts.model_validate(row.one())


async def series(conn: AsyncSession, question: Question, *, interval: Interval, timezone: str) -> list[Bucket]:
    """Count clicks in buckets of a zone's calendar; empty ones are there too, and together they are the summary.

    `start` of the first bucket may lie before `since`: it is where the calendar's hour, day, week (Monday) or month
    begins. Raises NotFound, or Invalid for a zone that there is not and for more than MAX_BUCKETS.
    """
    # Some systems list two that name no place: PostgreSQL knows neither.
    if timezone not in available_timezones() - {"localtime", "Factory"}:
        raise Invalid.field("query:timezone", "timezone_unknown", "is not a zone of the IANA database")
    if (question.until - question.since) / _SHORTEST[interval] > MAX_BUCKETS:
        raise Invalid.field("query:interval", "too_many_buckets", f"would need more than {MAX_BUCKETS} buckets")
    await check(conn, question)
    clock = interval in ("minute", "hour")
    counted: Callable[[Question], str] = partial(_counted, span=_span(question, timezone))
    if _along_days(question, interval, timezone) and await filtered.known(conn, question):
        counted = filtered.counted
    rows = await conn.execute(
        text(
            f"""
            with buckets as materialized ({_CLOCK if clock else _CALENDAR}),
            edges as (
                select cast(:since as timestamptz) as edge union all select cast(:until as timestamptz)
                union all select start from buckets
            ),
            counted as ({counted(question)}),
            summed as (
                select {_BY_CLOCK if clock else _BY_CALENDAR} as start,
                    sum(clicks) as clicks, sum(visitors) as visitors, sum(bots) as bots
                from counted group by 1
            )
            select b.start, coalesce(s.clicks, 0)::bigint as clicks, coalesce(s.visitors, 0)::bigint as visitors,
                coalesce(s.bots, 0)::bigint as bots
            from buckets b left join summed s on s.start = b.start order by b.start
            """  # noqa: S608  # as above
        ),
        question.values | {"unit": interval, "zone": timezone},
    )
    return [Bucket.model_validate(row) for row in rows]


class _Span(NamedTuple):
    """Roll-ups by time: their table, the column that says when a row's time begins, and how long it is."""

    table: str
    column: str
    width: str


_HOURS: Mapping[Of, _Span] = {
    "link": _Span("clicks_hourly", "hour", "1 hour"),
    "workspace": _Span("workspace_hours", "hour", "1 hour"),
}
_QUARTERS: Mapping[Of, _Span] = {"workspace": _Span("workspace_quarters", "quarter", "15 minutes")}


def _along_days(question: Question, interval: Interval, timezone: str) -> bool:
    """Say whether few of the days (UTC) are cut by where buckets begin."""
    zone = ZoneInfo(timezone)
    whole = not any(moment.astimezone(zone).utcoffset() for moment in (question.since, question.until))
    return interval in {"week", "month"} or (interval == "day" and whole)


def _span(question: Question, timezone: str) -> _Span | None:
    """Choose quarters of an hour where there are some and days begin at them, for a while at least; hours else."""
    zone, middle = ZoneInfo(timezone), question.since + (question.until - question.since) / 2
    offsets = (moment.astimezone(zone).utcoffset() for moment in (question.since, middle, question.until))
    odd = any(offset and offset % timedelta(hours=1) for offset in offsets)
    return (odd and _QUARTERS.get(question.of)) or _HOURS.get(question.of)


def _counted(question: Question, span: _Span | None) -> str:
    """Make the SELECT of (at, clicks, visitors, bots) whose sums between any two edges are right.

    Spans are read from the roll-ups, but for those that an edge cuts: of these, the clicks, one span after another
    (`offset 0`). As a join, all of a link's clicks would be read.
    """
    rows = "select at, person::int as clicks, new::int as visitors, (not person)::int as bots"
    if span is None or not question.rolled_up:
        return f"{rows} from ({asked(question)}) c"
    table, begins, width = span
    whose = "h.link_id = :id" if question.of == "link" else "h.workspace_id = :workspace"
    cut = f"date_bin('{width}', edge, timestamptz 'epoch')"
    return f"""
        with cut as materialized (
            select distinct {cut} as begins from edges where {cut} <> edge
        )
        select h.{begins} as at, h.clicks, h.visitors, h.bots
        from {table} h
        where {whose} and h.{begins} >= :since and h.{begins} < :until and h.{begins} not in (select begins from cut)
        union all
        {rows} from cut cross join lateral (
            {asked(question)} and c.at >= cut.begins and c.at < cut.begins + interval '{width}'
            offset 0
        ) c
    """  # noqa: S608  # as above


# Hours and minutes step along the clock, so that the hour a zone skips or repeats is right; days, weeks and months step
# along the zone's calendar, where a day may have 23 or 25 hours.
_CLOCK = """
    select generate_series(
        date_trunc(:unit, cast(:since as timestamptz), :zone),
        cast(:until as timestamptz) - interval '1 microsecond',
        ('1 ' || :unit)::interval
    ) as start
"""
_CALENDAR = """
    select g at time zone :zone as start
    from generate_series(
        date_trunc(:unit, cast(:since as timestamptz) at time zone :zone),
        (cast(:until as timestamptz) - interval '1 microsecond') at time zone :zone,
        ('1 ' || :unit)::interval
    ) g
"""
_BY_CLOCK = "date_bin(('1 ' || :unit)::interval, at, (select min(start) from buckets))"
_BY_CALENDAR = "date_trunc(:unit, at at time zone :zone) at time zone :zone"
