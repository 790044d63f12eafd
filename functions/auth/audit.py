"""The audit log of a workspace."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from ginnel import access, audit, db, downloads, trail, web
from ginnel.access import Me, WorkspaceId
from ginnel.db import Conn
from ginnel.downloads import Format
from ginnel.errors import Invalid, NotFound
from ginnel.trail import Asked, EntryPage
from ginnel.web import Moment, Now

router = APIRouter(tags=["audit"])

Reader = Annotated[Me, Depends(access.may_within("audit:read"))]
Cursor = Annotated[web.Text | None, Query(max_length=64)]
Bom = Annotated[bool, Query(description="Begin the CSV with a byte order mark, by which Excel knows UTF-8.")]
REFUSALS = (*access.REFUSALS, access.ScopeMissing, NotFound)


def _asked(
    action: Annotated[
        list[Annotated[web.Text, Query(max_length=64)]],
        Query(max_length=20, description="One of these.", examples=[["member_removed"]]),
    ] = [],  # noqa: B006  # FastAPI copies it
    user: Annotated[int | None, Query(ge=1, lt=2**63, description="Who did it, by id.")] = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Not included.")] = None,
) -> Asked:
    return Asked(action, user, since, until)


Filtered = Annotated[Asked, Depends(_asked)]


@router.get(
    "/api/v1/workspaces/{workspace_id}/audit",
    summary="Read the audit log",
    description="For owners and admins: what was done to the workspace, its members, invitations, settings, keys, domains, "
    "webhooks and links, and which exports were made; newest first. Follow `next_cursor` until it is null. Entries hold ids, "
    "never addresses, and can't be changed.",
    responses=web.problems(*REFUSALS, Invalid),
)
async def find_all(  # noqa: PLR0913  # FastAPI injects each by its type
    workspace_id: WorkspaceId,
    asked: Filtered,
    conn: Conn,
    _: Reader,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Cursor = None,
) -> EntryPage:
    response.headers["cache-control"] = "private, no-store"
    return await trail.find_all(conn, asked, workspace=workspace_id, limit=limit, cursor=cursor)


@router.get(
    "/api/v1/workspaces/{workspace_id}/audit/export",
    summary="Export the audit log",
    description="All entries, or those that the filters leave, oldest first; that it was exported is one of them. Cells of the "
    "CSV that a spreadsheet would run as a formula begin with `'`. Where answers are bounded, as on Lambda, this is a part, "
    "and the header `Link` leads to the next one.",
    response_class=Response,
    responses=downloads.PARTS | web.problems(*REFUSALS, Invalid),
)
async def export(  # noqa: PLR0913  # FastAPI injects each by its type
    request: Request,
    workspace_id: WorkspaceId,
    asked: Filtered,
    conn: Conn,
    me: Reader,
    now: Now,
    format: Format = "csv",  # noqa: A002  # its name in the query
    bom: Bom = False,  # noqa: FBT002  # given by name
    cursor: Cursor = None,
) -> Response:
    if cursor is None:
        subject = f"workspace:{me.workspace}"
        audit.record(conn, "audit_exported", subject=subject, at=now, workspace=me.workspace, user=me.user)
    await db.pause(conn)  # each page has a connection of its own, and there may be but one
    return await downloads.answer(
        request, trail.pieces(asked, format, workspace=workspace_id, bom=bom, cursor=cursor), format, name="audit"
    )
