"""Clicks as a year brings them, drawn by PostgreSQL itself: nothing but how many a day goes there.

Few links are followed by many; most people come once a day, some again and again; they sleep at night, and work less on
Saturdays and Sundays.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import asyncpg

from ginnel import rollups, sources

CHUNK = 250_000
"""Clicks drawn by one statement."""

_HOURS = (2, 1, 1, 1, 1, 2, 3, 5, 7, 9, 10, 10, 9, 9, 10, 10, 9, 9, 9, 10, 10, 9, 6, 4)
_WEEK = (1.1, 1.15, 1.15, 1.1, 1.0, 0.65, 0.6)
_PLACES = (
    (14, "GB", "GB-ENG", "London", "EU", "en"), (4, "GB", "GB-ENG", "Manchester", "EU", "en"),
    (2, "GB", "GB-SCT", "Edinburgh", "EU", "en"), (9, "DE", "DE-BE", "Berlin", "EU", "de"),
    (5, "DE", "DE-BY", "Munich", "EU", "de"), (4, "DE", "DE-HH", "Hamburg", "EU", "de"),
    (8, "FR", "FR-IDF", "Paris", "EU", "fr"), (3, "FR", "FR-ARA", "Lyon", "EU", "fr"),
    (4, "NL", "NL-NH", "Amsterdam", "EU", "nl"), (4, "ES", "ES-MD", "Madrid", "EU", "es"),
    (3, "IT", "IT-25", "Milan", "EU", "it"), (3, "PL", "PL-14", "Warsaw", "EU", "pl"),
    (2, "SE", "SE-AB", "Stockholm", "EU", "sv"), (2, "AT", "AT-9", "Vienna", "EU", "de"),
    (12, "US", "US-NY", "New York", "NA", "en"), (9, "US", "US-CA", "San Francisco", "NA", "en"),
    (5, "US", "US-TX", "Austin", "NA", "en"), (4, "US", "US-IL", "Chicago", "NA", "en"),
    (4, "CA", "CA-ON", "Toronto", "NA", "en"), (1, "CA", "CA-ON", "London", "NA", "en"),
    (2, "MX", "MX-CMX", "Mexico City", "NA", "es"), (6, "BR", "BR-SP", "São Paulo", "SA", "pt"),
    (2, "AR", "AR-C", "Buenos Aires", "SA", "es"), (7, "IN", "IN-MH", "Mumbai", "AS", "en"),
    (5, "IN", "IN-KA", "Bengaluru", "AS", "en"), (4, "JP", "JP-13", "Tokyo", "AS", "ja"),
    (2, "KR", "KR-11", "Seoul", "AS", "ko"), (2, "SG", None, "Singapore", "AS", "en"),
    (2, "NG", "NG-LA", "Lagos", "AF", "en"), (1, "ZA", "ZA-WC", "Cape Town", "AF", "en"),
    (4, "AU", "AU-NSW", "Sydney", "OC", "en"), (6, "US", None, None, "NA", "en"), (4, None, None, None, None, None),
)  # fmt: skip
_AGENTS = (
    (30, "mobile", "iOS", "Safari", None), (26, "mobile", "Android", "Chrome", None), (3, "mobile", "Android", "Samsung", None),
    (24, "desktop", "Windows", "Chrome", None), (6, "desktop", "Windows", "Edge", None),
    (3, "desktop", "Windows", "Firefox", None), (6, "desktop", "macOS", "Safari", None),
    (5, "desktop", "macOS", "Chrome", None), (2, "desktop", "Linux", "Firefox", None), (3, "tablet", "iOS", "Safari", None),
    (1, "tablet", "Android", "Chrome", None), (1, "tv", "Android", "Chrome", None),
)  # fmt: skip
_BOTS = (
    (5, "bot", None, None, "Googlebot"), (4, "bot", None, None, "bingbot"), (3, "bot", None, None, "facebookexternalhit"),
    (3, "bot", None, None, "Slackbot"), (2, "bot", None, None, "Twitterbot"), (2, "bot", None, None, "AhrefsBot"),
    (1, "bot", None, None, "curl"),
)  # fmt: skip
# Referrer's host and path; then source, medium, campaign, term and content; then whether a QR code was read.
_SOURCES = (
    (34, None, None, None, None, None, None, None, False), (6, None, None, None, None, None, None, None, True),
    (18, "google.com", "/", None, None, None, None, None, False), (3, "bing.com", "/", None, None, None, None, None, False),
    (2, "duckduckgo.com", "/", None, None, None, None, None, False), (8, "t.co", "/", None, None, None, None, None, False),
    (3, "news.ycombinator.com", "/item", None, None, None, None, None, False),
    (2, "reddit.com", "/r/all", None, None, None, None, None, False),
    (4, "linkedin.com", "/", "linkedin", "social", "launch", None, "post", False),
    (5, "facebook.com", "/", "facebook", "social", "spring", None, "post", False),
    (3, "instagram.com", "/", "instagram", "social", "spring", None, "story", False),
    (5, None, None, "newsletter", "email", "weekly", None, "button", False),
    (3, None, None, "newsletter", "email", "weekly", None, "footer", False),
    (2, "google.com", "/", "google", "cpc", "spring", "short links", "a", False),
    (2, "google.com", "/", "google", "cpc", "spring", "qr codes", "b", False),
)  # fmt: skip
_EVENTFUL = 0.02
"""The share of days that bring twice what others do."""
_CRAWLERS = 40
"""Bots that come on a day."""


class Target(NamedTuple):
    link: int
    workspace: int
    domain: int
    variants: Sequence[str] = ()
    """Of which each of a day's visitors gets one."""


