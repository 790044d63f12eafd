"""Tickets: secrets that a mail carries to prove that it was read. Each is good once, and not for long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ForeignKey, Identity, Text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import tokens
from ginnel.db import Base
from ginnel.errors import BadRequest

LIFETIME = timedelta(minutes=10)

Kind = Literal["verify", "change_email", "keep_email", "reset", "invitation"]


class Ticket(Base):
    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[Kind] = mapped_column(Text)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class TicketInvalid(BadRequest):
    """The mail's link was used before, is too old, or was never one of ours."""

    code = "ticket_invalid"


async def issue(  # a ticket's fields, each by name
    conn: AsyncSession,
    kind: Kind,
    *,
    user: int | None = None,
    lifetime: timedelta = LIFETIME,
    now: datetime,
    **data: Any,  # noqa: ANN401  # any JSON value
) -> str:
    """Make a ticket and return its secret, 256 bits, which is told this once."""
    secret = tokens.secret()
    conn.add(
        Ticket(
            kind=kind,
            secret_hash=tokens.digest(secret),
            user_id=user,
            data=data,
            created_at=now,
            expires_at=now + lifetime,
            used_at=None,
        )
    )
    await conn.flush()
    return secret


async def redeem(conn: AsyncSession, kind: Kind, secret: str, *, now: datetime) -> Ticket:
    """Use a ticket up. Of any number at once exactly one succeeds; the others raise TicketInvalid."""
    ticket: Ticket | None = await conn.scalar(
        update(Ticket)
        .where(
            Ticket.kind == kind,
            Ticket.secret_hash == tokens.digest(secret),
            Ticket.used_at.is_(None),
            Ticket.expires_at > now,
        )
        .values(used_at=now)
        .returning(Ticket)
    )
    if ticket is None:
        raise TicketInvalid("This link was used before, or is too old. Ask for a new one.")
    return ticket
