"""Workspaces and their members, as PostgreSQL keeps them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, Text, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel.db import Base

Role = Literal["owner", "admin", "member", "viewer"]


class Workspace(Base):
    __tablename__ = "workspaces"
    __table_args__ = (
        Index("workspaces_deleted_at_idx", "deleted_at", postgresql_where=text("deleted_at is not null")),
        Index("workspaces_search_idx", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    personal: Mapped[bool]
    retention_days: Mapped[int | None] = mapped_column(Integer)
    raw_since: Mapped[date | None]
    """The day since which all of its clicks are there; None if none was let go."""
    link_defaults: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """By the names of LinkDefaults' fields; what is null there is left out."""
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    require_second_factor: Mapped[bool] = mapped_column(default=False)
    """Whether only sessions that a second factor began may enter (see `access`)."""
    blocked_at: Mapped[datetime | None]
    blocked_reason: Mapped[str | None] = mapped_column(Text)


class Member(Base):
    __tablename__ = "members"
    __table_args__ = (CheckConstraint("role in ('owner', 'admin', 'member', 'viewer')", name="role"),)

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[Role] = mapped_column(Text)
    created_at: Mapped[datetime]


async def create_personal(conn: AsyncSession, *, user_id: int, now: datetime) -> Workspace:
    """Make the workspace that every user has from the start."""
    return await create(conn, name="Personal", owner=user_id, personal=True, now=now)


async def create(conn: AsyncSession, *, name: str, owner: int, personal: bool = False, now: datetime) -> Workspace:
    workspace = Workspace(name=name, personal=personal, link_defaults={}, version=1, created_at=now, updated_at=now)
    conn.add(workspace)
    await conn.flush()
    conn.add(Member(workspace_id=workspace.id, user_id=owner, role="owner", created_at=now))
    await conn.flush()
    return workspace


async def blocked(conn: AsyncSession, ids: Collection[int]) -> set[int]:
    """Return those of the workspaces whose links an operator has blocked."""
    return set(await conn.scalars(select(Workspace.id).where(Workspace.id.in_(ids), Workspace.blocked_at.is_not(None))))
