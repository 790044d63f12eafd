"""E-mail addresses: whose they are, how somebody proves that one is theirs, and how an account gets another.

An address is its account's claim until a ticket of a mail that was sent there comes back. Any number of accounts may claim one;
one of them can have proved it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Identity, delete, func, select, update
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.dml import ReturningUpdate

from ginnel import audit, mail, tickets, users
from ginnel.db import Base
from ginnel.errors import Conflict, Forbidden, Invalid
from ginnel.users import User

LIFETIME = timedelta(days=1)
"""How long an address may be confirmed after it was asked for."""


class EmailChange(Base):
    """A change of address that waits to be confirmed: from the new one, and from the old one if that is proved by then."""

    __tablename__ = "email_changes"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    email: Mapped[str] = mapped_column(CITEXT)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    from_old: Mapped[bool]
    from_new: Mapped[bool]


class AddressClaimed(Conflict):
    """Another account has proved that this e-mail address is its own. Sign in to that one, or choose its password anew."""

    code = "address_claimed"


async def owner(conn: AsyncSession, email: str) -> User | None:
    """Find the account that has proved an address to be its own."""
    found: User | None = await conn.scalar(
        select(User).where(User.email == email, User.email_verified_at.is_not(None)).limit(1)
    )
    return found


async def holder(conn: AsyncSession, email: str) -> User | None:
    """Find the account that is meant by an address: its owner's, else the first that claims it. None if it is disabled."""
    found: User | None = await conn.scalar(
        select(User).where(User.email == email).order_by(User.email_verified_at.is_(None), User.id).limit(1)
    )
    return None if found is None or found.disabled_at else found


class AccountUnproved(Forbidden):
    """The address's mail was read, but whose account it is to be in has still to be proved: by its session or its password."""

    code = "account_unproved"


async def verify(conn: AsyncSession, secret: str, *, by: int, now: datetime) -> None:
    """Take a mail's ticket as the proof of the address of `by`. Raises TicketInvalid, AccountUnproved or AddressClaimed.

    Somebody else may have registered with an address. Its owner, who follows the mail's link, must not give it to them.
    """
    ticket = await tickets.get(conn, "verify", secret, now=now)
    if ticket.user_id != by:
        raise AccountUnproved("Sign in to the account that is to have this address.")
    ticket = await tickets.redeem(conn, "verify", secret, now=now)
    await prove(conn, ticket, email=ticket.data["email"], now=now)


async def prove(conn: AsyncSession, ticket: tickets.Ticket, *, email: str, now: datetime) -> None:
    """Note that an address is its account's own, which a redeemed ticket that was sent there has proved.

    Raises TicketInvalid when the account has another address by now, or is disabled, and AddressClaimed.
    """
    assert ticket.user_id is not None  # noqa: S101  # these tickets are somebody's
    other = await owner(conn, email)
    if other is not None and other.id != ticket.user_id:
        raise AddressClaimed("Another account has this e-mail address. Sign in to that one.")
    mine = (User.id == ticket.user_id, User.email == email, User.disabled_at.is_(None))
    proved = update(User).where(*mine).values(email_verified_at=func.coalesce(User.email_verified_at, now))
    if not await _updated(conn, proved.returning(User.id)):
        raise tickets.refused()
    await tickets.end(conn, ["verify"], user=ticket.user_id, now=now)
    if other is None:
        # Whoever asked for it had not proved anything.
        await conn.execute(delete(EmailChange).where(EmailChange.user_id == ticket.user_id))
        await tickets.end(conn, ["change_email"], user=ticket.user_id, now=now)
        audit.record(conn, "email_verified", subject=f"user:{ticket.user_id}", at=now, user=ticket.user_id)


async def ask_change(conn: AsyncSession, user: User, *, email: str, now: datetime) -> None:
    """Begin to change an account's address: those concerned are asked by mail. Replaces a change that was begun before."""
    # Of two that come at once, the later one counts.
    await conn.execute(select(User.id).where(User.id == user.id).with_for_update())
    await conn.execute(delete(EmailChange).where(EmailChange.user_id == user.id))
    if users.key(email) == users.key(user.email):
        raise Invalid.field("/email", "email_unchanged", "is the account's address already")
    change = EmailChange(
        user_id=user.id,
        email=email,
        created_at=now,
        expires_at=now + LIFETIME,
        from_old=False,
        from_new=False,
    )
    conn.add(change)
    await conn.flush()
    mail.send(conn, "change_email", to=email, now=now, change=change.id, side="new")
    if user.email_verified_at is not None:
        mail.send(conn, "change_email", to=user.email, now=now, change=change.id, side="old")
    audit.record(conn, "email_change_asked", subject=f"user:{user.id}", at=now, user=user.id)


async def confirm_change(conn: AsyncSession, secret: str, *, now: datetime) -> bool:
    """Take one side's word for a change of address; return whether that was the last one, and the address is changed.

    Raises TicketInvalid or AddressClaimed.
    """
    ticket = await tickets.redeem(conn, "change_email", secret, now=now)
    change: EmailChange | None = await conn.scalar(
        select(EmailChange)
        .where(EmailChange.id == ticket.data["change"], EmailChange.expires_at > now)
        .with_for_update()
    )
    if change is None:
        raise tickets.refused()
    if ticket.data["side"] == "new":
        change.from_new = True
    else:
        change.from_old = True
    user: User | None = await conn.scalar(
        select(User)
        .where(User.id == change.user_id, User.disabled_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise tickets.refused()
    # That of an address which was proved meanwhile counts, too.
    if change.from_new and (change.from_old or user.email_verified_at is None):
        await _change(conn, change, user, now=now)
        return True
    return False


async def _change(conn: AsyncSession, change: EmailChange, user: User, *, now: datetime) -> None:
    other = await owner(conn, change.email)
    if other is not None:
        raise AddressClaimed("Another account has this e-mail address.")
    old = user.email if user.email_verified_at else None
    changed = update(User).where(User.id == user.id).values(email=change.email, email_verified_at=now)
    await _updated(conn, changed.returning(User.id))
    await conn.delete(change)
    # What was sent to the old address is good for nothing any more.
    await tickets.end(conn, ["verify", "reset", "change_email"], user=user.id, now=now)
    if old:
        mail.send(conn, "email_changed", to=old, now=now)
    audit.record(conn, "email_changed", subject=f"user:{user.id}", at=now, user=user.id)


async def _updated(conn: AsyncSession, statement: ReturningUpdate[tuple[int]]) -> bool:
    """Say whether a row was changed. Whose an address is, the database decides: raises AddressClaimed."""
    try:
        changed = await conn.execute(statement, execution_options={"synchronize_session": False})
    except IntegrityError as error:
        raise AddressClaimed("Another account has this e-mail address.") from error
    return changed.first() is not None


async def forget(conn: AsyncSession, *, now: datetime) -> None:
    """Delete the changes that nobody has confirmed in time."""
    await conn.execute(delete(EmailChange).where(EmailChange.expires_at < now))
