"""Whatever happens to a worker, each click becomes one row, counted once in the roll-ups."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest

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


NOTHING_AMISS = {"lost": 0, "duplicated": 0, "drift": 0}


@contextmanager
def worker(consumer: str = "ingestion") -> Iterator[subprocess.Popen[bytes]]:
    """Run the worker as `up` does: its stdin stays open for as long as it is wanted."""
    env = os.environ | {"PYTHONPATH": "functions:layers/common/python:.", "CONSUMER": consumer, "LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "local.worker"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
async def database() -> AsyncIterator[asyncpg.Connection]:
    connection = await postgres.connect()
    yield connection
    await connection.close()


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


async def test_a_worker_killed_again_and_again_stores_every_click_once(
    database: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    sent, kills, amid, between = Sent(), 12, 0, 0
    for number in range(kills):
        share = 20_000 // kills + 1
        if number % 6 == 5:
            await drain()  # what the last one left would have to be stored again first
            await sent.record(share)
            between += await kill_between_commit_and_acknowledgement(database, sent)
            continue
        recording = asyncio.create_task(sent.record(share))
        with worker() as process:
            await at_work(time.monotonic())
            await asyncio.sleep(random.choice([0.005, 0.05, 0.3]) * random.random())
            process.kill()
            process.wait()
            amid += await unacknowledged() > 0
        await recording
    begun = time.monotonic()
    with worker():
        await drained(database)
    took, result = time.monotonic() - begun, await sent.audit()
    with capsys.disabled():
        print(
            f"\n  {len(sent.ids)} clicks, worker killed {kills} times ({between} between commit and acknowledgement, "
            f"{amid} others with entries in hand), the rest drained in {took:.1f} s: lost / duplicated / drift = "
            f"{result['lost']} / {result['duplicated']} / {result['drift']}"
        )
    assert result == NOTHING_AMISS
    assert len(sent.ids) >= 20_000
    assert (between, amid > 0) == (2, True)


async def kill_between_commit_and_acknowledgement(database: asyncpg.Connection, sent: Sent) -> bool:
    """Hold the worker's transaction up until Redis takes no more writes; kill it when its rows are to be seen."""
    before = await stored(database, sent)

    async def waits_for_our_lock() -> bool:
        waits: bool = await database.fetchval(
            "select exists (select from pg_locks where not granted and relation = 'clicks_hourly'::regclass)"
        )
        return waits

    async def has_committed() -> bool:
        return await stored(database, sent) > before

    with worker() as process:
        async with database.transaction():
            await database.execute("lock table clicks_hourly in share mode")
            await until(waits_for_our_lock)
            await redis.patient().client_pause(20_000, all=False)
        try:
            await until(has_committed)
            process.kill()
            process.wait()
        finally:
            await redis.patient().client_unpause()
    return await unacknowledged() > 0


async def stored(database: asyncpg.Connection, sent: Sent) -> int:
    count: int = await database.fetchval("select count(*) from clicks where workspace_id = $1", sent.workspace)
    return count


@pytest.mark.parametrize("names", [("ingestion", "ingestion"), ("one", "two")])
async def test_two_workers_at_once_store_every_click_once(names: tuple[str, str], database: asyncpg.Connection) -> None:
    sent = Sent()
    await sent.record(1_000)
    with worker(names[0]), worker(names[1]):
        for _ in range(8):
            await sent.record(500)
            await asyncio.sleep(0.2)
        await drained(database)
    assert await sent.audit() == NOTHING_AMISS


async def test_delivering_the_same_clicks_again_changes_nothing(database: asyncpg.Connection) -> None:
    sent = Sent()
    payload = sent.payload(200)
    await clicks.append(payload)
    await clicks.append(payload)
    await database.execute("insert into outbox (created_at, payload) values (now(), $1)", payload)
    assert await drain() >= 200
    assert await sent.audit() == NOTHING_AMISS
    await clicks.append(payload)
    assert await drain() == 0
    assert await sent.audit() == NOTHING_AMISS


async def test_clicks_that_spilled_to_the_outbox_are_drained_too(database: asyncpg.Connection) -> None:
    sent = Sent()
    for _ in range(120):  # more than a batch takes
        await database.execute("insert into outbox (created_at, payload) values (now(), $1)", sent.payload(5))
    await drain()
    assert await sent.audit() == NOTHING_AMISS
    assert await database.fetchval("select count(*) from outbox") == 0


async def test_clicks_of_any_number_of_days_may_come_at_once() -> None:
    sent = Sent()
    day = 24 * 3600 * 1000
    await clicks.append(
        b"\n".join(sent.click(at=clicks.milliseconds() - ago * day, dated=True, private=False) for ago in range(60))
    )
    await drain()
    assert await sent.audit() == NOTHING_AMISS


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda line: line + b"\t\xff\xfe one field too many", id="unreadable"),
        pytest.param(lambda line: line[: line.rindex(b"\t")], id="cut short"),
        pytest.param(lambda line: b"\t".join([line[:31], *line.split(b"\t")[1:]]), id="no UUID"),
        pytest.param(lambda line: _with_link(line, b"9" * 30), id="refused by PostgreSQL"),
    ],
)
async def test_a_poisonous_line_is_buried_without_its_address_and_its_neighbours_are_stored(
    database: asyncpg.Connection, spoil: Any
) -> None:
    sent = Sent()
    lines = [sent.click() for _ in range(999)]
    poison = sent.click(address=b"203.0.113.77", private=False)
    sent.ids.pop()
    lines.insert(random.randrange(1000), spoil(poison))
    newest = await database.fetchval("select coalesce(max(id), 0) from dead_letters")
    await clicks.append(b"\n".join(lines))
    await drain()
    assert await sent.audit() == NOTHING_AMISS
    assert await unacknowledged() == 0
    (letter,) = await database.fetch("select * from dead_letters where id > $1", newest)
    assert b"203.0.113.77" not in letter["payload"]
    assert b"203.0.113.77" not in letter["error"].encode()
    assert str(sent.workspace).encode() in letter["payload"]


def _with_link(line: bytes, link: bytes) -> bytes:
    parts = line.split(b"\t")
    return b"\t".join([*parts[:2], link, *parts[3:]])
