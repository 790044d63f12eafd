"""The four functions as Lambda runs them: each in a process that has only what the template gives it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import asyncpg
import pytest
from redis.asyncio import Redis

from . import events, template

BASE_URL = "https://go.test"
_RUNTIME = Path(__file__).with_name("runtime.py")
_SECONDS = 30

Answer = dict[str, Any]


def declared(function: str) -> dict[str, str]:
    """Return a function's variables in a stack whose stores are the tests' servers."""
    parameters = {
        "DatabaseUrl": os.environ["DATABASE_URL"],
        "RedisUrl": os.environ["REDIS_URL"],
        "JwtKeys": os.environ["JWT_KEYS"],
        "BaseUrl": BASE_URL,
        "DrainSeconds": "0",
    }
    return template.environment(function, parameters)


@dataclass
class Stores:
    """A hand of our own on both stores."""

    sql: asyncpg.Connection
    redis: Redis

    async def connections(self) -> tuple[set[int], set[int]]:
        """Return the ids of all other connections: PostgreSQL's backends, Redis's clients."""
        backends = await self.sql.fetch(
            "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        own = await self.redis.client_id()
        # On a given server, other processes of the run have databases of their own.
        database = str(self.redis.connection_pool.connection_kwargs.get("db", 0))
        clients = {int(client["id"]) for client in await self.redis.client_list() if client["db"] == database}
        return {row["pid"] for row in backends}, clients - {own}

    async def clicks(self, link: int) -> int:
        """Count a link's clicks as they are stored, which must agree with its roll-ups."""
        rows: int = await self.sql.fetchval("select count(*) from clicks where link_id = $1", link)
        rolled_up = "select coalesce(sum(clicks + bots), 0) from clicks_hourly where link_id = $1"
        assert await self.sql.fetchval(rolled_up, link) == rows
        return rows


@dataclass
class Function:
    """A function's process, and the connections that were opened while it was at work."""

    name: str
    stores: Stores
    process: Process
    complaints: IO[bytes]
    started: Answer = field(default_factory=dict)
    backends: set[int] = field(default_factory=set)
    clients: set[int] = field(default_factory=set)

    async def call(self, event: events.Event) -> Answer:
        backends, clients = await self.stores.connections()
        answer = await self.exchange(event)
        backends_after, clients_after = await self.stores.connections()
        self.backends |= backends_after - backends
        self.clients |= clients_after - clients
        return answer

    async def exchange(self, event: events.Event | None = None) -> Answer:
        assert self.process.stdin
        assert self.process.stdout
        if event is not None:
            self.process.stdin.write(json.dumps(event).encode() + b"\n")
        line = await asyncio.wait_for(self.process.stdout.readline(), _SECONDS)
        assert line, f"{self.name} died: {self.said()}"
        answer: Answer = json.loads(line)
        return answer

    async def living(self) -> tuple[int, int]:
        """Count its connections that are open now, to PostgreSQL and to Redis."""
        backends, clients = await self.stores.connections()
        return len(backends & self.backends), len(clients & self.clients)

    async def cut_postgres(self) -> None:
        """Cut its connections to PostgreSQL while it does nothing, as a fail-over does to a frozen environment."""
        assert (await self.living())[0], f"{self.name} holds no connection to cut"
        await self.stores.sql.fetch("select pg_terminate_backend(pid) from unnest($1::int[]) pid", list(self.backends))
        while (await self.living())[0]:  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.01)

    async def cut_redis(self) -> None:
        assert (await self.living())[1], f"{self.name} holds no connection to cut"
        for client in self.clients:
            await self.stores.redis.client_kill_filter(_id=str(client))
        while (await self.living())[1]:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.01)

    def said(self) -> str:
        """Return what it has written to its log so far."""
        self.complaints.seek(0)
        return self.complaints.read().decode()


@asynccontextmanager
async def running(
    name: str, stores: Stores, environment: Mapping[str, str], *, handler: str = "", extra: tuple[Path, ...] = ()
) -> AsyncIterator[Function]:
    """Start a function with exactly this environment, and what every Lambda has; with another handler than its own."""
    basics = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(
            map(str, (template.ROOT / "functions", template.LAYERS["CommonLayer"] / "python", *extra))
        ),
        "AWS_LAMBDA_FUNCTION_NAME": f"ginnel-{name}",
        "AWS_REGION": "eu-west-1",
        "_HANDLER": handler or template.FUNCTIONS[name]["Handler"],
    }
    with tempfile.TemporaryFile() as complaints:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-W", "error", _RUNTIME),
            stdin=PIPE,
            stdout=PIPE,
            stderr=complaints,
            env={**basics, **environment},
            cwd=template.ROOT / "functions",
            limit=2**22,
        )
        function = Function(name, stores, process, complaints)
        try:
            function.started = await function.exchange()
            yield function
        finally:
            assert process.stdin
            process.stdin.close()
            await asyncio.wait_for(process.wait(), _SECONDS)


@pytest.fixture(scope="session")
async def stores() -> AsyncIterator[Stores]:
    sql = await asyncpg.connect(os.environ["DATABASE_URL"])
    async with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        yield Stores(sql, redis)
    await sql.close()


@dataclass
class Functions:
    redirect: Function
    auth: Function
    links: Function
    clicks: Function
    migrate: Function


@pytest.fixture(scope="session")
async def functions(stores: Stores) -> AsyncIterator[Functions]:
    """Start each once, for all tests: what an invocation leaves behind is there for the next."""
    async with AsyncExitStack() as stack:
        names = tuple(template.FUNCTIONS)
        each = [stack.enter_async_context(running(name, stores, declared(name))) for name in names]
        started = await asyncio.gather(*each)
        yield Functions(**dict(zip(names, started, strict=True)))


@dataclass(frozen=True)
class Person:
    email: str
    password: str
    token: str
    cookie: str


@pytest.fixture(scope="session")
async def person(functions: Functions) -> Person:
    """Register somebody through the auth function."""
    email, password = f"{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(12)
    answer = await functions.auth.call(events.load("auth_register", email=email, password=password))
    assert answer["statusCode"] == 201, answer
    (cookie,) = answer["cookies"]
    return Person(email, password, json.loads(answer["body"])["access_token"], cookie.partition(";")[0])


@dataclass(frozen=True)
class Link:
    id: int
    slug: str


@pytest.fixture(scope="session")
def shorten(functions: Functions, person: Person) -> Callable[..., Awaitable[Link]]:
    """Make links through the links function, on slugs that nobody has asked for yet."""

    async def make(slug: str = "") -> Link:
        slug = slug or secrets.token_hex(6)
        event = events.load("links_create", token=person.token, slug=slug, key=secrets.token_hex(8))
        answer = await functions.links.call(event)
        assert answer["statusCode"] == 201, answer
        return Link(json.loads(answer["body"])["id"], slug)

    return make
