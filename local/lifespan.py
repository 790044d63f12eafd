"""What a host keeps up from its first request to its last: the line to Redis, the watch for edits, the pools."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Send

from ginnel import lookup, postgres, redis

Close = Callable[[], Awaitable[None]]


async def lifespan(receive: Receive, send: Send, *close: Close) -> None:
    """Speak ASGI's lifespan protocol; `close` is what the host has opened beside what all have."""
    await receive()
    redis.keep_line()
    watching = asyncio.create_task(lookup.watch())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    watching.cancel()
    for end in (*close, postgres.close, redis.close):
        await end()
    await send({"type": "lifespan.shutdown.complete"})
