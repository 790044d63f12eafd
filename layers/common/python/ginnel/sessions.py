"""Where people are signed in: a session is a family of refresh tokens, each good for one use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, Identity, Text, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit, tokens
from ginnel.db import Base
from ginnel.errors import Conflict, Unauthorized
from ginnel.users import User

LIFETIME = timedelta(days=30)
"""How long a session lives without being used."""
GRACE = timedelta(seconds=10)
"""How long a used token may come again because the answer to its use was lost."""
RACE = timedelta(seconds=1)
"""How long a repeat counts as a parallel one, whose answer is on its way to the same cookie jar."""


class Session(Base):
    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user_agent: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class RefreshToken(Base):
    __tablename__ = "refresh_tokens"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("refresh_tokens.id", ondelete="SET NULL"), index=True)


@dataclass(frozen=True, slots=True)
class Grant:
    """A live session and the refresh token that goes to its owner, told this once."""

    session: int
    user: int
    refresh: str


class RefreshInvalid(Unauthorized):
    """There is no refresh cookie, or its session is over."""

    code = "refresh_invalid"


class RefreshReplayed(Unauthorized):
    """The refresh token was used before, perhaps by a thief: the whole session is ended."""

    code = "refresh_replayed"
    commits = True


class RefreshRaced(Conflict):
    """Another tab refreshed at the same moment: its cookie is in place, so try again."""

    code = "refresh_raced"


async def start(conn: AsyncSession, *, user: int, user_agent: str, now: datetime) -> Grant:
    session = Session(
        user_id=user,
        user_agent="".join(c for c in user_agent if c.isprintable())[:256],
        created_at=now,
        last_used_at=now,
        expires_at=now + LIFETIME,
        revoked_at=None,
    )
    conn.add(session)
    await conn.flush()
    _, refresh = await _next(conn, session.id, now=now)
    return Grant(session.id, user, refresh)


async def rotate(conn: AsyncSession, secret: str, *, now: datetime) -> Grant:
    """Trade a refresh token for its successor. Raises RefreshInvalid, RefreshRaced or RefreshReplayed.

    A use is one conditional update, so of any number at once exactly one succeeds. Locks are always taken in this order:
    a token, its successor, their session.
    """
    used = (
        await conn.execute(
            update(RefreshToken)
            .where(
                RefreshToken.token_hash == tokens.digest(secret),
                RefreshToken.used_at.is_(None),
                RefreshToken.expires_at > now,
                *_alive(),
            )
            .values(used_at=now)
            .returning(RefreshToken.id, Session.id, Session.user_id)
            .execution_options(synchronize_session=False)
        )
    ).one_or_none()
    if used is None:
        return await _repeated(conn, secret, now=now)
    token, session, user = used
    return Grant(session, user, await _succeed(conn, [token], session=session, now=now))


async def _repeated(conn: AsyncSession, secret: str, *, now: datetime) -> Grant:
    """Tell a parallel tab and a lost answer from a thief, for a token that can't be used (any more)."""
    token = await conn.scalar(
        select(RefreshToken)
        .where(RefreshToken.token_hash == tokens.digest(secret), RefreshToken.expires_at > now, *_alive())
        .with_for_update(of=RefreshToken)
    )
    if token is None or token.used_at is None:
        raise RefreshInvalid("Please sign in again.")
    session = await conn.get_one(Session, token.session_id)
    successor = await conn.get(RefreshToken, token.successor_id) if token.successor_id else None
    if successor and successor.used_at is None and now - token.used_at <= GRACE:
        if now - successor.created_at < RACE:
            raise RefreshRaced("Another request has just refreshed this session. Try again with its cookie.")
        # The answer that held the successor was lost: use it up in its owner's name. The condition decides between this
        # and the successor's own use.
        replaced = await conn.execute(
            update(RefreshToken)
            .where(RefreshToken.id == successor.id, RefreshToken.used_at.is_(None))
            .values(used_at=now)
            .returning(RefreshToken.id)
            .execution_options(synchronize_session=False)
        )
        if replaced.first():
            refresh = await _succeed(conn, [token.id, successor.id], session=session.id, now=now)
            return Grant(session.id, session.user_id, refresh)
    await _revoke(conn, session.id, now=now)
    audit.record(conn, "refresh_replayed", subject=f"session:{session.id}", at=now, user=session.user_id)
    raise RefreshReplayed("This session was ended because an old token of its came again. Please sign in again.")


async def end(conn: AsyncSession, *, session: int | None = None, secret: str = "", now: datetime) -> None:
    """End the session of this number, or the one that a refresh token belongs to, used or not. Idempotent."""
    if session is not None:
        await _revoke(conn, session, now=now)
    if secret:
        family = await conn.scalar(
            select(RefreshToken.session_id).where(RefreshToken.token_hash == tokens.digest(secret))
        )
        if family is not None:
            await _revoke(conn, family, now=now)


async def end_all(conn: AsyncSession, *, user: int, but: int | None = None, now: datetime) -> int:
    """End a person's sessions, all or all `but` the one of this number; say how many that were."""
    ended = await conn.execute(
        update(Session)
        .where(
            Session.user_id == user,
            Session.revoked_at.is_(None),
            Session.expires_at > now,
            Session.id.is_distinct_from(but),
        )
        .values(revoked_at=now)
        .returning(Session.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


def _alive() -> tuple[ColumnElement[bool], ...]:
    """Join a token to a session that goes on and a person who may use it."""
    return (
        RefreshToken.session_id == Session.id,
        Session.user_id == User.id,
        Session.revoked_at.is_(None),
        User.disabled_at.is_(None),
    )


async def _succeed(conn: AsyncSession, predecessors: list[int], *, session: int, now: datetime) -> str:
    token, refresh = await _next(conn, session, now=now)
    await conn.execute(
        update(RefreshToken)
        .where(RefreshToken.id.in_(predecessors))
        .values(successor_id=token)
        .execution_options(synchronize_session=False)
    )
    await conn.execute(
        update(Session)
        .where(Session.id == session)
        .values(last_used_at=now, expires_at=now + LIFETIME)
        .execution_options(synchronize_session=False)
    )
    return refresh


async def _next(conn: AsyncSession, session: int, *, now: datetime) -> tuple[int, str]:
    refresh = tokens.secret()
    token = RefreshToken(
        session_id=session,
        token_hash=tokens.digest(refresh),
        created_at=now,
        expires_at=now + LIFETIME,
        used_at=None,
        successor_id=None,
    )
    conn.add(token)
    await conn.flush()
    return token.id, refresh


async def _revoke(conn: AsyncSession, session: int, *, now: datetime) -> None:
    await conn.execute(
        update(Session)
        .where(Session.id == session, Session.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )
