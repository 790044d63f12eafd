"""What a host keeps up from its first request to its last: the line to Redis, the watch for edits, its counts, the pools."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Send

from ginnel import counts, lookup, nowhere, postgres, redis

_FAREWELL = 1.0
"""Seconds in which what is kept up may end."""

Close = Callable[[], Awaitable[None]]


async def lifespan(receive: Receive, send: Send, *close: Close) -> None:
    """Speak ASGI's lifespan protocol; `close` is what the host has opened beside what all have."""
    await receive()
    redis.keep_line()
    kept_up = [asyncio.create_task(work) for work in (lookup.watch(), nowhere.keep_sending(), counts.keep_telling())]
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for task in kept_up:
        task.cancel()
    await asyncio.wait(kept_up, timeout=_FAREWELL)
    for end in (*close, postgres.close, redis.close):
        await end()
    await send({"type": "lifespan.shutdown.complete"})
