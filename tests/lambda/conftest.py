"""The functions as Lambda runs them: each in a process that has only what the template gives it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import asyncpg
import pytest
from redis.asyncio import Redis

from . import artefacts, events, template
from .artefacts import Emulated, Packages
from .connected import Answer, Connected, Stores

BASE_URL = "https://go.test"
_RUNTIME = Path(__file__).with_name("runtime.py")
_SECONDS = 30


def declared(function: str) -> dict[str, str]:
    """Return a function's variables in a stack whose stores are the tests' servers."""
    parameters = {
        "DatabaseUrl": os.environ["DATABASE_URL"],
        "RedisUrl": os.environ["REDIS_URL"],
        "JwtKeys": os.environ["JWT_KEYS"],
        "BaseUrl": BASE_URL,
        "DrainSeconds": "0",
    }
    variables = template.environment(function, parameters)
    # All tests come from one address.
    if function == "auth":
        variables |= dict.fromkeys(("REGISTRATIONS_ADDRESS", "GUESTS_ADDRESS_HOUR", "LOGIN_TRIES_ADDRESS"), "1000000")
    # What only AWS has.
    return {**variables, "QUEUE_URL": ""} if "QUEUE_URL" in variables else variables


@dataclass
class Function(Connected):
    """A function in a process of its own."""

    process: Process
    complaints: IO[bytes]
    started: Answer = field(default_factory=dict)

    async def exchange(self, event: events.Event | None = None) -> Answer:
        assert self.process.stdin
        assert self.process.stdout
        if event is not None:
            self.process.stdin.write(json.dumps(event).encode() + b"\n")
        line = await asyncio.wait_for(self.process.stdout.readline(), _SECONDS)
        assert line, f"{self.name} died: {self.said()}"
        answer: Answer = json.loads(line)
        return answer

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
    webhooks: Function
    migrate: Function


@pytest.fixture(scope="session")
async def functions(stores: Stores) -> AsyncIterator[Functions]:
    """Start each once, for all tests: what an invocation leaves behind is there for the next."""
    async with AsyncExitStack() as stack:
        names = tuple(template.FUNCTIONS)
        each = [stack.enter_async_context(running(name, stores, declared(name))) for name in names]
        started = await asyncio.gather(*each)
        yield Functions(**dict(zip(names, started, strict=True)))


@pytest.fixture(scope="session")
def packages() -> Iterator[Packages]:
    """Unpack what `make here` has built."""
    with artefacts.unpacked() as found:
        yield found


@pytest.fixture(scope="session")
async def emulated(packages: Packages, stores: Stores) -> AsyncIterator[dict[str, Emulated]]:
    """Start each function from its package, once for all tests; its first invocation is a cold one."""
    async with AsyncExitStack() as stack:
        each = [artefacts.running(packages, name, stores, declared(name)) for name in packages.functions]
        yield {one.name: one for one in [await stack.enter_async_context(it) for it in each]}


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
    cookie, _ = answer["cookies"]
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


@pytest.fixture(scope="session")
async def bearer(emulated: dict[str, Emulated]) -> str:
    """Register somebody through the auth function's package; return their access token."""
    someone = {"email": f"{secrets.token_hex(6)}@example.com", "password": secrets.token_urlsafe(12)}
    answer = await emulated["auth"].call(events.load("auth_register", **someone))
    assert answer.get("statusCode") == 201, answer
    token: str = json.loads(answer["body"])["access_token"]
    return token


@pytest.fixture(scope="session")
def shortened(emulated: dict[str, Emulated], bearer: str) -> Callable[[], Awaitable[Link]]:
    """Make links through the links function's package, on slugs that nobody has asked for yet."""

    async def make() -> Link:
        slug = secrets.token_hex(6)
        event = events.load("links_create", token=bearer, slug=slug, key=secrets.token_hex(8))
        answer = await emulated["links"].call(event)
        assert answer.get("statusCode") == 201, answer
        return Link(json.loads(answer["body"])["id"], slug)

    return make
