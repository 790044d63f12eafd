"""Poison: what failed again and again is taken apart, until the line at fault stands alone and can be buried.

Some lines don't raise but end the process. So an attempt is written down in Redis before it is made, and crossed out
after it: one that is still there did not come back.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

from ginnel import observe, postgres, redis

T = TypeVar("T")

REFUSED = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    # What asyncpg says of such values before PostgreSQL can.
    OverflowError,
    UnicodeError,
)
"""What is said of a row that PostgreSQL will never take."""

NOT_THEIRS = (
    *postgres.lost(),
    redis.RedisError,
    TimeoutError,
    MemoryError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.SyntaxOrAccessError,
    asyncpg.TransactionRollbackError,
    asyncpg.PostgresSystemError,
)
"""What is no line's fault, however often it happens: a server that is full, read-only, being changed, or away."""

_PARTS = 10
# One process may end for its own reasons while it tries a line; four don't.
_CERTAIN = 3
_KEPT_SECONDS = 86_400


async def tried(key: str) -> int:
    """Write down an attempt under a key; return how many were made before and did not come back. 0 while Redis is away."""
    try:
        return await _begin(key, "whole") - 1
    except redis.RedisError:
        return 0


async def forget(key: str) -> None:
    try:
        await redis.patiently(lambda client: client.delete(key), key)
    except redis.RedisError:
        observe.count("redis_error")  # it is forgotten in a day


async def isolate(
    key: str,
    lines: Sequence[T],
    *,
    store: Callable[[Sequence[T]], Awaitable[int]],
    bury: Callable[[T, str], Awaitable[None]],
) -> int:
    """Store lines in ever smaller parts, bury the ones at fault; return how many were new. May be cut off and repeated."""

    async def attempt(first: int, last: int) -> int:
        part = lines[first:last]
        name = f"{first}:{last}"
        reason = "ended the process"
        if await _begin(key, name) <= (_CERTAIN if len(part) == 1 else 1):
            try:
                new = await store(part)
            except NOT_THEIRS:
                await _back(key, name)
                raise
            except Exception as error:  # noqa: BLE001  # this is where what nobody foresaw ends up
                reason = type(error).__name__
            else:
                await _back(key, name)
                return new
        if len(part) == 1:
            observe.log.warning("click_buried", error=reason)
            await bury(part[0], reason)
            return 0
        # By tenths: each step may cost a process, and a thousand lines are then three steps from one.
        step = math.ceil(len(part) / _PARTS)
        return sum([await attempt(start, min(start + step, last)) for start in range(first, last, step)])

    new = await attempt(0, len(lines)) if lines else 0
    await forget(key)
    return new


async def _begin(key: str, part: str) -> int:
    async def begin(client: redis.Redis) -> int:
        async with client.pipeline(transaction=True) as pipe:
            pipe.hincrby(key, part, 1)
            pipe.expire(key, _KEPT_SECONDS)
            return int((await pipe.execute())[0])

    return await redis.patiently(begin, key)


async def _back(key: str, part: str) -> None:
    await redis.patiently(lambda client: client.hincrby(key, part, -1), key)
