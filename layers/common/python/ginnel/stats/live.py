"""What happens now: the counts, and the clicks that came since one looked last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ginnel import cursors, db, web
from ginnel.errors import Problem

from .asking import Counts, Question
from .counting import summary
from .newest import Visit, newest

EVERY = 1.0
"""Seconds between two looks."""
LASTS = 300.0
"""Seconds after which a stream ends, so that servers can be replaced and proxies don't cut it in the middle."""
ASKS = 5.0
"""Seconds after which it is asked again whether whoever watches still may."""
_LATE = timedelta(seconds=10)
"""How much later than a newer one a click may be stored."""
_PING = 15.0


class Live(web.Output):
    """`items` may hold clicks that came in the moment before, too: they have ids. `cursor` asks for what comes next."""

    counts: Counts
    items: list[Visit]
    cursor: str


async def look(question: Question, *, open_end: bool, cursor: str | None, limit: int = 50) -> Live:
    """Look once. `open_end` moves the question's end along. Raises NotFound, or Invalid for what is no cursor."""
    now = datetime.now(UTC)
    since = cursors.read(cursor, cursors.moment) if cursor else now - timedelta(hours=1)
    if open_end:
        question = replace(question, until=now + timedelta(minutes=1))
    async with db.session() as conn:
        counts = await summary(conn, question)
        fresh = replace(question, since=max(question.since, since - _LATE))
        items = [] if fresh.since >= fresh.until else (await newest(conn, fresh, limit=limit, cursor=None)).items
    return Live(counts=counts, items=items, cursor=cursors.pack(now.isoformat()))


async def stream(
    question: Question, *, open_end: bool, cursor: str | None, ask: Callable[[], Awaitable[object]]
) -> AsyncIterator[bytes]:
    """Give server-sent events: one whenever something has come, and a comment now and then, by which a dead end is noticed.

    Their ids are cursors: a client that comes back with the last one misses nothing. `ask` raises a Problem once whoever
    watches may no more.
    """
    end = time.monotonic() + LASTS
    asks = time.monotonic() + ASKS
    shown: tuple[Counts, set[object]] | None = None
    sent = time.monotonic()
    yield b"retry: 1000\n\n"
    while time.monotonic() < end:
        try:
            if time.monotonic() >= asks:
                await ask()
                asks = time.monotonic() + ASKS
            seen = await look(question, open_end=open_end, cursor=cursor)
        except Problem:
            return  # the client comes back, and is told then
        cursor = seen.cursor
        known = shown[1] if shown else set()
        fresh = [item for item in seen.items if item.id not in known]
        if shown is None or fresh or seen.counts != shown[0]:
            body = seen.model_copy(update={"items": fresh}).model_dump_json()
            yield f"id: {seen.cursor}\ndata: {body}\n\n".encode()
            sent = time.monotonic()
        elif time.monotonic() - sent > _PING:
            yield b": still here\n\n"
            sent = time.monotonic()
        shown = seen.counts, {item.id for item in seen.items}
        await asyncio.sleep(EVERY)
