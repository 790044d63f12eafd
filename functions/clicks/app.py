"""Ingestion: by schedule from the stream, by HTTP from other servers."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Body, Depends

from ginnel import access, imports, keyring, lambdas, places, postgres, redis, settings, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.erasure import working
from ginnel.errors import Invalid
from ginnel.guests import ending
from ginnel.observe import log
from ginnel.web import Now

from . import backlog, capture
from .capture import CapturedIn, CapturedPage
from .drain import Drain, Settings

app = web.new_app(
    "Clicks", needs=[postgres.Settings, redis.Settings, settings.Site, keyring.Settings, places.Settings, Settings]
)


@functools.cache
def drain() -> Drain:
    return Drain(settings.read(Settings))


async def scheduled(event: dict[str, Any]) -> dict[str, int]:
    """Answer a schedule's event: store what waits, and work imports and erasures off meanwhile, and have guests erased.

    Being called too often, or twice at once, is harmless.
    """
    if event.get("source") != "aws.events" and event.get("detail-type") != "Scheduled Event":
        raise ValueError(f"not a schedule's event: {sorted(event)}")
    seconds = settings.read(Settings).drain_seconds
    beside = [asyncio.create_task(_beside(seconds, work, failed)) for work, failed in _BESIDE]
    try:
        return {"stored": await drain().run(seconds)}
    finally:
        await asyncio.gather(*beside)
        await backlog.report(drain())


_BESIDE = (
    (imports.work, "import_failed"),
    (working.work, "erasure_failed"),
    (ending.work, "guests_not_ended"),
)
"""What else is worked off, and what is logged where that fails."""


async def _beside(seconds: float, work: Callable[[float], Awaitable[int]], failed: str) -> None:
    """Work something off. What goes wrong with it is no reason to leave clicks where they are."""
    try:
        await work(seconds)
    except Exception:  # noqa: BLE001  # whatever it was, it still waits: the next run tries again
        log.exception(failed)


handler = lambdas.serve(app, otherwise=scheduled)


@app.post(
    "/api/v1/clicks",
    status_code=202,
    tags=["clicks"],
    summary="Record clicks that another server saw",
    description="Up to 500 at a time, each accepted or rejected by itself. Sending the same ids again changes nothing.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, Invalid),
)
async def record(
    items: Annotated[list[CapturedIn], Body(min_length=1, max_length=500)],
    conn: Conn,
    me: Annotated[Me, Depends(access.may("clicks:write"))],
    now: Now,
) -> CapturedPage:
    return CapturedPage(items=await capture.accept(conn, items, workspace=me.workspace, now=now))
