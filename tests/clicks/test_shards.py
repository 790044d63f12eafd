"""Several streams on one server: each click is stored once, however their number changes meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clicks import enrich, stream
from clicks.shard import PAGE
from ginnel import clicks, ingestion, lookup, postgres, redis, settings, shards
from ginnel.redirects import Record, State
from tests.clicks.test_drain import POISON, Sent, Stores, drain, drain_through, end, worker

SHARDS = 3


@pytest.fixture
async def stores() -> AsyncIterator[Stores]:
    connection = await postgres.connect()
    await connection.execute("truncate dead_letters, outbox")  # what other tests have left
    yield Stores(connection)
    await connection.close()


@pytest.fixture(autouse=True)
async def _sharded(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    cut(monkeypatch, SHARDS)
    await _empty()
    yield
    monkeypatch.undo()
    settings.read.cache_clear()
    await _empty()


async def _empty() -> None:
    await redis.patient().delete("clicks", *(shards.stream(shard) for shard in range(redis.MOST_SHARDS)))


def cut(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setenv("REDIS_SHARDS", str(count))
    settings.read.cache_clear()


async def lengths() -> list[int]:
    return [await redis.patient().xlen(name) for name in ("clicks", *map(shards.stream, range(SHARDS)))]


def test_a_shard_follows_from_the_name_alone() -> None:
    # Not from a hash that differs between processes, nor between releases.
    assert [shards.of(f"go.test/{name}") for name in ("a", "b", "größe", "🎉")] == [1, 1, 0, 1]
    exact, folded = "go.test/AbC", "go.test/abc"
    assert lookup._key(exact, folded)[:3] == lookup._key(folded, folded)[:3]


async def test_writes_go_to_each_stream_in_turn_and_all_are_drained(stores: Stores) -> None:
    sent = Sent()
    for _ in range(3 * SHARDS):
        await clicks.append(sent.lines(20))
    assert await lengths() == [0, 3, 3, 3]
    now = datetime.now(UTC) + timedelta(seconds=60)
    told = await ingestion.waiting(stores.connection, now)
    assert told.entries == 9
    assert 50 < told.oldest_seconds < 61
    assert await drain() == 180
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 180
    assert await lengths() == [0, 0, 0, 0]


async def test_a_stream_that_has_more_keeps_none_of_the_others_waiting() -> None:
    sent = Sent()
    for _ in range(300):
        await redis.append(shards.stream(0).encode(), clicks.FIELD, sent.line())
    await redis.append(shards.stream(2).encode(), clicks.FIELD, sent.line())
    one = stream.Stream("tests")
    await drain()
    for _ in range(300):
        await redis.append(shards.stream(0).encode(), clicks.FIELD, sent.line())
    await redis.append(shards.stream(2).encode(), clicks.FIELD, sent.line())
    one._size = 1
    page = await one._page(wait=0)
    assert Counter(entry.stream for entry in page) == {shards.stream(0): PAGE // SHARDS, shards.stream(2): 1}
    await drain()


async def test_no_more_is_read_ahead_than_a_batch_however_much_an_entry_holds(stores: Stores) -> None:
    sent = Sent()
    for _ in range(40):
        await clicks.append(sent.lines(1000))
    one = stream.Stream("tests")
    stored = 0
    while batch := await one.take(wait=0):
        held = sum(len(entry.lines) for entry in one._held)
        assert held <= stream._CLICKS
        stored += sum(len(entry.lines) for entry in batch)
        await one.done(batch)
    assert stored == 40_000
    assert await lengths() == [0, 0, 0, 0]


async def test_a_worker_waits_for_all_streams_at_once(stores: Stores) -> None:
    sent = Sent()
    one = stream.Stream("tests")
    await one.take(wait=0)
    for shard in range(SHARDS):
        waiting = asyncio.create_task(one.take(wait=5))
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        await redis.append(shards.stream(shard).encode(), clicks.FIELD, sent.line())
        (entry,) = await waiting
        assert time.monotonic() - begun < 0.25
        assert entry.stream == shards.stream(shard)
        await one.done([entry])
    assert await lengths() == [0, 0, 0, 0]


@pytest.mark.parametrize("fewer", [1, 2])
async def test_streams_of_more_shards_than_there_are_now_are_drained(
    stores: Stores, fewer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Sent()
    for _ in range(2 * SHARDS):
        await clicks.append(sent.lines(10))
    cut(monkeypatch, fewer)
    await drain()
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 60
    assert await lengths() == [0, 0, 0, 0]


async def test_clicks_of_a_release_before_shards_are_drained_once(stores: Stores) -> None:
    sent = Sent()
    client = redis.patient()
    await client.xgroup_create("clicks", clicks.GROUP, id="0", mkstream=True)
    for _ in range(10):
        await client.xadd("clicks", {clicks.FIELD: sent.lines(5)})
    await client.xreadgroup(clicks.GROUP, "tests", {"clicks": ">"}, count=4)  # what its worker had in hand
    await drain()
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 50
    assert await lengths() == [0, 0, 0, 0]


async def test_a_key_of_that_name_that_is_no_stream_is_let_be(stores: Stores) -> None:
    sent = Sent()
    await redis.patient().set("clicks", "something else")
    await clicks.append(sent.lines(5))
    await drain()
    assert len(await stores.rows(sent)) == 5


async def test_poison_is_found_in_its_own_stream(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = enrich.row

    def row(click: clicks.Click, **rest: Any) -> ingestion.Row:
        if click.user_agent == POISON.decode():
            raise LookupError
        return honest(click, **rest)

    monkeypatch.setattr(enrich, "row", row)
    sent = Sent()
    for shard in range(SHARDS):
        lines = [sent.line() for _ in range(20)] + ([sent.line(user_agent=POISON)] if shard == 1 else [])
        await redis.append(shards.stream(shard).encode(), clicks.FIELD, b"\n".join(lines))
    await drain_through(LookupError, limit=20)
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 60
    assert [letter["error"] for letter in await stores.letters()] == ["LookupError"]
    assert await lengths() == [0, 0, 0, 0]
    assert await redis.patient().keys("*clicks:tried:*") == []


async def test_two_workers_share_all_streams_and_are_exact(stores: Stores) -> None:
    sent = Sent()
    workers = [worker("one"), worker("two")]
    try:
        for number in range(12):
            for _ in range(10):
                await clicks.append(sent.lines(50))
            await asyncio.sleep(0.1)
            if number == 6:
                end(workers[0])
                workers[0] = worker("one")
        deadline = time.monotonic() + 60
        while any(await lengths()):
            assert time.monotonic() < deadline, "not drained"
            await asyncio.sleep(0.05)
    finally:
        for process in workers:
            end(process)
    assert len(await stores.rows(sent)) == await stores.counted(sent) == 6000


async def test_a_visit_is_appended_to_the_shard_of_its_record() -> None:
    found: Counter[str] = Counter()
    for number in range(30):
        slug = f"Sharded-{number}"
        folded = f"go.test/{slug.lower()}"
        key = lookup._key(folded, folded)
        record = Record(
            slug.lower(), case_sensitive=False, state=State.LIVE, link=1, domain=1, target="https://a.test/"
        )
        await redis.patient().set(key, record.pack(), ex=60)
        visit = clicks.begin({}, address=b"", query=b"")
        assert await lookup.resolve("go.test", slug, visit) == record
        assert visit.appended
        name = f"{key.partition('}')[0]}}}clicks"
        newest: Any = await redis.patient().xrevrange(name, count=1)
        ((_, fields),) = newest
        assert fields[clicks.FIELD] == visit.line(record)
        found[name] += 1
        await lookup.purge("go.test", slug.lower())
        assert not await redis.patient().exists(key)
    assert len(found) == SHARDS
    await drain()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"REDIS_SHARDS": "0"}, "REDIS_SHARDS must lie between 1 and 64"),
        ({"REDIS_SHARDS": "65"}, "REDIS_SHARDS must lie between 1 and 64"),
        ({"REDIS_CLUSTER": "true", "REDIS_URL": "unix:///tmp/x"}, "must name a host"),
        ({"REDIS_CLUSTER": "true", "REDIS_URL": "redis://localhost/3"}, "no database but 0"),
    ],
)
def test_what_can_not_be_is_refused(variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings.read.cache_clear()
    with pytest.raises(settings.BadSettings, match=said):
        settings.read(redis.Settings)