class Day(NamedTuple):
    day: date
    clicks: int
    hours: int
    """How many of its hours are over."""


def calendar(clicks: int, days: int, now: datetime) -> list[Day]:
    """Share clicks out over the days up to now: more by and by, fewer at weekends, and on some days something happens."""
    chance = random.Random(7)  # noqa: S311  # plausible, not secret
    today = now.astimezone(UTC).date()
    weights = []
    for ago in range(days, -1, -1):
        day = today - timedelta(days=ago)
        weight = (1 - ago / days / 2) * _WEEK[day.weekday()] * chance.uniform(0.9, 1.1)
        if chance.random() < _EVENTFUL:
            weight *= 2
        hours = 24 if ago else now.astimezone(UTC).hour
        weights.append((day, weight * sum(_HOURS[:hours]) / sum(_HOURS), hours))
    whole, before, shared = sum(weight for _, weight, _ in weights), 0.0, []
    for day, weight, hours in weights:
        count = round(clicks * (before + weight) / whole) - round(clicks * before / whole)
        before += weight
        shared.append(Day(day, count, hours))
    return [one for one in shared if one.clicks]


def expected(clicks: int, links: int) -> Iterator[int]:
    """Give how many of the clicks will about be the first link's, the second's and so on."""
    return (round(clicks * math.log1p(1 / rank) / math.log(links + 1)) for rank in range(1, links + 1))


def chunks(days: Sequence[Day]) -> Iterator[list[Day]]:
    """Put days together for one statement each."""
    together: list[Day] = []
    for day in days:
        if together and sum(one.clicks for one in together) + day.clicks > CHUNK:
            yield together
            together = []
        together.append(day)
    if together:
        yield together


async def prepare(connection: asyncpg.Connection, targets: Sequence[Target]) -> None:
    """Give a connection the tables that clicks are drawn from, and what a load of them needs. They go with it."""
    await connection.execute(
        """
        set synchronous_commit = off;
        set work_mem = '256MB';
        -- How many clicks a statement draws is nothing that the planner could know.
        set enable_nestloop = off;
        create temporary table targets (rank int, link_id bigint, workspace_id bigint, domain_id bigint, variants text[]);
        create temporary table places (n int, country text, region text, city text, continent text, language text);
        create temporary table agents (n int, device text, os text, browser text, bot text);
        create temporary table bots (like agents);
        create temporary table sources (
            n int, referrer_host text, referrer_path text, utm_source text, utm_medium text, utm_campaign text,
            utm_term text, utm_content text, qr boolean, source text, channel text
        );
        """
    )
    await _fill(
        connection, "targets", [(rank, *target[:3], list(target.variants)) for rank, target in enumerate(targets, 1)]
    )
    named = [(*kind, *sources.find(kind[1], None)) for kind in _SOURCES]
    for name, kinds in (("places", _PLACES), ("agents", _AGENTS), ("bots", _BOTS), ("sources", named)):
        # Each as often as it weighs.
        often = [kind[1:] for kind in kinds for _ in range(kind[0])]
        await _fill(connection, name, [(n, *values) for n, values in enumerate(often)])


