"""A running function seen from the stores' side: which connections are its own, and what is when they are cut."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from redis.asyncio import Redis

from . import events

Answer = dict[str, Any]


@dataclass
class Stores:
    """A hand of our own on both stores."""

    sql: asyncpg.Connection
    redis: Redis

    async def forgive(self) -> None:
        """Forget how often anything was tried: what many steps of one account are together is no guessing."""
        tries = [key async for key in self.redis.scan_iter("*tries:*")]
        if tries:
            await self.redis.delete(*tries)

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
class Connected(ABC):
    """A running function, and the connections that were opened while it was at work."""

    name: str
    stores: Stores
    backends: set[int] = field(default_factory=set, init=False)
    clients: set[int] = field(default_factory=set, init=False)

    @abstractmethod
    async def exchange(self, event: events.Event) -> Answer:
        """Invoke the function."""

    async def call(self, event: events.Event) -> Answer:
        """Invoke the function and notice what it connects to."""
        backends, clients = await self.stores.connections()
        answer = await self.exchange(event)
        backends_after, clients_after = await self.stores.connections()
        self.backends |= backends_after - backends
        self.clients |= clients_after - clients
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
