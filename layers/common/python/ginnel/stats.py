"""Questions about clicks. The rows are written by `clicks`; `clicks` counts people, `bots` what a maintained list names."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import Identity, Index, PrimaryKeyConstraint, Text, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import web
from ginnel.db import Base
from ginnel.errors import Invalid, NotFound

Interval = Literal["minute", "hour", "day", "week", "month"]

MAX_BUCKETS = 10_000
_SHORTEST = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(hours=23),
    "week": timedelta(days=7, hours=-1),
    "month": timedelta(days=28, hours=-1),
}


class Click(Base):
    __tablename__ = "clicks"
    __table_args__ = (
        PrimaryKeyConstraint("at", "id"),
        Index("clicks_link_id_at_idx", "link_id", text("at desc")),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime]
    id: Mapped[UUID]
    workspace_id: Mapped[int]
    domain_id: Mapped[int]
    link_id: Mapped[int]
    visitor: Mapped[bytes | None]
    country: Mapped[str | None] = mapped_column(Text)
    region: Mapped[str | None] = mapped_column(Text)
    city: Mapped[str | None] = mapped_column(Text)
    continent: Mapped[str | None] = mapped_column(Text)
    device: Mapped[str] = mapped_column(Text)
    os: Mapped[str | None] = mapped_column(Text)
    browser: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    bot: Mapped[str | None] = mapped_column(Text)
    referrer_host: Mapped[str | None] = mapped_column(Text)
    referrer_path: Mapped[str | None] = mapped_column(Text)
    utm_source: Mapped[str | None] = mapped_column(Text)
    utm_medium: Mapped[str | None] = mapped_column(Text)
    utm_campaign: Mapped[str | None] = mapped_column(Text)
    utm_term: Mapped[str | None] = mapped_column(Text)
    utm_content: Mapped[str | None] = mapped_column(Text)
    qr: Mapped[bool]
    variant: Mapped[str | None] = mapped_column(Text)
    clamped: Mapped[bool]


class Hour(Base):
    """How often a link was followed in an hour (UTC)."""

    __tablename__ = "clicks_hourly"

    link_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    workspace_id: Mapped[int]
    clicks: Mapped[int]
    bots: Mapped[int]

    __table_args__ = (Index(None, "workspace_id", "hour"),)


class VisitorSalt(Base):
    __tablename__ = "visitor_salts"

    day: Mapped[date] = mapped_column(primary_key=True)
    salt: Mapped[bytes]


class CapturedClick(Base):
    __tablename__ = "captured_clicks"

    workspace_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(index=True)


class ClampedClick(Base):
    __tablename__ = "clamped_clicks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Outbox(Base):
    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    created_at: Mapped[datetime]
    payload: Mapped[bytes]


class DeadLetter(Base):
    __tablename__ = "dead_letters"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    created_at: Mapped[datetime]
    payload: Mapped[bytes]
    error: Mapped[str] = mapped_column(Text)
    replayed_at: Mapped[datetime | None]


class Summary(web.Output):
    clicks: int
    visitors: int
    bots: int


class Bucket(Summary):
    start: datetime


class Series(web.Output):
    items: list[Bucket]


async def summary(conn: AsyncSession, *, link: int, workspace: int, since: datetime, until: datetime) -> Summary:
    """Count a link's clicks from `since` up to, not including, `until`. Raises NotFound."""
    row = await conn.execute(
        text(
            """
            select count(c.id) filter (where c.bot is null) as clicks,
                   count(distinct c.visitor) filter (where c.bot is null) as visitors,
                   count(c.bot) as bots
            from links l
            left join clicks c on c.link_id = l.id and c.at >= :since and c.at < :until
            where l.id = :link and l.workspace_id = :workspace and l.deleted_at is null
            group by l.id
            """
        ),
        {"link": link, "workspace": workspace, "since": since, "until": until},
    )
    counted = row.first()
    if counted is None:
        raise NotFound("link", link)
    return Summary.model_validate(counted)


async def series(  # noqa: PLR0913  # one question, each word of it by name
    conn: AsyncSession,
    *,
    link: int,
    workspace: int,
    since: datetime,
    until: datetime,
    interval: Interval,
    timezone: str,
) -> Series:
    """Count a link's clicks in buckets of a zone's calendar; empty ones are there too, and together they are the summary.

    `start` of the first bucket may lie before `since`: it is where the calendar's hour, day, week (Monday) or month
    begins. A visitor who came on two sides of a bucket's edge is counted in both.
    """
    # Some systems list two that name no place: PostgreSQL knows neither.
    if timezone not in available_timezones() - {"localtime", "Factory"}:
        raise Invalid.field("query:timezone", "timezone_unknown", "is not a zone of the IANA database")
    if (until - since) / _SHORTEST[interval] > MAX_BUCKETS:
        raise Invalid.field("query:interval", "too_many_buckets", f"would need more than {MAX_BUCKETS} buckets")
    await summary(conn, link=link, workspace=workspace, since=since, until=since)  # 404 for a stranger's link
    rows = await conn.execute(
        text(_SERIES.format(buckets=_CLOCK if interval in ("minute", "hour") else _CALENDAR)),
        {"link": link, "since": since, "until": until, "unit": interval, "zone": timezone},
    )
    return Series(items=[Bucket.model_validate(row) for row in rows])


# Hours and minutes step along the clock, so that the hour a zone skips or repeats is right; days, weeks and months step
# along the zone's calendar, where a day may have 23 or 25 hours.
_CLOCK = """
    select g as start, g + ('1 ' || :unit)::interval as finish
    from generate_series(
        date_trunc(:unit, cast(:since as timestamptz), :zone),
        cast(:until as timestamptz) - interval '1 microsecond',
        ('1 ' || :unit)::interval
    ) g
"""
_CALENDAR = """
    select g at time zone :zone as start, (g + ('1 ' || :unit)::interval) at time zone :zone as finish
    from generate_series(
        date_trunc(:unit, cast(:since as timestamptz) at time zone :zone),
        (cast(:until as timestamptz) - interval '1 microsecond') at time zone :zone,
        ('1 ' || :unit)::interval
    ) g
"""
_SERIES = """
    with buckets as ({buckets})
    select b.start,
           count(c.id) filter (where c.bot is null) as clicks,
           count(distinct c.visitor) filter (where c.bot is null) as visitors,
           count(c.bot) as bots
    from buckets b
    left join clicks c
        on c.link_id = :link and c.at >= :since and c.at < :until and c.at >= b.start and c.at < b.finish
    group by b.start order by b.start
"""
