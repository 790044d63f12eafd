"""Workspaces own links; people are their members, in a role."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Integer, Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel.db import Base

Role = Literal["owner", "admin", "member", "viewer"]


class Workspace(Base):
    __tablename__ = "workspaces"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    personal: Mapped[bool]
    retention_days: Mapped[int | None] = mapped_column(Integer)
    raw_since: Mapped[date | None]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Member(Base):
    __tablename__ = "members"
    __table_args__ = (CheckConstraint("role in ('owner', 'admin', 'member', 'viewer')", name="role"),)

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[Role] = mapped_column(Text)
    created_at: Mapped[datetime]


async def create_personal(conn: AsyncSession, *, user_id: int, now: datetime) -> Workspace:
    """Make the workspace that every user has from the start."""
    workspace = Workspace(
        name="Personal", personal=True, retention_days=None, raw_since=None, created_at=now, deleted_at=None
    )
    conn.add(workspace)
    await conn.flush()
    conn.add(Member(workspace_id=workspace.id, user_id=user_id, role="owner", created_at=now))
    await conn.flush()
    return workspace
