"""When a workspace's time for its clicks is over they go, and what they were counted as stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from ginnel import db, ingestion, postgres, recounting, retention, rollups, stats
from ginnel.stats import Question
from tests.conftest import Account
from tests.links.test_stats import a_row

NOW = datetime(2017, 9, 15, 12, tzinfo=UTC)
"""In a year that no other test has clicks in."""


@pytest.fixture
async def connection() -> AsyncIterator[asyncpg.Connection]:
    made = await postgres.connect(command_timeout=60)
    yield made
    await made.close()


async def clicked(connection: asyncpg.Connection, account: Account, link: int, days: list[int]) -> int:
    """Store clicks so many days before NOW; return the workspace."""
    workspace: int = (await account.http.get("/api/v1/auth/me")).json()["workspace"]
    rows = [
        a_row(link, NOW - timedelta(days=n, seconds=i), workspace_id=workspace, country="DE", visitor=b"%d" % (i % 3))
        for n in days
        for i in range(5)
    ]
    await ingestion.store(connection, rows)
    return workspace


async def keep(connection: asyncpg.Connection, workspace: int, days: int) -> None:
    await connection.execute("update workspaces set retention_days = $2 where id = $1", workspace, days)


async def answers(workspace: int, link: int) -> list[object]:
    since, until = NOW - timedelta(days=400), datetime(2017, 10, 1, tzinfo=UTC)
    found: list[object] = []
    async with db.session() as conn:
        for question in (
            Question(workspace, "link", link, since.replace(hour=0), until),
            Question(workspace, "workspace", workspace, since.replace(hour=0), until),
        ):
            found.append(await stats.summary(conn, question))
            found.append(await stats.series(conn, question, interval="month", timezone="Asia/Tokyo"))
            found.append(await stats.breakdown(conn, question, dimension="country", limit=5))
            found.append(await stats.breakdown(conn, question, dimension="browser", limit=5))
    return found


async def test_clicks_go_and_answers_stay(account: Account, connection: asyncpg.Connection) -> None:
    link = (await account.link())["id"]
    workspace = await clicked(connection, account, link, [0, 29, 30, 31, 45, 200])
    before = await answers(workspace, link)
    await keep(connection, workspace, 30)
    assert await retention.expire(connection, NOW) > 0
    left = await connection.fetch("select at from clicks where workspace_id = $1", workspace)
    assert len(left) == 15
    assert min(row["at"] for row in left) >= datetime(2017, 8, 16, tzinfo=UTC)
    assert await answers(workspace, link) == before
    assert await retention.expire(connection, NOW) == 0
    # Nor does counting anew forget what is gone, or a click that comes late for a day that is.
    assert await recounting.rebuild(connection, date(2017, 2, 20), date(2017, 9, 16)) == {}
    assert await answers(workspace, link) == before
    await clicked(connection, account, link, [46])
    after = await answers(workspace, link)
    assert after[0].clicks == before[0].clicks + 5  # type: ignore[attr-defined]
    assert await retention.expire(connection, NOW + timedelta(days=1)) > 0
    assert await answers(workspace, link) == after


async def test_links_add_up_where_clicks_are_gone(account: Account, connection: asyncpg.Connection) -> None:
    link = (await account.link())["id"]
    workspace = await clicked(connection, account, link, [])
    await ingestion.store(
        connection,
        [
            a_row(link, NOW - timedelta(days=n), workspace_id=workspace, visitor=b"%d of %d" % (n, workspace))
            for n in (0, 29, 45, 200)
        ],
    )
    await keep(connection, workspace, 30)
    await retention.expire(connection, NOW)
    async with db.session() as conn:
        question = Question(workspace, "workspace", workspace, NOW - timedelta(days=365), NOW + timedelta(days=1))
        total = await stats.summary(conn, question)
        broken = await stats.breakdown(conn, question, dimension="link", limit=1)
    (row,) = broken.items
    assert (row.clicks, row.bots, row.visitors + broken.other.visitors) == (total.clicks, total.bots, total.visitors)
    assert (broken.other.clicks, broken.other.bots) == (0, 0)
    # Whom the workspace met by which link is gone with the clicks, of two of the four days.
    assert (row.visitors, broken.other.visitors) == (2, 2)


async def test_a_month_that_nobody_keeps_is_dropped_whole(account: Account, connection: asyncpg.Connection) -> None:
    link = (await account.link())["id"]
    workspace = await clicked(connection, account, link, [600, 620])
    await keep(connection, workspace, 30)
    assert await connection.fetchval("select to_regclass('clicks_2016_01') is not null")
    await retention.expire(connection, NOW)
    assert await connection.fetchval("select to_regclass('clicks_2016_01') is null")
    assert await clicked(connection, account, link, [600]) == workspace  # comes late, and is stored all the same


async def test_others_read_and_store_while_a_month_is_dropped(account: Account, connection: asyncpg.Connection) -> None:
    link = (await account.link())["id"]
    workspace = await clicked(connection, account, link, list(range(800, 830)))
    await keep(connection, workspace, 30)
    stop = asyncio.Event()
    took: list[tuple[float, float]] = []

    async def store() -> None:
        own = await postgres.connect(command_timeout=30)
        while not stop.is_set():
            begun = time.perf_counter()
            await ingestion.store(own, [a_row(link, datetime.now(UTC), workspace_id=workspace)])
            took.append((begun, time.perf_counter() - begun))
        await own.close()

    async def read() -> None:
        while not stop.is_set():
            await answers(workspace, link)

    others = [asyncio.create_task(act()) for act in (store, store, read)]
    await asyncio.sleep(0.5)
    await retention.expire(connection, NOW)
    await asyncio.sleep(0.2)
    stop.set()
    await asyncio.gather(*others)
    assert await connection.fetchval("select to_regclass('clicks_2015_06') is null")
    assert len(took) > 10


async def test_who_stores_what_comes_now_does_not_wait_for_days_that_are_long_over(
    connection: asyncpg.Connection,
) -> None:
    link = 8_000_000_000_177
    other = await postgres.connect(command_timeout=60)
    try:
        async with connection.transaction():
            await rollups.keep_others_out(connection, datetime.now(UTC).date() - timedelta(days=5))
            now = a_row(link, datetime.now(UTC), workspace_id=8_000_000_000_001)
            assert await asyncio.wait_for(ingestion.store(other, [now]), 20) == 1
            # Late ones of such a day do, lest they be counted by nobody.
            late = now._replace(at=datetime.now(UTC) - timedelta(days=6), id=uuid4())
            storing = asyncio.create_task(ingestion.store(other, [late]))
            await asyncio.sleep(0.3)
            assert not storing.done()
        assert await storing == 1
    finally:
        await other.close()
