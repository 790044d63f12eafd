"""Ingestion: what goes wrong with a click, a batch or a server costs no other click."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from clicks import enrich, shard, stream
from clicks.drain import Drain, Settings
from ginnel import clicks, ingestion, observe, postgres, redis, settings

ROOT = Path(__file__).parents[2]
DAY_MS = 24 * 3600 * 1000
POISON = b"poison"


class Crash(BaseException):
    """Goes through whatever would catch an Exception, as the end of the process does."""


class Sent:
    """Clicks of a workspace of its own. No such links exist: a click doesn't ask."""

    def __init__(self) -> None:
        self.workspace = random.randrange(10**9, 2**62)

    def line(self, **fields: Any) -> bytes:
        made: dict[str, Any] = {
            "id": clicks.new_id(), "at": clicks.milliseconds(), "link": self.workspace + random.randrange(20),
            "workspace": self.workspace, "domain": 1, "address": b"203.0.113.77", "user_agent": b"curl/8.5.0",
            "referrer": b"", "language": b"de", "query": b"", "private": False,
        }  # fmt: skip
        return clicks.pack(**(made | fields))

    def lines(self, count: int, **fields: Any) -> bytes:
        return b"\n".join(self.line(**fields) for _ in range(count))


class Stores:
    """A connection of the test's own, and what it finds."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def rows(self, sent: Sent) -> list[Any]:
        query = "select * from clicks where workspace_id = $1 order by at, id"
        return list(await self.connection.fetch(query, sent.workspace))

    async def counted(self, sent: Sent) -> int:
        query = "select coalesce(sum(clicks + bots), 0)::int from clicks_hourly where workspace_id = $1"
        count: int = await self.connection.fetchval(query, sent.workspace)
        return count

    async def letters(self) -> list[Any]:
        return list(await self.connection.fetch("select * from dead_letters order by id"))

    async def spill(self, payload: bytes, at: datetime | None = None) -> None:
        query = "insert into outbox (created_at, payload) values ($1, $2)"
        await self.connection.execute(query, at or datetime.now(UTC), payload)


@pytest.fixture
async def stores() -> AsyncIterator[Stores]:
    connection = await postgres.connect()
    await connection.execute("delete from dead_letters")
    yield Stores(connection)
    await connection.close()


@pytest.fixture
def poisonous(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Have poison raise something when it is enriched."""
    honest = enrich.row

    def arm(error: BaseException) -> None:
        def row(click: clicks.Click, **rest: Any) -> ingestion.Row:
            if click.user_agent == POISON.decode():
                raise error
            return honest(click, **rest)

        monkeypatch.setattr(enrich, "row", row)

    return arm


async def drain() -> int:
    """Do one run of a worker that has just started."""
    fresh = Drain(Settings(consumer="tests"))
    try:
        return await fresh.run(0)
    finally:
        await fresh.close()


async def drain_through(*errors: type[BaseException], limit: int) -> int:
    """Start workers, one after another, until one ends well; return how many did not."""
    for failed in range(limit):
        try:
            await drain()
        except errors:
            continue
        return failed
    raise AssertionError(f"{limit} workers failed")


async def test_what_nobody_foresaw_stays_until_its_culprit_is_found(
    stores: Stores, poisonous: Callable[[BaseException], None]
) -> None:
    poisonous(LookupError("never heard of it"))
    sent = Sent()
    lines = [sent.line() for _ in range(300)]
    lines.insert(random.randrange(300), sent.line(user_agent=POISON))
    await clicks.append(sent.lines(50))
    await clicks.append(b"\n".join(lines))
    assert await drain_through(LookupError, limit=20) == stream.LIMIT - 1
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 350
    (letter,) = await stores.letters()
    assert (letter["error"], letter["replayed_at"]) == ("LookupError", None)
    assert b"203.0.113.77" not in letter["payload"]


