"""All figures, each as far as it is to be had."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import VERSION, counts, ingestion, web
from ginnel.redis import RedisError

from . import database, redis
from .database import Counts, Database, Due, Mail
from .redis import Redis

T = TypeVar("T")


class Clicks(web.Output):
    """Clicks on their way into the database. Of what is away the figures are null."""

    entries: Annotated[int | None, Field(description="In Redis: a click, or several that came together.")]
    spilled: Annotated[int | None, Field(description="In PostgreSQL, since Redis did not take them.")]
    dead_letters: Annotated[int | None, Field(description="What could not be stored and nobody has replayed.")]
    oldest_seconds: Annotated[float, Field(description="Age of the oldest that waits; 0 when none does.")]


class Cache(web.Output):
    """How often visits were answered without asking the stores, by what hosts have counted. Lambda's functions don't count."""

    since: datetime
    visits: int
    missed: Annotated[int, Field(description="Those whose link was not in the memory of the process.")]
    stored: Annotated[int, Field(description="Reads of links from PostgreSQL, since Redis did not have them either.")]
    hit_rate: Annotated[float | None, Field(description="Of the visits, from 0 to 1; null where there were none.")]


class System(web.Output):
    version: Annotated[str, Field(examples=["0.1.0"])]
    now: datetime
    up_since: Annotated[datetime | None, Field(description="Of the process that answers; null on Lambda.")]
    away: Annotated[
        list[str], Field(description="The parts that did not answer in time: these are null.", examples=[[]])
    ]
    database: Database | None
    redis: Redis | None
    clicks: Clicks
    webhooks: Due | None
    mail: Mail | None
    cache: Cache | None
    counts: Counts | None
    events: Annotated[
        Mapping[str, int] | None,
        Field(description="What processes have counted besides, since `cache.since`.", examples=[{"redis_error": 3}]),
    ]


async def system(conn: AsyncSession, now: datetime) -> System:
    counted = await _unless_away(counts.recent())
    said = {
        "database": await database.database(conn),
        "redis": await _unless_away(redis.look()),
        "webhooks": await database.deliveries(conn, now),
        "mail": await database.mail(conn, now),
        "cache": _cache(*counted) if counted else None,
        "counts": await database.counts(conn),
        "events": _besides(counted[1]) if counted else None,
    }
    return System(
        version=VERSION,
        now=now,
        up_since=counts.since(),
        away=[name for name, part in said.items() if part is None],
        clicks=await _clicks(conn, now),
        **said,
    )


async def _unless_away(answer: Awaitable[T]) -> T | None:
    try:
        return await answer
    except RedisError:
        return None


async def _clicks(conn: AsyncSession, now: datetime) -> Clicks:
    streamed = await _unless_away(ingestion.streamed())
    aside = await database.ask(conn, ingestion.PUT_ASIDE)
    since = [moment for moment in (streamed and streamed[1], aside and aside[0].since) if moment]
    return Clicks(
        entries=streamed[0] if streamed else None,
        spilled=aside[0].spilled if aside else None,
        dead_letters=aside[0].dead_letters if aside else None,
        oldest_seconds=max(0.0, (now - min(since)).total_seconds()) if since else 0.0,
    )


def _cache(since: datetime, counted: Mapping[str, int]) -> Cache:
    visits, missed = counted.get(counts.VISITS, 0), counted.get("lookup_missed", 0)
    return Cache(
        since=since,
        visits=visits,
        missed=missed,
        stored=counted.get("lookup_stored", 0),
        # Reads of what is no visit, such as previews', are among the missed.
        hit_rate=max(0.0, 1 - missed / visits) if visits else None,
    )


def _besides(counted: Mapping[str, int]) -> dict[str, int]:
    shown = {counts.VISITS, "lookup_missed", "lookup_stored"}
    return {name: amount for name, amount in sorted(counted.items()) if name not in shown}
