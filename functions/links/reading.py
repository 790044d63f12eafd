"""Listing links, and getting one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from ginnel import access, links, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.outputs import LinkOut, LinkPage

from . import answer
from .answer import LinkId

router = APIRouter()

Reader = Annotated[Me, Depends(access.may("links:read", guests=True))]


@router.get(
    "/api/v1/links",
    tags=["links"],
    summary="List links",
    description="Follow `next_cursor` until it is null. `search` looks for a part of slug, target, title or tag; shorter "
    "than three characters, for the start of a slug or for a tag.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, Invalid),
)
async def find_all(  # noqa: PLR0913  # FastAPI injects each by its type
    conn: Conn,
    me: Reader,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[web.Text | None, Query(max_length=2048)] = None,
    search: Annotated[web.Text | None, Query(max_length=256)] = None,
    tag: Annotated[
        list[Annotated[web.Text, Field(max_length=64)]], Query(max_length=10, description="Of several, all.")
    ] = [],  # noqa: B006  # FastAPI copies it
    domain: Annotated[web.Text | None, Query(max_length=253)] = None,
    archived: bool = False,  # noqa: FBT001, FBT002  # a query parameter, given by name
    sort: links.Sort = "-created_at",
) -> LinkPage:
    return await links.find_all(
        conn,
        workspace=me.workspace,
        limit=limit,
        cursor=cursor,
        search=search,
        with_tags=tag,
        domain=domain,
        archived=archived,
        sort=sort,
    )


@router.get(
    "/api/v1/links/{link_id}",
    response_model=LinkOut,
    tags=["links"],
    summary="Get a link",
    description="The `ETag` is the link's version; send it as `If-Match` when changing it.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound),
)
async def get(link_id: LinkId, conn: Conn, me: Reader) -> Response:
    return answer.of(await links.get(conn, link_id, workspace=me.workspace))
