"""Slugs that lead nowhere are remembered too, without crowding out those that lead somewhere, or hiding a new one."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ginnel import redis
from tests.conftest import Account
from tests.faults import processes
from tests.faults.conftest import Tell
from tests.faults.scale import scaled
from tests.faults.test_races import HEARD_SECONDS

pytestmark = pytest.mark.faults

HOST = "go.test"


@pytest.fixture
async def other() -> AsyncIterator[Any]:
    async with processes.listening(1) as made:
        yield made[0]


class Regulars:
    """Visitors of a few links, again and again; counts how often the process had the link in memory."""

    def __init__(self, process: Any, slugs: list[str]) -> None:
        self.process, self.slugs = process, slugs
        self.asked = self.hits = 0

    async def come(self) -> None:
        while True:
            for _ in range(20):
                slug = random.choice(self.slugs)
                self.asked += 1
                self.hits += self.process.remembered(HOST, slug) is not None
                assert await self.process.resolve(HOST, slug)
            await asyncio.sleep(0.01)

    async def during(self, flood: Any) -> float:
        """Let them come during something; return how many of a hundred asked for what was in memory."""
        self.asked = self.hits = 0
        coming = asyncio.create_task(self.come())
        await flood
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        return 100 * self.hits / self.asked


async def test_guessing_slugs_does_not_crowd_out_links(account: Account, other: Any, tell: Tell) -> None:
    guesses, at_once = scaled(100_000, otherwise=20_000), 50
    slugs = [(await account.link())["slug"] for _ in range(100)]
    for slug in slugs:
        await other.resolve(HOST, slug)
    regulars = Regulars(other, slugs)

    async def guess() -> None:
        for _ in range(guesses // at_once):
            assert await other.resolve(HOST, secrets.token_urlsafe(6)) is None

    async def flood() -> None:
        await asyncio.gather(*(guess() for _ in range(at_once)))

    before = await regulars.during(asyncio.sleep(5))
    begun = time.monotonic()
    amid = await regulars.during(flood())
    seconds = time.monotonic() - begun
    kept = len(other._unknown)
    tell(
        f"Negative cache: {guesses} random slugs in {seconds:.0f} s: links were in memory for {before:.2f} % of their "
        f"visitors before, {amid:.2f} % amid; {kept} unknown slugs in memory, {await redis.patient().dbsize()} keys in Redis"
    )
    assert amid >= before - 1
    assert kept <= other.CAPACITY // 10


async def test_a_slug_that_was_asked_for_in_vain_leads_on_once_it_is_made(
    account: Account, client: httpx.AsyncClient, other: Any, tell: Tell
) -> None:
    count, unknown, unheard = 1_000, 0, 0
    for _ in range(count):
        slug = f"new-{secrets.token_hex(5)}"
        assert (await client.get(f"/{slug}")).status_code == 404
        assert await other.resolve(HOST, slug) is None
        await account.link(slug=slug)
        acknowledged = time.monotonic()
        unknown += (await client.head(f"/{slug}")).status_code != 302
        while await other.resolve(HOST, slug) is None:
            if time.monotonic() > acknowledged + HEARD_SECONDS:
                unheard += 1
                break
            await asyncio.sleep(0.001)
    tell(
        f"Negative cache: {count} slugs made just after they were asked for in vain: {unknown} answered by 404, "
        f"and {unheard} by another process"
    )
    assert (unknown, unheard) == (0, 0)
