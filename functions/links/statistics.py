"""Numbers: how often links were followed, when, by whom, from where."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from ginnel import access, rollups, stats, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import FieldError, Invalid, NotFound
from ginnel.stats import Filter, Question
from ginnel.web import Moment, Now

router = APIRouter()

Analyst = Annotated[Me, Depends(access.may("stats:read"))]
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
