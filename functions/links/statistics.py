"""Numbers: how often links were followed, when, by whom, from where."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse, Response, StreamingResponse

from ginnel import access, db, stats, web
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound, TooManyRequests
from ginnel.web import Moment

from .asking import PROBLEMS, Asked, Compare, Dimension, Limit, Zone

router = APIRouter()

WATCHERS = 200
"""Streams that a process keeps open at a time; each looks once a second."""
_watchers = asyncio.Semaphore(WATCHERS)


class TooManyWatchers(TooManyRequests):
    """As many streams are open as this server keeps. Ask for JSON instead."""

    code = "too_many_watchers"


@router.get(
    "/api/v1/stats/summary",
    response_model_exclude_none=True,
    tags=["stats"],
    summary="Count clicks",
    description="Clicks by people, how many different ones a day, and what bots fetched, each counted apart. A visitor counts "
    "once a day, by their first click there.",
    responses=PROBLEMS,
)
async def summary(question: Asked, conn: Conn, compare: Compare = None) -> stats.Summary:
    counted = await stats.summary(conn, question)
    previous = await stats.summary(conn, question.before()) if compare else None
    return stats.Summary(**counted.model_dump(), previous=previous)


@router.get(
    "/api/v1/stats/series",
    response_model_exclude_none=True,
    tags=["stats"],
    summary="Count clicks over time",
    description="One bucket an interval of the zone's calendar, without holes; together they are the summary.",
    responses=PROBLEMS,
)
async def series(
    question: Asked,
    conn: Conn,
    interval: stats.Interval = "day",
    timezone: Zone = "UTC",
    compare: Compare = None,
) -> stats.Series:
    counted = await stats.series(conn, question, interval=interval, timezone=timezone)
    previous = await stats.series(conn, question.before(), interval=interval, timezone=timezone) if compare else None
    return stats.Series(items=counted, previous=previous)


@router.get(
    "/api/v1/stats/breakdown",
    tags=["stats"],
    summary="Count clicks by a dimension",
    description="The values that came most, `null` for having none, and what the others add up to. Cities are named with their "
    "country (`GB/London`), regions by ISO 3166-2. A link's value is its id, and `link` says "
    "what it is called; a visitor counts for the link that met them first that day. Of a workspace's days whose clicks are no "
    "longer kept, all visitors are among the others.",
    responses=PROBLEMS,
)
async def breakdown(
    question: Asked,
    conn: Conn,
    dimension: Dimension,
    limit: Limit = 10,
) -> stats.Breakdown:
    return await stats.breakdown(conn, question, dimension=dimension, limit=limit)


@router.get(
    "/api/v1/stats/clicks",
    tags=["stats"],
    summary="List clicks",
    description="Newest first, as long as the workspace keeps them. Asked again and again, this is how to watch them come.",
    responses=PROBLEMS,
)
async def clicks(
    question: Asked,
    conn: Conn,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> stats.Visits:
    return await stats.newest(conn, question, limit=limit, cursor=cursor)


@router.get(
    "/api/v1/stats/live",
    response_model=stats.Live,
    tags=["stats"],
    summary="Watch clicks come",
    description="Counts, and the newest clicks since `cursor`. With `Accept: text/event-stream`, and where servers live long, "
    "these are sent as events whenever something has come, for five minutes at most, and not for longer than you may see them; "
    "their ids are cursors. Elsewhere the same comes as JSON: ask again a second later with its cursor. A click that is stored "
    "late may come twice, and has the same id.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid, TooManyWatchers)
    | {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def live(  # noqa: PLR0913  # FastAPI injects each by its type
    question: Asked,
    conn: Conn,
    bearer: access.Bearer,
    workspace: access.Wanted = None,
    until: Annotated[Moment | None, Query(alias="to", include_in_schema=False)] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=200)] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    open_end, since = until is None, cursor or last
    await db.pause(conn)  # what follows has connections of its own, each for a moment
    first = await stats.look(question, open_end=open_end, cursor=since)
    if "text/event-stream" not in accept or "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        return JSONResponse(first.model_dump(mode="json"), headers={"cache-control": "no-store"})
    if _watchers.locked():
        raise TooManyWatchers(f"{WATCHERS} are watching already. Ask for JSON.", headers={"retry-after": "5"})
    ask = partial(access.again, bearer, workspace, "stats:read")
    return StreamingResponse(
        _watched(stats.stream(question, open_end=open_end, cursor=since, ask=ask)),
        media_type="text/event-stream",
        # Proxies that collect an answer before they pass it on would have nobody see anything.
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _watched(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with _watchers:
        async for event in events:
            yield event
