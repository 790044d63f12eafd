"""Recovery codes, for whoever lost the rest. They are shown once and kept as digests."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import tokens
from ginnel.users import User

from .tables import RecoveryCode

COUNT = 10
LENGTH = 16
"""Characters: 80 bits, which nobody guesses, however fast the hash."""
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: what looks like one of these is read as it."""
_MISREAD = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


async def renew(conn: AsyncSession, user: int, *, now: datetime) -> list[str]:
    """Make a person's codes anew; those they had are void."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]
    await drop(conn, user)
    conn.add_all(
        RecoveryCode(user_id=user, code_hash=tokens.digest(code), created_at=now, used_at=None) for code in codes
    )
    await conn.flush()
    return ["-".join(code[start : start + 4] for start in range(0, LENGTH, 4)) for code in codes]


async def supply(conn: AsyncSession, user: int, *, now: datetime) -> list[str] | None:
    """Make codes for a person who has none left; None for others, whose codes go on."""
    # Of two factors that are added at once, one brings them.
    await conn.execute(select(User.id).where(User.id == user).with_for_update(key_share=True))
    return None if await left(conn, user) else await renew(conn, user, now=now)


async def use(conn: AsyncSession, user: int, text: str, *, now: datetime) -> bool:
    """Use a code up, however it was typed. Of any number at once exactly one succeeds."""
    used = await conn.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user,
            RecoveryCode.code_hash == tokens.digest(text.lower().translate(_MISREAD)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    return used is not None


async def left(conn: AsyncSession, user: int) -> int:
    unused = select(func.count()).where(RecoveryCode.user_id == user, RecoveryCode.used_at.is_(None))
    return await conn.scalar(unused) or 0


async def drop(conn: AsyncSession, user: int) -> None:
    await conn.execute(
        delete(RecoveryCode).where(RecoveryCode.user_id == user).execution_options(synchronize_session=False)
    )
