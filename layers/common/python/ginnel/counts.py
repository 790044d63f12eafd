"""What processes count for themselves (see observe), put together in Redis: a hash an hour, kept for as long as two.

A process that lives on sends what it has counted once a second; so nothing on the way of a visit waits for it. On Lambda
nobody sends. They may be lost with Redis: they are figures, not facts. Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from ginnel import clicks, observe, redis, shards

_EVERY = 1.0
_HOUR = 3600

VISITS = "visits"
"""Under which visits are counted, whose links may or may not lead somewhere."""

_since: datetime | None = None


def since() -> datetime | None:
    """Say when this process began to send; None if it does not."""
    return _since


async def keep_telling() -> None:
    """Send what was counted since the last time, again and again until cancelled, and then once more."""
    global _since  # noqa: PLW0603  # one sender a process
    _since = datetime.now(UTC)
    told: Counter[str] = Counter()
    try:
        while True:
            await asyncio.sleep(_EVERY)
            told = await tell(told)
    finally:
        await tell(told)


async def tell(told: Counter[str]) -> Counter[str]:
    """Send what was counted beyond what was `told`; return what is now."""
    counted = Counter(observe.counters)
    counted[VISITS] = clicks.drawn()
    fresh = counted - told
    if not fresh:
        return told
    key = _key(int(time.time()) // _HOUR)

    async def add(client: redis.Redis) -> None:
        async with client.pipeline(transaction=False) as pipeline:
            for name, amount in fresh.items():
                pipeline.hincrby(key, name, amount)
            pipeline.expire(key, 2 * _HOUR)
            await pipeline.execute()

    try:
        await redis.call(add, key)
    except redis.RedisError:
        return told  # with the next
    return counted


async def recent() -> tuple[datetime, Counter[str]]:
    """Return what all processes have counted in this hour and the one before, and since when. Raises RedisError."""
    hour = int(time.time()) // _HOUR
    found: Counter[str] = Counter()
    for key in (_key(hour - 1), _key(hour)):

        async def read(client: redis.Redis, key: str = key) -> dict[bytes, bytes]:
            kept: Any = await client.hgetall(key)
            return dict(kept)

        found.update({name.decode(): int(amount) for name, amount in (await redis.call(read, key)).items()})
    return datetime.fromtimestamp((hour - 1) * _HOUR, UTC), found


def _key(hour: int) -> str:
    return shards.key(0, f"counted:{hour}")
