"""A Redis Cluster of this machine's own: three primaries with a replica each, on loopback, for as long as a block lasts."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from local import binaries

PRIMARIES = 3
SLOTS = 16384
NODE_TIMEOUT = 1500
"""Milliseconds after which a node that says nothing is taken for dead."""
_BUS = 10_000


class Member:
    """A server of the cluster, which may be killed and started again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.folder = folder / str(port)
        self.folder.mkdir()
        self.process: subprocess.Popen[bytes]
        self.frozen = False
        self.client = Redis(host="127.0.0.1", port=port, socket_timeout=5)

    def start(self) -> None:
        binary, _ = binaries.find_valkey()
        options = {
            "port": self.port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "appendonly": "yes",
            "maxmemory": "128mb", "maxmemory-policy": "volatile-ttl", "cluster-enabled": "yes",
            "cluster-node-timeout": NODE_TIMEOUT, "cluster-require-full-coverage": "no",
        }  # fmt: skip
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([binary, *arguments], cwd="/", env=binaries.ENVIRONMENT, stdout=log)

    @property
    def lives(self) -> bool:
        return self.process.poll() is None and not self.frozen

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.frozen = False

    async def answers(self) -> bool:
        try:
            return bool(await self.client.ping())
        except RedisError:
            return False

    async def ask(self, *command: str | int) -> Any:
        return await self.client.execute_command(*command)  # type: ignore[no-untyped-call]  # as redis-py has it


class Nodes:
    def __init__(self, members: list[Member]) -> None:
        self.members = members

    @property
    def url(self) -> str:
        """Name the last of them, a replica: nothing may depend on the first node that is asked."""
        return f"redis://127.0.0.1:{self.members[-1].port}/0"

    async def owner(self, key: str) -> Member:
        """Return the member that serves a key, as most of those that live say."""
        said: list[int] = []
        for member in self.members:
            if member.lives:
                for first, last, primary, *_ in await member.ask("CLUSTER SLOTS"):
                    if first <= key_slot(key.encode()) <= last:
                        said.append(primary[1])
        port = max(set(said), key=said.count)
        return next(member for member in self.members if member.port == port)

    async def primaries(self) -> list[Member]:
        return [m for m in self.members if m.lives and (await m.ask("ROLE"))[0] == b"master"]

    async def whole(self) -> bool:
        """Say whether every member lives and knows each slot served, and each replica follows."""
        for member in self.members:
            if not member.lives:
                return False
            info = (await member.ask("CLUSTER INFO"))["cluster_state"]
            role = await member.ask("ROLE")
            if info != "ok" or (role[0] == b"slave" and role[3] != b"connected"):
                return False
            if len({primary[1] for _, _, primary, *_ in await member.ask("CLUSTER SLOTS")}) != PRIMARIES:
                return False
        return len(await self.primaries()) == PRIMARIES


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Nodes]:
    members = [Member(folder, port) for port in _free_ports(2 * PRIMARIES)]
    nodes = Nodes(members)
    try:
        for member in members:
            member.start()
        for member in members:
            await until(member.answers)
        await _join(members)
        await until(nodes.whole)
        yield nodes
    finally:
        for member in members:
            await member.client.aclose()
            member.kill()


async def _join(members: list[Member]) -> None:
    for member in members[1:]:
        await members[0].ask("CLUSTER", "MEET", "127.0.0.1", member.port)
    share = SLOTS // PRIMARIES + 1
    for number, member in enumerate(members[:PRIMARIES]):
        await member.ask("CLUSTER", "ADDSLOTSRANGE", number * share, min(SLOTS, (number + 1) * share) - 1)
    for primary, replica in zip(members[:PRIMARIES], members[PRIMARIES:], strict=True):
        name = (await primary.ask("CLUSTER", "MYID")).decode()

        async def knows(replica: Member = replica, name: str = name) -> bool:
            return name in str(await replica.ask("CLUSTER NODES"))

        await until(knows)
        await replica.ask("CLUSTER", "REPLICATE", name)


async def until(met: Callable[[], Awaitable[bool]], seconds: float = 30) -> float:
    """Wait until something is so; return how many seconds that took."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while not await met():
        assert loop.time() < begun + seconds, f"not within {seconds} s"
        await asyncio.sleep(0.02)
    return loop.time() - begun


def _free_ports(count: int) -> list[int]:
    """Find ports that are free together with the cluster bus's, which is 10,000 higher."""
    found: list[int] = []
    for port in range(21_000, 32_000, 7):
        try:
            for number in (port, port + _BUS):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")
