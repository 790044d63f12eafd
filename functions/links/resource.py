"""Links and their numbers: what the dashboard and API clients ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ginnel import access, db, idempotency, links, pages, stats, web
from ginnel import explain as explanations
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.drafts import Availability, BulkItem, BulkPage, History, LinkChange, LinkDraft, LinkOut, LinkPage, Revert
from ginnel.errors import Invalid, NotFound, PreconditionFailed
from ginnel.explain import Described, Explanation
from ginnel.idempotency import IdempotencyKey
from ginnel.web import IfMatch, Now

router = APIRouter()

Reader = Annotated[Me, Depends(access.may("links:read"))]
Writer = Annotated[Me, Depends(access.may("links:write"))]
Analyst = Annotated[Me, Depends(access.may("stats:read"))]

LinkId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]


_REUSED: dict[int | str, dict[str, Any]] = {200: {"model": LinkOut, "description": "It was there already"}}


class _AsBulkItem:
    """Has the documentation show what an item may be: each is judged for itself, so to FastAPI it is just an object."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(TypeAdapter(BulkItem).core_schema)


BulkItems = Annotated[list[Annotated[dict[str, Any], _AsBulkItem()]], Body(min_length=1, max_length=100)]


def _answer(link: LinkOut, status: int = 200) -> JSONResponse:
    return JSONResponse(link.model_dump(mode="json"), status, _headers(link))


def _headers(link: LinkOut) -> dict[str, str]:
    return {"etag": web.etag(link.version), "cache-control": "private, no-cache"}


@router.post(
    "/api/v1/links",
    status_code=201,
    response_model=LinkOut,
    tags=["links"],
    summary="Shorten a target",
    description="Makes a link on a chosen or a random slug. With an `Idempotency-Key`, sending it twice makes one link. "
    "Answers 200 with the link that was there already, if it was found by `external_id` (and changed) or by `reuse`.",
    responses=_REUSED
    | web.problems(*access.REFUSALS, access.ScopeMissing, links.SlugTaken, idempotency.KeyReused, Invalid),
)
async def create(  # noqa: PLR0913  # FastAPI injects each by its type
    draft: LinkDraft, request: Request, conn: Conn, me: Writer, now: Now, idempotency_key: IdempotencyKey = None
) -> Response:
    if draft.fetch_title and draft.title is None:
        await db.pause(conn)
        draft.title = await pages.title(draft.target)
        draft.model_fields_set.discard("title")  # a link that is there already keeps its own

    async def act() -> tuple[int, dict[str, Any], dict[str, str]]:
        made = await links.create(conn, draft, workspace=me.workspace, user=me.user, now=now)
        headers = {**_headers(made.link), "location": f"/api/v1/links/{made.link.id}"}
        return 201 if made.created else 200, made.link.model_dump(mode="json"), headers

    return await idempotency.once(conn, request, act, key=idempotency_key, workspace=me.workspace, now=now)


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


@router.post(
    "/api/v1/links/bulk",
    tags=["links"],
    summary="Create, change and delete many links",
    description="Up to a hundred items, each with `op`: `create` with the fields of a new link, `update` with `id` and fields "
    "to change, `delete` with `id`; `if_version` as `If-Match`. Each is done, or refused, for itself. "
    "With an `Idempotency-Key`, sending it twice does it once.",
    response_model=BulkPage,
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, idempotency.KeyReused, Invalid),
)
async def bulk(  # noqa: PLR0913  # FastAPI injects each by its type
    items: BulkItems, request: Request, conn: Conn, me: Writer, now: Now, idempotency_key: IdempotencyKey = None
) -> Response:
    async def act() -> tuple[int, dict[str, Any], dict[str, str]]:
        done = await links.bulk(conn, items, workspace=me.workspace, user=me.user, now=now)
        return 200, BulkPage(items=done).model_dump(mode="json"), {}

    return await idempotency.once(conn, request, act, key=idempotency_key, workspace=me.workspace, now=now)


@router.get(
    "/api/v1/links/available",
    tags=["links"],
    summary="Say whether a slug is free",
    description="And if not, which slugs like it, or made of a title's words, are.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, Invalid),
)
async def available(  # noqa: PLR0913  # FastAPI injects each by its type
    conn: Conn,
    me: Reader,
    now: Now,
    slug: Annotated[web.Text, Query(max_length=256, examples=["spring-sale"])],
    domain: Annotated[web.Text | None, Query(max_length=253)] = None,
    title: Annotated[web.Text | None, Query(max_length=256)] = None,
) -> Availability:
    return await links.available(conn, slug, host=domain, title=title, workspace=me.workspace, now=now)


