"""Whoever works an import off may be killed at any moment: each row becomes one link."""

from __future__ import annotations

import asyncio
import random

import asyncpg
import pytest

from tests.conftest import Account
from tests.faults.conftest import Tell
from tests.faults.sent import until, worker
from tests.links.exchange import reported, start

pytestmark = pytest.mark.faults

ROWS, KILLS = 8_000, 8


async def test_a_worker_killed_again_and_again_makes_every_link_once(
    account: Account, database: asyncpg.Connection, tell: Tell
) -> None:
    file = "target,slug,tags\n" + "".join(f"https://example.com/{n},kill-{n},a|b\n" for n in range(ROWS))
    begun = await start(account, file)
    amid = 0

    async def progress() -> int:
        done: int = await database.fetchval("select created from imports where id = $1", begun["id"])
        return done

    for number in range(KILLS):
        before = await progress()

        async def has_moved(before: int = before) -> bool:
            return await progress() > before

        with worker() as process:
            await until(has_moved)
            await asyncio.sleep(random.random() * 0.15)
            process.kill()
            process.wait()
        amid += 0 < await progress() < ROWS
        assert number or await progress() < ROWS
    with worker():

        async def is_done() -> bool:
            return bool(await database.fetchval("select state = 'done' from imports where id = $1", begun["id"]))

        await until(is_done)
    slugs = await database.fetch(
        "select slug, count(*) as times from links where slug like 'kill-%' and deleted_at is null group by slug"
    )
    rows = await reported(account, begun)
    duplicated = sum(row["times"] - 1 for row in slugs) + len(rows) - len({row["link"] for row in rows})
    missing = ROWS - len(slugs)
    tell(
        f"{ROWS} rows, worker killed {KILLS} times ({amid} amid the file): duplicated / missing = {duplicated} / {missing}"
    )
    assert (duplicated, missing, {row["state"] for row in rows}, amid > 0) == (0, 0, {"created"}, True)


async def test_two_workers_at_once_make_every_link_once(account: Account, database: asyncpg.Connection) -> None:
    begun = [
        await start(
            account, "target,slug\n" + "".join(f"https://example.com/{n},two-{name}-{n}\n" for n in range(2_000))
        )
        for name in "ab"
    ]
    with worker("one"), worker("two"):

        async def are_done() -> bool:
            ours = "select exists (select from imports where finished_at is null and id = any($1))"
            return not await database.fetchval(ours, [one["id"] for one in begun])

        await until(are_done)
    for one in begun:
        assert {row["state"] for row in await reported(account, one)} == {"created"}
    assert await database.fetchval("select count(*) from links where slug like 'two-%'") == 4_000
