"""A link's statistics for whoever has the address of a share: nobody is asked who they are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from ginnel import shares, stats, web
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.shares import Shared, SharedOut
from ginnel.stats import Question
from ginnel.web import Now

from . import statistics
from .asking import Compare, Dimension, Limit, Which, Zone

router = APIRouter(prefix="/api/v1/shared/{token}", tags=["shares"])

PROBLEMS = web.problems(NotFound, Invalid)
_AS = "As `GET /api/v1/stats/{}` answers for this one link, by the same parameters."


async def _shared(
    request: Request,
    response: Response,
    token: Annotated[
        str, Path(description="From the share's address.", examples=["kT3nOq8Zb0mX2v5yR7sW1uA4cE6gI9jLkT3nOq8Zb0m"])
    ],
    conn: Conn,
    now: Now,
) -> Shared:
    """Find what is shared. Raises NotFound."""
    # Refusals, too: whoever has the address may have put it where crawlers come by.
    web.tell(request, "x-robots-tag", "noindex")
    response.headers["cache-control"] = "no-store"
    return await shares.get(conn, token, now=now)


Given = Annotated[Shared, Depends(_shared)]


def _asked(shared: Given, which: Which) -> Question:
    return Question(shared.share.workspace_id, "link", shared.link.id, *which)


Asked = Annotated[Question, Depends(_asked)]


@router.get(
    "",
    summary="Look at a shared link",
    description="What is shared, and until when. A share that has ended is as one that there never was.",
    responses=PROBLEMS,
)
async def show(shared: Given, conn: Conn, now: Now) -> SharedOut:
    return await shares.show(conn, shared, now=now)


@router.get(
    "/summary",
    response_model_exclude_none=True,
    summary="Count a shared link's clicks",
    description=_AS.format("summary"),
    responses=PROBLEMS,
)
async def summary(question: Asked, conn: Conn, compare: Compare = None) -> stats.Summary:
    return await statistics.summary(question, conn, compare)


@router.get(
    "/series",
    response_model_exclude_none=True,
    summary="Count a shared link's clicks over time",
    description=_AS.format("series"),
    responses=PROBLEMS,
)
async def series(
    question: Asked, conn: Conn, interval: stats.Interval = "day", timezone: Zone = "UTC", compare: Compare = None
) -> stats.Series:
    return await statistics.series(question, conn, interval, timezone, compare)


@router.get(
    "/breakdown",
    summary="Count a shared link's clicks by a dimension",
    description=_AS.format("breakdown"),
    responses=PROBLEMS,
)
async def breakdown(question: Asked, conn: Conn, dimension: Dimension, limit: Limit = 10) -> stats.Breakdown:
    return await statistics.breakdown(question, conn, dimension, limit)
