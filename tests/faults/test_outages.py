"""With one of the stores away, visitors are still sent on, and in the end each click is stored once."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import httpx
import pytest

from ginnel.postgres import Settings
from tests.e2e import running
from tests.faults import proxy, stores
from tests.faults.conftest import Tell
from tests.faults.crowd import FIREFOX, Promises, check, follow, make_link, registered, said, stroll
from tests.faults.scale import MARGIN
from tests.faults.stores import Installation, asking, installation

pytestmark = [pytest.mark.faults, pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")]


class Took:
    """How long answers took, in ms: the first, to a lone visitor, and then all others."""

    def __init__(self, first: list[float], others: list[float]) -> None:
        (self.first,) = first
        rest = sorted(others)
        self.median, self.p99, self.slowest = rest[len(rest) // 2], rest[len(rest) * 99 // 100], rest[-1]

    def __str__(self) -> str:
        return (
            f"first answer after {self.first:.0f} ms, then median {self.median:.1f} ms, p99 {self.p99:.0f} ms, "
            f"slowest {self.slowest:.0f} ms"
        )


@pytest.mark.parametrize("way", ["stopped", "frozen", "refuse", "reset", "late"])
async def test_with_redis_away_everybody_is_redirected_and_every_click_stored_once(
    folder: Path, way: stores.Way | proxy.Way, tell: Tell
) -> None:
    with installation(folder) as site:
        live = site.live
        promises = await registered(live)
        await stroll(live, promises, 40)
        with site.without("valkey", way):
            took = Took(await stroll(live, promises, 1, at_once=1), await stroll(live, promises, 400))
            async with httpx.AsyncClient(base_url=live.base) as client:
                await make_link(client, promises)
                answer = await client.get("/health")
                assert (answer.status_code, answer.json()["detail"]) == (503, "Not answering: redis.")
                assert (await client.get("/no-such-link")).status_code == 404
            await stroll(live, promises, 100)
        spilled = await spills(site)
        closed = await until_redis_is_used(site, promises)
        live.wait_until_healthy()
        result = await check(live, promises, database_url=site.postgres.url)
    tell(
        f"Redis away ({way}): {len(promises.followed)} of {promises.tried} clicks answered by 302, {took}; "
        f"{spilled} writes to the outbox, Redis used again {closed:.1f} s after its return; {said(result)}"
    )
    assert len(promises.followed) == promises.tried
    assert not promises.refused
    assert spilled
    assert not any(result.values()), live.said()
    assert took.first <= 120 * MARGIN
    assert took.p99 <= 150 * MARGIN
    assert closed <= 5


async def spills(site: Installation) -> int:
    """Count the writes to the outbox there ever were."""
    query = "select case when is_called then last_value else 0 end as spilled from outbox_id_seq"
    (row,) = await running.fetch(site.postgres.url, query)
    return int(row["spilled"])


async def until_redis_is_used(site: Installation, promises: Promises) -> float:
    """Follow links until a click does not go to the outbox; return after how many seconds that was."""
    begun = time.monotonic()
    async with httpx.AsyncClient(base_url=site.live.base) as client:
        while True:
            before = await spills(site)
            await follow(client, promises)
            if await spills(site) == before:
                return time.monotonic() - begun
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("way", ["stopped", "frozen", "stall"])
async def test_with_postgresql_away_known_links_lead_on_and_unknown_ones_are_to_be_tried_again(
    folder: Path, way: stores.Way | proxy.Way, tell: Tell
) -> None:
    bound = 2 * Settings.database_timeout
    # Patient with Redis: with both away, as two busy cores may look, a click has nowhere to go.
    with installation(folder, env={"REDIS_TIMEOUT": "1"}) as site:
        live = site.live
        promises = await registered(live)
        await stroll(live, promises, 40)
        async with httpx.AsyncClient(base_url=live.base, timeout=30, headers={"user-agent": FIREFOX}) as client:
            unseen = Promises(promises.bearer)
            await make_link(client, unseen)
            (slug,) = unseen.links.values()
            refused = []
            with site.without("postgres", way):
                took = Took(await stroll(live, promises, 1, at_once=1), await stroll(live, promises, 200))
                for path in (f"/{slug}", "/no-such-link"):
                    begun = time.monotonic()
                    answer = await client.get(path)
                    refused.append(time.monotonic() - begun)
                    assert answer.status_code == 503
                    assert int(answer.headers["retry-after"]) > 0
                    assert answer.headers["cache-control"] == "no-store"
                await stroll(live, promises, 100)
            live.wait_until_healthy()
            assert (await client.head(f"/{slug}")).status_code == 302
            assert (await client.get("/no-such-link")).status_code == 404
        await stroll(live, promises, 40)
        result = await check(live, promises, database_url=site.postgres.url)
    tell(
        f"PostgreSQL away ({way}): {len(promises.followed)} of {promises.tried} clicks on known links answered by 302, "
        f"{took}; unknown ones by 503 after {max(refused):.2f} s; {said(result)}"
    )
    assert len(promises.followed) == promises.tried == 381
    assert not promises.refused
    assert not any(result.values()), live.said()
    assert max(refused) <= bound + 0.1 * MARGIN


async def test_with_redis_out_of_memory_everybody_is_redirected_and_every_click_stored_once(
    folder: Path, tell: Tell
) -> None:
    with installation(folder) as site:
        live = site.live
        promises = await registered(live)
        await stroll(live, promises, 40)
        async with asking(site.valkey) as valkey, httpx.AsyncClient(base_url=live.base) as client:
            await valkey.config_set("maxmemory-policy", "noeviction")
            await valkey.config_set("maxmemory", "1mb")
            for _ in range(10):  # nobody has followed these yet, and the cache takes no more
                await make_link(client, promises)
            took = Took(await stroll(live, promises, 1, at_once=1), await stroll(live, promises, 400))
            refusals = (await valkey.info("errorstats"))["errorstat_OOM"]["count"]
            assert (await client.get("/no-such-link")).status_code == 404
            assert (await client.get("/health")).status_code == 200
            spilled = await spills(site)
            await valkey.config_set("maxmemory", "512mb")
        await stroll(live, promises, 40)
        after = await spills(site)
        result = await check(live, promises, database_url=site.postgres.url)
    tell(
        f"Redis out of memory: {len(promises.followed)} of {promises.tried} clicks answered by 302, {took}; "
        f"{refusals} commands refused, {spilled} writes to the outbox; {said(result)}"
    )
    assert len(promises.followed) == promises.tried
    assert not promises.refused
    assert spilled == after
    assert refusals >= spilled > 0
    assert not any(result.values()), live.said()
