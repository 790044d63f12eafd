"""How many links can be made in a second of one core: the host's, by its processes' time, over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx

from tests.bench.closed import cpu_seconds
from tests.e2e.running import Running

BULK, CALLS, SINGLE = 100, 120, 1500
CONNECTIONS = 4


@contextlib.asynccontextmanager
async def signed_in(live: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Register somebody; yield a client that calls as they do."""
    async with httpx.AsyncClient(base_url=live.base, timeout=60) as client:
        person = {"email": "bench@example.com", "password": secrets.token_urlsafe(12)}
        answer = await client.post("/api/v1/auth/register", json=person)
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


async def measure(live: Running, client: httpx.AsyncClient) -> dict[str, Any]:
    async def many(number: int) -> int:
        items = [{"op": "create", **_draft(f"{number}-{n}")} for n in range(BULK)]
        answer = await client.post("/api/v1/links/bulk", json=items)
        return sum(item["status"] == httpx.codes.CREATED for item in answer.json()["items"])

    async def one(number: int) -> int:
        return int(
            (await client.post("/api/v1/links", json=_draft(f"one-{number}"))).status_code == httpx.codes.CREATED
        )

    print(f"\n  {'links made':26}{'of a core':>12}{'with PostgreSQL':>18}{'in fact':>12}   CPU µs a link")
    bulk = await _made(live, f"a hundred a call, {CONNECTIONS} calls", many, CALLS)
    await _made(live, f"one a call, {CONNECTIONS} calls", one, SINGLE)
    return {"create_per_s_core": bulk}


def _draft(name: str) -> dict[str, Any]:
    """Make what a shop sends for a campaign."""
    return {
        "target": f"https://shop.example/products/{name}?utm_source=letter&utm_campaign=spring",
        "title": f"Product {name}",
    }


async def _made(live: Running, name: str, call: Callable[[int], Awaitable[int]], calls: int) -> int:
    """Call so often, after some calls for warming up; return how many links a second of the host's time makes."""
    for number in range(10):
        await call(-number)
    numbers = iter(range(calls))

    async def some() -> int:
        return sum([await call(number) for number in numbers])

    before, begun = cpu_seconds(live), time.perf_counter()
    made = sum(await asyncio.gather(*(some() for _ in range(CONNECTIONS))))
    seconds = time.perf_counter() - begun
    spent = {kind: total - before.get(kind, 0.0) for kind, total in cpu_seconds(live).items()}
    host, database = spent.get("app", 0.0), spent.get("postgres", 0.0)
    each = ", ".join(f"{kind} {1e6 * cpu / made:.0f}" for kind, cpu in sorted(spent.items()))
    print(
        f"  {name:26}{made / host:>10,.0f}/s{made / (host + database):>16,.0f}/s{made / seconds:>10,.0f}/s   {each}",
        flush=True,
    )
    return round(made / host)
