"""A Redis Cluster of six servers, one of which dies or freezes: visitors are sent on, what was replicated is counted once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from clicks.drain import Drain, Settings
from ginnel import clicks, ingestion, lookup, postgres, redis, settings, shards
from ginnel.redirects import Record, State
from tests.clicks.test_drain import Sent, Stores
from tests.e2e import running
from tests.e2e.running import Running
from tests.faults import nodes
from tests.faults.crowd import CLICKERS, Promises, follow, make_link, registered
from tests.faults.nodes import Member, Nodes, until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")]

SHARDS = 6
LINKS = 30
LIVE = Record("abc", case_sensitive=False, state=State.LIVE, link=1, workspace=2, domain=3, target="https://a.test/")


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nodes]:
    async with nodes.running(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
async def here(cluster: Nodes, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Nodes]:
    """Have this process use the cluster."""
    await redis.close()
    for name, value in variables(cluster).items():
        monkeypatch.setenv(name, value)
    settings.read.cache_clear()
    yield cluster
    await redis.close()
    monkeypatch.undo()
    settings.read.cache_clear()


def variables(cluster: Nodes) -> dict[str, str]:
    return {"REDIS_URL": cluster.url, "REDIS_CLUSTER": "true", "REDIS_SHARDS": str(SHARDS)}


async def known_link(slug: str) -> str:
    """Put a link's record into Redis; return its key."""
    key = lookup._key(f"go.test/{slug}", f"go.test/{slug}")
    await redis.call(lambda client: client.set(key, LIVE.pack(), ex=60), key)
    return key


async def calls(cluster: Nodes, *commands: str) -> dict[str, int]:
    """Count what all primaries were asked for so far."""
    counted = dict.fromkeys(commands, 0)
    for member in await cluster.primaries():
        told = await member.client.info("commandstats")
        for name in commands:
            counted[name] += told.get(f"cmdstat_{name}", {"calls": 0})["calls"]
    return counted


async def test_a_visit_takes_one_round_trip_to_the_one_node_that_has_all_of_it(here: Nodes) -> None:
    for number in range(LINKS):
        await known_link(f"visited-{number}")
    await lookup.resolve("go.test", "visited-0", clicks.begin({}, address=b"", query=b""))
    before = await calls(here, "fcall", "get", "xadd", "command|getkeys", "cluster|slots")
    for number in range(1, LINKS):
        visit = clicks.begin({}, address=b"", query=b"")
        assert await lookup.resolve("go.test", f"visited-{number}", visit) == LIVE
        assert visit.appended
    asked = {name: count - before[name] for name, count in (await calls(here, *before)).items()}
    loaded = asked.pop("fcall") - (LINKS - 1)  # on each node, the first call finds no library
    assert 0 <= loaded <= nodes.PRIMARIES
    assert asked == {"get": LINKS - 1, "xadd": LINKS - 1, "command|getkeys": 0, "cluster|slots": 0}
    await drain()


async def test_every_shard_is_drained_once_and_told_of(here: Nodes) -> None:
    connection = await postgres.connect()
    stores, sent = Stores(connection), Sent()
    for _ in range(5 * SHARDS):
        await clicks.append(sent.lines(20))
    told = await ingestion.waiting(connection, datetime.now(UTC))
    assert told.entries == 5 * SHARDS
    lengths = [await (await redis.owner(name)).xlen(name) for name in shards.streams()]
    assert lengths == [5] * SHARDS
    await drain()
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 100 * SHARDS
    assert (await ingestion.waiting(connection, datetime.now(UTC))).entries == 0
    await connection.close()


async def drain() -> None:
    one = Drain(Settings(consumer="tests"))
    await one.run(0)
    await one.close()


