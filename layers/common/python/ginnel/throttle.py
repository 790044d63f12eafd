"""How often something may be tried, such as a password: counted in Redis, and in PostgreSQL while that is away. It never opens.

The window slides: beside its own tries, it counts as large a share of those of the one before as lies within the last so many
seconds. Tries that are refused don't count. Names are kept as digests, as there are addresses in them. Imports neither the
ORM nor pydantic.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from ginnel import observe, postgres, redis, windows
from ginnel.errors import TooManyRequests
from ginnel.windows import Count, Window

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")


class Run(Protocol):
    """Runs an operation on a connection to PostgreSQL, and keeps what it did: `postgres.run`, or `db.on(conn)`."""

    async def __call__(self, operation: Callable[[asyncpg.Connection], Awaitable[T]], /) -> T: ...


class Tried(NamedTuple):
    """A try that was counted, and where."""

    name: str
    window: Window
    in_redis: bool


async def check(
    name: str, *, limit: int, seconds: int, run: Run = postgres.run, detail: str = "There were too many tries."
) -> Tried:
    """Count a try of something. Raises TooManyRequests, which says when to come again, if there were `limit` already."""
    tried, found = await _try(name, limit=limit, seconds=seconds, run=run)
    if not found.allowed:
        observe.count("throttled")
        raise TooManyRequests(detail, headers={"retry-after": str(found.wait)})
    return tried


async def spend(name: str, *, limit: int, seconds: int, run: Run = postgres.run) -> bool:
    """Count a try as `check` does, and say whether it is allowed."""
    return (await _try(name, limit=limit, seconds=seconds, run=run))[1].allowed


async def give_back(tried: Tried, *, run: Run) -> None:
    """Have a try that was allowed not count any more: it turned out to be none that is to be bounded."""
    if not tried.in_redis:
        await run(lambda connection: _forget(connection, tried))
        return
    from ginnel import library  # noqa: PLC0415  # as in `count`

    keys = tried.window.keys(tried.name)[:1]
    # While Redis is away it stays counted, until its window is over.
    with suppress(redis.RedisError):
        await redis.call(lambda client: library.call(client, "give_back", keys, ()), keys[0])


async def _try(name: str, *, limit: int, seconds: int, run: Run) -> tuple[Tried, Count]:
    window = Window.at(time.time(), seconds)
    try:
        return Tried(name, window, in_redis=True), await count(name, limit=limit, window=window)
    except redis.RedisError:
        observe.count("throttle_alone")
    found = await run(lambda connection: _stored(connection, windows.digest(name), limit=limit, window=window))
    return Tried(name, window, in_redis=False), found


async def count(name: str, *, limit: int, window: Window) -> Count:
    """Count a try in Redis. Raises RedisError."""
    from ginnel import library  # noqa: PLC0415  # most visits try no password

    keys = window.keys(name)
    # A key is asked for until the window after its own is over.
    arguments = (limit, 1 - window.gone, 2 * window.seconds)
    allowed, tries, before = await redis.call(lambda client: library.call(client, "spend", keys, arguments), keys[0])
    return Count(bool(allowed), tries, before, limit, window)


async def _stored(connection: asyncpg.Connection, name: bytes, *, limit: int, window: Window) -> Count:
    """Count a try in PostgreSQL, by one statement, so that of any number at once none too many are allowed."""
    began, earlier = (_beginning(window.number - back, window) for back in (0, 1))
    before = await connection.fetchval("select tries from tries where name = $1 and began = $2", name, earlier) or 0
    room = math.floor(limit - before * (1 - window.gone))
    tries = await connection.fetchval(
        """
        insert into tries as t (name, began, tries) select $1, $2, 1 where $3 > 0
        on conflict (name, began) do update set tries = t.tries + 1 where t.tries < $3
        returning tries
        """,
        name,
        began,
        room,
    )
    if tries is not None:
        return Count(True, tries, before, limit, window)  # noqa: FBT003  # the field's name says it
    tries = await connection.fetchval("select tries from tries where name = $1 and began = $2", name, began) or 0
    return Count(False, tries, before, limit, window)  # noqa: FBT003  # as above


async def _forget(connection: asyncpg.Connection, tried: Tried) -> None:
    await connection.execute(
        "update tries set tries = tries - 1 where name = $1 and began = $2 and tries > 0",
        windows.digest(tried.name),
        _beginning(tried.window.number, tried.window),
    )


def _beginning(number: int, window: Window) -> datetime:
    return datetime.fromtimestamp(number * window.seconds, UTC)
