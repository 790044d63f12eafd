"""What the tests of administration share: a second operator, and people by their ids."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from ginnel import postgres
from tests.auth.conftest import browser  # noqa: F401  # a fixture
from tests.conftest import Account

Register = Callable[[], Awaitable[Account]]


@pytest.fixture
async def sql() -> AsyncIterator[asyncpg.Connection]:
    connection = await postgres.connect()
    yield connection
    await connection.close()


@pytest.fixture
async def another_operator(register: Register, sql: asyncpg.Connection) -> Account:
    account = await register()
    await sql.execute("update users set is_admin = true where email = $1", account.email)
    return account


@pytest.fixture
async def as_found(sql: asyncpg.Connection) -> AsyncIterator[None]:
    """Leave who may register as it was found."""
    yield
    await sql.execute("delete from installation")


async def own_id(account: Account) -> int:
    return int((await account.http.get("/api/v1/auth/me")).json()["user"]["id"])


async def own_workspace(account: Account) -> int:
    return int((await account.http.get("/api/v1/auth/me")).json()["workspace"])
