"""Numbers: how often links were followed, when, by whom, from where."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import JSONResponse, Response, StreamingResponse

from ginnel import access, db, rollups, stats, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import FieldError, Invalid, NotFound, TooManyRequests
from ginnel.stats import Filter, Question
from ginnel.web import Moment, Now

router = APIRouter()

Analyst = Annotated[Me, Depends(access.may("stats:read", guests=True))]
Id = Annotated[int | None, Query(ge=1, lt=2**63)]
PROBLEMS = web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid)

MOST_FILTERS = 50
_FILTER = re.compile(r"(-?)([a-z_]+):(.*)", re.DOTALL)


def asked(  # noqa: PLR0913  # FastAPI injects each by its type
    me: Analyst,
    now: Now,
    link: Annotated[Id, Query(description="A link's id.")] = None,
    tag: Annotated[Id, Query(description="A tag's id, for all links that have it.")] = None,
    domain: Annotated[Id, Query(description="A domain's id, for the workspace's links there.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="30 days before `to`, if not said.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Up to, not including; now, if not said.")] = None,
    wanted: Annotated[
        list[str] | None,
        Query(
            alias="filter",
            max_length=MOST_FILTERS,
            description="`country:DE` keeps clicks with this value, `-country:DE` those without, `country:` those that have "
            "none. Several values of a dimension are alternatives; several dimensions must all agree. "
            f"Dimensions: {', '.join(rollups.DIMENSIONS)}.",
            examples=[["country:DE", "country:AT", "-browser:Firefox"]],
        ),
    ] = None,
) -> Question:
    """Read whose clicks a question is about, of which time, and which of them; all of the workspace's if nothing is said."""
    # A click of this very moment is in "until now".
    until = until or now + timedelta(minutes=1)
    since = since or until - timedelta(days=30)
    if since >= until:
        raise Invalid.field("query:to", "not_in_order", "must be later than from")
    chosen: list[tuple[stats.Of, int]] = []
    for name, given in (("link", link), ("tag", tag), ("domain", domain)):
        if given is not None:
            chosen.append((name, given))  # type: ignore[arg-type]  # each is one of Of's words
    if len(chosen) > 1:
        raise Invalid.field(f"query:{chosen[1][0]}", "too_many", "goes with no other of link, tag and domain")
    of, identifier = chosen[0] if chosen else ("workspace", me.workspace)
    return Question(me.workspace, of, identifier, since, until, _filters(wanted or []))


Asked = Annotated[Question, Depends(asked)]
WATCHERS = 200
"""Streams that a process keeps open at a time; each looks once a second."""
_watchers = asyncio.Semaphore(WATCHERS)


class TooManyWatchers(TooManyRequests):
    """As many streams are open as this server keeps. Ask for JSON instead."""

    code = "too_many_watchers"


Limit = Annotated[int, Query(ge=1, le=stats.MOST)]
Compare = Annotated[Literal["previous"] | None, Query(description="Also counts the time before, as long as this one.")]


def _filters(wanted: list[str]) -> list[Filter]:
    """Read filters. Raises Invalid that names each bad one."""
    values: dict[tuple[str, bool], list[str | None]] = {}
    faults = []
    for text in wanted:
        found = _FILTER.fullmatch(text)
        if found is None or found[2] not in rollups.DIMENSIONS or "\0" in text:
            faults.append(
                FieldError("query:filter", "filter_invalid", f"is not dimension:value or -dimension:value: {text!r}")
            )
        else:
            values.setdefault((found[2], found[1] == "-"), []).append(found[3] or None)
    if faults:
        raise Invalid("Some filters can't be read.", errors=faults)
    return [Filter(dimension, given, negated) for (dimension, negated), given in values.items()]


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
    timezone: Annotated[str, Query(max_length=64, examples=["Europe/London"])] = "UTC",
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
    "country (`GB/London`), regions by ISO 3166-2.",
    responses=PROBLEMS,
)
async def breakdown(
    question: Asked,
    conn: Conn,
    dimension: Annotated[
        str, Query(max_length=32, description=f"One of {', '.join(rollups.DIMENSIONS)}.", examples=["country"])
    ],
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
