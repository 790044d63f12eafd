"""A workspace's webhooks: where they are, what they ask for, and their secrets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, outbound, web
from ginnel.conditions import Target
from ginnel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from ginnel.outbound import Refused

from . import signing
from .tables import Kind, Webhook

LIMIT = 20
"""Webhooks a workspace may have."""
OVERLAP = timedelta(hours=24)
"""For how long a secret that was replaced still signs beside the new one."""
_LOOK_UP = 3.0


class TooManyWebhooks(Conflict):
    """The workspace has as many webhooks as it may have: delete one."""

    code = "too_many_webhooks"


class WebhookDisabled(Conflict):
    """The webhook is disabled: enable it first."""

    code = "webhook_disabled"


def _distinct(events: list[Kind]) -> list[Kind]:
    return sorted(set(events))


Events = Annotated[
    list[Kind],
    Field(min_length=1, max_length=20, examples=[["link.created", "link.clicked"]]),
    AfterValidator(_distinct),
]
Name = Annotated[web.Text, Field(max_length=100, examples=["Warehouse"])]


class WebhookDraft(web.Input):
    url: Annotated[Target, Field(examples=["https://example.com/hooks/ginnel"])]
    events: Events
    name: Name | None = None


class WebhookChange(web.Input):
    """Fields that are left out stay as they are."""

    url: Target = ""  # never used as a value: what is not given is not changed
    events: Events = Field(default_factory=list)
    name: Name | None = None
    disabled: bool = Field(default=False, description="False enables it, and forgets the failures that it had.")


class WebhookOut(web.Output):
    id: int
    url: str
    name: str | None
    events: list[Kind]
    disabled: bool
    disabled_at: datetime | None
    disabled_because: str | None = Field(description="`failures`, `gone` (it answered 410) or `asked`.")
    failures: int = Field(description="Attempts that failed since the last one that did not; at 20 it is disabled.")
    old_secret_until: datetime | None = Field(
        description="Until then, what is sent is signed by the former secret too."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookMade(WebhookOut):
    secret: str = Field(description="What signatures are verified with. It is shown this once.")


class WebhookPage(web.Output):
    items: list[WebhookOut]


def show(webhook: Webhook) -> WebhookOut:
    return WebhookOut.model_validate({**_fields(webhook), "disabled": webhook.disabled_at is not None})


def _with_secret(webhook: Webhook) -> WebhookMade:
    return WebhookMade(**show(webhook).model_dump(), secret=webhook.secret)


def _fields(webhook: Webhook) -> dict[str, object]:
    return {name: getattr(webhook, name) for name in WebhookOut.model_fields if name != "disabled"}


async def check(url: str) -> None:
    """Raise Invalid for an address that must not be called. One whose name leads nowhere yet is none: each call looks again."""
    try:
        async with outbound.within(_LOOK_UP):
            await outbound.public().find(url)
    except Refused as error:
        raise Invalid.field("/url", error.code, error.detail) from error
    except (outbound.Unreachable, TimeoutError):
        return


async def create(conn: AsyncSession, draft: WebhookDraft, *, workspace: int, user: int, now: datetime) -> WebhookMade:
    """Make a webhook; its secret is told this once. The address was checked. Raises TooManyWebhooks."""
    if (await conn.scalar(select(func.count()).where(Webhook.workspace_id == workspace)) or 0) >= LIMIT:
        raise TooManyWebhooks(f"A workspace may have {LIMIT} webhooks. Delete one first.")
    webhook = Webhook(
        workspace_id=workspace,
        url=draft.url,
        name=draft.name,
        events=draft.events,
        secret=signing.new_secret(),
        old_secret=None,
        old_secret_until=None,
        failures=0,
        disabled_at=None,
        disabled_because=None,
        created_by=user,
        created_at=now,
        updated_at=now,
        version=1,
    )
    conn.add(webhook)
    await conn.flush()
    _record(conn, "webhook_created", webhook, user=user, now=now)
    return _with_secret(webhook)


async def find_all(conn: AsyncSession, *, workspace: int) -> WebhookPage:
    """List a workspace's webhooks, newest first."""
    found = await conn.scalars(select(Webhook).where(Webhook.workspace_id == workspace).order_by(Webhook.id.desc()))
    return WebhookPage(items=[show(webhook) for webhook in found])


async def get(conn: AsyncSession, webhook_id: int, *, workspace: int) -> WebhookOut:
    """Raises NotFound."""
    return show(await own(conn, webhook_id, workspace=workspace))


async def own(
    conn: AsyncSession, webhook_id: int, *, workspace: int, version: int | None = None, lock: bool = False
) -> Webhook:
    """Raises NotFound, and PreconditionFailed if it no longer is at `version`."""
    query = select(Webhook).where(Webhook.id == webhook_id, Webhook.workspace_id == workspace)
    webhook = await conn.scalar(query.with_for_update() if lock else query)
    if webhook is None:
        raise NotFound("webhook", webhook_id)
    if version is not None and webhook.version != version:
        raise PreconditionFailed(f"The webhook is at version {webhook.version}, not {version}.")
    return webhook


async def change(  # noqa: PLR0913  # who changes what, from which version, when
    conn: AsyncSession,
    webhook_id: int,
    wanted: WebhookChange,
    *,
    workspace: int,
    user: int,
    version: int | None,
    now: datetime,
) -> WebhookOut:
    """Change a webhook's given fields. The address was checked. Raises NotFound, PreconditionFailed."""
    webhook = await own(conn, webhook_id, workspace=workspace, version=version, lock=True)
    given = wanted.model_fields_set
    for field in given - {"disabled"}:
        setattr(webhook, field, getattr(wanted, field))
    if "disabled" in given:
        if not wanted.disabled:
            webhook.disabled_at, webhook.disabled_because, webhook.failures = None, None, 0
        elif webhook.disabled_at is None:
            webhook.disabled_at, webhook.disabled_because = now, "asked"
    _touch(webhook, now)
    _record(conn, "webhook_changed", webhook, user=user, now=now)
    return show(webhook)


async def rotate(conn: AsyncSession, webhook_id: int, *, workspace: int, user: int, now: datetime) -> WebhookMade:
    """Give a webhook another secret, and have the former one sign too for a day. Raises NotFound."""
    webhook = await own(conn, webhook_id, workspace=workspace, lock=True)
    webhook.old_secret, webhook.old_secret_until = webhook.secret, now + OVERLAP
    webhook.secret = signing.new_secret()
    _touch(webhook, now)
    _record(conn, "webhook_rotated", webhook, user=user, now=now)
    return _with_secret(webhook)


async def delete(  # noqa: PLR0913  # as for change
    conn: AsyncSession, webhook_id: int, *, workspace: int, user: int, version: int | None, now: datetime
) -> None:
    """Delete a webhook; what was on its way to it is not sent any more. Raises NotFound, PreconditionFailed."""
    webhook = await own(conn, webhook_id, workspace=workspace, version=version, lock=True)
    await conn.delete(webhook)
    _record(conn, "webhook_deleted", webhook, user=user, now=now)


def _touch(webhook: Webhook, now: datetime) -> None:
    webhook.version += 1
    webhook.updated_at = now


def _record(conn: AsyncSession, action: str, webhook: Webhook, *, user: int, now: datetime) -> None:
    audit.record(conn, action, subject=f"webhook:{webhook.id}", at=now, workspace=webhook.workspace_id, user=user)
