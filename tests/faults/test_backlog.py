"""What piled up is stored much faster than it comes in, in bounded memory, and whatever is among it."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from clicks import enrich
from ginnel import clicks, ingestion
from tests.faults.conftest import Tell
from tests.faults.scale import FULL, scaled
from tests.faults.sent import NOTHING_AMISS, Sent, drain, drained, until, worker

pytestmark = pytest.mark.faults

PEAK = 10_000 / 60
"""Clicks a second that are promised to be taken at the most."""
ENTRY = 100
SLACK = 1 if FULL else 1.5

_honest = enrich.row


async def pile_up(sent: Sent, count: int) -> None:
    for _ in range(count // ENTRY):
        await clicks.append(sent.payload(ENTRY))


async def test_a_backlog_is_drained_many_times_faster_than_it_came(database: asyncpg.Connection, tell: Tell) -> None:
    count = scaled(1_000_000, otherwise=50_000)
    await drain()
    sent = Sent()
    await pile_up(sent, count)
    ages, memory = [await oldest(database)], []
    with worker() as process:
        await until(lambda: has_begun(database, sent))
        begun = time.monotonic()
        while ages[-1]:
            await asyncio.sleep(0.05 if count < 100_000 else 1)
            ages.append(await oldest(database))
            memory.append(resident_mb(process.pid))
        seconds = time.monotonic() - begun
        await drained(database)
    rate, result = count / seconds, await sent.audit()
    early, most = memory[len(memory) // 10], max(memory)
    tell(
        f"Backlog: {count} clicks drained at {rate:.0f}/s, {rate / PEAK:.0f} times the peak rate; the oldest was "
        f"{ages[0]:.1f} s old, at most {max(ages):.1f} s, then {ages[-1]:.0f}; worker's memory {early:.0f} MB early, "
        f"at most {most:.0f} MB; lost / duplicated / drift = "
        f"{result['lost']} / {result['duplicated']} / {result['drift']}"
    )
    assert result == NOTHING_AMISS
    assert rate >= 5 * PEAK
    assert max(ages) > 0
    assert most < early + 50


async def oldest(database: asyncpg.Connection) -> float:
    return (await ingestion.waiting(database, datetime.now(UTC))).oldest_seconds


async def has_begun(database: asyncpg.Connection, sent: Sent) -> bool:
    begun: bool = await database.fetchval("select exists (select from clicks where workspace_id = $1)", sent.workspace)
    return begun


def resident_mb(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


async def test_one_poisonous_click_in_ten_thousand_costs_itself_and_little_time(
    database: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    count = 10_000
    took: dict[str, list[float]] = {"clean": [], "poisoned": []}
    monkeypatch.setattr(enrich, "row", _poisonous)
    for _ in range(scaled(9, otherwise=3)):
        for kind in ("clean", "poisoned"):
            await drain()
            await database.execute("delete from dead_letters")
            sent = Sent()
            lines = [sent.click() for _ in range(count)]
            if kind == "poisoned":
                poison, sent.ids = sent.ids[0], sent.ids[1:]
                lines[0] = lines[0].replace(b"\tutm_source=letter&", b"\tutm_source=poison&")
                random.shuffle(lines)
            for first in range(0, count, ENTRY):
                await clicks.append(b"\n".join(lines[first : first + ENTRY]))
            begun = time.monotonic()
            stored = await drain()
            took[kind].append(time.monotonic() - begun)
            letters = await database.fetchval("select count(*) from dead_letters")
            assert (stored, letters) == (len(sent.ids), kind == "poisoned")
            assert await sent.audit() == NOTHING_AMISS
    clean, poisoned = (sorted(times)[len(times) // 2] for times in took.values())
    monkeypatch.undo()  # what was wrong is mended
    await ingestion.replay(database)
    await drain()
    replayed = await database.fetchval("select count(*) from clicks where id = $1", UUID(poison))
    tell(
        f"Poison event: 1 click in {count} that PostgreSQL refuses: {count - 1} rows, 1 dead letter, "
        f"{poisoned:.2f} s, {poisoned / clean:.2f} times the clean time; {replayed} stored once mended and replayed"
    )
    assert poisoned <= 2 * clean * SLACK
    assert replayed == 1


def _poisonous(click: clicks.Click, **rest: Any) -> ingestion.Row:
    """Enrich, but make of one kind of click a row that only PostgreSQL sees to be none."""
    row = _honest(click, **rest)
    return row._replace(city="\x00") if row.utm_source == "poison" else row
