"""What is known of a link besides its fields: where it leads whom, and what it was; and which slugs are free."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from ginnel import access, web
from ginnel import explain as explanations
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.drafts import Availability, History
from ginnel.errors import Invalid, NotFound
from ginnel.explain import Described, Explanation
from ginnel.links import history as versions
from ginnel.links import records, slugging
from ginnel.web import Now

from .answer import LinkId

router = APIRouter()

Reader = Annotated[Me, Depends(access.may("links:read", guests=True))]


@router.get(
    "/api/v1/links/available",
    tags=["links"],
    summary="Say whether a slug is free",
    description="And if not, which slugs like it, or made of a title's words, are.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, Invalid),
)
async def available(  # noqa: PLR0913  # FastAPI injects each by its type
    conn: Conn,
    me: Annotated[Me, Depends(access.may("links:read"))],
    now: Now,
    slug: Annotated[web.Text, Query(max_length=256, examples=["spring-sale"])],
    domain: Annotated[web.Text | None, Query(max_length=253)] = None,
    title: Annotated[web.Text | None, Query(max_length=256)] = None,
) -> Availability:
    return await slugging.available(conn, slug, host=domain, title=title, workspace=me.workspace, now=now)


@router.get(
    "/api/v1/links/{link_id}/explain",
    tags=["links"],
    summary="Explain where a visitor is led",
    description="What a visitor who is described by the parameters gets, which rule leads there, and why each earlier one "
    "does not. Nothing is counted.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid),
)
async def explain(
    link_id: LinkId, conn: Conn, me: Reader, now: Now, described: Annotated[Described, Query()]
) -> Explanation:
    record, used_up = await records.record(conn, link_id, workspace=me.workspace)
    return explanations.explain(record, described, used_up=used_up, now=now)


@router.get(
    "/api/v1/links/{link_id}/history",
    tags=["links"],
    summary="List a link's versions",
    description="The last hundred, newest first: who changed what, and when.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound),
)
async def history(link_id: LinkId, conn: Conn, me: Reader) -> History:
    return await versions.history(conn, link_id, workspace=me.workspace)
