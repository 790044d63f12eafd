"""A link's numbers: how often it was followed, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from ginnel import access, stats, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.web import Now

router = APIRouter()

Analyst = Annotated[Me, Depends(access.may("stats:read"))]


class Range:
    """The time a question is about: from `from` up to, not including, `to`; the last 30 days if not said."""

    def __init__(
        self,
        now: Now,
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    ) -> None:
        # A click of this very moment is in "until now".
        self.until = until or now + timedelta(minutes=1)
        self.since = since or self.until - timedelta(days=30)
        for name, moment in (("from", self.since), ("to", self.until)):
            if not 2000 <= moment.year <= 9998:  # noqa: PLR2004  # what every zone can express
                raise Invalid.field(f"query:{name}", "out_of_range", "must lie between the years 2000 and 9998")
        if self.since >= self.until:
            raise Invalid.field("query:to", "not_in_order", "must be later than from")


Span = Annotated[Range, Depends()]
OfLink = Annotated[int, Query(alias="link", ge=1, lt=2**63, description="The link's id.")]


@router.get(
    "/api/v1/stats/summary",
    tags=["stats"],
    summary="Count a link's clicks",
    description="Clicks by people, how many different ones a day, and what bots fetched, each counted apart.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid),
)
async def summary(link: OfLink, conn: Conn, me: Analyst, span: Span) -> stats.Summary:
    return await stats.summary(conn, link=link, workspace=me.workspace, since=span.since, until=span.until)


@router.get(
    "/api/v1/stats/series",
    tags=["stats"],
    summary="Count a link's clicks over time",
    description="One bucket an interval of the zone's calendar, without holes; clicks and bots add up to the summary.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid),
)
async def series(  # noqa: PLR0913  # FastAPI injects each by its type
    link: OfLink,
    conn: Conn,
    me: Analyst,
    span: Span,
    interval: stats.Interval = "day",
    timezone: Annotated[str, Query(max_length=64, examples=["Europe/London"])] = "UTC",
) -> stats.Series:
    return await stats.series(
        conn,
        link=link,
        workspace=me.workspace,
        since=span.since,
        until=span.until,
        interval=interval,
        timezone=timezone,
    )