@pytest.mark.parametrize("spilled", [False, True])
async def test_a_click_that_ends_the_process_does_not_end_ingestion(
    stores: Stores, poisonous: Callable[[BaseException], None], *, spilled: bool
) -> None:
    poisonous(Crash())
    sent = Sent()
    lines = [sent.line() for _ in range(99)]
    lines.insert(random.randrange(99), sent.line(user_agent=POISON))
    await (stores.spill if spilled else clicks.append)(b"\n".join(lines))
    await clicks.append(sent.lines(10))
    failed = await drain_through(Crash, limit=30)
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 109
    (letter,) = await stores.letters()
    assert letter["error"] == "ended the process"
    print(f"{failed} workers ended")
    assert failed <= (15 if spilled else 10)
    assert await redis.patient().keys("*clicks:tried:*") == []


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DiskFullError("no space left"),
        asyncpg.ReadOnlySQLTransactionError("standby"),
        asyncpg.UndefinedTableError("clicks"),
        asyncpg.DeadlockDetectedError("again"),
        ConnectionResetError(),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_nothing_is_buried_for_a_fault_of_the_server(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    sent = Sent()
    await clicks.append(sent.lines(20))
    await stores.spill(sent.lines(5))

    async def fail(*_: Any) -> int:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(ingestion, "store", fail)
        for _ in range(2 * stream.LIMIT):
            with pytest.raises(type(error)):
                await drain()
    await drain()
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 25
    assert await stores.letters() == []


async def test_failing_in_between_loses_and_doubles_nothing(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Sent()
    for _ in range(30):
        await clicks.append(sent.lines(500))
    store, calls = ingestion.store, 0

    async def sometimes(connection: asyncpg.Connection, rows: Any) -> int:
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            raise ConnectionResetError
        stored = await store(connection, rows)
        if calls % 5 == 0:
            raise TimeoutError  # stored, but who is to know?
        return stored

    monkeypatch.setattr(ingestion, "store", sometimes)
    one = Drain(Settings(consumer="tests"))
    for _ in range(30):
        try:
            await one.run(0)
        except (ConnectionResetError, TimeoutError):
            continue
        break
    await one.close()
    assert calls > 5
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 15_000
    assert await redis.patient().xlen(clicks.STREAM) == 0


async def test_a_run_ends_with_its_time_and_the_next_one_goes_on(stores: Stores) -> None:
    sent = Sent()
    for _ in range(30):
        await clicks.append(sent.lines(500))
    one = Drain(Settings(consumer="tests"))
    first = await one.run(1e-9)
    assert 0 < first < 15_000
    assert first + await one.run(0) == 15_000
    await one.close()
    assert len(await stores.rows(sent)) == 15_000


async def test_a_dead_letter_that_is_replayed_becomes_the_row_it_should_have_been(
    stores: Stores, poisonous: Callable[[BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Sent()
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    at = int(hour_ago.timestamp() * 1000)
    unreadable = sent.line().rpartition(b"\t")[0]
    poisonous(LookupError())
    await shard.put_back(b"\n".join([sent.line(user_agent=POISON, at=at), unreadable]), hour_ago)
    await drain_through(LookupError, limit=20)
    monkeypatch.undo()  # what was wrong is mended
    assert len(await stores.letters()) == 2
    assert await ingestion.replay(stores.connection) == 2
    assert await ingestion.replay(stores.connection) == 0
    await drain()
    (row,) = await stores.rows(sent)
    assert (round(row["at"].timestamp() * 1000), row["clamped"]) == (at, False)
    assert await stores.counted(sent) == 1
    # What still can't be read is a letter again.
    assert [letter["replayed_at"] is None for letter in await stores.letters()] == [False, False, True]


async def test_no_clock_however_wrong_fails_a_batch(stores: Stores) -> None:
    sent = Sent()
    now = clicks.milliseconds()
    skews = [*range(-400, 401, 25), -(10**9), 10**9, 10**15]
    await clicks.append(b"\n".join(sent.line(at=now + skew * DAY_MS) for skew in skews))
    await clicks.append(b"\n".join(sent.line(at=now - ago * DAY_MS, dated=True) for ago in range(10, 800, 50)))
    await drain()
    rows = await stores.rows(sent)
    assert len(rows) == len(skews) + 16
    assert sum(row["clamped"] for row in rows) == len(skews) - 1 + 8  # one is right; eight were told of too long ago
    assert min(row["at"] for row in rows) > datetime.now(UTC) - timedelta(days=401)
    assert await stores.letters() == []


async def test_a_partition_that_is_missing_is_made(stores: Stores) -> None:
    sent = Sent()
    day = datetime.now(UTC) - timedelta(days=300)
    partition = day.strftime("clicks_%Y_%m")
    drainer = Drain(Settings(consumer="tests"))
    for _ in range(2):
        await clicks.append(sent.line(at=int(day.timestamp() * 1000), dated=True))
        assert await drainer.run(0) == 1
        await stores.connection.execute(f"drop table {partition}")
    await drainer.close()
    assert await stores.letters() == []


@pytest.fixture
async def evicting() -> AsyncIterator[None]:
    policy = (await redis.patient().config_get("maxmemory-policy"))["maxmemory-policy"] or ""
    await redis.patient().config_set("maxmemory-policy", "allkeys-lru")
    yield
    await redis.patient().config_set("maxmemory-policy", policy)


@pytest.mark.usefixtures("evicting")
async def test_a_server_that_would_evict_the_stream_is_refused() -> None:
    with pytest.raises(settings.BadSettings, match="maxmemory-policy is allkeys-lru"):
        await drain()
    client = await restricted("-config")
    with pytest.raises(settings.BadSettings, match="allkeys-lru"):
        await redis._refuse_eviction(client)
    await client.aclose()


async def test_a_server_that_tells_no_policy_is_used(capfd: pytest.CaptureFixture[str]) -> None:
    client = await restricted("-config -info")
    await redis._refuse_eviction(client)
    await client.aclose()


async def restricted(rights: str) -> Redis:
    """Connect as somebody who may not do everything, as managed services have it."""
    await redis.patient().acl_setuser(
        "restricted", enabled=True, reset=True, passwords="+secret", keys="*", commands=["+@all", *rights.split()]
    )
    return Redis.from_url(os.environ["REDIS_URL"], username="restricted", password="secret")


async def test_what_waits_is_told_with_its_age(stores: Stores) -> None:
    await drain()
    now = datetime.now(UTC)
    before = await ingestion.waiting(stores.connection, now)
    assert (before.entries, before.spilled, before.oldest_seconds) == (0, 0, 0)
    sent = Sent()
    await clicks.append(sent.lines(3))
    await clicks.append(sent.lines(3))
    told = await ingestion.waiting(stores.connection, now + timedelta(seconds=60))
    assert (told.entries, told.spilled) == (2, 0)
    assert 50 < told.oldest_seconds < 61
    await stores.spill(sent.line(), now - timedelta(hours=1))
    await stores.spill(b"no click")
    assert (await ingestion.waiting(stores.connection, now)).oldest_seconds == 3600
    await drain()
    after = await ingestion.waiting(stores.connection, now)
    assert (after.entries, after.spilled, after.oldest_seconds) == (0, 0, 0)
    assert after.dead_letters == before.dead_letters + 1


async def test_what_was_stored_is_logged_once_a_second_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(observe.log, "info", lambda event, **fields: logged.append({"event": event, **fields}))
    monkeypatch.setattr(time, "monotonic", lambda: 10_000.0)
    sent = Sent()
    one = Drain(Settings(consumer="tests"))
    for _ in range(5):
        await clicks.append(sent.lines(10))
        await one.run(0)
    monkeypatch.setattr(time, "monotonic", lambda: 10_001.5)
    await clicks.append(sent.lines(10))
    await one.run(0)
    await one.close()
    assert [(line["event"], line["clicks"]) for line in logged] == [("clicks_stored", 10), ("clicks_stored", 50)]
    assert all(line["lag_ms"] >= 0 for line in logged)


async def test_trimming_takes_only_what_is_acknowledged(stores: Stores) -> None:
    await drain()
    sent = Sent()
    client = redis.patient()
    left, taken, new = [await client.xadd(clicks.STREAM, {clicks.FIELD: sent.line()}) for _ in range(3)]
    await client.xreadgroup(clicks.GROUP, "tests", {clicks.STREAM: ">"}, count=2)
    await client.xack(clicks.STREAM, clicks.GROUP, left)
    await shard.trim(clicks.STREAM)
    assert [identifier for identifier, _ in await client.xrange(clicks.STREAM) or []] == [taken, new]
    await drain()
    assert len(await stores.rows(sent)) == 2


async def test_others_left_behind_entries_are_taken_over(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    await drain()
    sent = Sent()
    for _ in range(250):
        await clicks.append(sent.line())
    await redis.patient().xreadgroup(clicks.GROUP, "gone", {clicks.STREAM: ">"}, count=1000)
    await drain()
    assert await stores.rows(sent) == []  # it may still be at them
    monkeypatch.setattr(shard, "_ABANDONED", 0.0)
    await drain()
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 250


def worker(name: str) -> subprocess.Popen[bytes]:
    env = os.environ | {"PYTHONPATH": "functions:layers/common/python:.", "CONSUMER": name, "LOG_LEVEL": "WARNING"}
    return subprocess.Popen([sys.executable, "-m", "local.worker"], cwd=ROOT, env=env, stdin=subprocess.PIPE)


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


@pytest.mark.parametrize(("count", "kills"), [(6_000, 3), pytest.param(50_000, 25, marks=pytest.mark.slow)])
async def test_workers_side_by_side_and_killed_at_random_are_exact(stores: Stores, count: int, kills: int) -> None:
    await drain()
    sent = Sent()
    names = ("one", "two", "three")
    workers = {name: worker(name) for name in names}
    try:
        for kill in range(kills + 1):
            for _ in range(count // (kills + 1) // 50):
                await clicks.append(sent.lines(50))
            await asyncio.sleep(random.random() * 2)
            if kill < kills:
                name = random.choice(names)
                end(workers[name])
                workers[name] = worker(name)
        deadline = time.monotonic() + 120
        while await redis.patient().xlen(clicks.STREAM):
            assert time.monotonic() < deadline, "not drained"
            await asyncio.sleep(0.05)
    finally:
        for process in workers.values():
            end(process)
    wanted = count // (kills + 1) // 50 * 50 * (kills + 1)
    rows = await stores.rows(sent)
    assert (len(rows), await stores.counted(sent)) == (wanted, wanted)
    drift = await stores.connection.fetchval(
        """
        select count(*) from (
            select link_id, date_trunc('hour', at) as hour, count(*) as n from clicks where workspace_id = $1 group by 1, 2
        ) c full join clicks_hourly k using (link_id, hour)
        where (k.workspace_id = $1 or k.workspace_id is null) and c.n is distinct from k.clicks + k.bots
        """,
        sent.workspace,
    )
    assert drift == 0
    assert await stores.letters() == []


@pytest.mark.slow
async def test_a_click_that_kills_real_workers_is_buried(stores: Stores, tmp_path: Path) -> None:
    script = tmp_path / "fragile.py"
    script.write_text(
        "import os, asyncio\n"
        "from clicks import enrich\n"
        "from clicks.drain import Drain, Settings\n"
        "honest = enrich.row\n"
        "def row(click, **rest):\n"
        "    if click.user_agent == 'poison': os._exit(9)\n"
        "    return honest(click, **rest)\n"
        "enrich.row = row\n"
        "asyncio.run(Drain(Settings(consumer='tests')).run(0))\n"
    )
    sent = Sent()
    await clicks.append(b"\n".join([*(sent.line() for _ in range(999)), sent.line(user_agent=POISON)]))
    env = os.environ | {"PYTHONPATH": "functions:layers/common/python:.", "LOG_LEVEL": "ERROR"}
    ended = [9]
    while ended[-1] and len(ended) < 20:
        process = await asyncio.create_subprocess_exec(sys.executable, str(script), cwd=ROOT, env=env)
        ended.append(await process.wait())
    print(json.dumps({"workers ended": len(ended) - 2}))
    assert set(ended[:-1]) == {9}
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 999
    (letter,) = await stores.letters()
    assert letter["error"] == "ended the process"


async def test_a_click_from_its_own_domain_or_the_site_is_internal(stores: Stores) -> None:
    sent = Sent()
    host = f"{sent.workspace}.test"
    workspace = await stores.connection.fetchval(
        "insert into workspaces (name, personal, created_at) values ('', false, now()) returning id"
    )
    domain = await stores.connection.fetchval(
        "insert into domains (workspace_id, host, case_sensitive, created_at) values ($1, $2, false, now()) returning id",
        workspace,
        host,
    )
    referrers = (f"https://{host}/a", "http://go.test/app/links", "https://www.google.com/", "https://else.test/")
    lines = [sent.line(domain=domain, referrer=referrer.encode()) for referrer in referrers]
    await redis.patient().xadd(clicks.STREAM, {clicks.FIELD: b"\n".join(lines)})
    await drain()
    await stores.connection.execute("delete from domains where id = $1", domain)
    found = {row["referrer_host"]: (row["source"], row["channel"]) for row in await stores.rows(sent)}
    assert found == {
        host: (None, "internal"), "go.test": (None, "internal"), "google.com": ("Google", "search"), "else.test": (None, None),
    }  # fmt: skip
