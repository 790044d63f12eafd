"""Clicks that were sent, to be compared with those that are stored; and the workers that store them."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg

from clicks.drain import Drain, Settings
from ginnel import clicks, postgres, redis
from tests.e2e.running import ROOT

AGENTS = [
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
    b"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1",
    b"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36",
    b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    b"curl/8.5.0",
]
REFERRERS = [b"", b"https://www.news.test/today?id=1", b"https://t.co/abc", b"android-app://com.example.app/"]


class Sent:
    """Clicks of a workspace of its own, by id. No such links exist: a click doesn't ask."""

    def __init__(self) -> None:
        self.workspace = random.randrange(10**9, 2**62)
        self.links = [self.workspace + number for number in range(20)]
        self.ids: list[str] = []

    def click(self, **fields: Any) -> bytes:
        identifier = clicks.new_id()
        self.ids.append(identifier.decode())
        made: dict[str, Any] = {
            "id": identifier,
            "at": clicks.milliseconds() - random.randrange(60_000),
            "link": random.choice(self.links),
            "workspace": self.workspace,
            "domain": 1,
            "address": b"%d.%d.%d.7" % (random.randrange(1, 224), random.randrange(256), random.randrange(256)),
            "user_agent": random.choice(AGENTS),
            "referrer": random.choice(REFERRERS),
            "language": b"en-GB,en;q=0.9,de;q=0.7",
            "query": b"utm_source=letter&utm_campaign=%d" % random.randrange(9),
            "private": random.random() < 0.1,
        }
        return clicks.pack(**(made | fields))

    def payload(self, count: int) -> bytes:
        return b"\n".join(self.click() for _ in range(count))

    async def record(self, count: int) -> None:
        """Write clicks down as redirects do, in waves of many at once."""
        while count:
            wave = min(count, random.randrange(1, 400))
            await asyncio.gather(*(clicks.record(self.click()) for _ in range(wave)))
            count -= wave

    async def audit(self) -> dict[str, int]:
        """Compare what was sent with what is stored, and the roll-ups with the rows."""
        connection = await postgres.connect(command_timeout=None)
        try:
            rows = await connection.fetch("select id from clicks where workspace_id = $1", self.workspace)
            drift = await connection.fetchval(
                """
                select coalesce(sum(abs(clicks) + abs(bots)), 0) from (
                    select sum(clicks) as clicks, sum(bots) as bots
                    from (
                        select link_id, hour, clicks, bots from clicks_hourly where workspace_id = $1
                        union all
                        select link_id, date_trunc('hour', at), -(bot is null)::int, -(bot is not null)::int
                        from clicks where workspace_id = $1
                    ) both_sides
                    group by link_id, hour
                ) differences
                """,
                self.workspace,
            )
        finally:
            await connection.close()
        stored = Counter(row["id"] for row in rows)
        return {
            "lost": len({UUID(identifier) for identifier in self.ids} - stored.keys()),
            "duplicated": stored.total() - len(stored),
            "drift": int(drift),
        }


_AS_IT_IS: Mapping[str, str] = MappingProxyType({})
NOTHING_AMISS = {"lost": 0, "duplicated": 0, "drift": 0}


@contextmanager
def worker(consumer: str = "ingestion", *, env: Mapping[str, str] = _AS_IT_IS) -> Iterator[subprocess.Popen[bytes]]:
    """Run the worker as `up` does: its stdin stays open for as long as it is wanted."""
    own = {"PYTHONPATH": "functions:layers/common/python:.", "CONSUMER": consumer, "LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "local.worker"]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env, **own}, stdin=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


async def drain() -> int:
    """Do one run of a worker that has just started; return how many clicks were new."""
    fresh = Drain(Settings())
    try:
        return await fresh.run(0)
    finally:
        await fresh.close()


async def until(met: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + 60
    while not await met():
        assert time.monotonic() < deadline, "not after 60 s"
        await asyncio.sleep(0.005)


async def at_work(since: float) -> None:
    """Wait until a worker, started at `since`, has asked for entries."""

    async def has_asked() -> bool:
        try:
            consumers: Any = await redis.patient().xinfo_consumers(clicks.STREAM, clicks.GROUP)
        except redis.ResponseError:  # nobody has made the group yet
            return False
        idle = [one["idle"] for one in consumers if one["name"] == b"ingestion"]
        return bool(idle) and idle[0] < (time.monotonic() - since) * 1000

    await until(has_asked)


async def unacknowledged() -> int:
    pending: Any = await redis.patient().xpending(clicks.STREAM, clicks.GROUP)
    return int(pending["pending"])


async def drained(database: asyncpg.Connection) -> None:
    async def nothing_waits() -> bool:
        spilled = await database.fetchval("select count(*) from outbox")
        return not (spilled or await redis.patient().xlen(clicks.STREAM))

    await until(nothing_waits)
