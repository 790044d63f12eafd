"""Taking links in from files, and giving them out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import chain
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from ginnel import access, audit, db, downloads, exports, imports, sheets, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.downloads import BINARY, PARTS, Format, Piece
from ginnel.errors import Invalid, NotFound
from ginnel.exports import Asked
from ginnel.imports import ImportFinished, ImportOut, ImportPage, Reported
from ginnel.web import Now

router = APIRouter()

Reader = Annotated[Me, Depends(access.may("links:read"))]
Writer = Annotated[Me, Depends(access.may("links:write"))]
ImportId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]
Cursor = Annotated[web.Text | None, Query(max_length=64, description="Of the `Link` to the next part.")]
Bom = Annotated[bool, Query(description="Begin the CSV with a byte order mark, by which Excel knows UTF-8.")]
More = Annotated[bool, Query(description="Whether further parts of the file follow.")]

_FILE = {
    "requestBody": {
        "required": False,  # a part may be empty
        "description": "The file itself, of up to 64 MiB: CSV or JSON, in UTF-8 or UTF-16.",
        # A part may be cut out of it anywhere, and is no JSON then.
        "content": {"text/csv": BINARY, "application/json": {"schema": {}}, "application/x-ndjson": BINARY},
    }
}


@router.get(
    "/api/v1/links/export",
    tags=["import and export"],
    summary="Export links",
    description="All links, or those that the list's filters leave, oldest first, as `POST /api/v1/imports` takes them back. "
    "Cells of the CSV that a spreadsheet would run as a formula begin with `'`. Where answers are bounded, as on Lambda, "
    "this is a part, and the header `Link` leads to the next one; parts of CSV and NDJSON can be put together as they are.",
    response_class=Response,
    responses=PARTS | web.problems(*access.REFUSALS, access.ScopeMissing, Invalid),
)
async def export(  # noqa: PLR0913  # FastAPI injects each by its type
    request: Request,
    conn: Conn,
    me: Reader,
    now: Now,
    format: Format = "csv",  # noqa: A002  # its name in the query
    bom: Bom = False,  # noqa: FBT002  # given by name
    cursor: Cursor = None,
    search: Annotated[web.Text | None, Query(max_length=256)] = None,
    tag: Annotated[list[Annotated[web.Text, Field(max_length=64)]], Query(max_length=10)] = [],  # noqa: B006  # FastAPI copies it
    domain: Annotated[web.Text | None, Query(max_length=253)] = None,
    archived: Annotated[bool | None, Query(description="Left out, both kinds.")] = None,
) -> Response:
    if cursor is None:
        subject = f"workspace:{me.workspace}"
        audit.record(conn, "links_exported", subject=subject, at=now, workspace=me.workspace, user=me.user)
    asked = Asked(me.workspace, search, tag, domain, archived)
    await db.pause(conn)  # each page has a connection of its own, and there may be but one
    pieces = exports.pieces(asked, format, bom=bom, cursor=cursor)
    return await downloads.answer(request, pieces, format, name="links")


@router.post(
    "/api/v1/imports",
    status_code=202,
    tags=["import and export"],
    summary="Import a file of links",
    description="Takes in a file of our own, of Bitly, YOURLS, Kutt, Shlink or Dub (see docs/import.md), and answers when all "
    "rows are written down; a worker makes links of them, which `GET /api/v1/imports/{import_id}` follows. A file that "
    "can't be read to its end is refused as a whole. Longer files, and on Lambda those over 4 MB, come in parts: with "
    "`more=true`, and the others to `POST /api/v1/imports/{import_id}/rows`.",
    openapi_extra=_FILE,
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, imports.TooManyImports, Invalid),
)
async def begin(  # noqa: PLR0913  # FastAPI injects each by its type
    request: Request,
    response: Response,
    conn: Conn,
    me: Writer,
    now: Now,
    format: imports.Format | Literal["auto"] = "auto",  # noqa: A002  # its name in the query
    on_conflict: Annotated[
        imports.OnConflict,
        Query(description="What becomes of a row whose slug is taken: nothing, a link on another slug, or a change."),
    ] = "skip",
    dry_run: Annotated[bool, Query(description="Check and report everything, and make no link.")] = False,  # noqa: FBT002  # given by name
    domain: Annotated[
        web.Text | None,
        Query(max_length=253, description="Where all links are put; left out, on the domains that the file names."),
    ] = None,
    more: More = False,  # noqa: FBT002  # given by name
) -> ImportOut:
    made = await imports.begin(
        conn,
        web.stream(request),
        imports.Wanted(format, on_conflict, dry_run, domain),
        more=more,
        workspace=me.workspace,
        user=me.user,
        now=now,
    )
    response.headers["location"] = f"/api/v1/imports/{made.id}"
    return made


@router.post(
    "/api/v1/imports/{import_id}/rows",
    status_code=202,
    tags=["import and export"],
    summary="Add a part to an import",
    description="The file may have been cut anywhere. A part that has come already is left as it is, so that it can be sent "
    "again when its answer was lost.",
    openapi_extra=_FILE,
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, imports.PartUnexpected, Invalid),
)
async def go_on(  # noqa: PLR0913  # FastAPI injects each by its type
    import_id: ImportId,
    request: Request,
    conn: Conn,
    me: Writer,
    part: Annotated[int, Query(ge=2, lt=2**31, description="Its number; the first one was part 1.")],
    more: More = False,  # noqa: FBT002  # given by name
) -> ImportOut:
    return await imports.go_on(conn, import_id, web.stream(request), part=part, more=more, workspace=me.workspace)


@router.get(
    "/api/v1/imports",
    tags=["import and export"],
    summary="List imports",
    description="The last hundred, newest first. They are kept for thirty days.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing),
)
async def find_all(conn: Conn, me: Reader) -> ImportPage:
    return await imports.find_all(conn, workspace=me.workspace)


@router.get(
    "/api/v1/imports/{import_id}",
    tags=["import and export"],
    summary="Follow an import",
    description="Its state, how far it is, and how many rows were created, updated, skipped and refused.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound),
)
async def get(import_id: ImportId, conn: Conn, me: Reader) -> ImportOut:
    return await imports.get(conn, import_id, workspace=me.workspace)


@router.get(
    "/api/v1/imports/{import_id}/report",
    tags=["import and export"],
    summary="Report what became of each row",
    description="In the file's order, by the numbers that a spreadsheet shows: the row's state, its link, and each problem's "
    "field. Bounded as the export is.",
    response_class=Response,
    responses=PARTS | web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid),
)
async def report(  # noqa: PLR0913  # FastAPI injects each by its type
    import_id: ImportId,
    request: Request,
    conn: Conn,
    me: Reader,
    format: Format = "csv",  # noqa: A002  # its name in the query
    cursor: Annotated[int, Query(ge=0, lt=2**63, description="Of the `Link` to the next part.")] = 0,
) -> Response:
    await imports.own(conn, import_id, workspace=me.workspace)
    await db.pause(conn)  # as for an export
    return await downloads.answer(request, _reported(import_id, format, after=cursor), format, name="report")


async def _reported(import_id: int, format_: Format, *, after: int) -> AsyncIterator[Piece]:
    pages = imports.report(import_id, after=after)
    nothing: list[Reported] = []
    page = await anext(pages, nothing)
    begun = False
    while True:
        following = await anext(pages, nothing)
        if format_ == "csv":
            text = sheets.lines(chain.from_iterable(row.cells() for row in page))
            text = text if begun or after else sheets.lines([imports.COLUMNS]) + text
        else:
            between, end = (",\n", "") if format_ == "json" else ("", "\n")
            objects = [json.dumps(row._asdict(), ensure_ascii=False) + end for row in page]
            text = between.join(objects) if not begun else between + between.join(objects)
        yield Piece(text, str(page[-1].row) if following else None)
        if not following:
            return
        page, begun = following, True


@router.post(
    "/api/v1/imports/{import_id}/resume",
    tags=["import and export"],
    summary="Go on with an import",
    description="With one that was cancelled, from where it was. Others go on by themselves, whatever ended their worker.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, ImportFinished),
)
async def resume(import_id: ImportId, conn: Conn, me: Writer) -> ImportOut:
    return await imports.resume(conn, import_id, workspace=me.workspace)


@router.delete(
    "/api/v1/imports/{import_id}",
    tags=["import and export"],
    summary="Cancel an import",
    description="Rows that are not worked off yet are left; links that were made stay.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, ImportFinished),
)
async def cancel(import_id: ImportId, conn: Conn, me: Writer, now: Now) -> ImportOut:
    return await imports.cancel(conn, import_id, workspace=me.workspace, user=me.user, now=now)
