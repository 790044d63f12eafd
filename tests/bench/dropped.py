"""`make bench-drop`: what who stores clicks and who asks about them notices while months of clicks are let go.

Months are seeded, of which a workspace keeps the last thirty days. Some store clicks and some ask, one after another: first
alone, then while the months are dropped and the rest of their clicks deleted. Prints a table for people and, as its last
line, one JSON object of figures by fixed names.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from ginnel import db, ingestion, postgres, retention, settings, stats
from ginnel.stats import Question
from local import seed, services
from tests.links.test_stats import a_row

DAYS, KEPT = 120, 30
STORERS, ASKERS = 2, 2
BATCH = 100
_ALONE = 8.0
"""Seconds before anything is dropped, and at least as long beside it."""


@dataclass
class Work:
    """What clicks are stored for, and how long each batch and each answer took, in ms."""

    workspace: int
    links: list[int]
    stored: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def store(self, drawn: random.Random) -> None:
        connection = await postgres.connect(command_timeout=60)
        try:
            while True:
                rows = [
                    a_row(drawn.choice(self.links), datetime.now(UTC), workspace_id=self.workspace, country="DE",
                          visitor=drawn.randbytes(16))
                    for _ in range(BATCH)
                ]  # fmt: skip
                begun = time.perf_counter()
                try:
                    await ingestion.store(connection, rows)
                except (asyncpg.PostgresError, OSError, TimeoutError) as error:
                    self.faults.append(f"storing: {error!r}")
                self.stored.append(1000 * (time.perf_counter() - begun))
                await asyncio.sleep(0.02)
        finally:
            await connection.close()

    async def ask(self, drawn: random.Random) -> None:
        while True:
            now = datetime.now(UTC)
            whose = Question(self.workspace, "workspace", self.workspace, now - timedelta(days=DAYS), now)
            link = Question(self.workspace, "link", drawn.choice(self.links), whose.since, whose.until)
            begun = time.perf_counter()
            try:
                async for conn in db.transaction():
                    question = drawn.choice([whose, link])
                    await stats.series(conn, question, interval="day", timezone="Europe/London")
                    await stats.breakdown(conn, question, dimension="country", limit=10)
                    await stats.newest(conn, link, limit=20, cursor=None)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is what is measured
                self.faults.append(f"asking: {error!r}")
            self.asked.append(1000 * (time.perf_counter() - begun))
            await asyncio.sleep(0.02)

    def taken(self) -> tuple[list[float], list[float]]:
        """Return the times so far, sorted, and begin anew."""
        done = sorted(self.stored), sorted(self.asked)
        self.stored, self.asked = [], []
        return done


async def measure(clicks: int) -> dict[str, Any]:
    await seed.run(clicks, 200, DAYS)
    connection = await postgres.connect(command_timeout=None)
    row = await connection.fetchrow(
        "select workspace_id as workspace, array_agg(distinct link_id) as links from clicks group by 1"
    )
    work = Work(row["workspace"], row["links"])
    before = await connection.fetchval("select count(*) from pg_inherits where inhparent = 'clicks'::regclass")
    busy = [asyncio.create_task(work.store(random.Random(n))) for n in range(STORERS)]
    busy += [asyncio.create_task(work.ask(random.Random(n))) for n in range(ASKERS)]
    await asyncio.sleep(2)
    work.taken()
    await asyncio.sleep(_ALONE)
    alone = work.taken()
    await connection.execute("update workspaces set retention_days = $1 where id = $2", KEPT, work.workspace)
    begun = time.monotonic()
    deleted = await retention.expire(connection, datetime.now(UTC))
    took = time.monotonic() - begun
    await asyncio.sleep(max(0.0, _ALONE - took))
    beside = work.taken()
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    after = await connection.fetchval("select count(*) from pg_inherits where inhparent = 'clicks'::regclass")
    await connection.close()
    await db.close()
    return _say(
        alone, beside, work.faults, f"{before - after} months dropped, {deleted:,} clicks deleted, {took:.1f} s"
    )


def _say(alone: Any, beside: Any, faults: list[str], what: str) -> dict[str, Any]:
    print(f"\n  {what}\n\n  {'ms':24}{'alone: p50':>12}{'p99':>9}{'beside: p50':>14}{'p99':>9}{'max':>9}")
    p99 = {}
    for name, before, now in (("a hundred clicks stored", alone[0], beside[0]), ("answers", alone[1], beside[1])):
        p99[name] = _share(before, 0.99), _share(now, 0.99)
        print(
            f"  {name:24}{_share(before, 0.5):>12.1f}{p99[name][0]:>9.1f}{_share(now, 0.5):>14.1f}{p99[name][1]:>9.1f}"
            f"{now[-1]:>9.1f}"
        )
    print(f"\n  {len(faults)} faults {faults[:3] or ''}\n")
    one, other = p99["a hundred clicks stored"]
    return {"drop_faults": len(faults), "drop_insert_p99_ratio": round(other / one, 2)}


def _share(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dropped")
    parser.add_argument("--clicks", type=seed.count, default=500_000)
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ginnel-drop-") as folder,
        services.running(Path(folder), redis=False) as servers,
    ):
        os.environ |= {
            "DATABASE_URL": servers.database_url,
            "BASE_URL": "http://go.test",
            "REDIS_URL": "unix:///nowhere",
        }
        settings.read.cache_clear()
        figures = asyncio.run(measure(wanted.clicks))
    print(json.dumps(figures))
    if figures["drop_faults"]:
        raise SystemExit("not without faults")


if __name__ == "__main__":
    main()
