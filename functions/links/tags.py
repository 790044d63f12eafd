"""Tags, by which a workspace groups its links."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from ginnel import access, tags, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.tags import TagDraft, TagOut, TagPage
from ginnel.web import Now

router = APIRouter(tags=["tags"])

Reader = Annotated[Me, Depends(access.may("links:read"))]
Writer = Annotated[Me, Depends(access.may("links:write"))]
TagId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]


@router.get(
    "/api/v1/tags",
    summary="List tags",
    description="By name, with how many links have each.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing),
)
async def find_all(conn: Conn, me: Reader) -> TagPage:
    return await tags.find_all(conn, workspace=me.workspace)


@router.post(
    "/api/v1/tags",
    status_code=201,
    summary="Make a tag",
    description="Tags are also made by giving them to a link.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, tags.TagTaken, Invalid),
)
async def create(draft: TagDraft, conn: Conn, me: Writer, now: Now) -> TagOut:
    return await tags.create(conn, draft, workspace=me.workspace, now=now)


@router.patch(
    "/api/v1/tags/{tag_id}",
    summary="Rename a tag",
    description="On all links that have it.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, tags.TagTaken, Invalid),
)
async def rename(tag_id: TagId, wanted: TagDraft, conn: Conn, me: Writer) -> TagOut:
    return await tags.rename(conn, tag_id, wanted, workspace=me.workspace)


@router.delete(
    "/api/v1/tags/{tag_id}",
    status_code=204,
    summary="Delete a tag",
    description="Its links stay, without it.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound),
)
async def drop(tag_id: TagId, conn: Conn, me: Writer) -> None:
    await tags.drop(conn, tag_id, workspace=me.workspace)
