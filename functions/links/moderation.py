"""The operator's search of all links, and blocking one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from ginnel import access, web
from ginnel.access import Me
from ginnel.blocklist import Reason
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.links import moderating
from ginnel.links.moderating import Moderated, ModeratedPage
from ginnel.web import Now

router = APIRouter(tags=["operation"])

Operator = Annotated[Me, Depends(access.operator)]
LinkId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]


class Block(web.Input):
    reason: Reason | None = None


@router.get(
    "/api/v1/admin/links",
    summary="Search all links",
    description="Of every workspace, newest first; follow `next_cursor` until it is null. `search` looks for a part of slug, "
    "target or title, `host` for what links lead to, it or a host below it, `domain` for where they stand.",
    responses=web.problems(*access.REFUSALS, access.NotOperator, Invalid),
)
async def find_all(  # noqa: PLR0913  # FastAPI injects each by its type
    conn: Conn,
    me: Operator,  # noqa: ARG001  # asks who may
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[web.Text | None, Query(max_length=128)] = None,
    search: Annotated[web.Text | None, Query(min_length=3, max_length=256)] = None,
    host: Annotated[web.Text | None, Query(max_length=1024, examples=["phishing.example"])] = None,
    domain: Annotated[web.Text | None, Query(max_length=253)] = None,
    workspace: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    blocked: Annotated[bool, Query(description="Only links that are blocked themselves.")] = False,  # noqa: FBT002  # FastAPI injects it by name
) -> ModeratedPage:
    return await moderating.find_everywhere(
        conn,
        search=search,
        host=host,
        domain=domain,
        workspace=workspace,
        blocked=blocked,
        limit=limit,
        cursor=cursor,
    )


@router.get(
    "/api/v1/admin/links/{link_id}",
    summary="Get any link",
    description="As its owner sees it, and whose it is.",
    responses=web.problems(*access.REFUSALS, access.NotOperator, NotFound),
)
async def get(link_id: LinkId, conn: Conn, me: Operator) -> Moderated:  # noqa: ARG001  # asks who may
    return await moderating.find_one(conn, link_id)


@router.post(
    "/api/v1/admin/links/{link_id}/block",
    summary="Block a link",
    description="Visitors get 451 within a second. Its owner sees that it is blocked, also in its history, and can't undo it, "
    "nor give its slug to another link. Its statistics remain. Browsers that keep a permanent redirect, where "
    "`allow_caching` is set, may follow it for up to 90 seconds more. Can be repeated, with another reason.",
    responses=web.problems(*access.REFUSALS, access.NotOperator, NotFound, Invalid),
)
async def block(link_id: LinkId, wanted: Block, conn: Conn, me: Operator, now: Now) -> Moderated:
    return await moderating.block(conn, link_id, reason=wanted.reason, by=me.user, now=now)


@router.post(
    "/api/v1/admin/links/{link_id}/unblock",
    summary="Unblock a link",
    description="It leads on again, unless a host that it leads to, or its workspace, is blocked. Can be repeated.",
    responses=web.problems(*access.REFUSALS, access.NotOperator, NotFound),
)
async def unblock(link_id: LinkId, conn: Conn, me: Operator, now: Now) -> Moderated:
    return await moderating.unblock(conn, link_id, by=me.user, now=now)
