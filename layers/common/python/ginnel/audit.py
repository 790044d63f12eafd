"""What was done to accounts and links, by whom and when. Entries are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel.db import Base


class Entry(Base):
    __tablename__ = "audit_log"
    __table_args__ = (
        Index("audit_log_workspace_id_id_idx", "workspace_id", text("id desc")),
        Index("audit_log_user_id_id_idx", "user_id", text("id desc")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    workspace_id: Mapped[int | None]
    user_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)


def record(  # noqa: PLR0913  # an entry's fields, each by name
    conn: AsyncSession,
    action: str,
    *,
    subject: str,
    at: datetime,
    workspace: int | None = None,
    user: int | None = None,
    **details: Any,  # noqa: ANN401  # any JSON value
) -> None:
    """Add an entry to the running transaction: `audit.record(conn, "link_deleted", subject="link:7", …)`."""
    conn.add(Entry(at=at, workspace_id=workspace, user_id=user, action=action, subject=subject, details=details))


async def record_all(  # noqa: PLR0913  # as for record
    conn: AsyncSession, action: str, *, subjects: Sequence[str], at: datetime, workspace: int, user: int
) -> None:
    """Add an entry a subject, in one statement."""
    await conn.execute(
        text(
            """
            insert into audit_log (at, workspace_id, user_id, action, subject, details)
            select :at, :workspace, :user, :action, subject, '{}' from unnest(cast(:subjects as text[])) as s (subject)
            """
        ),
        {"at": at, "workspace": workspace, "user": user, "action": action, "subjects": list(subjects)},
    )
