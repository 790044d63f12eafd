"""`make bench-stats`: how quickly questions about a year's clicks are answered, and what room a click takes (CLICKS=…).

Seeds servers of its own in a temporary folder, then asks `ginnel.stats` directly, as the routes do. Prints tables for people
and, as its last line, one JSON object of figures by fixed names.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import db, postgres, rollups, settings, stats
from ginnel.stats import Filter, Interval, Question
from local import seed, server, services

ZONES = ("UTC", "Europe/London", "Asia/Kolkata")
INTERVALS: Sequence[Interval] = ("day", "week", "month")
BUSIEST = 10
LINKS = 60
"""Links that are asked about: the busiest, and others drawn as visitors draw them."""
ROUNDS = 3
"""How often a workspace's questions are asked; a link's once for each."""


class Asked(NamedTuple):
    """A question to be timed, beside others of its `kind`."""

    kind: str
    what: str
    question: Question
    how: dict[str, Any]

    async def put(self, conn: AsyncSession) -> None:
        if "dimension" in self.how:
            await stats.breakdown(conn, self.question, limit=50, **self.how)
        elif "interval" in self.how:
            await stats.series(conn, self.question, **self.how)
        else:
            await stats.summary(conn, self.question)


class Filled(NamedTuple):
    workspace: int
    links: list[int]
    """From the busiest."""
    tags: list[int]
    domain: int


def _ways() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "summary", {}
    for interval in INTERVALS:
        for zone in ZONES:
            yield f"series by {interval}, {zone}", {"interval": interval, "timezone": zone}
    for dimension in rollups.DIMENSIONS:
        yield f"breakdown by {dimension}", {"dimension": dimension}


def _questions(drawn: random.Random, filled: Filled) -> Iterator[Asked]:
    now = datetime.now(UTC)

    def year(of: stats.Of, identifier: int) -> Question:
        # Ends anywhere, as "the last twelve months" do.
        until = now - timedelta(seconds=drawn.randrange(86_400))
        return Question(filled.workspace, of, identifier, until - timedelta(days=365), until)

    weights = [1 / rank for rank in range(1, len(filled.links) + 1)]
    chosen = [*filled.links[:BUSIEST], *drawn.choices(filled.links, weights, k=LINKS - BUSIEST)]
    for what, how in _ways():
        for link in chosen:
            yield Asked("link's year", what, year("link", link), how)
        for _ in range(ROUNDS):
            yield Asked("workspace's year", what, year("workspace", filled.workspace), how)
    for what, how in (("summary", {}), ("series by day, UTC", {"interval": "day", "timezone": "UTC"}),
                      ("series by week, Europe/London", {"interval": "week", "timezone": "Europe/London"})):  # fmt: skip
        for link in chosen[: BUSIEST * 2]:
            one = replace(year("link", link), filters=[Filter("country", ["DE", "GB"])])
            yield Asked("link's year, one filter", what, one, how)
            one = replace(year("workspace", filled.workspace), filters=[Filter("device", ["mobile"], negated=True)])
            yield Asked("workspace's year, one filter", what, one, how)
    filters = [Filter("country", ["DE", "GB"]), Filter("device", ["mobile"], negated=True)]
    for what, how in (("summary", {}), ("series by day, UTC", {"interval": "day", "timezone": "UTC"}),
                      ("breakdown by city", {"dimension": "city"})):  # fmt: skip
        for link in chosen[: BUSIEST * 2]:
            yield Asked("link's year, filtered", what, replace(year("link", link), filters=filters), how)
        months: tuple[tuple[str, stats.Of, int], ...] = (
            ("workspace's month, filtered", "workspace", filled.workspace),
            ("tag's month", "tag", filled.tags[-1]),
            ("domain's month", "domain", filled.domain),
        )
        for kind, of, identifier in months:
            asked = year(of, identifier)
            month = replace(asked, since=asked.until - timedelta(days=30))
            yield Asked(kind, what, replace(month, filters=filters) if "filtered" in kind else month, how)


async def ask(filled: Filled) -> dict[str, list[tuple[str, float]]]:
    """Put every question twice, in any order; time the second. A host has its statements and pages at hand, too."""
    drawn = random.Random(7)
    questions = list(_questions(drawn, filled))
    server.collect_seldom()  # as a host does
    took: dict[str, list[tuple[str, float]]] = {}
    for timed in (False, True):
        for one in drawn.sample(questions, len(questions)):
            async for conn in _session():
                begun = time.perf_counter()
                await one.put(conn)
                if timed:
                    took.setdefault(one.kind, []).append((one.what, 1000 * (time.perf_counter() - begun)))
    return took


async def _session() -> AsyncIterator[AsyncSession]:
    async for conn in db.transaction():
        yield conn


def say(took: dict[str, list[tuple[str, float]]]) -> dict[str, float]:
    """Print what took how long; return each kind's p95."""
    found = {}
    for kind, answers in took.items():
        print(f"\n  {kind + ', ms':36}{'asked':>7}{'p50':>9}{'p95':>9}{'max':>9}")
        ways: dict[str, list[float]] = {}
        for what, one in answers:
            ways.setdefault(what.split(" by ")[0], []).append(one)
            ways.setdefault(what, []).append(one)
        slowest = sorted(ways.items(), key=lambda pair: -_share(pair[1], 0.95))
        for what, times in [*slowest[:8], ("all", [one for _, one in answers])]:
            print(f"  {what:36}{len(times):>7}" + "".join(f"{_share(times, share):>9.1f}" for share in (0.5, 0.95, 1)))
        found[kind] = round(_share([one for _, one in answers], 0.95), 1)
    return found


