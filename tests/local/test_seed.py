"""What `make seed` writes is counted as if visitors had brought it, however often it is called."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from ginnel import postgres, recounting
from local import traffic
from tests.e2e import running


@pytest.fixture
async def empty() -> AsyncIterator[str]:
    """Have a database of one's own, by its URL."""
    name = f"seeded_{uuid.uuid4().hex}"
    admin = await postgres.connect()
    await admin.execute(f"create database {name}")
    yield urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def seed(url: str, *options: str) -> str:
    command = [sys.executable, "-m", "local.seed", *options]
    env = running.environment(DATABASE_URL=url)
    return await asyncio.to_thread(subprocess.check_output, command, cwd=running.ROOT, env=env, text=True)


async def test_all_clicks_are_there_and_counted_whatever_was_there_before(empty: str) -> None:
    # So many on so few links that some are counted by dimension: at first none, then by what both have.
    said = await seed(empty, "--clicks", "8000", "--links", "20", "--days", "40")
    assert "8,000 of 8,000 clicks" in said
    await seed(empty, "--clicks", "22000", "--links", "30", "--days", "40")
    connection = await asyncpg.connect(empty, server_settings={"timezone": "UTC"})
    whole = await connection.fetchrow(
        """
        select count(*) as clicks, count(bot) as bots, count(distinct link_id) as links, max(at) < now() as past,
            count(distinct (visitor, at::date)) filter (where bot is null) as visitors,
            count(*) filter (where new_to_workspace) as new
        from clicks
        """
    )
    assert (whole["clicks"], whole["links"], whole["past"]) == (30_000, 30, True)
    assert 0.08 < whole["bots"] / whole["clicks"] < 0.12
    assert whole["visitors"] == whole["new"] < whole["clicks"] - whole["bots"]
    assert await connection.fetchval("select count(*) from rolled_links") > 0
    today = datetime.now(UTC).date()
    assert await recounting.rebuild(connection, today - timedelta(days=50), today + timedelta(days=2)) == {}
    await connection.close()


@pytest.mark.parametrize("clicks", [1, 9, 10_000, 123_457])
@pytest.mark.parametrize("hour", [0, 13])
def test_days_add_up_to_what_is_wanted(clicks: int, hour: int) -> None:
    now = datetime(2026, 3, 1, hour, 59, tzinfo=UTC)
    days = traffic.calendar(clicks, 30, now)
    assert sum(one.clicks for one in days) == clicks
    assert all(one.clicks > 0 and (one.hours == 24 or (one.day, one.hours) == (now.date(), hour)) for one in days)
    assert sum(len(together) for together in traffic.chunks(days)) == len(days)
