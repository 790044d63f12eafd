"""What a target says of itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from ginnel import access, db, domains, pages, targets, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, TooManyRequests
from ginnel.guests import linking
from ginnel.pages import Preview

router = APIRouter(prefix="/api/v1/targets", tags=["targets"])


@router.get(
    "/preview",
    summary="Read a target's title and image",
    description="Fetches the page, for three seconds at most, from public addresses only.",
    responses=web.problems(
        *access.REFUSALS, access.ScopeMissing, Invalid, TooManyRequests, pages.TargetUnreachable, pages.TargetTimeout
    ),
)
async def preview(
    conn: Conn,
    me: Annotated[Me, Depends(access.may("links:write", guests=True))],
    url: Annotated[str, Query(max_length=targets.MAX_LENGTH, examples=["https://example.com/"])],
) -> Preview:
    own = await domains.hosts(conn)
    await db.pause(conn)
    if me.guest:
        await linking.preview(me.user)
    try:
        target = targets.normalise(url, own_hosts=own)
    except targets.BadTarget as error:
        raise Invalid.field("query:url", error.code, error.detail) from error
    return await pages.fetch(target)
