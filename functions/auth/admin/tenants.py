"""The operator's look at workspaces, and blocking one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from ginnel import web
from ginnel.administration import tenants
from ginnel.administration.tenants import Tenants, WholeTenant
from ginnel.blocklist import Reason
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.web import Now

from .operator import REFUSALS, Operator

router = APIRouter(tags=["operation"])

WorkspaceId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]


class BlockWorkspace(web.Input):
    reason: Reason | None = None


@router.get(
    "/api/v1/admin/workspaces",
    summary="Search workspaces",
    description="Newest first, deleted ones among them; follow `next_cursor` until it is null. `search` looks for a part of "
    "the name or of an owner's address, or an id. Those of guests are listed apart: by `guests=true`.",
    responses=web.problems(*REFUSALS, Invalid),
)
async def find_all(  # noqa: PLR0913  # FastAPI injects each by its type
    conn: Conn,
    me: Operator,  # noqa: ARG001  # asks who may
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[web.Text | None, Query(max_length=64)] = None,
    search: Annotated[web.Text | None, Query(max_length=254)] = None,
    *,
    guests: bool = False,
) -> Tenants:
    return await tenants.find_all(conn, search=search, guests=guests, limit=limit, cursor=cursor)


@router.get(
    "/api/v1/admin/workspaces/{workspace_id}",
    summary="Get any workspace",
    description="With its members, and how much it has.",
    responses=web.problems(*REFUSALS, NotFound),
)
async def get(workspace_id: WorkspaceId, conn: Conn, me: Operator) -> WholeTenant:  # noqa: ARG001  # asks who may
    return await tenants.get(conn, workspace_id)


@router.post(
    "/api/v1/admin/workspaces/{workspace_id}/block",
    summary="Block a workspace",
    description="Within a second visitors of any of its links get 451, those made later too, and its domains lead nowhere by "
    "themselves. Its members can go on working in it. Can be repeated, with another reason.",
    responses=web.problems(*REFUSALS, NotFound, Invalid),
)
async def block(workspace_id: WorkspaceId, wanted: BlockWorkspace, conn: Conn, me: Operator, now: Now) -> WholeTenant:
    await tenants.block(conn, workspace_id, reason=wanted.reason, by=me.user, now=now)
    return await tenants.get(conn, workspace_id)


@router.post(
    "/api/v1/admin/workspaces/{workspace_id}/unblock",
    summary="Unblock a workspace",
    description="Its links lead on again, but for those that are blocked themselves, or whose host is. Can be repeated.",
    responses=web.problems(*REFUSALS, NotFound),
)
async def unblock(workspace_id: WorkspaceId, conn: Conn, me: Operator, now: Now) -> WholeTenant:
    await tenants.unblock(conn, workspace_id, by=me.user, now=now)
    return await tenants.get(conn, workspace_id)
