"""Invitations as PostgreSQL keeps them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Identity, Index, Text, text, update
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit
from ginnel.db import Base
from ginnel.workspaces import Role

Outcome = Literal["accepted", "declined", "revoked"]


class Invitation(Base):
    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("role in ('owner', 'admin', 'member', 'viewer')", name="role"),
        CheckConstraint("outcome in ('accepted', 'declined', 'revoked')", name="outcome"),
        CheckConstraint("(ended_at is null) = (outcome is null)", name="ended"),
        Index(
            "invitations_workspace_id_email_key",
            "workspace_id",
            "email",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(CITEXT)
    role: Mapped[Role] = mapped_column(Text)
    invited_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(Text)


def opened(workspace: int) -> tuple[ColumnElement[bool], ...]:
    """Say which invitations of a workspace have not ended; they may have expired."""
    return Invitation.workspace_id == workspace, Invitation.ended_at.is_(None)


def ended(outcome: Outcome, now: datetime) -> dict[str, Any]:
    """Return the columns of one that has come to an end."""
    return {"ended_at": now, "outcome": outcome}


async def revoke_beyond(conn: AsyncSession, workspace: int, *, of: int, roles: Collection[Role], now: datetime) -> None:
    """Withdraw what a person has invited into other roles than these, which they may not give any more."""
    await conn.execute(
        update(Invitation)
        .where(*opened(workspace), Invitation.invited_by == of, Invitation.role.not_in(roles))
        .values(ended("revoked", now))
    )


def record(
    conn: AsyncSession,
    action: str,
    invitation: Invitation,
    *,
    by: int | None,
    now: datetime,
    **details: Any,  # noqa: ANN401  # any JSON value
) -> None:
    subject, workspace = f"invitation:{invitation.id}", invitation.workspace_id
    audit.record(conn, action, subject=subject, at=now, workspace=workspace, user=by, **details)
