"""Numbers as files: what `statistics` answers, for spreadsheets and other programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ginnel import audit, db, downloads, stats, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.downloads import PARTS, Format
from ginnel.stats import Question, files
from ginnel.web import Now

from .asking import PROBLEMS, Analyst, Asked, Dimension, Zone

router = APIRouter(tags=["stats"])

Bom = Annotated[bool, Query(description="Begin the CSV with a byte order mark, by which Excel knows UTF-8.")]
Cursor = Annotated[web.Text | None, Query(max_length=200, description="Of the `Link` to the next part.")]
_PARTS = (
    "Cells of the CSV that a spreadsheet would run as a formula begin with `'`. Where answers are bounded, as on Lambda, this "
    "is a part, and the header `Link` leads to the next one."
)


@router.get(
    "/api/v1/stats/series/export",
    summary="Export a series",
    description=f"Clicks over time, a row an interval, without holes. {_PARTS}",
    response_class=Response,
    responses=PARTS | PROBLEMS,
)
async def series(  # noqa: PLR0913  # FastAPI injects each by its type
    request: Request,
    question: Asked,
    me: Analyst,
    conn: Conn,
    now: Now,
    interval: stats.Interval = "day",
    timezone: Zone = "UTC",
    format: Format = "csv",  # noqa: A002  # its name in the query
    bom: Bom = False,  # noqa: FBT002  # given by name
    cursor: Cursor = None,
) -> Response:
    question, done = files.resumed(question, cursor)
    counted = await stats.series(conn, question, interval=interval, timezone=timezone)
    if cursor is None:
        _record(conn, me, question, what="series", now=now)
    rows = [bucket.model_dump(mode="json") for bucket in counted]
    pieces = files.pieces(rows, files.SERIES, format, question=question, done=done, bom=bom)
    return await downloads.answer(request, pieces, format, name="series")


@router.get(
    "/api/v1/stats/breakdown/export",
    summary="Export a breakdown",
    description=f"Clicks by a dimension's values, most first, an empty one for having none; a link's with its short address, "
    f"its title, and whether it is deleted. Of more than {files.VALUES:,} values the last row, with "
    f"`other`, has what the rest adds up to, so that all rows together are the summary. {_PARTS}",
    response_class=Response,
    responses=PARTS | PROBLEMS,
)
async def breakdown(  # noqa: PLR0913  # as for series
    request: Request,
    question: Asked,
    me: Analyst,
    conn: Conn,
    now: Now,
    dimension: Dimension,
    format: Format = "csv",  # noqa: A002  # its name in the query
    bom: Bom = False,  # noqa: FBT002  # given by name
    cursor: Cursor = None,
) -> Response:
    question, done = files.resumed(question, cursor)
    rows = await files.broken_down(conn, question, dimension=dimension)
    if cursor is None:
        _record(conn, me, question, what="breakdown", now=now)
    pieces = files.pieces(rows, files.columns(dimension), format, question=question, done=done, bom=bom)
    return await downloads.answer(request, pieces, format, name="breakdown")


@router.get(
    "/api/v1/stats/clicks/export",
    summary="Export clicks",
    description="Each by itself, newest first, with all that `GET /api/v1/stats/clicks` shows of them, as long as the "
    f"workspace keeps them. {_PARTS} Parts of CSV and NDJSON can be put together as they are.",
    response_class=Response,
    responses=PARTS | PROBLEMS,
)
async def clicks(  # noqa: PLR0913  # as for series
    request: Request,
    question: Asked,
    me: Analyst,
    conn: Conn,
    now: Now,
    format: Format = "csv",  # noqa: A002  # its name in the query
    bom: Bom = False,  # noqa: FBT002  # given by name
    cursor: Cursor = None,
) -> Response:
    if cursor is None:
        await stats.check(conn, question)
        _record(conn, me, question, what="clicks", now=now)
    await db.pause(conn)  # each page has a connection of its own, and there may be but one
    return await downloads.answer(
        request, files.clicks(question, format, bom=bom, cursor=cursor), format, name="clicks"
    )


def _record(conn: Conn, me: Me, question: Question, *, what: str, now: Now) -> None:
    subject = f"{question.of}:{question.id}"
    audit.record(conn, "stats_exported", subject=subject, at=now, workspace=me.workspace, user=me.user, what=what)
