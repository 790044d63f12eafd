"""Slugs that visitors asked for in vain."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from ginnel import access, orphans, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.orphans import OrphanPage

router = APIRouter(tags=["domains"])


@router.get(
    "/api/v1/orphans",
    summary="List slugs that lead nowhere",
    description="What visitors of the workspace's domains asked for, and on which there is no link, with counts. Of each "
    "domain the 10,000 that were asked for last are kept. Those of the installation's own domain are its operators' to see.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, Invalid),
)
async def find_all(  # noqa: PLR0913  # FastAPI injects each by its type
    conn: Conn,
    me: Annotated[Me, Depends(access.may("domains:read"))],
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[web.Text | None, Query(max_length=128)] = None,
    domain: Annotated[web.Text | None, Query(max_length=253)] = None,
    sort: orphans.Sort = "-last_at",
) -> OrphanPage:
    return await orphans.find_all(
        conn, workspace=me.workspace, admin=me.is_admin, limit=limit, cursor=cursor, domain=domain, sort=sort
    )


@router.delete(
    "/api/v1/orphans/{orphan_id}",
    status_code=204,
    summary="Dismiss such a slug",
    description="It comes back, counted anew, when it is asked for again.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound),
)
async def dismiss(
    orphan_id: Annotated[int, Path(ge=1, lt=2**63, examples=[7])],
    conn: Conn,
    me: Annotated[Me, Depends(access.may("domains:write"))],
) -> None:
    await orphans.dismiss(conn, orphan_id, workspace=me.workspace, admin=me.is_admin)
