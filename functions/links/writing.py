"""Making, changing and deleting links."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ginnel import access, db, idempotency, pages, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.drafts import BulkItem, BulkPage, LinkChange, LinkDraft, Revert
from ginnel.errors import Invalid, NotFound, PreconditionFailed
from ginnel.guests import linking
from ginnel.idempotency import IdempotencyKey
from ginnel.links import bulk as many
from ginnel.links import writing as links
from ginnel.outputs import LinkOut
from ginnel.web import IfMatch, Now

from . import answer
from .answer import LinkId

router = APIRouter()

Writer = Annotated[Me, Depends(access.may("links:write"))]
Maker = Annotated[Me, Depends(access.may("links:write", guests=True))]

_REUSED: dict[int | str, dict[str, Any]] = {200: {"model": LinkOut, "description": "It was there already"}}


class _AsBulkItem:
    """Has the documentation show what an item may be: each is judged for itself, so to FastAPI it is just an object."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(TypeAdapter(BulkItem).core_schema)


BulkItems = Annotated[list[Annotated[dict[str, Any], _AsBulkItem()]], Body(min_length=1, max_length=100)]


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
    draft: LinkDraft, request: Request, conn: Conn, me: Maker, now: Now, idempotency_key: IdempotencyKey = None
) -> Response:
    if draft.fetch_title and draft.title is None:
        await db.pause(conn)
        if me.guest:
            await linking.preview(me.user)
        draft.title = await pages.title(draft.target)
        draft.model_fields_set.discard("title")  # a link that is there already keeps its own

    async def act() -> tuple[int, dict[str, Any], dict[str, str]]:
        made = await (linking if me.guest else links).create(conn, draft, workspace=me.workspace, user=me.user, now=now)
        headers = {**answer.headers(made.link), "location": f"/api/v1/links/{made.link.id}"}
        return 201 if made.created else 200, made.link.model_dump(mode="json"), headers

    return await idempotency.once(conn, request, act, key=idempotency_key, workspace=me.workspace, now=now)


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
        done = await many.bulk(conn, items, workspace=me.workspace, user=me.user, now=now)
        return 200, BulkPage(items=done).model_dump(mode="json"), {}

    return await idempotency.once(conn, request, act, key=idempotency_key, workspace=me.workspace, now=now)


@router.patch(
    "/api/v1/links/{link_id}",
    response_model=LinkOut,
    tags=["links"],
    summary="Change a link",
    description="Changes the fields that are given. With `If-Match`, only if nobody changed it meanwhile (else 412).",
    responses=web.problems(
        *access.REFUSALS, access.ScopeMissing, NotFound, links.SlugTaken, links.LinkBlocked, PreconditionFailed, Invalid
    ),
)
async def change(  # noqa: PLR0913  # FastAPI injects each by its type
    link_id: LinkId, wanted: LinkChange, conn: Conn, me: Maker, now: Now, version: IfMatch
) -> Response:
    write = linking if me.guest else links
    changed = await write.change(conn, link_id, wanted, workspace=me.workspace, user=me.user, version=version, now=now)
    return answer.of(changed)


@router.post(
    "/api/v1/links/{link_id}/revert",
    response_model=LinkOut,
    tags=["links"],
    summary="Go back to a version of a link",
    description="The link gets the fields again that it had then, as a new version; its password stays as it is.",
    responses=web.problems(
        *access.REFUSALS, access.ScopeMissing, NotFound, links.SlugTaken, links.LinkBlocked, PreconditionFailed, Invalid
    ),
)
async def revert(  # noqa: PLR0913  # FastAPI injects each by its type
    link_id: LinkId, wanted: Revert, conn: Conn, me: Writer, now: Now, version: IfMatch
) -> Response:
    return answer.of(
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
async def delete(link_id: LinkId, conn: Conn, me: Maker, now: Now, version: IfMatch) -> None:
    await links.delete(conn, link_id, workspace=me.workspace, user=me.user, version=version, now=now)
