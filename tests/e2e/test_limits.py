"""The last click of a link with a limit, over real sockets: of all who come at once, one gets it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import httpx
import pytest

from tests.e2e import running
from tests.e2e.running import Running
from tests.faults.crowd import FIREFOX

ROUNDS = 10
AT_ONCE = 50


async def test_of_fifty_at_once_one_gets_the_last_click(live: Running, capsys: pytest.CaptureFixture[str]) -> None:
    person = {"email": "limits@example.com", "password": "a long enough password"}
    links: list[int] = []
    slowest = 0.0
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(base_url=live.base, timeout=30, limits=limits) as client:
        token = (await client.post("/api/v1/auth/register", json=person)).json()["access_token"]
        owner = {"authorization": f"Bearer {token}"}
        for number in range(ROUNDS):
            draft = {"target": "https://example.com/", "max_clicks": 1 + number % 2}
            link = (await client.post("/api/v1/links", json=draft, headers=owner)).json()
            links.append(link["id"])
            for _ in range(number % 2):
                assert (await _follow(client, link["slug"])) == 302
            begun = time.monotonic()
            statuses = await asyncio.gather(*(_follow(client, link["slug"]) for _ in range(AT_ONCE)))
            slowest = max(slowest, time.monotonic() - begun)
            assert Counter(statuses) == {302: 1, 410: AT_ONCE - 1}, number
            assert (await client.get(f"/api/v1/links/{link['id']}", headers=owner)).json()["clicks_left"] == 0
    expected = {link: 1 + number % 2 for number, link in enumerate(links)}
    deadline = time.monotonic() + 10
    query = "select link_id, count(*) as rows from clicks where link_id = any($1) group by 1"
    while (rows := {r["link_id"]: r["rows"] for r in await running.fetch(live.database_url, query, links)}) != expected:
        assert time.monotonic() < deadline, (rows, live.said())
        await asyncio.sleep(0.05)
    with capsys.disabled():
        print(f"\n  {ROUNDS} rounds of {AT_ONCE} at once: one each; the slowest round took {slowest * 1000:.0f} ms")


async def _follow(client: httpx.AsyncClient, slug: str) -> int:
    return (await client.get(f"/{slug}", headers={"user-agent": FIREFOX})).status_code
