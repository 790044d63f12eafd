"""No click is lost to a Redis that makes room for itself, nor to our own tidying."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, cast

import asyncpg
import pytest

from clicks import shard
from ginnel import clicks, redis
from tests.e2e import running
from tests.e2e.running import ROOT
from tests.faults.conftest import Tell
from tests.faults.scale import scaled
from tests.faults.sent import NOTHING_AMISS, Sent, drain, drained, worker
from tests.faults.stores import Store, asking

pytestmark = [pytest.mark.faults, pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")]


async def test_a_server_that_evicts_what_it_likes_is_refused_at_start_up(folder: Path, tell: Tell) -> None:
    policies = ["allkeys-lru", "allkeys-lfu", "allkeys-random"]
    with Store(folder, "valkey") as valkey:
        env = {"DATABASE_URL": os.environ["DATABASE_URL"], "REDIS_URL": valkey.url}
        for policy in policies:
            async with asking(valkey) as client:
                await client.config_set("maxmemory-policy", policy)
            up = running.start(folder / "data", env=env)
            assert up.wait() == 1
            assert f"its maxmemory-policy is {policy}" in up.said()
            status, said = await asyncio.to_thread(_worker_ends, env)
            assert status == 1
            assert f"its maxmemory-policy is {policy}" in said
    tell(f"Eviction: `up` and a worker refuse {', '.join(policies)} and say why")


def _worker_ends(env: dict[str, str]) -> tuple[int, str]:
    """Run a worker whose stdin stays open, until it ends by itself; return its status and what it said."""
    with subprocess.Popen(
        [sys.executable, "-m", "local.worker"],
        cwd=ROOT,
        env=running.environment(**env, BASE_URL="http://go.test", JWT_KEYS=os.environ["JWT_KEYS"]),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            return process.wait(60), cast("IO[str]", process.stderr).read()
        finally:
            process.kill()


async def test_trimming_never_takes_what_some_worker_has_not_stored(database: asyncpg.Connection, tell: Tell) -> None:
    rounds, share = scaled((40, 2_500), otherwise=(8, 1_000))
    sent, dead, trims = Sent(), 0, 0
    await drain()  # makes the group
    with worker("one"):  # lives on all the while, and so has what is newer acknowledged
        for number in range(rounds):
            recording = asyncio.create_task(sent.record(share))
            taken: Any = None
            while not (taken or recording.done()):
                # A consumer that dies with entries in hand: older ones than the living go on to acknowledge.
                taken = await redis.patient().xreadgroup(
                    clicks.GROUP, f"dead-{number}", {clicks.STREAM: ">"}, count=random.randrange(1, 5)
                )
            dead += bool(taken)
            while not recording.done():
                await shard.trim(clicks.STREAM)
                trims += 1
                await asyncio.sleep(0)
            await recording
        await shard.trim(clicks.STREAM)
        left: Any = await redis.patient().xpending(clicks.STREAM, clicks.GROUP)
        # Started again by their names, as they would be, each takes up what it left.
        for number in range(rounds):
            if any(one["name"] == f"dead-{number}".encode() for one in left["consumers"]):
                await take_up(f"dead-{number}")
        await drained(database)
    result = await sent.audit()
    tell(
        f"Trimming: {len(sent.ids)} clicks, {dead} consumers dead with entries in hand, {trims} trims amid the work: "
        f"lost / duplicated / drift = {result['lost']} / {result['duplicated']} / {result['drift']}"
    )
    assert result == NOTHING_AMISS
    assert dead > rounds / 2
    assert trims > rounds


async def take_up(consumer: str) -> None:
    with worker(consumer):
        deadline = time.monotonic() + 60
        while await redis.patient().xpending_range(clicks.STREAM, clicks.GROUP, "-", "+", 1, consumer):
            assert time.monotonic() < deadline, "not taken up after 60 s"
            await asyncio.sleep(0.01)
