"""Identities: which account of ours somebody's account at the provider leads into.

A provider's word is taken for who somebody is there, and for an address that it has verified itself; for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import ColumnElement, ForeignKey, Text, UniqueConstraint, delete, exists, func, select, update
from sqlalchemy import Identity as Numbered
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit, installation, mail, users, web
from ginnel.db import Base
from ginnel.errors import Conflict, Forbidden, NotFound
from ginnel.users import EmailUnverified, User

from .idtokens import Said
from .provider import Provider


class Identity(Base):
    """An account at a provider. `email` is what it said at the time, for people to tell theirs from others by."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(Numbered(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class AccountDisabled(Forbidden):
    """The account was disabled by who runs the installation."""

    code = "account_disabled"


class IdentityTaken(Conflict):
    """The account at the provider leads into another account here."""

    code = "identity_taken"


class PasswordNeeded(Conflict):
    """It is the last way in: the account has no password. Set one first, by way of a forgotten one."""

    code = "password_needed"


class IdentityOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    issuer: Annotated[str, Field(description="The provider.", examples=["https://accounts.example.com"])]
    email: Annotated[
        str | None, Field(description="The address that it named when it was linked.", examples=["ada@example.com"])
    ]
    created_at: datetime
    last_used_at: datetime | None


async def enter(conn: AsyncSession, provider: Provider, said: Said, *, now: datetime) -> User:
    """Find whom this leads to: who was linked, else who has proved the address, else somebody new.

    Raises EmailUnverified, AccountDisabled, or as `installation.admit` and `users.join` do.

    The account is not disabled, nor all of its sessions ended, before the transaction ends: it may begin one.
    """
    known = await _owner(conn, said)
    if known is not None:
        await _use(conn, said, now=now)
        return _admitted(known)
    email = users.proper(said.email) if said.email and said.email_verified else None
    if email is None:
        raise EmailUnverified("The provider has not verified your e-mail address. Have it do so first.")
    owner: User | None = await conn.scalar(
        select(User).where(User.email == email, User.email_verified_at.is_not(None)).with_for_update(key_share=True)
    )
    if owner is not None:
        _link(conn, provider, said, _admitted(owner), now=now)
        return owner
    await installation.admit(conn, email=email, invitation=None, now=now)
    user = await users.join(conn, email=email, name=said.name, now=now)
    _keep(conn, said, user.id, now=now)
    audit.record(conn, "identity_added", subject=f"user:{user.id}", at=now, user=user.id, issuer=said.issuer)
    return user


async def attach(conn: AsyncSession, provider: Provider, said: Said, *, user: int, now: datetime) -> None:
    """Link an account at the provider to somebody's who is signed in, whatever its address. Raises IdentityTaken."""
    known = await _owner(conn, said)
    if known is None:
        _link(conn, provider, said, await users.get(conn, user), now=now)
    elif known.id != user:
        raise IdentityTaken("This account of the provider belongs to another account here.")


async def find_all(conn: AsyncSession, user: int) -> Sequence[Identity]:
    return (await conn.scalars(select(Identity).where(Identity.user_id == user).order_by(Identity.id))).all()


async def remove(conn: AsyncSession, identity: int, *, of: int, provider: Provider | None, now: datetime) -> None:
    """Forget an identity. Raises NotFound, or PasswordNeeded if its owner could not get in any more."""
    # Of two that are removed at once, the second sees that the first is gone.
    owner = await conn.scalar(select(User).where(User.id == of).with_for_update(key_share=True))
    removed = await conn.scalar(
        delete(Identity).where(Identity.id == identity, Identity.user_id == of).returning(Identity.issuer)
    )
    if owner is None or removed is None:
        raise NotFound("identity", identity)
    issuer = provider.issuer if provider else None
    others = select(exists().where(Identity.user_id == of, Identity.issuer == issuer))
    if not owner.password_hash and not await conn.scalar(others):
        raise PasswordNeeded("You have no password yet, and could not sign in any more. Set one first.")
    what = f"An account at {removed} does not lead into it any more."
    _tell(conn, owner, "identity_removed", what, issuer=removed, now=now)


async def clear(conn: AsyncSession, user: int) -> None:
    """Forget all of somebody's: a stranger may have linked them."""
    mine = delete(Identity).where(Identity.user_id == user)
    await conn.execute(mine.execution_options(synchronize_session=False))


async def _owner(conn: AsyncSession, said: Said) -> User | None:
    """Find who was linked. Of two first visits at once, the second waits, and finds what the first has made."""
    name = f"{said.issuer} {said.subject}"
    await conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 7463))))
    found: User | None = await conn.scalar(
        select(User)
        .join(Identity, Identity.user_id == User.id)
        .where(*_named(said))
        .with_for_update(of=User, key_share=True)
    )
    return found


async def _use(conn: AsyncSession, said: Said, *, now: datetime) -> None:
    newest = func.greatest(Identity.last_used_at, now)
    await conn.execute(
        update(Identity).where(*_named(said)).values(last_used_at=newest).execution_options(synchronize_session=False)
    )


def _link(conn: AsyncSession, provider: Provider, said: Said, user: User, *, now: datetime) -> None:
    _keep(conn, said, user.id, now=now)
    what = f"Whoever signs in with {provider.name}"
    if said.email:
        what += f", where they are known as {said.email},"
    _tell(conn, user, "identity_added", f"{what} can enter it from now on.", issuer=said.issuer, now=now)


def _keep(conn: AsyncSession, said: Said, user: int, *, now: datetime) -> None:
    fields = {"issuer": said.issuer, "subject": said.subject, "email": said.email}
    conn.add(Identity(user_id=user, created_at=now, last_used_at=now, **fields))


def _tell(  # noqa: PLR0913  # a change, each word of it by name
    conn: AsyncSession, user: User, action: str, what: str, *, issuer: str, now: datetime
) -> None:
    """Audit a change, and mail its owner `what` it comes to: if it was not them, they should know."""
    audit.record(conn, action, subject=f"user:{user.id}", at=now, user=user.id, issuer=issuer)
    # Until it is verified, an address may be another's, who has no part in this.
    if user.email_verified_at is not None:
        mail.send(conn, "identity_changed", to=user.email, now=now, what=what)


def _named(said: Said) -> tuple[ColumnElement[bool], ...]:
    return (Identity.issuer == said.issuer, Identity.subject == said.subject)


def _admitted(user: User) -> User:
    if user.disabled_at is not None:
        raise AccountDisabled("This account was disabled.")
    return user
