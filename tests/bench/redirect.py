"""`make bench`: how quickly a link is followed, and whether every answer left its click.

Starts the real thing on servers of its own in a temporary folder, and loads it from another process. Prints a table for
people and, as its last line, one JSON object of figures by fixed names ("-" for what was not run). --closed adds the closed
loop beside nginx (see floor), for which nginx and wrk must be installed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.bench import floor
from tests.e2e import running
from tests.e2e.running import ROOT, Running

LINKS = 1000
WARM_UP = 200
NAMES = (
    "redirect_ratio_c1", "redirect_ratio_c16", "redirect_ratio_c64", "redirect_app_ratio_c64",
    "p99_ms_167", "p99_ms_1000", "p99_ms_5000", "captured_minus_answered", "cpu_us_per_click", "flat_1k_1m",
)  # fmt: skip


@dataclass(frozen=True)
class Round:
    """What one run of the generator measured: times in ms, and the processors' time that each kind of process took."""

    latency: dict[str, float]
    lateness: dict[str, float]
    statuses: dict[str, int]
    unanswered: int
    cpu_seconds: dict[str, float]

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())


async def make_links(live: Running, count: int) -> list[str]:
    """Register somebody who makes links; return their paths."""
    person = {"email": "bench@example.com", "password": secrets.token_urlsafe(12)}
    paths: list[str] = []
    async with httpx.AsyncClient(base_url=live.base, timeout=30) as client:
        answer = await client.post("/api/v1/auth/register", json=person)
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

        async def some() -> None:
            for number in range(count // 8):
                target = f"https://example.com/pages/{number}?from=bench"
                made = await client.post("/api/v1/links", json={"target": target})
                made.raise_for_status()
                paths.append(f"/{made.json()['slug']}")

        await asyncio.gather(*(some() for _ in range(8)))
    return paths


def load(live: Running, paths: list[str], *, rate: int, seconds: int) -> Round:
    """Run the generator in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.openloop", "--port", str(live.port)]
    command += ["--rate", str(rate), "--seconds", str(seconds)]
    before = cpu_seconds(live)
    printed = subprocess.run(
        command,
        cwd=ROOT,
        env=running.environment(),
        input="\n".join(paths),
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    spent = {kind: seconds - before.get(kind, 0.0) for kind, seconds in cpu_seconds(live).items()}
    return Round(**json.loads(printed), cpu_seconds=spent)


def cpu_seconds(live: Running) -> dict[str, float]:
    """Add up user and system time of the processes that live, by what they are; nothing where there is no /proc."""
    spent: dict[str, float] = {}
    for kind, pids in running.processes(live.data).items():
        for pid in pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            spent[kind] = spent.get(kind, 0.0) + sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return spent


async def counted(live: Running, answers: int) -> int:
    """Wait until as many clicks are stored as were answered, or nothing more comes; return how many there are."""
    connection = await asyncpg.connect(live.database_url)
    try:
        clicks, still_since = -1, time.monotonic()
        while time.monotonic() < still_since + 5:
            before, clicks = clicks, await connection.fetchval("select count(*) from clicks")
            if clicks != before:
                still_since = time.monotonic()
            if clicks >= answers and time.monotonic() > still_since + 1:  # a second for one too many to turn up
                break
            await asyncio.sleep(0.1)
        return clicks
    finally:
        await connection.close()


def table(rounds: dict[int, Round]) -> str:
    shares = ("p50", "p90", "p99", "max")
    lines = [
        "  requests/s     answers  " + "".join(f"{share:>9}" for share in shares) + "   ms from the scheduled time"
    ]
    for rate, measured in rounds.items():
        lines.append(
            f"  {rate:>10}  {measured.answers:>10}  " + "".join(f"{measured.latency[s]:>9.2f}" for s in shares)
        )
        late = "".join(f"{measured.lateness[s]:>9.2f}" for s in shares)
        lines.append(f"  {'':>10}  {'':>10}  {late}   of it the generator's own lateness")
        cpu = ", ".join(f"{kind} {s * 1e6 / measured.answers:.0f}" for kind, s in sorted(measured.cpu_seconds.items()))
        lines.append(f"  {'':>10}  {'':>10}  CPU time, µs an answer: {cpu}")
    return "\n".join(lines)


async def measure(folder: Path, *, rates: list[int], seconds: int) -> dict[str, Any]:
    figures: dict[str, Any] = dict.fromkeys(NAMES, "-")
    with running.up(folder / "data") as live:
        paths = await make_links(live, LINKS)
        warm_up = load(live, paths, rate=WARM_UP, seconds=5)
        rounds = {rate: load(live, paths, rate=rate, seconds=seconds) for rate in rates}
        every = [warm_up, *rounds.values()]
        answers = sum(measured.statuses.get("302", 0) for measured in every)
        clicks = await counted(live, answers)
    for rate, measured in rounds.items():
        figures[f"p99_ms_{rate}"] = round(measured.latency["p99"], 2)
    figures["captured_minus_answered"] = clicks - answers
    others = {status: n for measured in every for status, n in measured.statuses.items() if status != "302"}
    print(f"\n  Following one of {len(paths)} links, each click acknowledged before its answer, {seconds} s a rate:\n")
    print(table(rounds))
    print(f"\n  {clicks} clicks stored, {answers} redirects answered; other answers: {others or 'none'}; ", end="")
    print(f"unanswered: {sum(measured.unanswered for measured in every)}\n")
    return figures


async def closed(folder: Path) -> dict[str, Any]:
    """Draw as many redirects as there are to be had, from nginx, the fast lane and the app in turn."""
    figures: dict[str, Any] = {}
    script = floor.spread(folder)
    print(
        f"\n  As many as wrk can draw, medians of {floor.ROUNDS} rounds of {floor.SECONDS} s, {floor.LINKS:,} links:\n"
    )
    with (
        floor.nginx(folder / "nginx") as port,
        running.up(folder / "fast") as fast,
        running.up(folder / "plain", env={"FAST_LANE": "false"}) as plain,
    ):
        for live in (fast, plain):
            await make_links(live, 8)
            await floor.fill(live)
            floor.wrk(live.port, 64, script)  # fills the caches
        for connections in floor.CONNECTIONS:
            ports = {"nginx": port, "fast": fast.port} | (
                {"app": plain.port} if connections == max(floor.CONNECTIONS) else {}
            )
            rates, _ = floor.compare(ports, connections, script)
            figures[f"redirect_ratio_c{connections}"] = round(rates["fast"] / rates["nginx"], 3)
            if "app" in rates:
                figures[f"redirect_app_ratio_c{connections}"] = round(rates["app"] / rates["nginx"], 3)
            print(
                f"  {connections:>4} connections  " + ", ".join(f"{name} {rate:,.0f}/s" for name, rate in rates.items())
            )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=[167], help="requests a second")
    parser.add_argument("--seconds", type=int, default=20, help="for each rate")
    parser.add_argument("--closed", action="store_true", help="the closed loop beside nginx, too")
    asked = parser.parse_args()
    if asked.closed and floor.missing():
        parser.error(f"--closed needs {' and '.join(floor.missing())}: apt install nginx-light wrk")
    with tempfile.TemporaryDirectory(prefix="ginnel-bench-") as folder:
        figures = asyncio.run(measure(Path(folder), rates=asked.rates, seconds=asked.seconds))
        if asked.closed:
            figures |= asyncio.run(closed(Path(folder)))
    print(json.dumps(figures))
    sys.exit(figures["captured_minus_answered"] != 0)


if __name__ == "__main__":
    main()
