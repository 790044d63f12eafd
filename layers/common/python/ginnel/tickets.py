"""Tickets: secrets that a mail carries to prove that it was read. Each is good once, and not for long."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import ForeignKey, Identity, Text, delete, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import tokens, web
from ginnel.db import Base
from ginnel.errors import BadRequest

LIFETIME = timedelta(minutes=10)

Kind = Literal[
    "verify",
    "change_email",
    "reset",
    "invitation",
    "registration",
    "passkey_registration",
    "passkey_use",
    "oidc_state",
    "oidc_factor",
]


Given = Annotated[
    web.Text,
    Field(
        min_length=1,
        max_length=128,
        description="What stands behind `#ticket=` in the mail's link.",
        examples=["kT3nOq8Zb0mX2v5yR7sW1uA4cE6gI9jLkT3nOq8Zb0m"],
    ),
]
"""A ticket's secret as somebody sends it back."""


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


def refused() -> TicketInvalid:
    """Make the one refusal of a ticket, whatever is wrong with it."""
    return TicketInvalid("This link was used before, or is too old. Ask for a new one.")


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


async def find(conn: AsyncSession, kind: Kind, secret: str) -> Ticket | None:
    """Find a ticket without using it up, be it used or too old."""
    return await conn.scalar(select(Ticket).where(Ticket.kind == kind, Ticket.secret_hash == tokens.digest(secret)))


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
        raise refused()
    return ticket


async def get(conn: AsyncSession, kind: Kind, secret: str, *, now: datetime) -> Ticket:
    """Read a ticket that could be redeemed, before something slow that is done for holders of one only.

    Raises TicketInvalid. That it is good still, `redeem` says.
    """
    ticket: Ticket | None = await conn.scalar(
        select(Ticket).where(
            Ticket.kind == kind,
            Ticket.secret_hash == tokens.digest(secret),
            Ticket.used_at.is_(None),
            Ticket.expires_at > now,
        )
    )
    if ticket is None:
        raise refused()
    return ticket


async def end(conn: AsyncSession, kinds: Collection[Kind], *, user: int, now: datetime) -> None:
    """Use up whatever tickets of these kinds somebody still has."""
    await conn.execute(
        update(Ticket)
        .where(Ticket.user_id == user, Ticket.kind.in_(kinds), Ticket.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )


async def forget(conn: AsyncSession, *, now: datetime) -> None:
    """Delete the tickets that have expired."""
    await conn.execute(delete(Ticket).where(Ticket.expires_at < now).execution_options(synchronize_session=False))
