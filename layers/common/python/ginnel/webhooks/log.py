"""What was sent to a webhook, what it answered, and sending it again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from pydantic import Field
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import cursors, web
from ginnel.errors import NotFound

from .delivering import identifier, message
from .endpoints import WebhookDisabled, own
from .tables import Delivery, Event, Webhook


class DeliveryOut(web.Output):
    id: int
    message_id: str = Field(description="What is sent as `webhook-id`: the same at each attempt.")
    type: str
    state: Literal["pending", "delivered", "failed"]
    attempts: int
    next_attempt_at: datetime | None = Field(description="Null when no other attempt will be made.")
    attempted_at: datetime | None
    status: int | None = Field(description="What the last attempt was answered; null if it was not.")
    error: str | None
    response: str | None = Field(description="The first kilobyte of that answer.")
    took_ms: int | None
    payload: dict[str, Any]
    created_at: datetime


class DeliveryPage(web.Output):
    items: list[DeliveryOut]
    next_cursor: str | None


async def deliveries(
    conn: AsyncSession, webhook_id: int, *, workspace: int, limit: int, cursor: str | None
) -> DeliveryPage:
    """List what was and will be sent to a webhook, newest first. Raises NotFound."""
    await own(conn, webhook_id, workspace=workspace)
    query = _of(webhook_id).order_by(Delivery.id.desc())
    if cursor:
        query = query.where(Delivery.id < cursors.read(cursor, cursors.number))
    rows = (await conn.execute(query.limit(limit + 1))).all()
    more = len(rows) > limit
    return DeliveryPage(
        items=[_show(delivery, event) for delivery, event in rows[:limit]],
        next_cursor=cursors.pack(rows[limit - 1][0].id) if more else None,
    )


async def test(conn: AsyncSession, webhook_id: int, *, workspace: int, now: datetime) -> DeliveryOut:
    """Send a webhook an event of the kind `webhook.test`. Raises NotFound, WebhookDisabled."""
    webhook = _enabled(await own(conn, webhook_id, workspace=workspace))
    data = {"webhook": {"id": webhook.id, "name": webhook.name}}
    event = Event(id=uuid4(), workspace_id=workspace, kind="webhook.test", at=now, data=data)
    conn.add(event)
    await conn.flush()
    delivery = Delivery(
        webhook_id=webhook.id,
        event_id=event.id,
        created_at=now,
        due_at=now,
        attempts=0,
        attempted_at=None,
        delivered_at=None,
        status=None,
        error=None,
        response=None,
        took_ms=None,
    )
    conn.add(delivery)
    await conn.flush()
    return _show(delivery, event)


async def redeliver(
    conn: AsyncSession, webhook_id: int, delivery_id: int, *, workspace: int, now: datetime
) -> DeliveryOut:
    """Send something again, under its old id, by as many attempts as at first. Raises NotFound, WebhookDisabled."""
    _enabled(await own(conn, webhook_id, workspace=workspace))
    found = (await conn.execute(_of(webhook_id).where(Delivery.id == delivery_id).with_for_update(of=Delivery))).first()
    if found is None:
        raise NotFound("delivery", delivery_id)
    delivery, event = found
    delivery.due_at, delivery.attempts, delivery.delivered_at = now, 0, None
    return _show(delivery, event)


def _of(webhook_id: int) -> Select[Delivery, Event]:
    query = select(Delivery, Event).join(Event, Event.id == Delivery.event_id)
    return query.where(Delivery.webhook_id == webhook_id)


def _enabled(webhook: Webhook) -> Webhook:
    if webhook.disabled_at is not None:
        raise WebhookDisabled("The webhook is disabled. Enable it first.")
    return webhook


def _show(delivery: Delivery, event: Event) -> DeliveryOut:
    state: Literal["pending", "delivered", "failed"] = "pending" if delivery.due_at else "failed"
    return DeliveryOut(
        id=delivery.id,
        message_id=identifier(event.id),
        type=event.kind,
        state="delivered" if delivery.delivered_at else state,
        attempts=delivery.attempts,
        next_attempt_at=delivery.due_at,
        attempted_at=delivery.attempted_at,
        status=delivery.status,
        error=delivery.error,
        response=delivery.response,
        took_ms=delivery.took_ms,
        payload=message(event.kind, event.at, event.data),
        created_at=delivery.created_at,
    )
