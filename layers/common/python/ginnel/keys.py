"""API keys: how programs prove who sent them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from sqlalchemy import ColumnElement, ForeignKey, Identity, Text, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit, tokens, web
from ginnel.db import Base
from ginnel.errors import Conflict, Invalid, NotFound

PREFIX = "gnl_"
"""Lets scanners of public code recognise a leaked key."""
SHOWN = 10
"""Characters of a key by which its owner may tell it from others; the 37 that stay hidden hold 222 bits."""
LAST = datetime(9999, 1, 1, tzinfo=UTC)
"""Later moments overflow in some time zone."""
LIMIT = 100
"""Live keys a workspace may have."""

Scope = Literal[
    "links:read",
    "links:write",
    "domains:read",
    "domains:write",
    "webhooks:read",
    "webhooks:write",
    "stats:read",
    "clicks:write",
    "workspace:read",
    "audit:read",
]
"""What a key may be allowed. Keys are no way to more keys, so keys:write is not among them."""


class ApiKey(Base):
    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(Text)
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class TooManyKeys(Conflict):
    """The workspace has as many live keys as it may have: revoke one."""

    code = "too_many_keys"


def _distinct(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes))


class KeyDraft(web.Input):
    name: Annotated[web.Text, Field(min_length=1, max_length=100, examples=["Newsletter"])]
    scopes: Annotated[
        list[Scope],
        Field(min_length=1, max_length=20, examples=[["links:read", "links:write"]]),
        AfterValidator(_distinct),
    ]
    expires_at: Annotated[
        web.AnyMoment | None, Field(description="The key stops working then.", examples=["2030-01-01T00:00:00Z"])
    ] = None


class KeyOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    name: Annotated[str, Field(examples=["Newsletter"])]
    prefix: Annotated[str, Field(description="The key's first characters.", examples=["gnl_kT3nOq"])]
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: Annotated[datetime | None, Field(description="Accurate to the minute.")]


def _whose(of: int | None) -> tuple[ColumnElement[bool], ...]:
    return () if of is None else (ApiKey.user_id == of,)


async def create(
    conn: AsyncSession, draft: KeyDraft, *, workspace: int, user: int, now: datetime
) -> tuple[ApiKey, str]:
    """Make a key that acts for this person in this workspace; its secret is told this once. Raises TooManyKeys."""
    if draft.expires_at is not None and not now < draft.expires_at < LAST:
        raise Invalid.field("/expires_at", "out_of_range", "must be in the future, and before the year 9999")
    live = select(func.count()).where(ApiKey.workspace_id == workspace, ApiKey.revoked_at.is_(None))
    if (await conn.scalar(live) or 0) >= LIMIT:
        raise TooManyKeys(f"A workspace may have {LIMIT} keys. Revoke one first.")
    secret = PREFIX + tokens.secret()
    key = ApiKey(
        workspace_id=workspace,
        user_id=user,
        name=draft.name,
        prefix=secret[:SHOWN],
        key_hash=tokens.digest(secret),
        scopes=draft.scopes,
        created_at=now,
        expires_at=draft.expires_at,
        last_used_at=None,
        revoked_at=None,
    )
    conn.add(key)
    await conn.flush()
    audit.record(conn, "key_created", subject=f"key:{key.id}", at=now, workspace=workspace, user=user)
    return key, secret


async def find_all(conn: AsyncSession, *, workspace: int, of: int | None) -> list[ApiKey]:
    """Return a workspace's live keys, newest first: those `of` one person, or with None everybody's."""
    found = select(ApiKey).where(ApiKey.workspace_id == workspace, ApiKey.revoked_at.is_(None), *_whose(of))
    return list(await conn.scalars(found.order_by(ApiKey.id.desc())))


async def revoke(  # noqa: PLR0913  # one deed, each word of it by name
    conn: AsyncSession, key: int, *, workspace: int, of: int | None, by: int, now: datetime
) -> None:
    """End a key at once. Raises NotFound for one that is not `of` this person (None: anybody), or ended already."""
    ended = await conn.execute(
        update(ApiKey)
        .where(ApiKey.id == key, ApiKey.workspace_id == workspace, ApiKey.revoked_at.is_(None), *_whose(of))
        .values(revoked_at=now)
        .returning(ApiKey.id)
    )
    if ended.first() is None:
        raise NotFound("API key", key)
    audit.record(conn, "key_revoked", subject=f"key:{key}", at=now, workspace=workspace, user=by)


async def revoke_all(conn: AsyncSession, *, user: int, now: datetime) -> None:
    """End all keys that act for somebody, in every workspace."""
    ended = await conn.execute(
        update(ApiKey)
        .where(ApiKey.user_id == user, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiKey.id, ApiKey.workspace_id)
        .execution_options(synchronize_session=False)
    )
    for key, workspace in ended:
        audit.record(conn, "key_revoked", subject=f"key:{key}", at=now, workspace=workspace, user=user)
