"""All streams as one consumer sees them: the shards', and those that hold clicks of a time when there were others."""

from __future__ import annotations

import asyncio
import functools
import math
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from ginnel import observe, redis, settings, shards

from .shard import PAGE, Entry, Shard, acknowledge, make_group, new

LIMIT = 5
"""Deliveries after which an entry is no longer stored together with others."""

_CLICKS = 4000
"""A batch is full with so many: more of them are not stored faster, and cost memory."""
_MINUTE = 60.0
_HOUR = 3600.0

# On a cluster:
_PAUSE = 0.1
"""Seconds between looks at shards that had nothing: a click's delay against commands for nothing."""
_SLOW = 0.03
"""Seconds after which a shard's answer is no longer waited for before others' clicks are stored."""


class Stream:
    """A consumer of all streams. Every entry it returned stays its own until it is `done`, also over a restart."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._shards = [Shard(name, consumer) for name in shards.streams()]
        self._held: deque[Entry] = deque()
        # Clicks that an entry holds, by those that were read last; an entry may hold a thousand, of kilobytes each.
        self._size = 1000
        self._reading: dict[Shard, asyncio.Task[list[Entry]]] = {}
        self._checked = -math.inf
        self._searched = -math.inf

    def again(self) -> None:
        """Begin anew with what was taken and is not done."""
        self.stop()
        self._held.clear()
        self._checked = -math.inf
        for shard in self._shards:
            shard.again()

    def stop(self) -> None:
        for task in self._reading.values():
            task.cancel()
        self._reading.clear()

    async def take(self, *, wait: float) -> list[Entry]:
        """Take a batch: whole entries, of some thousand clicks together; or one that failed too often, alone.

        Waits for the first, not for more. Returns nothing, after as long, while Redis is away.
        """
        taken: list[Entry] = []
        count = 0
        while True:
            while self._held:
                entry = self._held[0]
                if taken and (entry.deliveries >= LIMIT or count + len(entry.lines) > _CLICKS):
                    return taken
                taken.append(self._held.popleft())
                count += len(entry.lines)
                if entry.deliveries >= LIMIT:
                    return taken
            page = await self._page(wait=0 if taken else wait)
            if not page:
                return taken
            self._size = max(1, sum(len(entry.lines) for entry in page) // len(page))
            self._held.extend(page)

    async def done(self, entries: Sequence[Entry]) -> None:
        """Acknowledge entries. Raises RedisError, once all streams were told, if one of them was not reached."""
        by_stream: dict[str, list[bytes]] = {}
        for entry in entries:
            by_stream.setdefault(entry.stream, []).append(entry.id)
        lost: redis.RedisError | None = None
        for name, identifiers in by_stream.items():
            try:
                await acknowledge(name, identifiers)
            except redis.RedisError as error:
                lost = error
        if lost:
            raise lost

    async def _page(self, *, wait: float) -> list[Entry]:
        try:
            await self._tend()
            if settings.read(redis.Settings).redis_cluster:
                return await self._each_apart(wait=wait)
            return await self._all_together(wait=wait)
        except (redis.RedisError, OSError) as error:
            if "NOGROUP" in str(error):
                for shard in self._shards:
                    await make_group(shard.name)
                return await self._all_together(wait=wait)
            # A server whose disk is full takes no commands that write, and reading for a group is one.
            if isinstance(error, redis.ResponseError) and "MISCONF" not in str(error):
                raise
            # Whether entries were on their way is not known. Don't spin while Redis is away.
            observe.count("redis_error")
            self.again()
            await asyncio.sleep(wait)
            return []

    @property
    def _count(self) -> int:
        """How many entries to read of each stream: together, what makes a batch."""
        return max(1, min(PAGE, _CLICKS // self._size) // len(self._shards))

    async def _all_together(self, *, wait: float) -> list[Entry]:
        """Read all streams of one server, by one command once nothing old is left."""
        for shard in self._shards:
            if old := await shard.old(self._count):
                return old
        names = [shard.name for shard in self._shards]
        return await new(names, self._consumer, count=self._count, block=max(1, int(wait * 1000)) if wait else None)

    async def _each_apart(self, *, wait: float) -> list[Entry]:
        """Read each stream from its node: one that is away, or slow, keeps the others' clicks from nobody."""
        for shard in self._shards:
            if shard not in self._reading:
                self._reading[shard] = asyncio.create_task(shard.read(self._count))
        finished, _ = await asyncio.wait(self._reading.values(), timeout=_SLOW)
        page: list[Entry] = []
        for shard, task in list(self._reading.items()):
            if task in finished:
                del self._reading[shard]
                page += task.result()
        if not page:
            await asyncio.sleep(min(wait, _PAUSE))
        return page

    async def _tend(self) -> None:
        now = time.monotonic()
        if now - self._checked > _HOUR:
            with suppress(redis.RedisError):  # a node that is away may be back the next time
                await redis.check()
            self._checked = now
        if now - self._searched > _MINUTE:
            known = {shard.name for shard in self._shards}
            self._shards += [Shard(name, self._consumer) for name in await left_over() if name not in known]
            self._searched = now


async def left_over() -> list[str]:
    """List the streams outside the shards in which clicks wait."""
    names = shards.left_over()
    apart = settings.read(redis.Settings).redis_cluster
    found = []
    for group in [[name] for name in names] if apart else [names]:
        with suppress(redis.RedisError):  # a node that is away is passed over
            lengths = await redis.call(functools.partial(_lengths, group), group[0])
            # What is no stream, whatever it is, is an error.
            found += [name for name, length in zip(group, lengths, strict=True) if isinstance(length, int) and length]
    return found


async def _lengths(names: list[str], client: redis.Redis) -> list[object]:
    async with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.xlen(name)
        lengths: list[object] = await pipe.execute(raise_on_error=False)
        return lengths
