"""Backing up an installation that is at work, losing it, and having it back."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import pytest

from local import services
from tests.e2e import running
from tests.e2e.running import Running
from tests.faults.crowd import FIREFOX

PERSON = {"email": "ada@example.com", "password": "a long enough password"}
WAITING = 50


def run(command: str, *arguments: str | Path, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", f"local.{command}", *map(str, arguments)],
        cwd=running.ROOT, env=running.environment(**env), text=True, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


async def fill(live: Running) -> tuple[str, dict[str, str]]:
    """Have one of everything, and some thousand clicks; return an API key, and where the links lead."""
    run("seed", "--clicks", "10000", DATABASE_URL=live.database_url, BASE_URL=f"http://localhost:{live.port}")
    async with httpx.AsyncClient(base_url=live.base, timeout=30) as client:
        token = (await client.post("/api/v1/auth/register", json=PERSON)).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        wanted = {"name": "all", "scopes": ["links:read", "links:write", "clicks:write", "stats:read"]}
        key = (await client.post("/api/v1/api-keys", json=wanted)).json()
        links = {}
        for number in range(20):
            limit = 1000 if number < 2 else None
            draft = {"target": f"https://example.com/{number}?a=b#ü", "max_clicks": limit, "tags": ["a", f"t{number}"]}
            made = await client.post("/api/v1/links", json=draft, headers={"idempotency-key": str(number)})
            links[made.json()["slug"]] = made.json()["target"]
    return key["secret"], links


async def visit(client: httpx.AsyncClient, slug: str) -> str:
    answer = await client.get(f"/{slug}", headers={"user-agent": FIREFOX})
    assert answer.status_code == 302, answer.text
    location: str = answer.headers["location"]
    return location


async def stroll(base: str, slugs: list[str], answered: Counter[str]) -> None:
    """Follow links one after another until cancelled."""
    async with httpx.AsyncClient(base_url=base, timeout=30) as client:
        while True:
            for slug in slugs:
                await visit(client, slug)
                answered["all"] += 1


async def rows(url: str) -> dict[str, list[str]]:
    """Read every row of every table, as text."""
    connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})
    tables = await connection.fetch(
        """
        select relname::text as name, format('select t::text as line from %I t', relname) as query from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
            and relname <> 'visitor_salts'
        """
    )
    found = {row["name"]: sorted(line["line"] for line in await connection.fetch(row["query"])) for row in tables}
    await connection.close()
    return found


def differences(one: dict[str, list[str]], other: dict[str, list[str]]) -> int:
    assert one.keys() == other.keys()
    return sum(((Counter(one[name]) - Counter(other[name])) + (Counter(other[name]) - Counter(one[name]))).total()
               for name in one)  # fmt: skip


async def drift(url: str) -> int:
    """Count the hours and links for which the roll-ups say something else than the rows."""
    (row,) = await running.fetch(
        url,
        """
        select count(*) from (
            select link_id, date_trunc('hour', at) as hour, count(*) filter (where bot is null) as clicks, count(bot) as bots
            from clicks group by 1, 2
        ) counted full join clicks_hourly h using (link_id, hour)
        where (h.clicks, h.bots) is distinct from (counted.clicks, counted.bots)
        """,
    )
    drifted: int = row["count"]
    return drifted


async def backed_up_at_work(live: Running, slugs: list[str], to: Path) -> tuple[int, int, str]:
    """Back up while visitors come and go; return how many had been answered before and after, and what it said."""
    answered: Counter[str] = Counter()
    visitors = [asyncio.create_task(stroll(live.base, slugs, answered)) for _ in range(4)]
    await asyncio.sleep(1)
    before = answered["all"]
    said = await asyncio.to_thread(run, "backup", to, "--data", live.data)
    after = answered["all"]
    for visitor in visitors:
        visitor.cancel()
    for outcome in await asyncio.gather(*visitors, return_exceptions=True):
        assert isinstance(outcome, asyncio.CancelledError), outcome
    return before, after, said


async def die_with_clicks_unstored(live: Running, slug: str) -> None:
    """Kill everything when the worker has been away for a while."""
    worker = running.pid(live.data, "worker")
    os.kill(worker, signal.SIGSTOP)
    async with httpx.AsyncClient(base_url=live.base, timeout=30) as client:
        for _ in range(WAITING):
            await visit(client, slug)
    live.send(signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(worker, signal.SIGKILL)
    live.wait()
    running.wait_until_gone(live.data)


@pytest.mark.slow
async def test_what_was_destroyed_is_back_row_by_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at_work, at_rest, lost = tmp_path / "at work.zip", tmp_path / "at rest.zip", tmp_path / "lost"
    port = running.free_port()
    with running.up(lost, port=port) as live:
        key, links = await fill(live)
        before, after, said = await backed_up_at_work(live, list(links), at_work)
        assert "Every click that was answered before" in said
        await die_with_clicks_unstored(live, list(links)[-1])
    said = run("backup", at_rest, "--data", lost)
    with services.running(lost, redis=False) as servers:
        original = await rows(servers.database_url)
    shutil.rmtree(lost)

    run("restore", at_work, "--data", tmp_path / "copy")
    with services.running(tmp_path / "copy", redis=False) as servers:
        (kept,) = await running.fetch(servers.database_url, "select count(*) - 10000 as clicks from clicks")
        drifted = await drift(servers.database_url)
        copied = await rows(servers.database_url)
    assert not Counter(copied["clicks"]) - Counter(original["clicks"])

    run("restore", at_rest, "--data", tmp_path / "again")
    with services.running(tmp_path / "again", redis=False) as servers:
        found = differences(original, await rows(servers.database_url))
    with capsys.disabled():
        print(f"\n  at work: {before:,} clicks answered before, {after:,} after, {kept['clicks']:,} in the back-up; "
              f"links and hours whose roll-ups differ from their rows: {drifted}")  # fmt: skip
        print(f"  restored: {sum(map(len, original.values())):,} rows of {len(original)} tables; differences: {found}")
    assert (found, drifted) == (0, 0)
    assert before <= kept["clicks"] <= after + 4
    assert len(original["clicks"]) >= 10_000 + after + WAITING

    await check_that_it_goes_on(tmp_path / "again", port, key, links)


async def check_that_it_goes_on(data: Path, port: int, key: str, links: dict[str, str]) -> None:
    """What was restored leads where it led, lets in whom it knew, and numbers new rows anew."""
    with running.up(data, port=port) as live:
        (last,) = await running.fetch(live.database_url, "select max(id) from links")
        async with httpx.AsyncClient(base_url=live.base, timeout=30) as client:
            assert {slug: await visit(client, slug) for slug in links} == links
            assert (await client.post("/api/v1/auth/login", json=PERSON)).status_code == 200
            someone = await client.post("/api/v1/auth/register", json=PERSON | {"email": "bob@example.com"})
            assert someone.status_code == 201
            client.headers["authorization"] = f"Bearer {key}"
            made = (await client.post("/api/v1/links", json={"target": "https://example.com/new"})).json()
            assert made["id"] > last["max"]
            await visit(client, made["slug"])
            for _ in range(100):
                summary = (await client.get("/api/v1/stats/summary", params={"link": made["id"]})).json()
                if summary["clicks"] == 1:
                    break
                await asyncio.sleep(0.05)
            assert summary == {"clicks": 1, "visitors": 1, "bots": 0}
        assert await drift(live.database_url) == 0