async def _fill(connection: asyncpg.Connection, table: str, records: Sequence[tuple[object, ...]]) -> None:
    await connection.copy_records_to_table(table, records=records, schema_name="pg_temp")
    await connection.execute(f"analyze pg_temp.{table}")


async def draw(connection: asyncpg.Connection, days: Sequence[Day]) -> int:
    """Draw the clicks of some days, all of one month, and count them; return how many they are."""
    slots = [hour for hour, weight in enumerate(_HOURS) for _ in range(weight)]
    async with connection.transaction():
        await rollups.share(connection, datetime.combine(min(one.day for one in days), time(), UTC))
        drawn: int = await connection.fetchval(
            _DRAW,
            [one.day for one in days],
            [one.clicks for one in days],
            [sum(_HOURS[: one.hours]) for one in days],
            slots,
        )
    return drawn


# Drawn as quickly as all the rest; the system's own chance takes a call of it for each.
_BYTES = "(int8send((random() * 9e18)::bigint) || int8send((random() * 9e18)::bigint))"

# People belong to one day, as visitors' ids do, and keep their place and device for it; bots have the numbers below 0. The
# rank of a link followed by Zipf's law is the power of the number of links to a chance.
_DRAW = f"""
    with days as materialized (
        select day, clicks, slots, (1 + clicks * 0.8)::int as people, least(clicks, {_CRAWLERS}) as bots
        from unnest($1::date[], $2::int[], $3::int[]) d (day, clicks, slots)
    ), drawn_people as (
        select day, n, floor(random() * (select count(*) from pg_temp.places))::int as place,
            floor(random() * (select count(*) from pg_temp.agents))::int as agent,
            floor(random() * (select count(*) from pg_temp.bots))::int as bot
        from days cross join lateral generate_series(-bots, people - 1) n
    ), people as materialized (
        select d.day, d.n, {_BYTES} as visitor, p.country, p.region, p.city, p.continent, p.language,
            a.device, a.os, a.browser, a.bot
        from drawn_people d join pg_temp.places p on p.n = d.place
        join (
            select false as crawls, * from pg_temp.agents union all select true, * from pg_temp.bots
        ) a on a.crawls = (d.n < 0) and a.n = case when d.n < 0 then d.bot else d.agent end
    ), drawn as (
        select
            day, (day + make_interval(secs => 3600 * (random() + ($4::int[])[1 + floor(random() * slots)::int]))) as clock,
            least(
                floor(power((select count(*) + 1 from pg_temp.targets)::float8, random()))::int,
                (select count(*) from pg_temp.targets)::int
            ) as rank,
            case when random() < 0.1 then -1 - floor(random() * bots) else floor(people * power(random(), 1.5)) end::int as n,
            floor(random() * (select count(*) from pg_temp.sources))::int as source
        from days cross join lateral generate_series(1, clicks)
    ), inserted as (
        insert into clicks (
            at, id, workspace_id, domain_id, link_id, visitor, country, region, city, continent, device, os,
            browser, language, bot, referrer_host, referrer_path, utm_source, utm_medium, utm_campaign, utm_term,
            utm_content, qr, variant, clamped, source, channel, new_to_link, new_to_workspace
        )
        select
            d.clock at time zone 'UTC', encode({_BYTES}, 'hex')::uuid, t.workspace_id, t.domain_id, t.link_id, p.visitor,
            p.country, p.region, p.city, p.continent, p.device, p.os, p.browser, p.language, p.bot, s.referrer_host,
            s.referrer_path, s.utm_source, s.utm_medium, s.utm_campaign, s.utm_term, s.utm_content, s.qr,
            t.variants[1 + abs(d.n) % nullif(cardinality(t.variants), 0)], false, s.source, s.channel,
            p.bot is null and row_number() over (partition by d.day, d.n, d.rank order by d.clock) = 1,
            p.bot is null and row_number() over (partition by d.day, d.n order by d.clock) = 1
        from drawn d
        join people p on p.day = d.day and p.n = d.n
        join pg_temp.targets t on t.rank = d.rank
        join pg_temp.sources s on s.n = d.source
        order by d.clock  -- as they would have come: clicks of an hour lie together
        returning *
    ), {rollups.ADD}
    select count(*) from inserted
"""  # noqa: S608  # of constants