async def test_a_worker_of_a_cluster_is_quick_and_idles_cheaply(
    here: Nodes, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = await postgres.connect()
    stores, sent = Stores(connection), Sent()
    one = Drain(Settings(consumer="tests"))
    running_one = asyncio.create_task(one.run(30))
    await asyncio.sleep(1)
    lags = []
    for number in range(1, 13):
        await asyncio.sleep(0.4)
        begun = time.monotonic()
        await clicks.append(sent.line())
        while len(await stores.rows(sent)) < number:  # noqa: ASYNC110  # the database tells nobody
            await asyncio.sleep(0.005)
        lags.append(round((time.monotonic() - begun) * 1000))
    before, cpu, begun = await calls(here, "xreadgroup"), time.process_time(), time.monotonic()
    await asyncio.sleep(5)
    idle = time.monotonic() - begun
    used, asked = time.process_time() - cpu, (await calls(here, "xreadgroup"))["xreadgroup"] - before["xreadgroup"]
    running_one.cancel()
    await asyncio.gather(running_one, return_exceptions=True)
    await one.close()
    await connection.close()
    with capsys.disabled():
        print(
            f"\n  from a click to its row, {SHARDS} shards: {sorted(lags)} ms; idle: {asked / idle:.0f} reads a second, "
            f"{100 * used / idle:.1f} % of a core"
        )
    assert sorted(lags)[len(lags) // 2] <= 250


@pytest.mark.parametrize("way", ["killed", "frozen"])
async def test_a_dead_node_does_not_keep_the_clicks_of_others_waiting(
    here: Nodes, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = await postgres.connect()
    stores, sent = Stores(connection), Sent()
    one = Drain(Settings(consumer="tests"))

    async def work() -> None:
        while True:
            with suppress(redis.RedisError):  # local.worker logs it and goes on, too
                await one.run(5)

    working = asyncio.create_task(work())
    await asyncio.sleep(1)
    dead = await here.owner(shards.stream(1))
    living = [name for name in shards.streams() if await here.owner(name) is not dead]
    failing = asyncio.create_task(fail(here, dead, way))
    lags: list[int] = []
    while not failing.done():
        begun = time.monotonic()
        await redis.append(random.choice(living).encode(), clicks.FIELD, sent.line())
        while len(await stores.rows(sent)) <= len(lags):  # noqa: ASYNC110  # the database tells nobody
            await asyncio.sleep(0.005)
        lags.append(round((time.monotonic() - begun) * 1000))
    recover(dead, way)
    await until(here.whole, 60)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await one.close()
    await drain()
    found = len(await stores.rows(sent)), await stores.counted(sent)
    await connection.close()
    with capsys.disabled():
        print(f"\n  from a click to its row, with one of three primaries {way}: {sorted(lags)} ms")
    assert found == (len(lags), len(lags))
    assert sorted(lags)[len(lags) // 2] <= 250


async def test_keys_on_the_move_are_followed(here: Nodes) -> None:
    key = await known_link("moving")
    source = await here.owner(key)
    target = next(member for member in await here.primaries() if member is not source)
    names = {member: (await member.ask("CLUSTER", "MYID")).decode() for member in (source, target)}
    slot = await source.ask("CLUSTER", "KEYSLOT", key)

    async def length() -> int:
        found: int = await redis.call(lambda client: client.strlen(key), key)
        return found

    before = await length()
    await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", names[source])
    await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", names[target])
    assert await length() == before
    while moving := await source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
        await source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *moving)
    assert await length() == before  # by ASK
    for member in (target, source):
        await member.ask("CLUSTER", "SETSLOT", slot, "NODE", names[target])
    assert await length() == before  # by MOVED
    visit = clicks.begin({}, address=b"", query=b"")
    lookup.forget("go.test", "moving")
    assert await lookup.resolve("go.test", "moving", visit) == LIVE
    assert visit.appended

    async def learned() -> bool:
        assert await length() == before
        ours = redis._cluster()
        return ours._known(key.encode()) is ours._node(("127.0.0.1", target.port))

    await until(learned, 5)
    await drain()


async def test_edits_are_told_by_another_node_when_the_one_listened_to_dies(here: Nodes) -> None:
    watching = asyncio.create_task(lookup.watch())

    async def told() -> bool:
        return lookup._told_until > time.monotonic()

    await until(told)
    dead = await here.owner(lookup.CHANNEL)
    dead.kill()

    async def deaf() -> bool:
        return not await told()

    await until(deaf)
    silent = await until(told)
    print(f"\n  no subscription for {silent:.1f} s")
    key = await known_link("told")
    assert await lookup.resolve("go.test", "told") == LIVE
    await redis.call(lambda client: client.delete(key), key)
    await redis.call(lambda client: client.publish(lookup.CHANNEL, "go.test/told"), lookup.CHANNEL)

    async def forgotten() -> bool:
        return lookup.remembered("go.test", "told") is None

    assert await until(forgotten) < 0.5
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    dead.start()
    await until(here.whole)


@pytest.mark.parametrize("way", ["killed", "frozen"])
async def test_a_dead_primary_costs_no_visitor_and_no_click_that_was_replicated(
    cluster: Nodes, tmp_path: Path, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running.up(tmp_path / "data", env=variables(cluster)) as live:
        promises = await registered(live)
        async with httpx.AsyncClient(base_url=live.base, timeout=30) as client:
            for _ in range(LINKS):
                await make_link(client, promises)
            # What is in the streams when the node dies is what matters: nobody takes it out before.
            (worker,) = running.processes(live.data)["worker"]
            os.kill(worker, signal.SIGSTOP)
            for _ in range(400):
                await follow(client, promises)
        replicated = list(promises.followed)
        await all_replicated(cluster)
        dead = await cluster.owner(shards.stream(1))
        stopping = asyncio.Event()
        crowd = asyncio.create_task(visit(live, promises, stopping))
        await asyncio.sleep(1)
        before = len(promises.followed)
        took_over = await fail(cluster, dead, way)
        await asyncio.sleep(1)
        during = len(promises.followed) - before
        os.kill(worker, signal.SIGCONT)
        recover(dead, way)
        whole = await until(cluster.whole, 60)
        await asyncio.sleep(1)
        stopping.set()
        slowest = await crowd
        live.wait_until_healthy()
        rows = await settled(cluster, live)
    lost = [number for number in promises.followed if number not in rows]
    with capsys.disabled():
        print(
            f"\n  a primary {way}: {len(promises.followed)} of {promises.tried} clicks answered by 302, slowest "
            f"{slowest:.0f} ms; its replica served after {took_over:.1f} s, the node was back after {whole:.1f} s more; of "
            f"{len(replicated)} replicated clicks lost {len(set(lost) & set(replicated))}, of {during} around the failover "
            f"{len(set(lost) - set(replicated))}; doubled {sum(count > 1 for count in rows.values())}"
        )
    assert len(promises.followed) == promises.tried
    assert not promises.refused
    assert not set(lost) & set(replicated)
    assert not [number for number, count in rows.items() if count > 1]
    # Asynchronous replication promises nothing; but a click takes a millisecond to reach the replica.
    assert len(lost) <= 0.02 * during


async def visit(live: Running, promises: Promises, stopping: asyncio.Event) -> float:
    """Follow links until told to stop; return how many milliseconds the slowest answer took."""
    slowest = 0.0

    async def one() -> None:
        nonlocal slowest
        async with httpx.AsyncClient(base_url=live.base, timeout=30) as client:
            while not stopping.is_set():
                begun = time.monotonic()
                await follow(client, promises)
                slowest = max(slowest, (time.monotonic() - begun) * 1000)
                await asyncio.sleep(0.005)

    await asyncio.gather(*(one() for _ in range(CLICKERS)))
    return slowest


async def all_replicated(cluster: Nodes) -> None:
    """Wait until each replica has all that its primary was told so far."""
    for number in range(SHARDS):
        member = await cluster.owner(shards.stream(number))
        async with (
            member.client.client() as one
        ):  # WAIT is about what its own connection has written, and all before that
            await one.set(shards.key(number, "mark"), "")
            assert await one.wait(1, 5000) == 1


async def fail(cluster: Nodes, dead: Member, way: str) -> float:
    """Let a primary die or freeze; return in how many seconds another was in its place."""
    if way == "killed":
        dead.kill()
    else:
        dead.freeze()

    async def taken_over() -> bool:
        return await cluster.owner(shards.stream(1)) is not dead

    return await until(taken_over)


def recover(dead: Member, way: str) -> None:
    if way == "killed":
        dead.start()
    else:
        dead.thaw()


async def settled(cluster: Nodes, live: Running) -> dict[str, int]:
    """Wait until nothing is on its way any more; return how many rows there are of each click, once the roll-ups agree."""

    async def nothing_waits() -> bool:
        for number in range(SHARDS):
            name = shards.stream(number)
            if await (await cluster.owner(name)).client.xlen(name):
                return False
        (outbox,) = await running.fetch(live.database_url, "select count(*) as n from outbox")
        return not outbox["n"]

    await until(nothing_waits, 60)
    (drift,) = await running.fetch(
        live.database_url,
        "select (select sum(clicks + bots) from clicks_hourly) - (select count(*) from clicks) as rows",
    )
    assert drift["rows"] == 0
    query = "select utm_content as number, count(*) as rows from clicks group by 1"
    found: list[Any] = await running.fetch(live.database_url, query)
    return {row["number"]: row["rows"] for row in found}
