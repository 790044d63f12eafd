"""The operator's list of hosts that no link may lead to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from ginnel import access, blocklist, web
from ginnel.access import Me
from ginnel.blocklist import BlockedHostDraft, BlockedHostOut, BlockedHostPage, ImportOut, Reason
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.web import Now

router = APIRouter(tags=["operation"])

Operator = Annotated[Me, Depends(access.operator)]

_LIST = "# one host a line, or as in a hosts file\nphishing.example\n0.0.0.0 malware.example\n"


@router.get(
    "/api/v1/admin/blocked-hosts",
    summary="List blocked hosts",
    description="Newest first; follow `next_cursor` until it is null. `search` looks for a part of the host.",
    responses=web.problems(*access.REFUSALS, access.NotOperator, Invalid),
)
async def find_all(
    conn: Conn,
    me: Operator,  # noqa: ARG001  # asks who may
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[web.Text | None, Query(max_length=64)] = None,
    search: Annotated[web.Text | None, Query(max_length=253)] = None,
) -> BlockedHostPage:
    return await blocklist.find_all(conn, limit=limit, cursor=cursor, search=search)


@router.post(
    "/api/v1/admin/blocked-hosts",
    status_code=201,
    summary="Block a host",
    description="No link may lead to it, or to a host below it, and those that do are answered with 451 within a second.",
    responses=web.problems(*access.REFUSALS, access.NotOperator, blocklist.AlreadyBlocked, Invalid),
)
async def block(draft: BlockedHostDraft, conn: Conn, me: Operator, now: Now) -> BlockedHostOut:
    return await blocklist.block(conn, draft, user=me.user, now=now)


@router.post(
    "/api/v1/admin/blocked-hosts/import",
    summary="Block the hosts of a list",
    description="The body is text: one host a line, or a hosts file, with `#` before comments. What is blocked already stays "
    "as it is, and a line that can't be understood keeps none of the others.",
    responses=web.problems(*access.REFUSALS, access.NotOperator, Invalid),
    openapi_extra={"requestBody": {"required": True, "content": {"text/plain": {"example": _LIST}}}},
)
async def add_list(
    request: Request, conn: Conn, me: Operator, now: Now, reason: Annotated[Reason | None, Query()] = None
) -> ImportOut:
    return await blocklist.add_list(conn, await request.body(), reason=reason, user=me.user, now=now)


@router.delete(
    "/api/v1/admin/blocked-hosts/{blocked_id}",
    status_code=204,
    summary="Unblock a host",
    description="Links that lead there do again, unless they, or another of their hosts, are blocked too.",
    responses=web.problems(*access.REFUSALS, access.NotOperator, NotFound),
)
async def unblock(
    blocked_id: Annotated[int, Path(ge=1, lt=2**63, examples=[7])], conn: Conn, me: Operator, now: Now
) -> None:
    await blocklist.unblock(conn, blocked_id, user=me.user, now=now)
