"""Browsers from which somebody has signed in: their owner gets in by them while strangers are kept from guessing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Identity, Integer, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import tokens
from ginnel.db import Base
from ginnel.users import User

LIFETIME = timedelta(days=180)
"""How long a device is remembered without being used to sign in."""

MOST = 50
"""How many are remembered of one account: a program that signs in by itself brings no cookie, and is a new one each time."""


class Device(Base):
    __tablename__ = "devices"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Tries(Base):
    """What `throttle`, which does without the ORM, counts while Redis is away."""

    __tablename__ = "tries"

    name: Mapped[bytes] = mapped_column(primary_key=True)
    began: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    tries: Mapped[int] = mapped_column(Integer)


async def find(conn: AsyncSession, secret: str, *, email: str, now: datetime) -> Device | None:
    """Find the device whose secret this is, if its account claims this address."""
    found: Device | None = await conn.scalar(
        select(Device)
        .join(User, User.id == Device.user_id)
        .where(Device.secret_hash == tokens.digest(secret), Device.expires_at > now, User.email == email)
    )
    return found


async def remember(conn: AsyncSession, secret: str, *, user: int, now: datetime) -> tuple[int, str]:
    """Return the id and the secret of somebody's device: of the one that has this secret, or of a new one."""
    known: int | None = await conn.scalar(
        update(Device)
        .where(Device.secret_hash == tokens.digest(secret), Device.user_id == user, Device.expires_at > now)
        .values(expires_at=now + LIFETIME)
        .returning(Device.id)
        .execution_options(synchronize_session=False)
    )
    if known is not None:
        return known, secret
    fresh = tokens.secret()
    device = Device(user_id=user, secret_hash=tokens.digest(fresh), created_at=now, expires_at=now + LIFETIME)
    conn.add(device)
    await conn.flush()
    older = select(Device.id).where(Device.user_id == user).order_by(Device.id.desc()).offset(MOST)
    await conn.execute(delete(Device).where(Device.id.in_(older)).execution_options(synchronize_session=False))
    return device.id, fresh
