"""However Ginnel is stopped, by its user or by accident: no process stays, and what it promised is there afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import running
from tests.e2e.running import Running
from tests.faults.crowd import Promises, besiege, check, registered

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc and a death signal"),
]

# What is killed, with what, and the status that `up` then ends with.
FAULTS = {
    "SIGTERM": ("app", signal.SIGTERM, 0),
    "SIGINT": ("app", signal.SIGINT, 0),
    "kill -9 of the app": ("app", signal.SIGKILL, -9),
    "kill -9 of the servers' host": ("host", signal.SIGKILL, 1),
}


async def strike(live: Running, promises: Promises, fault: str, *, after: float) -> float:
    """Let a crowd in, and the fault happen amid it; return in how many seconds the last process was gone."""
    victim, number, status = FAULTS[fault]
    visitors, before = asyncio.create_task(besiege(live, promises)), len(promises.followed)
    await asyncio.sleep(after)
    async with asyncio.timeout(30):
        while len(promises.followed) == before:  # noqa: ASYNC110  # on a busy machine the first may take its time
            await asyncio.sleep(0.01)
    os.kill(running.pid(live.data, victim), number)
    begun = time.monotonic()
    assert await asyncio.to_thread(live.wait) == status, live.said()
    await asyncio.to_thread(running.wait_until_gone, live.data)
    gone = time.monotonic() - begun
    await visitors
    return gone


async def suffer(folder: Path, faults: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    gone, promises = 0.0, Promises("")
    port = running.free_port()  # the same one each time: it is part of who issued an access token
    for fault in faults:
        with running.up(folder / "data", port=port) as live:
            promises = promises if promises.bearer else await registered(live)
            gone = max(gone, await strike(live, promises, fault, after=random.uniform(0.3, 1.0)))
    with running.up(folder / "data", port=port) as live:
        result = await check(live, promises, database_url=live.database_url)
    running.wait_until_gone(folder / "data")
    with capsys.disabled():
        print(
            f"\n  {' · '.join(dict.fromkeys(faults))}: {len(faults)} rounds, {len(promises.links)} links, "
            f"{len(promises.followed)} of {promises.tried} clicks answered (refused: {dict(promises.refused)}), "
            f"all gone within {gone:.1f} s; " + ", ".join(f"{name} {count}" for name, count in result.items())
        )
    assert not any(result.values()), live.said()
    assert "Traceback" not in live.said()
    assert set(promises.refused) <= {503}
    assert promises.followed


async def test_a_killed_app_and_killed_servers_keep_every_promise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await suffer(tmp_path, ["kill -9 of the app", "kill -9 of the servers' host"], capsys)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
async def test_ten_rounds_of_every_way_to_stop_keep_every_promise(
    tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await suffer(tmp_path, [fault] * 10, capsys)


async def test_a_signal_while_it_starts_stops_it(tmp_path: Path) -> None:
    with running.up(tmp_path / "data"):
        pass  # makes the folder
    for number in range(10):
        live = running.start(tmp_path / "data")
        await asyncio.sleep(0.4 + 0.1 * number)  # from its imports to its being up
        live.send(signal.SIGINT)
        await asyncio.to_thread(live.wait, 20)
        await asyncio.to_thread(running.wait_until_gone, tmp_path / "data")
