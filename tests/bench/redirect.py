"""`make bench-redirect`: how quickly a link is followed, beside nginx, and whether every answer left its click.

Starts the real thing on servers of its own in a temporary folder, and loads it from another process. Prints tables for
people and, as its last line, one JSON object of figures by fixed names.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from tests.bench import closed, flat, floor
from tests.bench.closed import cpu_seconds
from tests.e2e import running
from tests.e2e.running import ROOT, Running

LINKS = 1000
WARM_UP = 200
RATES = (167, 1000, 5000)
NAMES = (
    "redirect_ratio_c1", "redirect_ratio_c16", "redirect_ratio_c64", "redirect_chain_ratio_c64", "redirect_app_ratio_c64",
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


def load(port: int, paths: list[str], *, rate: int, seconds: int, live: Running | None = None) -> Round:
    """Run the generator in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.openloop", "--port", str(port)]
    command += ["--rate", str(rate), "--seconds", str(seconds)]
    before = cpu_seconds(live) if live else {}
    printed = subprocess.run(
        command,
        cwd=ROOT,
        env=running.environment(),
        input="\n".join(paths),
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    after = cpu_seconds(live) if live else {}
    spent = {kind: seconds - before.get(kind, 0.0) for kind, seconds in after.items()}
    return Round(**json.loads(printed), cpu_seconds=spent)


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


def table(rounds: dict[str, Round]) -> str:
    shares = ("p50", "p90", "p99", "max")
    lines = [f"  {'requests/s':20}{'answers':>10}  {''.join(f'{share:>9}' for share in shares)}   ms from the time due"]
    for name, measured in rounds.items():
        times = "".join(f"{measured.latency[s]:>9.2f}" for s in shares)
        late = "".join(f"{measured.lateness[s]:>9.2f}" for s in shares)
        lines.append(f"  {name:20}{measured.answers:>10}  {times}")
        lines.append(f"  {'':30}  {late}   of it the generator's own lateness")
        if measured.cpu_seconds:
            spent = sorted(measured.cpu_seconds.items())
            cpu = ", ".join(f"{kind} {s * 1e6 / measured.answers:.0f}" for kind, s in spent)
            lines.append(f"  {'':32}CPU time, µs an answer: {cpu}")
    return "\n".join(lines)


async def steady(folder: Path, *, rates: tuple[int, ...], seconds: int) -> dict[str, Any]:
    """Follow links at a steady rate, with ingestion beside it; compare what was answered with what is stored."""
    figures: dict[str, Any] = {}
    with ExitStack() as stack:
        live = stack.enter_context(running.up(folder / "data"))
        theirs = None if floor.missing() else stack.enter_context(floor.nginx(folder / "nginx"))
        paths = await floor.make_links(live, LINKS)
        ours = [load(live.port, paths, rate=WARM_UP, seconds=10, live=live)]
        rounds: dict[str, Round] = {}
        for rate in rates:
            if theirs:
                bench = [f"/bench{n}" for n in range(LINKS)]
                rounds[f"nginx {rate:,}"] = load(theirs, bench, rate=rate, seconds=2)
            rounds[f"{rate:,}"] = load(live.port, paths, rate=rate, seconds=seconds, live=live)
            ours.append(rounds[f"{rate:,}"])
            figures[f"p99_ms_{rate}"] = round(ours[-1].latency["p99"], 2)
        answers = sum(measured.statuses.get("302", 0) for measured in ours)
        clicks = await counted(live, answers)
    figures["captured_minus_answered"] = clicks - answers
    others = {status: n for measured in ours for status, n in measured.statuses.items() if status != "302"}
    print(f"\n  Following one of {len(paths)} links, each click acknowledged before its answer, {seconds} s a rate:\n")
    print(table(rounds))
    print(f"\n  {clicks} clicks stored, {answers} redirects answered; other answers: {others or 'none'}; ", end="")
    print(f"unanswered: {sum(measured.unanswered for measured in ours)}")
    return figures


async def most(folder: Path) -> dict[str, Any]:
    """Draw as many redirects as there are to be had, from nginx, the fast lane and the app in turn."""
    figures: dict[str, Any] = {}
    script = floor.spread(folder)
    print(
        f"\n  As many as wrk draws, medians of {closed.ROUNDS} rounds of {closed.SECONDS} s, {floor.LINKS:,} links:\n"
    )
    with (
        floor.nginx(folder / "nginx-closed") as port,
        running.up(folder / "fast") as fast,
        running.up(folder / "app", env={"FAST_LANE": "false"}) as app,
    ):
        for live in (fast, app):
            await floor.make_links(live, 8)
            await floor.fill(live)
            floor.warm_up(live.port, script)
        before = await counted(fast, 0)
        for connections in closed.CONNECTIONS:
            last = connections == max(closed.CONNECTIONS)
            ours = {"fast": fast, "app": app} if last else {"fast": fast}
            found, theirs = await closed.alone(ours, port, connections, script)
            figures[f"redirect_ratio_c{connections}"] = _say(f"{connections} connections", found["fast"], theirs.rate)
            if last:
                figures["cpu_us_per_click"] = round(found["fast"].us("app", "valkey"), 1)
                figures[f"redirect_app_ratio_c{connections}"] = _say(
                    "… without the fast lane", found["app"], theirs.rate
                )
                whole = closed.chain(fast, connections, script)
                figures[f"redirect_chain_ratio_c{connections}"] = _say("… and ingestion", whole, theirs.rate)
        stored = await counted(fast, before + whole.answered) - before
    print(
        f"\n  {stored:,} clicks stored while {whole.answered:,} redirects were answered with ingestion beside them",
        end="",
    )
    print(f" ({whole.connections} more may have been under way when wrk went)")
    assert 0 <= stored - whole.answered <= whole.connections, f"{stored=}, {whole.answered=}"
    return figures


def _say(name: str, ours: closed.Measured, theirs: float) -> float:
    cpu = ", ".join(f"{kind} {ours.us(kind):.1f}" for kind, seconds in sorted(ours.cpu.items()) if seconds)
    ratio = round(ours.rate / theirs, 3)
    print(f"  {name:26}{ours.rate:>9,.0f}/s   nginx {theirs:>9,.0f}/s   ratio {ratio:.3f}   CPU µs: {cpu}", flush=True)
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, help="requests a second")
    parser.add_argument("--seconds", type=int, default=7, help="for each rate")
    parser.add_argument("--steady", action="store_true", help="nothing but the steady rates")
    asked = parser.parse_args()
    if not asked.steady and floor.missing():
        parser.error(f"{' and '.join(floor.missing())} must be installed: apt install nginx-light wrk")
    figures: dict[str, Any] = dict.fromkeys(NAMES, "-")
    with tempfile.TemporaryDirectory(prefix="ginnel-bench-") as folder:
        figures |= asyncio.run(steady(Path(folder), rates=tuple(asked.rates), seconds=asked.seconds))
        if not asked.steady:
            figures |= asyncio.run(most(Path(folder)))
            figures |= asyncio.run(flat.measure(Path(folder)))
    print(json.dumps(figures))
    sys.exit(figures["captured_minus_answered"] != 0)


if __name__ == "__main__":
    main()
