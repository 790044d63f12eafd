"""How often something may be tried: counted in Redis, and by each process for itself while that is away. It never opens.

Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

import time
from collections import OrderedDict

from ginnel import observe, redis, shards

_OWN = 10_000
"""Names a process counts for itself."""

_own: OrderedDict[str, tuple[float, int]] = OrderedDict()


async def spend(name: str, *, limit: int, seconds: int) -> bool:
    """Count a try of something; say whether it is among the first `limit` of the current window of so many seconds."""
    window = int(time.time()) // seconds
    key = shards.key(shards.of(name), f"tries:{name}:{window}")

    async def count(client: redis.Redis) -> int:
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, seconds)
            tries, _ = await pipeline.execute()
            return int(tries)

    try:
        return await redis.call(count, key) <= limit
    except redis.RedisError:
        observe.count("throttle_alone")
        return _count(name, window) <= limit


def _count(name: str, window: float) -> int:
    kept, tries = _own.pop(name, (window, 0))
    _own[name] = window, tries + 1 if kept == window else 1
    if len(_own) > _OWN:
        _own.popitem(last=False)
    return _own[name][1]
