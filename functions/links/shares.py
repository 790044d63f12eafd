"""Shares of a link's statistics, which its workspace makes and ends."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from ginnel import access, shares, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.shares import ShareDraft, ShareMade, SharePage
from ginnel.web import Now

from .answer import LinkId
from .asking import Analyst

router = APIRouter(tags=["shares"])

Reader = Annotated[Me, Depends(access.may("links:read"))]
Writer = Annotated[Me, Depends(access.may("links:write"))]
ShareId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]
REFUSALS = (*access.REFUSALS, access.ScopeMissing, NotFound)


@router.post(
    "/api/v1/links/{link_id}/shares",
    status_code=201,
    summary="Share a link's statistics",
    description="Makes an address at which whoever has it sees the link's numbers, without an account: no single clicks, and "
    "not where it leads if it has a password. It is told this once. Takes the scope `stats:read` beside `links:write`: who "
    "may not see numbers can't show them.",
    responses=web.problems(*REFUSALS, shares.TooManyShares, Invalid),
)
async def create(  # noqa: PLR0913  # FastAPI injects each by its type
    link_id: LinkId, draft: ShareDraft, conn: Conn, me: Writer, _: Analyst, now: Now, response: Response
) -> ShareMade:
    response.headers["cache-control"] = "no-store"
    return await shares.create(conn, link_id, draft, workspace=me.workspace, user=me.user, now=now)


@router.get(
    "/api/v1/links/{link_id}/shares",
    summary="List a link's shares",
    description="Newest first, without their addresses. Those that have expired are among them until another is made.",
    responses=web.problems(*REFUSALS),
)
async def find_all(link_id: LinkId, conn: Conn, me: Reader, response: Response) -> SharePage:
    response.headers["cache-control"] = "private, no-store"
    return await shares.find_all(conn, link_id, workspace=me.workspace)


@router.delete(
    "/api/v1/links/{link_id}/shares/{share_id}",
    status_code=204,
    summary="Revoke a share",
    description="Its address leads nowhere any more, at once.",
    responses=web.problems(*REFUSALS),
)
async def revoke(link_id: LinkId, share_id: ShareId, conn: Conn, me: Writer, now: Now) -> None:
    await shares.revoke(conn, link_id, share_id, workspace=me.workspace, user=me.user, now=now)
