"""Somebody's webhook, and a receiver on loopback that verifies what it gets as receivers do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook

from ginnel import db, outbound, postgres
from tests.conftest import Account
from tests.peers import Peer, Request, answer, letting, serving
from webhooks.courier import Courier

KINDS = ["link.created", "link.updated", "link.deleted", "link.clicked", "link.expired"]


@dataclass
class Receiver:
    peer: Peer
    status: int = 200
    headers: dict[str, str] | None = None
    hang: bool = False

    async def handle(self, _: Request, writer: asyncio.StreamWriter) -> None:
        if self.hang:
            await asyncio.sleep(60)
        writer.write(answer(self.status, b"got it", kind="text/plain", headers=self.headers))

    def got(self, secret: str) -> list[dict[str, Any]]:
        """Verify everything that came, by the scheme's own library, and return it in order."""
        return [Webhook(secret).verify(request.body, request.headers) for request in self.peer.requests]

    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.peer.requests]


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    made = Receiver(Peer())

    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        await made.handle(request, writer)

    async with serving(handle) as peer:
        made.peer = peer
        monkeypatch.setattr(outbound, "public", lambda: letting(peer))
        yield made


@dataclass
class Hook:
    """A webhook, as its owner sees it."""

    account: Account
    id: int
    secret: str

    @property
    def path(self) -> str:
        return f"/api/v1/webhooks/{self.id}"

    async def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.account.http.get(self.path)).json()
        return found

    async def deliveries(self) -> list[dict[str, Any]]:
        """List them, oldest first."""
        answered = await self.account.http.get(f"{self.path}/deliveries")
        found: list[dict[str, Any]] = answered.json()["items"]
        return found[::-1]


@pytest.fixture
async def hook(account: Account, receiver: Receiver) -> AsyncIterator[Hook]:
    draft = {"url": receiver.peer.url("/hook"), "events": KINDS}
    made = await account.http.post("/api/v1/webhooks", json=draft)
    assert made.status_code == 201, made.text
    yield Hook(account, made.json()["id"], made.json()["secret"])
    await account.http.delete(f"/api/v1/webhooks/{made.json()['id']}")


@pytest.fixture
async def hurry() -> AsyncIterator[Callable[[Hook], Any]]:
    """Make whatever waits for a webhook due now, as if the time had passed."""
    connection = await postgres.connect()

    async def act(hook: Hook) -> None:
        await connection.execute(
            "update webhook_deliveries set due_at = now() where webhook_id = $1 and due_at is not null", hook.id
        )

    yield act
    await connection.close()


async def work(seconds: float = 0) -> int:
    """Do one run of a worker that has just started."""
    return await Courier(None).run(seconds)


@pytest.fixture
async def conn() -> AsyncIterator[AsyncSession]:
    async with contextlib.asynccontextmanager(db.transaction)() as session:
        yield session
