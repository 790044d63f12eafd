"""A stream as one consumer sees it: what it took and never stored, what others left behind, what is new."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ginnel import clicks, ingestion, observe, redis
from ginnel.clicks import FIELD, GROUP

PAGE = 100
"""Entries that are read at a time, from all streams together."""

_ABANDONED = 30.0
"""Seconds after which an entry that another consumer took, and never acknowledged, is taken over."""
_EVERY = 5.0
_HOUR = 3600.0
_AWAY = 1.0
"""Seconds for which a shard whose node did not answer is let be, while others are read."""
_APPENDED = b"appended"


class Entry(NamedTuple):
    stream: str
    id: bytes
    lines: list[bytes]
    appended: datetime
    deliveries: int


class Shard:
    """One stream. Every entry it returned stays the consumer's until it is done, also over a restart."""

    def __init__(self, name: str, consumer: str) -> None:
        self.name = name
        self._consumer = consumer
        # Where reading its own entries again has come to; None at the end of them.
        self._own: bytes | None = b"0"
        self._looked = -math.inf
        self._tended = -math.inf
        self._due = -math.inf

    def again(self) -> None:
        """Begin anew with what was taken and is not done."""
        self._own = b"0"

    async def old(self, count: int) -> list[Entry]:
        """Take what was taken before: by this consumer, then by one that is gone."""
        now = time.monotonic()
        if now - self._tended > _HOUR:
            await make_group(self.name)
            await trim(self.name)
            self._tended = now
        if self._own is not None:
            own = _of_stream(await _read_group(self._consumer, {self.name: self._own}, count=count))
            self._own = own[-1][0] if own else None
            if own:
                return await self._counted(own)
        if now - self._looked > _EVERY:
            claimed = await redis.patiently(
                lambda client: client.xautoclaim(
                    self.name, GROUP, self._consumer, min_idle_time=int(_ABANDONED * 1000), count=count
                ),
                self.name,
            )
            if claimed[1]:
                return await self._counted(claimed[1])
            self._looked = now
        return []

    async def read(self, count: int) -> list[Entry]:
        """Take what there is, old or new, without waiting; nothing for a while once the shard's node was away."""
        if time.monotonic() < self._due:
            return []
        try:
            return await self.old(count) or await new([self.name], self._consumer, count=count)
        except (redis.RedisError, OSError) as error:
            # Whether entries were on their way is not known.
            self.again()
            if "NOGROUP" in str(error):  # the node that has taken over may be a little behind
                self._tended = -math.inf
            else:
                observe.log.warning("shard_unread", stream=self.name, error=str(error))
                self._due = time.monotonic() + _AWAY
            return []

    async def _counted(self, read: list[Any]) -> list[Entry]:
        pending = await redis.patiently(
            lambda client: client.xpending_range(
                self.name, GROUP, min=read[0][0], max=read[-1][0], count=10 * PAGE, consumername=self._consumer
            ),
            self.name,
        )
        deliveries: dict[Any, Any] = {one["message_id"]: one["times_delivered"] for one in pending}
        return [_entry(self.name, identifier, fields, deliveries.get(identifier, 1)) for identifier, fields in read]


async def new(names: list[str], consumer: str, *, count: int, block: int | None = None) -> list[Entry]:
    reply = await _read_group(consumer, dict.fromkeys(names, b">"), count=count, block=block)
    return [
        _entry(name.decode(), identifier, fields, 1) for name, entries in reply or () for identifier, fields in entries
    ]


async def _read_group(consumer: str, positions: dict[str, bytes], *, count: int, block: int | None = None) -> Any:  # noqa: ANN401  # redis-py types every shape a reply may have
    return await redis.patiently(
        lambda client: client.xreadgroup(GROUP, consumer, positions, count=count, block=block),  # type: ignore[arg-type]  # its keys and values are invariant
        next(iter(positions)),
    )


async def acknowledge(name: str, identifiers: list[bytes]) -> None:
    async def both(client: redis.Redis) -> None:
        # Both or neither: what were acknowledged and not deleted would stay for ever.
        async with client.pipeline(transaction=True) as pipe:
            pipe.xack(name, GROUP, *identifiers)
            pipe.xdel(name, *identifiers)
            await pipe.execute()

    await redis.patiently(both, name)


async def put_back(payload: bytes, appended: datetime) -> None:
    """Append lines that came once before, with the time when they did."""
    fields: dict[Any, Any] = {FIELD: payload, _APPENDED: b"%d" % round(appended.timestamp() * 1000)}
    name = clicks.stream()
    await redis.patiently(lambda client: client.xadd(name, fields), name)


async def trim(name: str) -> None:
    """Delete entries that are acknowledged and still there, which none should be; nothing else, whoever reads meanwhile."""

    async def look_and_trim(client: redis.Redis) -> None:
        # In this order: what is delivered between the two questions has an id above the first answer.
        group = next(group for group in await client.xinfo_groups(name) if group["name"] == GROUP.encode())
        pending = await client.xpending(name, GROUP)
        last: bytes = group["last-delivered-id"]
        await client.xtrim(name, minid=min(last, pending["min"] or last, key=_order), approximate=False)

    await redis.patiently(look_and_trim, name)


async def make_group(name: str) -> None:
    try:
        await redis.patiently(lambda client: client.xgroup_create(name, GROUP, id="0", mkstream=True), name)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def _order(identifier: bytes) -> tuple[int, int]:
    moment, _, number = identifier.partition(b"-")
    return int(moment), int(number)


def _of_stream(reply: Any) -> list[Any]:  # noqa: ANN401  # as above
    return list(reply[0][1]) if reply else []


def _entry(stream: str, identifier: bytes, fields: dict[bytes, bytes] | None, deliveries: int) -> Entry:
    """Read an entry; one that was deleted meanwhile has no lines."""
    fields = fields or {}
    appended = fields.get(_APPENDED)
    return Entry(
        stream=stream,
        id=identifier,
        lines=[line for line in fields.get(FIELD, b"").split(b"\n") if line],
        appended=datetime.fromtimestamp(int(appended) / 1000, UTC) if appended else ingestion.appended(identifier),
        deliveries=deliveries,
    )
