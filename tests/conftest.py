"""Real servers for every test: a throw-away pair of our own, or the ones that DATABASE_URL and REDIS_URL name.

They are started before any test module is imported, because the apps read their environment when they are imported.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import hypothesis
import pytest

from ginnel import db, migrations, postgres, redis
from local import services
from tests.mailing import Post

# How long a try takes says how busy the machine is.
hypothesis.settings.register_profile("ginnel", deadline=None)
hypothesis.settings.load_profile("ginnel")

_stack = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    if config.option.collectonly or (config.getoption("numprocesses", None) and not hasattr(config, "workerinput")):
        return
    database_url, redis_url = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    given = database_url and redis_url
    if not given:
        data = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="ginnel-test-")))
        servers = _stack.enter_context(services.running(data))
        database_url, redis_url = servers.database_url, servers.redis_url
    os.environ |= {
        "DATABASE_URL": asyncio.run(_own_database(database_url)),
        "REDIS_URL": _own_redis(redis_url) if given else redis_url,
        "BASE_URL": "http://go.test",
        "TRUSTED_PROXIES": "1",
        "JWT_KEYS": json.dumps({"keys": [jwk()]}),
        # Two busy cores must not look like a dead Redis.
        "REDIS_TIMEOUT": "1",
        # All tests come from one address.
        **dict.fromkeys(("RATE_READ", "RATE_WRITE", "RATE_ANONYMOUS"), "1000000"),
        "LOGIN_TRIES_ADDRESS": "1000000",
        "REGISTRATIONS_ADDRESS": "1000000",
    }
    asyncio.run(_prepare())


async def _prepare() -> None:
    await migrations.prepare()
    await db.close()


def pytest_unconfigure() -> None:
    _stack.close()


def jwk() -> dict[str, str]:
    secret = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    return {"kty": "oct", "alg": "HS256", "kid": secrets.token_hex(4), "k": secret}


async def _own_database(url: str) -> str:
    """Make a database of the test run's own on the server, dropped at the end."""
    name = f"ginnel_test_{secrets.token_hex(4)}"
    await _execute(url, f"create database {name}")
    _stack.callback(lambda: asyncio.run(_execute(url, f"drop database if exists {name} with (force)")))
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _own_redis(url: str) -> str:
    """Name another database of a given Redis for each process of the run: they would drain one another's clicks."""
    parts = urlsplit(url)
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return urlunsplit(parts._replace(path=f"/{int(parts.path.strip('/') or 0) + process}"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session", autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await db.close()
    await postgres.close()
    await redis.close()


@pytest.fixture(scope="session")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """All functions in one process, as the one-machine host serves them; no cookies are kept between tests."""
    from local.host import app  # noqa: PLC0415  # not before the environment is made

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://go.test") as made:
        yield made


@dataclass(frozen=True)
class Account:
    """A registered person and a client that is signed in as them."""

    email: str
    password: str
    http: httpx.AsyncClient

    async def link(self, target: str = "https://example.com/", **fields: Any) -> dict[str, Any]:
        answer = await self.http.post("/api/v1/links", json={"target": target, **fields})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture
async def register() -> AsyncIterator[Callable[[], Awaitable[Account]]]:
    from local.host import app  # noqa: PLC0415  # not before the environment is made

    opened: list[httpx.AsyncClient] = []

    async def make() -> Account:
        email, password = f"{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(12)
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://go.test")
        opened.append(http)
        answer = await http.post("/api/v1/auth/register", json={"email": email, "password": password})
        assert answer.status_code == 201, answer.text
        http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return Account(email, password, http)

    yield make
    for http in opened:
        await http.aclose()


@pytest.fixture
async def account(register: Callable[[], Awaitable[Account]]) -> Account:
    return await register()


@pytest.fixture
def post() -> Post:
    return Post()


def anywhere() -> dict[str, str]:
    """Make headers of a visitor from an address of their own: how often one may ask is counted by it."""
    return {"x-forwarded-for": f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::7"}


Records = dict[str, list[bytes]]


@pytest.fixture
def dns() -> Iterator[Records]:
    """Stand in for the DNS: what is put here, by name, are its TXT records."""
    from ginnel.domains.verification import Silence  # noqa: PLC0415  # not before the environment is made
    from links.app import app  # noqa: PLC0415  # as above
    from links.domains import resolver  # noqa: PLC0415  # as above

    records: Records = {}

    async def resolve(name: str) -> list[bytes]:
        if name not in records:
            raise Silence("the DNS knows no such name yet")
        return records[name]

    app.dependency_overrides[resolver] = lambda: resolve
    yield records
    del app.dependency_overrides[resolver]


Claim = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def claim(account: Account, dns: Records) -> Claim:
    """Make domains that are verified, on hosts that nobody has asked for yet."""

    async def make(by: Account = account, **fields: Any) -> dict[str, Any]:
        default = fields.pop("default", False)
        answer = await by.http.post("/api/v1/domains", json={"host": f"{secrets.token_hex(6)}.test", **fields})
        assert answer.status_code == 201, answer.text
        proof = answer.json()["verification"]
        dns[proof["name"]] = [proof["value"].encode()]
        path = answer.headers["location"]
        answer = await by.http.post(f"{path}/verify")
        assert answer.status_code == 200, answer.text
        if default:
            answer = await by.http.patch(path, json={"default": True})
        made: dict[str, Any] = answer.json()
        return made

    return make


@pytest.fixture
async def operator(register: Callable[[], Awaitable[Account]]) -> Account:
    """Register somebody who runs the installation."""
    account = await register()

    async def promote(connection: asyncpg.Connection) -> None:
        await connection.execute("update users set is_admin = true where email = $1", account.email)

    await postgres.run(promote)
    return account
