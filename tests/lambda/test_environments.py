"""What happens to execution environments: they are frozen, cut off meanwhile, and started by the hundred at once."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import IO
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import pytest

from local.emulator import Instance

from . import events
from .artefacts import Emulated, Packages
from .conftest import Link, declared
from .connected import Answer, Stores

pytestmark = pytest.mark.artefact

ROUNDS = 200
STARTS = 300
CONNECTIONS = 50
"""Fewer than PostgreSQL's smallest instances allow."""
AT_ONCE = 20
SCHEDULED = events.load("scheduled")
TROUBLE = ("Traceback", "request_failed", "never retrieved", "was destroyed", "Read-only file system")

Emulation = dict[str, Emulated]
Shortened = Callable[[], Awaitable[Link]]


@pytest.mark.parametrize("name", ["redirect", "auth", "links", "clicks"])
async def test_a_cut_connection_is_noticed_by_nobody(
    emulated: Emulation, shortened: Shortened, bearer: str, name: str
) -> None:
    function = emulated[name]

    async def ask() -> Answer:
        link = await shortened()  # which nobody has asked for, so that both stores are
        event = {
            "redirect": events.load("redirect_get", slug=link.slug),
            "auth": events.load("auth_me", token=bearer),
            "links": events.load("links_create", token=bearer, slug=f"{link.slug}-2", key=link.slug),
            "clicks": SCHEDULED,
        }[name]
        return await function.call(event)

    expected = {"redirect": 302, "auth": 200, "links": 201}
    for postgres, redis in ((True, False), (False, True), (True, True)):
        assert "errorMessage" not in await ask()
        await _cut(function, postgres=postgres, redis=redis)
        answer = await ask()
        assert "errorMessage" not in answer, answer
        assert answer.get("statusCode") == expected.get(name), answer


async def test_environments_that_were_frozen_and_cut_off_lose_no_click(
    emulated: Emulation, shortened: Shortened, stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    redirect = emulated["redirect"]
    links = [await shortened() for _ in range(ROUNDS // 4)]
    chance = random.Random(6)  # a test's, repeatable
    statuses: Counter[object] = Counter()
    cuts: Counter[str] = Counter()
    await redirect.call(events.load("redirect_health"))
    for number in range(ROUNDS):
        redirect.instance.freeze()
        cut = chance.choice(("nothing", "PostgreSQL", "Redis", "both"))
        await _cut(redirect, postgres=cut in {"PostgreSQL", "both"}, redis=cut in {"Redis", "both"})
        redirect.instance.thaw()
        cuts[cut] += 1
        # Each link four times in a row: unknown to both, then known to Redis and to this process.
        answer = await redirect.call(events.load("redirect_get", slug=links[number // 4].slug))
        statuses[answer.get("statusCode", answer.get("errorType"))] += 1
    await _drain(emulated)
    counted = sum([await stores.clicks(link.id) for link in links])
    with capsys.disabled():
        print(f"\n  {ROUNDS} rounds, cut while frozen: {dict(cuts)}; answers {dict(statuses)}; clicks stored {counted}")
    assert statuses == {302: ROUNDS}
    assert counted == ROUNDS


async def test_three_hundred_cold_starts_share_fifty_connections(
    emulated: Emulation, packages: Packages, shortened: Shortened, stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    known = [await shortened() for _ in range(10)]
    for link in known:
        await emulated["redirect"].call(events.load("redirect_get", slug=link.slug))
    unknown = [await shortened() for _ in range(STARTS // 2)]
    warm = known * (STARTS // 2 // len(known))
    mixed = [link for pair in zip(warm, unknown, strict=True) for link in pair]
    async with _crowded(CONNECTIONS, others=CONNECTIONS - AT_ONCE) as database_url:
        with tempfile.TemporaryFile() as log:
            environment = declared("redirect") | {"DATABASE_URL": database_url}
            answers = await _storm(packages, environment, log, [link.slug for link in mixed])
    cached, uncached = Counter(answers[::2]), Counter(answers[1::2])
    await _drain(emulated)
    counted = sum([await stores.clicks(link.id) for link in (*known, *unknown)])
    with capsys.disabled():
        print(
            f"\n  {STARTS} cold starts, {AT_ONCE} at once, on {CONNECTIONS} connections of which others hold ", end=""
        )
        print(f"{CONNECTIONS - AT_ONCE}: cached {dict(cached)}, uncached {dict(uncached)}; clicks stored {counted}")
    assert cached == {302: STARTS // 2}
    assert uncached.keys() <= {302, 503}
    assert uncached[503] <= STARTS // 2 // 100
    assert counted == len(known) + cached[302] + uncached[302]


def test_nothing_failed_behind_the_answers_and_nothing_was_written(emulated: Emulation, packages: Packages) -> None:
    """Comes last: whatever the tests here and in test_artefacts did."""
    for name, function in emulated.items():
        # The runtime tells of an exception on one line: those that the tests above asked for are refusals of events.
        lines = [line for line in function.said().split("\n") if "ValueError" not in line]
        assert [line for line in lines if any(sign in line for sign in TROUBLE)] == [], name
    assert packages.changed() == []


async def _cut(function: Emulated, *, postgres: bool, redis: bool) -> None:
    """Cut those of its connections that it has."""
    backends, clients = await function.living()
    if postgres and backends:
        await function.cut_postgres()
    if redis and clients:
        await function.cut_redis()


async def _drain(emulated: Emulation) -> None:
    while (await emulated["clicks"].call(SCHEDULED))["stored"]:
        pass


async def _storm(packages: Packages, environment: dict[str, str], log: IO[bytes], slugs: list[str]) -> list[object]:
    def start(slug: str) -> object:
        instance = Instance(packages.functions["redirect"], environment, log)
        try:
            answer: Answer = instance.invoke(events.load("redirect_get", slug=slug))
        finally:
            instance.stop()
        return answer.get("statusCode", answer.get("errorType"))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        loop = asyncio.get_running_loop()
        return list(await asyncio.gather(*(loop.run_in_executor(threads, start, slug) for slug in slugs)))


@asynccontextmanager
async def _crowded(connections: int, *, others: int) -> AsyncIterator[str]:
    """Let a user have so many connections, of which `others` are in use; PostgreSQL refuses more as if it were full."""
    url = os.environ["DATABASE_URL"]
    user, password = f"storm_{secrets.token_hex(4)}", secrets.token_hex(16)
    own = urlsplit(url)
    at = own.netloc.rpartition("@")[2]
    limited = urlunsplit(own._replace(netloc=f"{user}:{quote(password)}@{at}"))
    sql = await asyncpg.connect(url)
    await sql.execute(f"create role {user} login password '{password}' connection limit {connections}")
    await sql.execute(f"grant select, insert, update, delete on all tables in schema public to {user}")
    await sql.execute(f"grant usage on all sequences in schema public to {user}")
    try:
        async with AsyncExitStack() as stack:
            for _ in range(others):
                stack.push_async_callback((await asyncpg.connect(limited)).close)
            yield limited
    finally:
        await sql.execute(f"drop owned by {user}")
        await sql.execute(f"drop role {user}")
        await sql.close()
