"""What a process remembers of links: read anew in time, kept while PostgreSQL is away, dropped when it is told."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import asyncpg
import pytest

from clicks.drain import Drain, Settings
from ginnel import lookup, postgres, redis, sweeps
from ginnel.errors import Unavailable
from ginnel.lookup import Kept
from ginnel.redirects import Record
from tests.conftest import Account

HOST = "go.test"


@pytest.fixture(autouse=True)
def _told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if we listened to changes."""
    monkeypatch.setattr(lookup, "_told_until", math.inf)


@pytest.fixture
async def link(account: Account) -> dict[str, Any]:
    return await account.link("https://example.com/old")


async def visited(slug: str) -> Record:
    found = await lookup.resolve(HOST, slug)
    assert found
    return found


def kept(slug: str) -> Kept:
    return lookup._links[f"{HOST}/{slug}"]


async def landed() -> None:
    await asyncio.gather(*(flight.task for flight in list(lookup._flights.values())), return_exceptions=True)
    await asyncio.sleep(0)


async def aside(statement: str, *values: object) -> None:
    """Change something that nobody is told of."""

    async def execute(connection: asyncpg.Connection) -> None:
        await connection.execute(statement, *values)

    await postgres.run(execute)


async def test_a_record_is_read_anew_before_its_time_is_over_and_nobody_waits(link: dict[str, Any]) -> None:
    slug = link["slug"]
    await visited(slug)
    await redis.patient().delete(lookup._key(f"{HOST}/{slug}", f"{HOST}/{slug}"))
    await aside("update links set target = 'https://example.com/new' where id = $1", link["id"])
    kept(slug).read_at = time.monotonic() - 0.9 * lookup.KEPT
    assert [(await visited(slug)).target for _ in range(50)] == ["https://example.com/old"] * 50
    assert len(lookup._flights) == 1
    await landed()
    assert (await visited(slug)).target == "https://example.com/new"
    assert kept(slug).young(time.monotonic())


