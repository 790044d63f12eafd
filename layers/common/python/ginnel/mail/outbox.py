"""What waits to be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel.db import Base


class Waiting(Base):
    """A mail that is not sent yet. Without `due_at` it was given up; once it is sent, its row goes."""

    __tablename__ = "mail_outbox"
    __table_args__ = (Index("mail_outbox_due_at_idx", "due_at", postgresql_where=text("due_at is not null")),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    recipient: Mapped[str] = mapped_column(Text)
    template: Mapped[str] = mapped_column(Text)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    attempts: Mapped[int] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Text)


def send(
    conn: AsyncSession,
    template: str,
    *,
    to: str,
    now: datetime,
    **fields: Any,  # noqa: ANN401  # any JSON value
) -> None:
    """Have a mail sent once the running transaction is durable: `mail.send(conn, "reset", to=address, now=now)`.

    `fields` are for its template. They are kept until then, so they hold no secret.
    """
    conn.add(
        Waiting(created_at=now, due_at=now, recipient=to, template=template, fields=fields, attempts=0, error=None)
    )
