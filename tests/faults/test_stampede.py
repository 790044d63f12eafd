"""A link that nobody has in memory is suddenly followed by everybody: PostgreSQL is hardly asked."""

from __future__ import annotations

import asyncio
import secrets
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.e2e import running
from tests.e2e.running import Running
from tests.faults.conftest import Tell
from tests.faults.crowd import registered
from tests.faults.scale import scaled
from tests.faults.stores import Store

pytestmark = [pytest.mark.faults, pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")]

CROWD = 500
READ = "left join links l"
"""What only a redirect's read of a link says."""


async def test_a_cold_link_that_everybody_follows_is_read_once_or_twice(folder: Path, tell: Tell) -> None:
    with Store(folder, "postgres") as postgres, Store(folder, "valkey") as valkey:
        env = {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url}
        with running.up(folder / "one", env=env) as one, running.up(folder / "two", env=env) as two:
            log = postgres.data / "postgres.log"
            await write_statements_down(postgres)
            bearer = (await registered(one)).bearer
            reads, refused = [], 0
            for number in range(scaled(30, otherwise=6)):
                slug = await cold(one, bearer, known=number % 3 != 0)
                before = log.read_text().count(READ)
                answers = await asyncio.gather(*(crowd(live, slug, CROWD // 2) for live in (one, two)))
                reads.append(log.read_text().count(READ) - before)
                expected = 302 if number % 3 else 404
                refused += sum(status != expected for statuses in answers for status in statuses)
    tell(
        f"Stampede on a cold link: {CROWD} visitors at once at two processes, {len(reads)} times: "
        f"at most {max(reads)} reads of PostgreSQL, {refused} wrong answers"
    )
    assert min(reads) >= 1
    assert max(reads) <= 2
    assert refused == 0


async def write_statements_down(postgres: Store) -> None:
    connection = await asyncpg.connect(postgres.url)
    await connection.execute("alter system set log_statement = 'all'")
    await connection.execute("select pg_reload_conf()")
    await connection.close()
    await asyncio.sleep(0.5)


async def cold(live: Running, bearer: str, *, known: bool) -> str:
    """Name a link that is in nobody's memory, or one that does not exist."""
    slug = f"cold-{secrets.token_hex(4)}"
    if known:
        async with httpx.AsyncClient(base_url=live.base, headers={"authorization": bearer}) as client:
            answer = await client.post("/api/v1/links", json={"target": "https://example.com/", "slug": slug})
            assert answer.status_code == 201, answer.text
    return slug


async def crowd(live: Running, slug: str, size: int) -> list[int]:
    """Ask on connections of one's own that are all open before the first question; return the statuses."""
    streams = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", live.port) for _ in range(size)))
    for _, writer in streams:
        writer.write(f"GET /{slug} HTTP/1.1\r\nhost: localhost\r\nuser-agent: Firefox\r\n\r\n".encode())
    statuses = [int((await reader.readline()).split()[1]) for reader, _ in streams]
    for _, writer in streams:
        writer.close()
    return statuses
