"""Whatever happens to a worker, each click becomes one row, counted once in the roll-ups."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import asyncpg
import pytest

from ginnel import clicks, redis
from tests.faults.sent import NOTHING_AMISS, Sent, at_work, drain, drained, unacknowledged, until, worker

pytestmark = pytest.mark.faults


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
        pytest.param(lambda line: line + b"\t\xff\xfe a field and\tone more", id="unreadable"),
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
