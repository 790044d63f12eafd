"""What the tests of accounts share: browsers with a cookie jar of their own, and a hand on the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import settings

COOKIE = "ginnel_refresh"


@pytest.fixture
async def browser() -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """Make clients that are signed in as nobody."""
    from local.host import app  # noqa: PLC0415  # not before the environment is made

    opened: list[httpx.AsyncClient] = []

    def make() -> httpx.AsyncClient:
        opened.append(httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://go.test"))
        return opened[-1]

    yield make
    for http in opened:
        await http.aclose()


@pytest.fixture
async def sql() -> AsyncIterator[asyncpg.Connection]:
    from ginnel import postgres  # noqa: PLC0415  # not before the environment is made

    connection = await postgres.connect()
    yield connection
    await connection.close()


Told = Callable[..., None]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Set variables of the environment for one test: `told(login_tries=3)`."""

    def tell(**variables: object) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name.upper(), str(value))
        settings.read.cache_clear()

    yield tell
    monkeypatch.undo()
    settings.read.cache_clear()


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is this problem, whole and uncached, and return its body."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    return body
