"""What an attacker has: a workspace to attack, one of their own, and a client that sends what it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from ginnel import outbound, redis
from tests.conftest import Account, Records
from tests.peers import always, answer, letting, serving

from .actors import World, world

Make = Callable[[], Awaitable[World]]


@pytest.fixture
async def make(
    register: Callable[[], Awaitable[Account]], dns: Records, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Make]:
    async with serving(always(answer(200, b"<title>A page</title>"))) as peer:
        monkeypatch.setattr(outbound, "public", lambda: letting(peer))

        async def begin() -> World:
            return await world(register, dns, peer.url("/"))

        yield begin


@pytest.fixture
async def bare() -> AsyncIterator[httpx.AsyncClient]:
    """Sends what it is given and nothing else."""
    from local.host import app  # noqa: PLC0415  # not before the environment is made

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://go.test") as http:
        yield http


@pytest.fixture
async def here(make: Make) -> World:
    return await make()


async def forget_tries() -> None:
    """Have nobody be refused for what was tried before."""

    async def act(client: Any) -> None:
        async for name in client.scan_iter(match="*tries:*"):
            await client.delete(name)

    await redis.each(act)
