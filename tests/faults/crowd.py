"""Visitors who remember what they were promised: a link with its 201, a click with its 302.

Each click carries a number of its own in `utm_content`, so that every one can be found in the table again.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e import running
from tests.e2e.running import Running

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CLICKERS = 8
DRAIN_SECONDS = 60


@dataclass
class Promises:
    """What was promised so far, and the access token by which the links were made."""

    bearer: str
    links: dict[int, str] = field(default_factory=dict)
    tried: int = 0
    followed: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)


async def registered(live: Running) -> Promises:
    person = {"email": f"{secrets.token_hex(4)}@example.com", "password": secrets.token_urlsafe(12)}
    async with httpx.AsyncClient(base_url=live.base) as client:
        answer = await client.post("/api/v1/auth/register", json=person)
        promises = Promises(f"Bearer {answer.json()['access_token']}")
        await make_link(client, promises)
    return promises


async def make_link(client: httpx.AsyncClient, promises: Promises) -> None:
    headers = {"authorization": promises.bearer}
    answer = await client.post("/api/v1/links", json={"target": "https://example.com/"}, headers=headers)
    if answer.status_code == 201:
        promises.links[answer.json()["id"]] = answer.json()["slug"]
    else:
        promises.refused[answer.status_code] += 1


async def follow(client: httpx.AsyncClient, promises: Promises) -> None:
    slug = random.choice(list(promises.links.values()))
    promises.tried += 1
    number = str(promises.tried)
    answer = await client.get(f"/{slug}", params={"utm_content": number}, headers={"user-agent": FIREFOX})
    if answer.status_code == 302:
        promises.followed.append(number)
    else:
        promises.refused[answer.status_code] += 1


async def stroll(live: Running, promises: Promises, clicks: int, *, at_once: int = 4) -> list[float]:
    """Follow links for a while; return how long each answer took, in ms."""
    took: list[float] = []

    async def one() -> None:
        # Reading certificates, which are not asked for here, would hold the first answers up.
        async with httpx.AsyncClient(base_url=live.base, timeout=30, verify=False) as client:
            for _ in range(clicks // at_once):
                begun = time.monotonic()
                await follow(client, promises)
                took.append((time.monotonic() - begun) * 1000)

    await asyncio.gather(*(one() for _ in range(at_once)))
    return took


def said(result: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in result.items())


async def besiege(live: Running, promises: Promises) -> None:
    """Follow and make links until nobody answers any more."""

    async def one(act: Any) -> None:
        async with httpx.AsyncClient(base_url=live.base, timeout=20) as client:
            while True:
                try:
                    await act(client, promises)
                except httpx.TransportError:
                    if live.process.poll() is not None:
                        return
                    await asyncio.sleep(0.01)

    await asyncio.gather(*(one(follow) for _ in range(CLICKERS)), one(make_link))


async def check(live: Running, promises: Promises, *, database_url: str) -> dict[str, int]:
    """Count what was promised and is not there, and what is there twice, once everything is drained."""
    async with httpx.AsyncClient(base_url=live.base, timeout=20) as client:
        lost_links = 0
        for link, slug in promises.links.items():
            known = await client.get(f"/api/v1/links/{link}", headers={"authorization": promises.bearer})
            led = await client.head(f"/{slug}")
            lost_links += (known.status_code, led.status_code) != (200, 302)
    query = "select utm_content as number, count(*) as rows from clicks group by 1"
    deadline = time.monotonic() + DRAIN_SECONDS
    while True:
        rows = {row["number"]: row["rows"] for row in await running.fetch(database_url, query)}
        lost = [number for number in promises.followed if number not in rows]
        if not lost or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.1)
    (drift,) = await running.fetch(
        database_url,
        "select (select coalesce(sum(clicks + bots), 0) from clicks_hourly) - (select count(*) from clicks) as rows",
    )
    return {
        "links lost": lost_links,
        "clicks lost": len(lost),
        "doubled": sum(count > 1 for count in rows.values()),
        "drift": int(drift["rows"]),
    }