async def test_nothing_is_begun_that_nobody_waits_for_in_a_process_that_is_not_told(
    link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = link["slug"]
    await visited(slug)
    monkeypatch.setattr(lookup, "_told_until", 0.0)
    kept(slug).read_at = time.monotonic() - 0.9 * lookup.FRESH
    await visited(slug)
    assert not lookup._flights


async def test_many_records_that_age_at_once_are_not_all_read_at_once(account: Account) -> None:
    slugs = [(await account.link())["slug"] for _ in range(3 * lookup._RENEWALS)]
    for slug in slugs:
        await visited(slug)
        kept(slug).read_at = time.monotonic() - 0.9 * lookup.KEPT
    most = 0
    while not all(kept(slug).young(time.monotonic()) for slug in slugs):
        for slug in slugs:
            await visited(slug)
        most = max(most, len(lookup._flights))
        await landed()
    assert most == lookup._RENEWALS


async def unavailable(*_: object) -> None:
    raise Unavailable


async def redis_away(*_: object) -> None:
    raise redis.Away


async def forgotten(slug: str) -> None:
    """Have Redis forget a link, and what this process knows of it grow too old."""
    await redis.patient().delete(lookup._key(f"{HOST}/{slug}", f"{HOST}/{slug}"))
    kept(slug).read_at = time.monotonic() - 2 * lookup.KEPT


async def test_what_is_remembered_outlives_its_time_while_postgresql_is_away(
    link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = link["slug"]
    await visited(slug)
    await forgotten(slug)
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "run", unavailable)
        assert (await visited(slug)).target == "https://example.com/old"
        # From here on nobody waits for PostgreSQL to fail, either.
        assert kept(slug).fresh(time.monotonic())
        assert not kept(slug).young(time.monotonic() + lookup._AGAIN)
        lookup.forget(HOST, slug)
        with pytest.raises(Unavailable):
            await visited(slug)
    await landed()
    assert (await visited(slug)).target == "https://example.com/old"


async def test_postgresql_that_is_away_is_asked_once_a_second_however_many_visitors_come(
    link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def away(*_: object) -> None:
        nonlocal asked
        asked += 1
        raise Unavailable

    slug = link["slug"]
    await visited(slug)
    await forgotten(slug)
    monkeypatch.setattr(postgres, "run", away)
    kept(slug).read_at = time.monotonic() - 0.9 * lookup.KEPT
    for _ in range(100):
        await visited(slug)
        await landed()
    assert asked == 1
    kept(slug).read_at -= lookup._AGAIN
    await visited(slug)
    await landed()
    assert asked == 2


async def test_a_visitor_who_reads_in_the_middle_of_a_change_leaves_nothing_old(
    link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    slug, tell = link["slug"], lookup.tell
    await visited(slug)
    await aside("update links set target = 'https://example.com/new' where id = $1", link["id"])

    async def tell_late(changed: Any) -> None:
        assert (await visited(slug)).target == "https://example.com/old", "Redis has it still"
        await tell(changed)

    monkeypatch.setattr(lookup, "tell", tell_late)
    await lookup.purge(HOST, slug)
    assert (await visited(slug)).target == "https://example.com/new"


async def test_a_host_that_no_domain_can_have_is_not_asked_for() -> None:
    before = len(lookup._unknown)
    assert await lookup.resolve("h" * 254, "slug") is None
    assert await lookup.resolve(f"{'h' * 60_000}:80", "slug") is None
    assert len(lookup._unknown) == before


async def test_what_is_remembered_is_no_good_to_a_process_that_is_not_told(
    link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = link["slug"]
    await visited(slug)
    await forgotten(slug)
    with monkeypatch.context() as patch:
        patch.setattr(lookup, "_told_until", 0.0)
        patch.setattr(postgres, "run", unavailable)
        with pytest.raises(Unavailable):
            await visited(slug)


async def test_a_change_that_redis_did_not_hear_of_is_told_again(
    account: Account, link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await all_told()
    slug, path = link["slug"], f"/api/v1/links/{link['id']}"
    key = lookup._key(f"{HOST}/{slug}", f"{HOST}/{slug}")
    await visited(slug)
    with monkeypatch.context() as patch:
        patch.setattr(redis, "call", redis_away)
        answer = await account.http.patch(path, json={"target": "https://example.com/new"})
        assert answer.status_code == 200
    assert await redis.patient().exists(key), "Redis has heard of it all the same"
    async with redis.patient().pubsub() as subscription:
        await subscription.subscribe(lookup.CHANNEL)
        worker = Drain(Settings())
        await worker.run(0)
        await worker.close()
        said: list[bytes] = []
        async with asyncio.timeout(30):
            while f"{HOST}/{slug}".encode() not in said:
                message = await subscription.get_message(ignore_subscribe_messages=True, timeout=5)
                said += [message["data"]] if message else []
    assert not await redis.patient().exists(key)
    assert (await visited(slug)).target == "https://example.com/new"


async def test_nonsense_on_the_channel_makes_nobody_deaf(link: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_told_until", 0.0)
    watching = asyncio.create_task(lookup.watch())

    async def told() -> None:
        before = lookup._told_until
        async with asyncio.timeout(10):
            while lookup._told_until == before:  # noqa: ASYNC110  # there is no event to wait for
                await asyncio.sleep(0.01)

    await told()
    for nonsense in (b"\xff\xfe/x", b"", b"/", b"no slash"):
        await redis.patient().publish(lookup.CHANNEL, nonsense)
    with monkeypatch.context() as patch:
        patch.setattr(lookup, "forget", None)
        await redis.patient().publish(lookup.CHANNEL, b"a/b")
        await told()
    await told()
    await visited(link["slug"])
    await redis.patient().publish(lookup.CHANNEL, f"{HOST}/{link['slug']}")
    async with asyncio.timeout(10):
        while lookup.remembered(HOST, link["slug"]):  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.01)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def all_told() -> None:
    """Have all earlier tests' changes told: a worker tells a bounded number at a time, the oldest first."""
    connection = await postgres.connect()
    while await sweeps.purge_again(connection):
        pass
    await connection.close()


async def test_what_can_not_be_told_again_yet_is_kept(link: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    await all_told()
    connection = await postgres.connect()
    try:
        await aside("insert into purges (created_at, host, slug_key) values (now(), $1, $2)", HOST, link["slug"])
        with monkeypatch.context() as patch:
            patch.setattr(redis, "call", redis_away)
            with pytest.raises(redis.Away):
                await sweeps.purge_again(connection)
        assert await sweeps.purge_again(connection) >= 1
        assert await sweeps.purge_again(connection) == 0
    finally:
        await connection.close()
