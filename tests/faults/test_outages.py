"""With one of the stores away, visitors are still sent on, and in the end each click is stored once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, Self

import httpx
import pytest

from local import services
from local.services import Servers
from tests.e2e import running
from tests.e2e.running import Running
from tests.faults.crowd import FIREFOX, Promises, check, follow, make_link, registered

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")

Way = Literal["stopped", "frozen"]
"""Stopped, a server refuses at once; frozen, it takes what it is sent and never answers."""


class Store:
    """One server that can go away, and be found at the same address when it is back."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self.data = folder / f"{kind}-data"
        self.sockets = folder / kind  # a link to where they are this time
        self.stack = ExitStack()
        self.servers: Servers

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def start(self) -> None:
        postgres = self.kind == "postgres"
        self.servers = self.stack.enter_context(services.running(self.data, postgres=postgres, redis=not postgres))
        url = self.servers.database_url or self.servers.redis_url
        self.sockets.unlink(missing_ok=True)
        self.sockets.symlink_to(url.rpartition("host=")[2] if postgres else Path(url.removeprefix("unix://")).parent)

    @property
    def url(self) -> str:
        if self.kind == "valkey":
            return f"unix://{self.sockets}/valkey.sock"
        return f"{self.servers.database_url.partition('host=')[0]}host={self.sockets}"

    @contextmanager
    def away(self, way: Way) -> Iterator[None]:
        if way == "stopped":
            self.stack.close()
            try:
                yield
            finally:
                self.start()
            return
        server = self.servers.pids[self.kind]
        backends = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        frozen = [server, *map(int, backends)]
        for process in frozen:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in frozen:
                try:
                    os.kill(process, signal.SIGCONT)
                except ProcessLookupError:
                    continue


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: a socket's path may have 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="ginnel-away-"))
    yield made
    shutil.rmtree(made)


@contextmanager
def installation(folder: Path) -> Iterator[tuple[Running, Store, Store]]:
    with Store(folder, "postgres") as postgres, Store(folder, "valkey") as valkey:
        env = {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url}
        with running.up(folder / "data", env=env) as live:
            yield live, postgres, valkey


async def stroll(live: Running, promises: Promises, clicks: int, *, at_once: int = 4) -> list[float]:
    """Follow links for a while; return how long each answer took, in ms."""
    took: list[float] = []

    async def one() -> None:
        async with httpx.AsyncClient(base_url=live.base, timeout=30) as client:
            for _ in range(clicks // at_once):
                begun = time.monotonic()
                await follow(client, promises)
                took.append((time.monotonic() - begun) * 1000)

    await asyncio.gather(*(one() for _ in range(at_once)))
    return took


def figures(took: list[float]) -> str:
    return f"first {took[0]:.0f} ms, median {sorted(took)[len(took) // 2]:.1f} ms, slowest {max(took):.0f} ms"


@pytest.mark.parametrize("way", ["stopped", "frozen"])
async def test_with_redis_away_everybody_is_redirected_and_every_click_stored_once(
    folder: Path, way: Way, capsys: pytest.CaptureFixture[str]
) -> None:
    with installation(folder) as (live, postgres, valkey):
        promises = await registered(live)
        await stroll(live, promises, 40)
        with valkey.away(way):
            took = await stroll(live, promises, 400)
            async with httpx.AsyncClient(base_url=live.base) as client:
                await make_link(client, promises)
                answer = await client.get("/health")
                assert (answer.status_code, answer.json()["detail"]) == (503, "Not answering: redis.")
                assert (await client.get("/no-such-link")).status_code == 404
            took += await stroll(live, promises, 100)
        await stroll(live, promises, 40)
        live.wait_until_healthy()
        result = await check(live, promises, database_url=postgres.url)
        (spilled,) = await running.fetch(postgres.url, "select last_value, is_called from outbox_id_seq")
    with capsys.disabled():
        print(
            f"\n  Redis {way}: {len(promises.followed)} of {promises.tried} clicks answered by 302, {figures(took)}, "
            f"{spilled['last_value']} writes to the outbox; " + ", ".join(f"{name} {n}" for name, n in result.items())
        )
    assert len(promises.followed) == promises.tried == 580
    assert not promises.refused
    assert spilled["is_called"]
    assert not any(result.values()), live.said()


@pytest.mark.parametrize("way", ["stopped", "frozen"])
async def test_with_postgresql_away_known_links_lead_on_and_unknown_ones_are_to_be_tried_again(
    folder: Path, way: Way, capsys: pytest.CaptureFixture[str]
) -> None:
    with installation(folder) as (live, postgres, _):
        promises = await registered(live)
        await stroll(live, promises, 40)
        async with httpx.AsyncClient(base_url=live.base, timeout=30, headers={"user-agent": FIREFOX}) as client:
            unseen = Promises(promises.bearer)
            await make_link(client, unseen)
            (slug,) = unseen.links.values()
            with postgres.away(way):
                took = await stroll(live, promises, 200)
                begun = time.monotonic()
                for path in (f"/{slug}", "/no-such-link"):
                    answer = await client.get(path)
                    assert answer.status_code == 503
                    assert int(answer.headers["retry-after"]) > 0
                    assert answer.headers["cache-control"] == "no-store"
                refused = (time.monotonic() - begun) / 2
                took += await stroll(live, promises, 100)
            live.wait_until_healthy()
            assert (await client.head(f"/{slug}")).status_code == 302
            assert (await client.get("/no-such-link")).status_code == 404
        await stroll(live, promises, 40)
        result = await check(live, promises, database_url=postgres.url)
    with capsys.disabled():
        print(
            f"\n  PostgreSQL {way}: {len(promises.followed)} of {promises.tried} clicks answered by 302, {figures(took)}, "
            f"503 after {refused:.1f} s; " + ", ".join(f"{name} {n}" for name, n in result.items())
        )
    assert len(promises.followed) == promises.tried == 380
    assert not promises.refused
    assert not any(result.values()), live.said()
