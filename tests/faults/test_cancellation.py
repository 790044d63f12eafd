"""Who gives up, at whatever moment, leaves nothing behind that somebody else could take for their own answer."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import clicks, postgres, redis
from ginnel.errors import Unavailable
from tests.e2e.running import Running
from tests.faults.conftest import Tell
from tests.faults.crowd import FIREFOX, registered
from tests.faults.scale import scaled
from tests.faults.sent import NOTHING_AMISS, Sent, drain

pytestmark = pytest.mark.faults

AT_ONCE = 20
STREAM = b"cancellation"


@pytest.fixture
async def line() -> AsyncIterator[None]:
    """Give appends a connection of their own, as on the host."""
    before = redis._line
    redis.keep_line()
    yield
    if redis._line:
        redis._line.close()
    redis._line = before
    await redis.patient().delete(STREAM)


async def asked_of_redis(question: bytes) -> bool:
    found: Any = await redis.call(lambda client: client.echo(question))
    return bool(found == question)


async def asked_of_a_script(question: bytes) -> bool:
    found: Any = await redis.call(lambda client: client.eval("return ARGV[1]", 0, question))
    return bool(found == question)


async def appended(question: bytes) -> bool:
    identifier = await redis.append(STREAM, b"f", question)
    found: Any = await redis.patient().xrange(STREAM, identifier, identifier)
    return bool(found == [(identifier, {b"f": question})])


async def asked_of_postgresql(question: bytes) -> bool:
    async def ask(connection: asyncpg.Connection) -> bytes:
        answer: bytes = await connection.fetchval("select $1::bytea", question)
        return answer

    return await postgres.run(ask) == question


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize("ask", [asked_of_redis, asked_of_a_script, appended, asked_of_postgresql])
async def test_no_answer_reaches_who_did_not_ask_for_it(ask: Callable[[bytes], Awaitable[bool]], tell: Tell) -> None:
    wanted = scaled(10_000, otherwise=2_000)
    came: Counter[str] = Counter()

    async def one() -> None:
        patience = 0.01
        while came["cancelled"] < wanted:
            asking = asyncio.ensure_future(ask(secrets.token_bytes(32)))
            await asyncio.sleep(random.uniform(0, patience))
            amid = asking.cancel()
            came["cancelled"] += amid
            # So that about half are cancelled, and amid an exchange.
            patience = min(0.01, patience * (1.1 if amid else 0.9))
            try:
                came["right" if await asking else "cross-read"] += 1
            except asyncio.CancelledError:
                pass  # as was asked for; a client may also answer all the same
            except (redis.RedisError, Unavailable):
                came["refused"] += 1  # each cancelled statement costs PostgreSQL two connections: it may have enough

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    tell(f"Cancelled requests ({ask.__name__}): {dict(came)}, cross-reads {came['cross-read']}")
    assert came["cross-read"] == 0
    assert came["right"] > wanted / 10
    await asyncio.sleep(0.2)
    assert await ask(b"afterwards")


@pytest.mark.usefixtures("line")
async def test_a_visitor_who_gives_up_takes_no_click_from_the_others(tell: Tell) -> None:
    wanted = scaled(10_000, otherwise=2_000)
    sent, came = Sent(), Counter[str]()

    async def one() -> None:
        while came["cancelled"] < wanted:
            line = sent.click()
            recording = asyncio.ensure_future(clicks.record(line))
            await asyncio.sleep(random.uniform(0, 0.002))
            recording.cancel()
            try:
                await recording
                came["recorded"] += 1
            except asyncio.CancelledError:
                came["cancelled"] += 1
                # It may have been written down by then or not: nobody was promised anything.
                sent.ids.remove(line[:32].decode())

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    await drain()
    result = await sent.audit()
    tell(
        f"Cancelled clicks: {came['cancelled']} given up, {came['recorded']} recorded: "
        f"lost / duplicated / drift = {result['lost']} / {result['duplicated']} / {result['drift']}"
    )
    assert result == NOTHING_AMISS
    assert came["recorded"] > wanted / 100


async def test_visitors_who_hang_up_leave_the_others_their_own_answers(live: Running, tell: Tell) -> None:
    wanted = scaled(10_000, otherwise=2_000)
    promises = await registered(live)
    slugs = await links(live, promises.bearer, 50)
    came: Counter[str] = Counter()

    async def one() -> None:
        while came["hung up"] < wanted:
            reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
            for _ in range(random.randrange(1, 5)):
                # Some were never heard of, for which the stores are asked.
                known = random.random() < 0.7
                slug = random.choice(slugs) if known else f"never-{secrets.token_hex(4)}"
                asked = f"GET /{slug} HTTP/1.1\r\nhost: localhost\r\nuser-agent: {FIREFOX}\r\n\r\n"
                writer.write(asked.encode())
                if random.random() < 0.4:
                    await asyncio.sleep(random.uniform(0, 0.003))
                    came["hung up"] += 1
                    break
                status, location = await answer(reader)
                right = (302, f"https://example.com/{slug}") if known else (404, "")
                came["right" if (status, location) == right else "cross-read"] += 1
            writer.transport.abort()

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    tell(f"Visitors who hang up: {dict(came)}, cross-reads {came['cross-read']}")
    assert came["cross-read"] == 0
    assert came["right"] > wanted / 10
    assert live.healthy()
    assert "Traceback" not in live.said()


async def links(live: Running, bearer: str, count: int) -> list[str]:
    """Make links, each of which leads to where its slug is named."""
    made = []
    async with httpx.AsyncClient(base_url=live.base, headers={"authorization": bearer}) as client:
        for _ in range(count):
            slug = f"own-{secrets.token_hex(4)}"
            body = {"target": f"https://example.com/{slug}", "slug": slug}
            assert (await client.post("/api/v1/links", json=body)).status_code == 201
            made.append(slug)
    return made


async def answer(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Read one answer whole; return its status and where it leads."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    await reader.readexactly(int(fields["content-length"]))
    return int(head.split(" ", 2)[1]), fields.get("location", "")
