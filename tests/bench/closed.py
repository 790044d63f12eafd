"""The closed loop: as many redirects as wrk can draw from us and from the floor in turn, and where the processors' time goes.

On our side the host, Valkey, the worker and PostgreSQL share the machine with wrk; nginx has a processor to itself. So the
redirects are measured alone (the worker paused; each click is still acknowledged before its answer, and all of them are
counted in the stream) and, for the whole chain, with ingestion beside them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import statistics
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis.asyncio as redis

from ginnel import clicks
from tests.bench import floor
from tests.e2e import running
from tests.e2e.running import Running

CONNECTIONS = (1, 16, 64)
ROUNDS = 4
SECONDS = 2


@dataclass
class Measured:
    """One system under load: requests a second by round, and what was answered and appended in all of them."""

    rates: list[float] = field(default_factory=list)
    answered: int = 0
    appended: int = 0
    cpu: dict[str, float] = field(default_factory=dict)
    connections: int = 0

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    def us(self, *kinds: str) -> float:
        """Return the processors' time an answer, in µs."""
        return 1e6 * sum(self.cpu.get(kind, 0.0) for kind in kinds) / self.answered


def cpu_seconds(live: Running) -> dict[str, float]:
    """Add up user and system time of the processes that live, by what they are; nothing where there is no /proc."""
    spent: dict[str, float] = {}
    for kind, pids in running.processes(live.data).items():
        for pid in pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            spent[kind] = spent.get(kind, 0.0) + sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return spent


@contextlib.asynccontextmanager
async def paused(live: Running) -> AsyncIterator[Any]:
    """Keep the worker from storing clicks; yield a client of the stream, which is emptied at the end."""
    worker = running.pid(live.data, "worker")
    client: Any = redis.Redis.from_url(live.redis_url, socket_timeout=60)
    await _until_empty(client)
    os.kill(worker, signal.SIGSTOP)
    try:
        yield client
    finally:
        await client.xtrim(clicks.STREAM, maxlen=0, approximate=False)
        os.kill(worker, signal.SIGCONT)
        await client.aclose()


async def _until_empty(client: Any) -> None:
    while await client.xlen(clicks.STREAM):  # noqa: ASYNC110  # what is waited for happens elsewhere
        await asyncio.sleep(0.1)


async def take(client: Any) -> int:
    """Count the clicks that stand in the stream, and take them out."""
    count = 0
    while entries := await client.xrange(clicks.STREAM, count=500):
        count += sum(fields[clicks.FIELD].count(b"\n") + 1 for _, fields in entries)
        await client.xdel(clicks.STREAM, *(identifier for identifier, _ in entries))
    return count


def draw(live: Running, connections: int, script: Path, into: Measured, *, seconds: int = SECONDS) -> None:
    before = cpu_seconds(live)
    rate, answers = floor.wrk(live.port, connections, script, seconds=seconds)
    for kind, spent in cpu_seconds(live).items():
        into.cpu[kind] = into.cpu.get(kind, 0.0) + spent - before.get(kind, 0.0)
    into.rates.append(rate)
    into.answered += answers
    into.connections += connections


async def alone(
    ours: dict[str, Running], port: int, connections: int, script: Path
) -> tuple[dict[str, Measured], Measured]:
    """Measure the floor and each of ours in turn, without ingestion. Raises if a click was not appended, or one twice."""
    theirs, found = Measured(), {name: Measured() for name in ours}
    async with contextlib.AsyncExitStack() as stack:
        clients = {name: await stack.enter_async_context(paused(live)) for name, live in ours.items()}
        for _ in range(ROUNDS):
            theirs.rates.append(floor.wrk(port, connections, script, seconds=SECONDS)[0])
            for name, live in ours.items():
                draw(live, connections, script, found[name])
                found[name].appended += await take(clients[name])
    for name, measured in found.items():
        # What was under way when wrk went is appended, and not among its answers.
        extra = measured.appended - measured.answered
        assert 0 <= extra <= measured.connections, f"{name}: {measured.appended=}, {measured.answered=}"
    return found, theirs


def chain(live: Running, connections: int, script: Path) -> Measured:
    """Measure with ingestion beside it."""
    measured = Measured()
    for _ in range(ROUNDS // 2):
        draw(live, connections, script, measured)
    return measured