def _share(times: list[float], share: float) -> float:
    """Return the time within which a share of the answers came."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


async def _filled(connection: asyncpg.Connection) -> Filled:
    workspace, domain = await connection.fetchrow("select workspace_id, domain_id from clicks limit 1")
    rows = await connection.fetch(
        "select link_id from clicks_hourly where workspace_id = $1 group by 1 order by sum(clicks) desc", workspace
    )
    tags = await connection.fetch(
        """
        select t.id from tags t join link_tags l on l.tag_id = t.id where t.workspace_id = $1
        group by 1 order by count(*) desc
        """,
        workspace,
    )
    return Filled(workspace, [row["link_id"] for row in rows], [row["id"] for row in tags], domain)


async def room(connection: asyncpg.Connection) -> float:
    """Print what takes how many bytes a click; return the whole database's."""
    clicks: int = await connection.fetchval("select count(*) from clicks")
    rows = await connection.fetch(
        """
        select case when c.relispartition then 'clicks' else c.relname end as name,
            sum(pg_table_size(c.oid))::bigint as rows, sum(pg_indexes_size(c.oid))::bigint as indexes
        from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
        group by 1 order by 2 desc limit 6
        """
    )
    print(f"\n  {f'bytes a click, of {clicks:,}':36}{'rows':>9}{'indexes':>9}")
    for row in rows:
        print(f"  {row['name']:36}{row['rows'] / clicks:>9.1f}{row['indexes'] / clicks:>9.1f}")
    size: int = await connection.fetchval("select pg_database_size(current_database())")
    print(f"  {'the database':36}{size / clicks:>9.1f}")
    return round(size / clicks, 1)


async def measure(clicks: int, links: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    connection = await postgres.connect(command_timeout=None)
    if not await connection.fetchval("select to_regclass('clicks') is not null"):
        begun = time.monotonic()
        await seed.run(clicks, links, 365)
        figures["seeded_per_s"] = round(clicks / (time.monotonic() - begun))
    figures["bytes_per_click"] = await room(connection)
    p95 = say(await ask(await _filled(connection)))
    await connection.close()
    await db.close()
    return figures | {
        "link_year_p95_ms": p95["link's year"],
        "workspace_year_p95_ms": p95["workspace's year"],
        "link_year_one_filter_p95_ms": p95["link's year, one filter"],
        "workspace_year_one_filter_p95_ms": p95["workspace's year, one filter"],
        "link_year_filtered_p95_ms": p95["link's year, filtered"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.stats")
    parser.add_argument("--clicks", type=seed.count, default=10_000_000)
    parser.add_argument("--links", type=seed.count, default=10_000)
    parser.add_argument("--data", type=Path, help="a folder to keep what is seeded in, and to ask again")
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ginnel-stats-") as folder,
        services.running(wanted.data or Path(folder), redis=False) as servers,
    ):
        os.environ |= {"DATABASE_URL": servers.database_url, "DATABASE_TIMEOUT": "120"}
        os.environ |= {"BASE_URL": "http://go.test", "REDIS_URL": "unix:///nowhere"}
        settings.read.cache_clear()
        figures = asyncio.run(measure(wanted.clicks, wanted.links))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
