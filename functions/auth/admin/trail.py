"""The audit log of the whole installation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from ginnel import web
from ginnel.administration import trail
from ginnel.administration.trail import Entries
from ginnel.db import Conn
from ginnel.errors import Invalid

from .operator import REFUSALS, Operator

router = APIRouter(tags=["operation"])


@router.get(
    "/api/v1/admin/audit",
    summary="Read the audit log",
    description="What was done to accounts, workspaces and links, by whom and when; newest first. Follow `next_cursor` until "
    "it is null. Entries are only ever added.",
    responses=web.problems(*REFUSALS, Invalid),
)
async def find_all(  # noqa: PLR0913  # FastAPI injects each by its type
    conn: Conn,
    me: Operator,  # noqa: ARG001  # asks who may
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[web.Text | None, Query(max_length=64)] = None,
    user: Annotated[int | None, Query(ge=1, lt=2**63, description="Who did it.")] = None,
    workspace: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    action: Annotated[web.Text | None, Query(max_length=64, examples=["link_blocked"])] = None,
    subject: Annotated[web.Text | None, Query(max_length=300, examples=["link:7"])] = None,
    since: Annotated[web.Moment | None, Query(alias="from")] = None,
    until: Annotated[web.Moment | None, Query(alias="to")] = None,
) -> Entries:
    return await trail.find_all(
        conn,
        user=user,
        workspace=workspace,
        action=action,
        subject=subject,
        since=since,
        until=until,
        limit=limit,
        cursor=cursor,
    )
