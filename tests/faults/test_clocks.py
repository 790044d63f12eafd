"""Clocks that are wrong by a year and more: each click becomes one row, whose time is right or is said not to be."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from ginnel import clicks, ingestion, redirects
from tests.faults.conftest import Tell
from tests.faults.scale import scaled
from tests.faults.sent import NOTHING_AMISS, Sent, drain

pytestmark = pytest.mark.faults

DAYS = 400


async def visit(sent: Sent) -> None:
    """Follow a link, as a process does whose clock is what `time` says."""
    record = redirects.Record(
        "slug",
        case_sensitive=False,
        state=redirects.State.LIVE,
        link=random.choice(sent.links),
        workspace=sent.workspace,
    )
    line = clicks.visit(record, {}, address=b"", query=b"")
    sent.ids.append(line[:32].decode())
    await clicks.record(line)


async def test_hosts_and_workers_with_wrong_clocks_fail_no_batch(
    database: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    sent, honest, batches = Sent(), time.time_ns, 0
    begun = datetime.now(UTC)
    skews = [0, *(random.uniform(-DAYS, DAYS) for _ in range(scaled(200, otherwise=30))), -DAYS, DAYS]
    for skew in skews:
        with monkeypatch.context() as wrong:
            wrong.setattr(time, "time_ns", lambda skew=skew: honest() + int(skew * 86_400e9))
            await asyncio.gather(*(visit(sent) for _ in range(10)))
        # A worker tidies by its own clock, and makes partitions ahead of that.
        there = datetime.now(UTC) + timedelta(days=skew)
        await ingestion.tend(database, there)
        for months in range(3):
            ahead = there.date() + timedelta(days=28 * months)
            assert await database.fetchval("select to_regclass($1) is not null", f"clicks_{ahead:%Y_%m}")
        await drain()
        batches += 1
    rows = await database.fetch("select at, clamped from clicks where workspace_id = $1", sent.workspace)
    clamped = sum(row["clamped"] for row in rows)
    letters = await database.fetchval("select count(*) from dead_letters where created_at >= $1", begun)
    result = await sent.audit()
    tell(
        f"Clocks wrong by up to {DAYS} days: {len(rows)} clicks, {clamped} of them corrected and flagged, "
        f"0 of {batches} batches failed; lost / duplicated / drift = "
        f"{result['lost']} / {result['duplicated']} / {result['drift']}"
    )
    assert result == NOTHING_AMISS
    assert letters == 0
    assert len(rows) - clamped >= 10
    assert clamped >= 10 * (len(skews) - 2)
    assert all(begun - timedelta(minutes=10) < row["at"] < datetime.now(UTC) + timedelta(minutes=10) for row in rows)


@pytest.mark.parametrize("first", ["stream", "outbox"])
async def test_a_corrected_click_in_both_stores_is_one_row(database: asyncpg.Connection, first: str) -> None:
    sent = Sent()
    payload = b"\n".join(sent.click(at=clicks.milliseconds() + DAYS * 86_400_000) for _ in range(50))
    for store in (first, "outbox", "stream"):
        if store == "stream":
            await clicks.append(payload)
        else:
            await database.execute("insert into outbox (created_at, payload) values (now(), $1)", payload)
        if random.random() < 0.5:
            await drain()
    await drain()
    assert await sent.audit() == NOTHING_AMISS


async def test_what_settled_a_corrected_clicks_time_is_forgotten_in_time(database: asyncpg.Connection) -> None:
    sent = Sent()
    await clicks.append(sent.click(at=0))
    await drain()
    await ingestion.tend(database, datetime.now(UTC) + timedelta(days=6))
    assert await database.fetchval("select count(*) from clamped_clicks") > 0
    await ingestion.tend(database, datetime.now(UTC) + timedelta(days=8))
    assert await database.fetchval("select count(*) from clamped_clicks") == 0
