"""Whether a redirect takes the same with 1,000 links as with 1,000,000: for links in memory, and for links that are not.

Two installations side by side, measured in turn. The same number of different links is followed in both.
"""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path
from typing import Any

import httpx

from tests.bench import closed, floor
from tests.bench.closed import Measured
from tests.e2e import running
from tests.e2e.running import Running

FEW, MANY = 1_000, 1_000_000
FOLLOWED = 1_000
ROUNDS = 4
SECONDS = 1


async def measure(folder: Path) -> dict[str, Any]:
    sizes: dict[str, int] = {f"{FEW:,}": FEW, f"{MANY:,}": MANY}
    drawn = random.Random(3)
    with running.up(folder / "few") as few, running.up(folder / "many") as many:
        installations = dict(zip(sizes, (few, many), strict=True))
        first: dict[str, list[float]] = {name: [] for name in sizes}
        for name, live in installations.items():
            await floor.make_links(live, 8)
            await floor.fill(live, links=sizes[name])
        paths = {name: drawn.sample(range(size), FOLLOWED) for name, size in sizes.items()}
        for name, live in installations.items():
            first[name] = _visit_first(live, paths[name])
        found = {name: Measured() for name in sizes}
        scripts = {name: floor.script(folder / f"flat-{name}.lua", paths[name]) for name in sizes}
        async with closed.paused(few), closed.paused(many):
            for _ in range(ROUNDS):
                for name, live in installations.items():
                    closed.draw(live, 16, scripts[name], found[name], seconds=SECONDS)
    print(f"\n  {'links':>12}{'in memory':>14}{'CPU of the host':>18}{'first visit':>16}")
    for name in sizes:
        rate, cpu = found[name].rate, found[name].us("app")
        print(f"  {name:>12}{1e6 / rate:>11.1f} µs{cpu:>15.1f} µs{statistics.median(first[name]):>13.2f} ms")
    few_, many_ = (found[name].us("app") for name in sizes)
    ratio = round(many_ / few_, 3)
    print(f"  ratio: {ratio:.3f}; of first visits: {_ratio(first):.3f}\n")
    return {"flat_1k_1m": ratio, "flat_first_1k_1m": round(_ratio(first), 3)}


def _ratio(first: dict[str, list[float]]) -> float:
    few, many = (statistics.median(times) for times in first.values())
    return many / few


def _visit_first(live: Running, numbers: list[int]) -> list[float]:
    """Follow links that no cache has yet; return what each took, in ms."""
    took = []
    with httpx.Client(base_url=live.base, headers={"user-agent": floor.AGENT}) as client:
        client.get("/bench0")  # connects, here and there
        for number in numbers:
            begun = time.perf_counter()
            assert client.get(f"/bench{number}").status_code == httpx.codes.FOUND
            took.append((time.perf_counter() - begun) * 1000)
    return took
