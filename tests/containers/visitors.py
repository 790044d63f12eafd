"""People who follow a link, one after another, while something happens to what sends them on."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from tests.containers.composed import Composed
from tests.faults.crowd import FIREFOX

_AT_ONCE = 4


@dataclass
class Visits:
    """What they were answered: how often each status, or fault; and by how many processes, by the ids that each gives."""

    answers: Counter[str] = field(default_factory=Counter)
    processes: set[str] = field(default_factory=set)

    @property
    def followed(self) -> int:
        return self.answers["302"]

    @property
    def failed(self) -> int:
        return self.answers.total() - self.followed


@asynccontextmanager
async def visiting(live: Composed, slug: str) -> AsyncIterator[Visits]:
    """Have the link followed all the time while the block lasts."""
    seen = Visits()
    over = asyncio.Event()
    crowd = [asyncio.create_task(_visit(f"{live.base}/{slug}", seen, over)) for _ in range(_AT_ONCE)]
    try:
        yield seen
    finally:
        over.set()
        await asyncio.gather(*crowd)


async def _visit(url: str, seen: Visits, over: asyncio.Event) -> None:
    async with httpx.AsyncClient(timeout=30, headers={"user-agent": FIREFOX, "host": "localhost"}) as client:
        while not over.is_set():
            try:
                answer = await client.get(url)
            except httpx.TransportError as error:
                seen.answers[type(error).__name__] += 1
            else:
                seen.answers[str(answer.status_code)] += 1
                if answer.status_code == httpx.codes.FOUND:
                    seen.processes.add(answer.headers["x-request-id"][:8])
            await asyncio.sleep(0.01)


async def stored(live: Composed, link: int, *, at_least: int, seconds: float = 60) -> int:
    """Wait until so many clicks are stored, and no more come; return how many there are."""
    deadline = time.monotonic() + seconds
    before = -1
    while True:
        (row,) = await live.rows("select count(*) as clicks from clicks where link_id = $1", link)
        clicks: int = row["clicks"]
        if clicks >= at_least and clicks == before:
            return clicks
        assert time.monotonic() < deadline, f"{clicks} of {at_least} clicks:\n{live.said()[-8000:]}"
        before = clicks
        await asyncio.sleep(1.5)
