"""Who is told of what happens to links."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import JSONResponse

from ginnel import access, db, web, webhooks
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound, PreconditionFailed
from ginnel.web import IfMatch, Now
from ginnel.webhooks import (
    DeliveryOut,
    DeliveryPage,
    WebhookChange,
    WebhookDraft,
    WebhookMade,
    WebhookOut,
    WebhookPage,
    endpoints,
)

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])

Reader = Annotated[Me, Depends(access.may("webhooks:read"))]
Writer = Annotated[Me, Depends(access.may("webhooks:write"))]

WebhookId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]
DeliveryId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]
_REFUSALS = (*access.REFUSALS, access.ScopeMissing)


def _answer(webhook: WebhookOut, status: int = 200) -> JSONResponse:
    headers = {"etag": web.etag(webhook.version), "cache-control": "private, no-store"}
    return JSONResponse(webhook.model_dump(mode="json"), status, headers)


@router.post(
    "",
    status_code=201,
    response_model=WebhookMade,
    summary="Make a webhook",
    description="What happens is sent there as [Standard Webhooks](https://www.standardwebhooks.com) says, signed with the "
    "`secret` of this answer, which is shown this once. Only public addresses on port 80 or 443 are called.",
    responses=web.problems(*_REFUSALS, webhooks.TooManyWebhooks, Invalid),
)
async def create(draft: WebhookDraft, conn: Conn, me: Writer, now: Now) -> Response:
    await db.pause(conn)
    await endpoints.check(draft.url)
    made = await webhooks.create(conn, draft, workspace=me.workspace, user=me.user, now=now)
    answer = _answer(made, 201)
    answer.headers["location"] = f"/api/v1/webhooks/{made.id}"
    return answer


@router.get(
    "",
    summary="List webhooks",
    description="All of the workspace, newest first.",
    responses=web.problems(*_REFUSALS),
)
async def find_all(conn: Conn, me: Reader) -> WebhookPage:
    return await webhooks.find_all(conn, workspace=me.workspace)


@router.get(
    "/{webhook_id}",
    response_model=WebhookOut,
    summary="Get a webhook",
    description="Also whether it was disabled, and why. The `ETag` is its version; send it as `If-Match` when changing it.",
    responses=web.problems(*_REFUSALS, NotFound),
)
async def get(webhook_id: WebhookId, conn: Conn, me: Reader) -> Response:
    return _answer(await webhooks.get(conn, webhook_id, workspace=me.workspace))


@router.patch(
    "/{webhook_id}",
    response_model=WebhookOut,
    summary="Change a webhook",
    description="Changes the fields that are given. Enabled again, it is sent what waited for it.",
    responses=web.problems(*_REFUSALS, NotFound, PreconditionFailed, Invalid),
)
async def change(  # noqa: PLR0913  # FastAPI injects each by its type
    webhook_id: WebhookId, wanted: WebhookChange, conn: Conn, me: Writer, now: Now, version: IfMatch
) -> Response:
    if "url" in wanted.model_fields_set:
        await db.pause(conn)
        await endpoints.check(wanted.url)
    return _answer(
        await webhooks.change(conn, webhook_id, wanted, workspace=me.workspace, user=me.user, version=version, now=now)
    )


@router.delete(
    "/{webhook_id}",
    status_code=204,
    summary="Delete a webhook",
    description="What was on its way to it is not sent any more.",
    responses=web.problems(*_REFUSALS, NotFound, PreconditionFailed, Invalid),
)
async def delete(webhook_id: WebhookId, conn: Conn, me: Writer, now: Now, version: IfMatch) -> None:
    await webhooks.delete(conn, webhook_id, workspace=me.workspace, user=me.user, version=version, now=now)


@router.post(
    "/{webhook_id}/secret",
    response_model=WebhookMade,
    summary="Give a webhook another secret",
    description="It is shown this once. For a day, what is sent is signed by the former one too.",
    responses=web.problems(*_REFUSALS, NotFound),
)
async def rotate(webhook_id: WebhookId, conn: Conn, me: Writer, now: Now) -> Response:
    return _answer(await webhooks.rotate(conn, webhook_id, workspace=me.workspace, user=me.user, now=now))


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    summary="Send a webhook a test",
    description="An event of the type `webhook.test`, on the way of all others; see the deliveries for what came of it.",
    responses=web.problems(*_REFUSALS, NotFound, webhooks.WebhookDisabled),
)
async def test(webhook_id: WebhookId, conn: Conn, me: Writer, now: Now) -> DeliveryOut:
    return await webhooks.test(conn, webhook_id, workspace=me.workspace, now=now)


@router.get(
    "/{webhook_id}/deliveries",
    summary="List what was sent to a webhook",
    description="Newest first, for 30 days: what was sent, what the last attempt was answered, and when the next one is due. "
    "Follow `next_cursor` until it is null.",
    responses=web.problems(*_REFUSALS, NotFound, Invalid),
)
async def deliveries(
    webhook_id: WebhookId,
    conn: Conn,
    me: Reader,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[web.Text | None, Query(max_length=64)] = None,
) -> DeliveryPage:
    return await webhooks.deliveries(conn, webhook_id, workspace=me.workspace, limit=limit, cursor=cursor)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    summary="Send something to a webhook again",
    description="With the same `webhook-id` as before, by which a receiver knows what it has had.",
    responses=web.problems(*_REFUSALS, NotFound, webhooks.WebhookDisabled),
)
async def redeliver(webhook_id: WebhookId, delivery_id: DeliveryId, conn: Conn, me: Writer, now: Now) -> DeliveryOut:
    return await webhooks.redeliver(conn, webhook_id, delivery_id, workspace=me.workspace, now=now)
