"""The stream as one consumer sees it: what it took and never stored, what others left behind, what is new."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ginnel import clicks, observe, redis
from ginnel.clicks import FIELD, GROUP, STREAM

LIMIT = 5
"""Deliveries after which an entry is no longer stored together with others."""

_CLICKS = 4000
"""A batch is full with so many: more of them are not stored faster, and cost memory."""
_PAGE = 100
_ABANDONED = 30.0
"""Seconds after which an entry that another consumer took, and never acknowledged, is taken over."""
_EVERY = 5.0
_HOUR = 3600.0
_APPENDED = b"appended"


class Entry(NamedTuple):
    id: bytes
    lines: list[bytes]
    appended: datetime
    deliveries: int


class Stream:
    """A consumer of the group. Every entry it returned stays its own until it is `done`, also over a restart."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._held: deque[Entry] = deque()
        # Where reading its own entries again has come to; None at the end of them.
        self._own: bytes | None = b"0"
        self._looked = -math.inf
        self._tended = -math.inf

    def again(self) -> None:
        """Begin anew with what was taken and is not done."""
        self._held.clear()
        self._own = b"0"

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
            self._held.extend(page)

    async def done(self, entries: list[Entry]) -> None:
        # Both or neither: what were acknowledged and not deleted would stay for ever.
        async with redis.patient().pipeline(transaction=True) as pipe:
            identifiers = [entry.id for entry in entries]
            pipe.xack(STREAM, GROUP, *identifiers)
            pipe.xdel(STREAM, *identifiers)
            await pipe.execute()

    async def _page(self, *, wait: float) -> list[Entry]:
        try:
            return await self._read(wait=wait)
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            await _make_group()
            return await self._read(wait=wait)
        except (redis.RedisError, OSError):
            # Whether entries were on their way is not known. Don't spin while Redis is away.
            observe.count("redis_error")
            self.again()
            await asyncio.sleep(wait)
            return []

    async def _read(self, *, wait: float) -> list[Entry]:
        client = redis.patient()
        now = time.monotonic()
        if now - self._tended > _HOUR:
            await redis.refuse_eviction(client)
            await _make_group()
            await trim()
            self._tended = now
        if self._own is not None:
            own = _of_stream(await client.xreadgroup(GROUP, self._consumer, {STREAM: self._own}, count=_PAGE))
            self._own = own[-1][0] if own else None
            if own:
                return await self._counted(own)
        if now - self._looked > _EVERY:
            claimed = await client.xautoclaim(
                STREAM, GROUP, self._consumer, min_idle_time=int(_ABANDONED * 1000), count=_PAGE
            )
            if claimed[1]:
                return await self._counted(claimed[1])
            self._looked = now
        block = max(1, int(wait * 1000)) if wait else None
        new = await client.xreadgroup(GROUP, self._consumer, {STREAM: ">"}, count=_PAGE, block=block)
        return [_entry(identifier, fields, 1) for identifier, fields in _of_stream(new)]

    async def _counted(self, read: list[Any]) -> list[Entry]:
        pending = await redis.patient().xpending_range(
            STREAM, GROUP, min=read[0][0], max=read[-1][0], count=10 * _PAGE, consumername=self._consumer
        )
        deliveries: dict[Any, Any] = {one["message_id"]: one["times_delivered"] for one in pending}
        return [_entry(identifier, fields, deliveries.get(identifier, 1)) for identifier, fields in read]


async def put_back(payload: bytes, appended: datetime) -> None:
    """Append lines that came once before, with the time when they did."""
    fields: dict[Any, Any] = {FIELD: payload, _APPENDED: b"%d" % round(appended.timestamp() * 1000)}
    await redis.patient().xadd(STREAM, fields)


async def trim() -> None:
    """Delete entries that are acknowledged and still there, which none should be; nothing else, whoever reads meanwhile."""
    client = redis.patient()
    # In this order: what is delivered between the two questions has an id above the first answer.
    group = next(group for group in await client.xinfo_groups(STREAM) if group["name"] == GROUP.encode())
    pending = await client.xpending(STREAM, GROUP)
    last: bytes = group["last-delivered-id"]
    await client.xtrim(STREAM, minid=min(last, pending["min"] or last, key=_order), approximate=False)


async def _make_group() -> None:
    try:
        await redis.patient().xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def _order(identifier: bytes) -> tuple[int, int]:
    moment, _, number = identifier.partition(b"-")
    return int(moment), int(number)


def _of_stream(reply: Any) -> list[Any]:  # noqa: ANN401  # redis-py types every shape a reply may have
    return list(reply[0][1]) if reply else []


def _entry(identifier: bytes, fields: dict[bytes, bytes] | None, deliveries: int) -> Entry:
    """Read an entry; one that was deleted meanwhile has no lines."""
    fields = fields or {}
    appended = fields.get(_APPENDED)
    return Entry(
        id=identifier,
        lines=[line for line in fields.get(FIELD, b"").split(b"\n") if line],
        appended=datetime.fromtimestamp(int(appended) / 1000, UTC) if appended else clicks.appended(identifier),
        deliveries=deliveries,
    )