@router.get(
    "/api/v1/links/{link_id}",
    response_model=LinkOut,
    tags=["links"],
    summary="Get a link",
    description="The `ETag` is the link's version; send it as `If-Match` when changing it.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound),
)
async def get(link_id: LinkId, conn: Conn, me: Reader) -> Response:
    return _answer(await links.get(conn, link_id, workspace=me.workspace))


@router.patch(
    "/api/v1/links/{link_id}",
    response_model=LinkOut,
    tags=["links"],
    summary="Change a link",
    description="Changes the fields that are given. With `If-Match`, only if nobody changed it meanwhile (else 412).",
    responses=web.problems(
        *access.REFUSALS, access.ScopeMissing, NotFound, links.SlugTaken, PreconditionFailed, Invalid
    ),
)
async def change(  # noqa: PLR0913  # FastAPI injects each by its type
    link_id: LinkId, wanted: LinkChange, conn: Conn, me: Writer, now: Now, version: IfMatch
) -> Response:
    changed = await links.change(conn, link_id, wanted, workspace=me.workspace, user=me.user, version=version, now=now)
    return _answer(changed)


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
    record, used_up = await links.record(conn, link_id, workspace=me.workspace)
    return explanations.explain(record, described, used_up=used_up, now=now)


@router.get(
    "/api/v1/links/{link_id}/history",
    tags=["links"],
    summary="List a link's versions",
    description="The last hundred, newest first: who changed what, and when.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound),
)
async def history(link_id: LinkId, conn: Conn, me: Reader) -> History:
    return await links.history(conn, link_id, workspace=me.workspace)


@router.post(
    "/api/v1/links/{link_id}/revert",
    response_model=LinkOut,
    tags=["links"],
    summary="Go back to a version of a link",
    description="The link gets the fields again that it had then, as a new version; its password stays as it is.",
    responses=web.problems(
        *access.REFUSALS, access.ScopeMissing, NotFound, links.SlugTaken, PreconditionFailed, Invalid
    ),
)
async def revert(  # noqa: PLR0913  # FastAPI injects each by its type
    link_id: LinkId, wanted: Revert, conn: Conn, me: Writer, now: Now, version: IfMatch
) -> Response:
    return _answer(
        await links.revert(
            conn, link_id, wanted.version, workspace=me.workspace, user=me.user, version=version, now=now
        )
    )


@router.delete(
    "/api/v1/links/{link_id}",
    status_code=204,
    tags=["links"],
    summary="Delete a link",
    description="Visitors get 410 from then on. Its slug is kept from other workspaces for 30 days.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, PreconditionFailed, Invalid),
)
async def delete(link_id: LinkId, conn: Conn, me: Writer, now: Now, version: IfMatch) -> None:
    await links.delete(conn, link_id, workspace=me.workspace, user=me.user, version=version, now=now)


class Range:
    """The time a question is about: from `from` up to, not including, `to`; the last 30 days if not said."""

    def __init__(
        self,
        now: Now,
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    ) -> None:
        # A click of this very moment is in "until now".
        self.until = until or now + timedelta(minutes=1)
        self.since = since or self.until - timedelta(days=30)
        for name, moment in (("from", self.since), ("to", self.until)):
            if not 2000 <= moment.year <= 9998:  # noqa: PLR2004  # what every zone can express
                raise Invalid.field(f"query:{name}", "out_of_range", "must lie between the years 2000 and 9998")
        if self.since >= self.until:
            raise Invalid.field("query:to", "not_in_order", "must be later than from")


Span = Annotated[Range, Depends()]
OfLink = Annotated[int, Query(alias="link", ge=1, lt=2**63, description="The link's id.")]


@router.get(
    "/api/v1/stats/summary",
    tags=["stats"],
    summary="Count a link's clicks",
    description="Clicks by people, how many different ones a day, and what bots fetched, each counted apart.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid),
)
async def summary(link: OfLink, conn: Conn, me: Analyst, span: Span) -> stats.Counts:
    return await stats.summary(conn, stats.Question(me.workspace, "link", link, span.since, span.until))


@router.get(
    "/api/v1/stats/series",
    tags=["stats"],
    summary="Count a link's clicks over time",
    description="One bucket an interval of the zone's calendar, without holes; clicks and bots add up to the summary.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid),
)
async def series(  # noqa: PLR0913  # FastAPI injects each by its type
    link: OfLink,
    conn: Conn,
    me: Analyst,
    span: Span,
    interval: stats.Interval = "day",
    timezone: Annotated[str, Query(max_length=64, examples=["Europe/London"])] = "UTC",
) -> stats.Series:
    question = stats.Question(me.workspace, "link", link, span.since, span.until)
    return await stats.series(conn, question, interval=interval, timezone=timezone)
