"""An installation whose stores can go away, each on its own, and the network in between too."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, get_args

from redis.asyncio import Redis

from local import services
from local.services import Servers
from tests.e2e import running
from tests.e2e.running import Running
from tests.faults import proxy
from tests.faults.proxy import Proxy

Way = Literal["stopped", "frozen"]
"""Stopped, a server refuses at once; frozen, it takes what it is sent and never answers."""


class Store:
    """One server that can go away, and be found at the same address when it is back."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self.data = folder / f"{kind}-data"
        self.sockets = folder / kind  # a link to where they are this time
        self.stack = ExitStack()
        self.servers: Servers

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def start(self) -> None:
        postgres = self.kind == "postgres"
        self.servers = self.stack.enter_context(services.running(self.data, postgres=postgres, redis=not postgres))
        url = self.servers.database_url or self.servers.redis_url
        self.sockets.unlink(missing_ok=True)
        self.sockets.symlink_to(url.rpartition("host=")[2] if postgres else Path(url.removeprefix("unix://")).parent)

    @property
    def socket(self) -> Path:
        return self.sockets / (".s.PGSQL.5432" if self.kind == "postgres" else "valkey.sock")

    @property
    def url(self) -> str:
        if self.kind == "valkey":
            return f"unix://{self.socket}"
        return f"{self.servers.database_url.partition('host=')[0]}host={self.sockets}"

    def url_at(self, port: int) -> str:
        """Name a port of loopback that leads here."""
        if self.kind == "valkey":
            return f"redis://127.0.0.1:{port}"
        return f"{self.servers.database_url.partition('@')[0]}@127.0.0.1:{port}/postgres"

    @contextmanager
    def away(self, way: Way) -> Iterator[None]:
        if way == "stopped":
            self.stack.close()
            try:
                yield
            finally:
                self.start()
            return
        server = self.servers.pids[self.kind]
        backends = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        frozen = [server, *map(int, backends)]
        for process in frozen:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in frozen:
                try:
                    os.kill(process, signal.SIGCONT)
                except ProcessLookupError:
                    continue

    @contextmanager
    def struck(self, number: signal.Signals) -> Iterator[None]:
        """End the server by a signal; another is started on what it left."""
        os.kill(self.servers.pids[self.kind], number)
        try:
            yield
        finally:
            self.stack.close()
            self.start()


@dataclass(frozen=True)
class Installation:
    live: Running
    postgres: Store
    valkey: Store
    to_postgres: Proxy
    to_valkey: Proxy

    @contextmanager
    def without(self, kind: str, way: Way | proxy.Way) -> Iterator[None]:
        """Have a store go away by itself, or by the network's fault."""
        store, network = {"postgres": (self.postgres, self.to_postgres), "valkey": (self.valkey, self.to_valkey)}[kind]
        if way == "stopped" or way == "frozen":  # noqa: PLR1714  # mypy narrows by it
            with store.away(way):
                yield
        else:
            assert way in get_args(proxy.Way)
            with network.failing(way):
                yield


@contextmanager
def installation(folder: Path, *, env: Mapping[str, str] | None = None) -> Iterator[Installation]:
    with (
        Store(folder, "postgres") as postgres,
        Store(folder, "valkey") as valkey,
        Proxy(lambda: postgres.socket) as to_postgres,
        Proxy(lambda: valkey.socket, listen=folder / "redis.sock") as to_valkey,
    ):
        urls = {"DATABASE_URL": postgres.url_at(to_postgres.port), "REDIS_URL": f"unix://{folder}/redis.sock"}
        with running.up(folder / "data", env={**urls, **(env or {})}) as live:
            yield Installation(live, postgres, valkey, to_postgres, to_valkey)


@asynccontextmanager
async def asking(valkey: Store) -> AsyncIterator[Redis]:
    """Connect to it past the proxy."""
    async with Redis.from_url(valkey.url) as client:
        yield client
