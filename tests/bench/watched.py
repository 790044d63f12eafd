"""`make bench-live`: how long after its redirect a click is to be seen by who watches, while many others come.

Redirects come at a steady rate on the real thing. A link beside them is followed a few times a second, and watched by the
stream of events that a dashboard has: the event that counts a click says that it is to be seen. Prints a line for people and,
as its last line, one JSON object of figures by fixed names.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from tests.bench import floor
from tests.bench.redirect import LINKS, load
from tests.e2e import running
from tests.e2e.running import Running

_EVERY = 0.23
"""Seconds between two visits, so that they fall anywhere between two looks of the stream's."""
_PATIENCE = 10.0


class Watched:
    """Visits to a link of its own, and when the stream had counted each."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._answered: list[float] = []
        self.seen: list[float] = []

    async def visit(self, path: str, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            answer = await self._client.get(path)
            self._answered.append(time.perf_counter())
            assert answer.is_redirect, answer
            await asyncio.sleep(_EVERY)
        while len(self.seen) < len(self._answered):
            assert time.perf_counter() < self._answered[-1] + _PATIENCE, "a click is not to be seen"
            await asyncio.sleep(0.05)

    async def watch(self, link: int) -> None:
        headers = {"accept": "text/event-stream"}
        async with self._client.stream("GET", f"/api/v1/stats/live?link={link}", headers=headers) as events:
            async for line in events.aiter_lines():
                if line.startswith("data: "):
                    counts = json.loads(line.removeprefix("data: "))["counts"]
                    # Who follows links without a browser is a bot.
                    many, now = counts["clicks"] + counts["bots"], time.perf_counter()
                    self.seen += [now - answered for answered in self._answered[len(self.seen) : many]]


async def measure(live: Running, *, rate: int, seconds: int) -> dict[str, Any]:
    paths = await floor.make_links(live, LINKS)
    async with httpx.AsyncClient(base_url=live.base, timeout=30) as client:
        person = {"email": "watcher@example.com", "password": secrets.token_urlsafe(12)}
        answer = await client.post("/api/v1/auth/register", json=person)
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        made = (await client.post("/api/v1/links", json={"target": "https://example.com/watched"})).json()
        watched = Watched(client)
        watching = asyncio.create_task(watched.watch(made["id"]))
        await asyncio.sleep(1)
        others = asyncio.create_task(asyncio.to_thread(load, live.port, paths, rate=rate, seconds=seconds))
        await watched.visit(f"/{made['slug']}", seconds)
        watching.cancel()
        beside = await others
    seen = sorted(1000 * one for one in watched.seen)
    p50, p99 = (seen[min(len(seen) - 1, int(share * len(seen)))] for share in (0.5, 0.99))
    print(
        f"\n  {len(seen)} clicks watched, beside {beside.answers / seconds:,.0f} redirects a second: "
        f"to be seen after {p50:.0f} ms (p50), {p99:.0f} ms (p99), {seen[-1]:.0f} ms (max)\n"
    )
    return {"visible_p50_ms": round(p50), "visible_p99_ms": round(p99), "visible_max_ms": round(seen[-1])}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.watched")
    parser.add_argument("--rate", type=int, default=1000, help="redirects a second beside those that are watched")
    parser.add_argument("--seconds", type=int, default=20)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ginnel-live-") as folder, running.up(Path(folder) / "data") as live:
        figures = asyncio.run(measure(live, rate=wanted.rate, seconds=wanted.seconds))
    print(json.dumps(figures))
    if figures["visible_max_ms"] > 2000:  # what is promised
        raise SystemExit("later than after two seconds")


if __name__ == "__main__":
    main()
