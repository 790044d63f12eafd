"""A Redis Cluster: which node owns a key, and one ordinary client for each node.

redis-py's client for clusters is not used; decision 12 says why. An operation is run on the client of its key's owner, and
follows where the cluster says the key has gone, but is never tried again on a node that failed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError

from ginnel import observe, redis, settings

T = TypeVar("T")
Address = tuple[str, int]

# The system's chance: the module's own would be the same in each process that starts from one snapshot.
_CHANCE = random.SystemRandom()
_HOPS = 3
"""Nodes that an operation may be sent to, one after another, while keys move."""
_EVERY = 0.25
"""Seconds between two looks at who owns what."""
_BRIEF = 0.5
"""Seconds that a node may take to say who owns what, before another is asked."""


class Node:
    """A node's client, with a breaker of its own: one that is dead keeps nobody from the others."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.breaker = redis.Breaker()

    async def ask(self, operation: Callable[[Redis], Awaitable[T]]) -> T:
        return await self.breaker.call(lambda: operation(self.client))


class Cluster:
    def __init__(self, seed: Address, connect: Callable[[Address], Redis]) -> None:
        self._connect = connect
        self._seed_host = seed[0]
        self._seed = Node(connect(seed))
        self._nodes: dict[Address, Node] = {}
        self._owners: list[tuple[int, int, Address]] = []
        self._looking: asyncio.Task[None] | None = None
        self._looked = -_EVERY

    async def call(self, operation: Callable[[Redis], Awaitable[T]], key: bytes) -> T:
        """Run an operation on the node that has its key. Raises RedisError (Away when that node can't be reached)."""
        node = await self._owner(key)
        for _ in range(_HOPS):
            try:
                return await node.ask(operation)
            except MovedError as error:
                node = self._node((error.host or self._seed_host, error.port))
                if node is not self._known(key):
                    self._doubt()
            except AskError as error:
                asked = self._node((error.host or self._seed_host, error.port))
                return await asked.ask(lambda client: _asking(client, operation))
            except (redis.Away, ClusterDownError):
                self._doubt()
                raise
        raise redis.Away("the key is on the move")

    async def each(self, operation: Callable[[Redis], Awaitable[T]]) -> list[T]:
        """Run an operation on every primary; raises what one of them raised, once all were asked."""
        await self._informed()
        found = await asyncio.gather(
            *(self._node(address).ask(operation) for address in {address for _, _, address in self._owners}),
            return_exceptions=True,
        )
        faults = [result for result in found if isinstance(result, BaseException)]
        if faults:
            self._doubt()
            # That a node is away may end; whatever else it was won't.
            raise next((fault for fault in faults if not isinstance(fault, redis.RedisError)), faults[0])
        return found  # type: ignore[return-value]  # none of them is an exception

    async def client(self, key: bytes) -> Redis:
        """Return the client of a key's owner, looked up just now: for a subscription, which may have lost the last one."""
        if time.monotonic() - self._looked > _EVERY:
            await self._look()
        return (await self._owner(key)).client

    def answers(self, key: bytes) -> bool:
        """Say whether the owner of a key answered when it was last asked, as far as that is known."""
        node = self._known(key)
        return node is None or not node.breaker.is_open

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        for node in (self._seed, *self._nodes.values()):
            await node.client.aclose()

    async def _owner(self, key: bytes) -> Node:
        await self._informed()
        node = self._known(key)
        if node is None:
            self._doubt()
            raise redis.Away("no node owns the key")
        return node

    def _known(self, key: bytes) -> Node | None:
        slot = key_slot(key)
        found = (address for first, last, address in self._owners if first <= slot <= last)
        address = next(found, None)
        return None if address is None else self._node(address)

    def _node(self, address: Address) -> Node:
        if address not in self._nodes:
            self._nodes[address] = Node(self._connect(address))
        return self._nodes[address]

    async def _informed(self) -> None:
        """See that there is a first answer to who owns what."""
        if not self._owners:
            self._doubt()
            if self._looking is not None:
                await asyncio.shield(self._looking)

    def _doubt(self) -> None:
        """Have the owners looked up again, unless that was just done; whoever noticed does not wait for it."""
        if time.monotonic() - self._looked > _EVERY and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Ask one node after another, until one answers, who owns what."""
        self._looked = time.monotonic()
        known = _CHANCE.sample(list(self._nodes.items()), len(self._nodes))
        for (host, _), node in [*known, ((self._seed_host, 0), self._seed)]:
            try:
                ranges = await node.ask(_slots)
            except redis.RedisError:
                continue
            if not ranges:
                continue  # a node that was taken out of the cluster, and knows of none
            await self._learn(ranges, host)
            return
        observe.count("cluster_unknown")

    async def _learn(self, ranges: list[Any], host: str) -> None:
        owners, listed = [], set()
        for first, last, *nodes in ranges:
            # A node that does not know its own name says nothing: it is the one that was asked.
            addresses = [((name or b"").decode() or host, port) for name, port, *_ in nodes]
            owners.append((first, last, addresses[0]))
            listed.update(addresses)
        self._owners = owners
        for address in listed:
            self._node(address)  # replicas too: they can tell who owns what when the others are gone
        gone = [self._nodes.pop(address) for address in self._nodes.keys() - listed]
        for node in gone:  # not one after the other out of the dictionary: another look may come in between
            await node.client.aclose()


async def _slots(client: Redis) -> list[Any]:
    try:
        async with asyncio.timeout(_BRIEF):
            ranges: list[Any] = await client.execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]  # redis-py's
    except redis.ResponseError as error:
        if "cluster support disabled" in str(error):
            raise settings.BadSettings(
                "REDIS_CLUSTER is true, but REDIS_URL names a server that is no cluster."
            ) from error
        raise
    return ranges


async def _asking(client: Redis, operation: Callable[[Redis], Awaitable[T]]) -> T:
    """Run an operation on a key that is just arriving at a node; it takes only who says that they know."""
    async with client.client() as single:
        await single.execute_command("ASKING")  # type: ignore[no-untyped-call]  # as above
        return await operation(single)
