"""Workers, PostgreSQL and Redis are killed amid the clicks: each click that was answered is stored once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from ginnel import clicks, recounting, redis
from ginnel.redis import Redis
from tests.e2e import running
from tests.faults.conftest import Tell
from tests.faults.crowd import Promises, check, follow, make_link, registered, said
from tests.faults.scale import scaled
from tests.faults.sent import worker
from tests.faults.stores import Installation, Store, asking, installation

pytestmark = [pytest.mark.faults, pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")]


async def test_clicks_survive_the_killing_of_workers_postgresql_and_redis(folder: Path, tell: Tell) -> None:
    wanted, kills, strikes = scaled((100_000, 50, 5), otherwise=(4_000, 6, 1))
    with installation(folder) as site:
        promises = await registered(site.live)
        async with httpx.AsyncClient(base_url=site.live.base) as client:
            for _ in range(20):
                await make_link(client, promises)
        visitors = [asyncio.create_task(visit(site, promises, wanted)) for _ in range(8)]
        amid = 0
        for kill in range(kills):
            amid += await kill_a_worker(site)
            if kill % (kills // strikes) == 0:
                await strike(site.postgres, signal.SIGQUIT)  # PostgreSQL's "immediate" shutdown
            elif kill % (kills // strikes) == kills // strikes // 2:
                await strike(site.valkey, signal.SIGKILL)
        await asyncio.gather(*visitors)
        site.live.wait_until_healthy()
        with worker("beside", env=stores_of(site)):  # else its entries are taken over after 30 s
            result = await check(site.live, promises, database_url=site.postgres.url)
        days, differences = await count_anew(site.postgres.url)
        said_by_up = site.live.said()
    tell(
        f"Ingestion killed anywhere: workers killed {kills} times ({amid} with entries in hand), PostgreSQL and Redis "
        f"{strikes} times each, {len(promises.followed)} of {promises.tried} clicks answered by 302 "
        f"(others: {dict(promises.refused)}); {said(result)}; {days} counted anew: {sum(differences.values())} differences"
    )
    assert not any(result.values()), said_by_up
    assert differences == {}
    assert len(promises.followed) >= wanted
    assert set(promises.refused) <= {503}
    assert amid


async def count_anew(url: str) -> tuple[str, dict[str, int]]:
    """Count a range of days anew that today is in; return which, and what differed by tables."""
    first = datetime.now(UTC).date() - timedelta(days=random.randrange(1, 40))
    last = datetime.now(UTC).date() + timedelta(days=random.randrange(1, 3))
    connection = await asyncpg.connect(url)
    try:
        return f"{first} to {last}", await recounting.rebuild(connection, first, last)
    finally:
        await connection.close()


async def visit(site: Installation, promises: Promises, wanted: int) -> None:
    async with httpx.AsyncClient(base_url=site.live.base, timeout=20) as client:
        while len(promises.followed) < wanted:
            await follow(client, promises)


def stores_of(site: Installation) -> dict[str, str]:
    return {"DATABASE_URL": site.postgres.url, "REDIS_URL": site.valkey.url}


async def kill_a_worker(site: Installation) -> bool:
    """Kill the installation's own worker, or one beside it, if possible amid its work; say whether that was so."""
    async with asking(site.valkey) as valkey:
        if random.random() < 0.5 and (own := running.processes(site.live.data).get("worker")):
            await entries_in_hand(valkey, "ingestion", seconds=2)
            os.kill(own[0], signal.SIGKILL)
            return await entries_in_hand(valkey, "ingestion")
        # The same name each time: what one leaves is for the next.
        with worker("beside", env=stores_of(site)) as process:
            await entries_in_hand(valkey, "beside", seconds=5)
            process.kill()
            process.wait()
            return await entries_in_hand(valkey, "beside")


async def entries_in_hand(valkey: Redis, consumer: str, *, seconds: float = 0) -> bool:
    """Say whether a consumer has taken what it has not stored yet; wait for that for a while."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(redis.ResponseError):  # nobody has made the group yet
            if await valkey.xpending_range(clicks.STREAM, clicks.GROUP, "-", "+", 1, consumer):
                return True
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(random.uniform(0, 0.003))


async def strike(store: Store, number: signal.Signals) -> None:
    """Kill a server amid the clicks, and start it again on what it left."""

    def act() -> None:
        with store.struck(number):
            time.sleep(0.2)

    await asyncio.to_thread(act)
