"""Where people are signed in: a session is a family of refresh tokens, each good for one use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, ForeignKey, Identity, Text, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit, tokens
from ginnel.db import Base
from ginnel.devices import Device
from ginnel.errors import Conflict, NotFound, Unauthorized
from ginnel.users import User

if TYPE_CHECKING:
    from ginnel.places import Place

LIFETIME = timedelta(days=30)
"""How long a session lives without being used."""
GRACE = timedelta(seconds=10)
"""How long a used token may come again because the answer to its use was lost."""
RACE = timedelta(seconds=1)
"""How long a repeat counts as a parallel one, whose answer is on its way to the same cookie jar."""
MOST = 100
"""How many sessions a list shows; older ones end by themselves."""


class Session(Base):
    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user_agent: Mapped[str] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    """Where it was begun, as far as the address told, which is not kept."""
    city: Mapped[str | None] = mapped_column(Text)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    second_factor: Mapped[str | None] = mapped_column(Text)
    """By which means it was proved besides the password, if it was (see `factors.Means`)."""


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


async def start(  # noqa: PLR0913  # what is known of a sign-in, each by name
    conn: AsyncSession,
    *,
    user: int,
    user_agent: str,
    address: bytes = b"",
    device: int | None = None,
    second_factor: str | None = None,
    now: datetime,
) -> Grant:
    place = _place(address)
    session = Session(
        user_id=user,
        user_agent="".join(c for c in user_agent if c.isprintable())[:256],
        country=place.country,
        city=place.city,
        device_id=device,
        created_at=now,
        last_used_at=now,
        expires_at=now + LIFETIME,
        revoked_at=None,
        second_factor=second_factor,
    )
    conn.add(session)
    await conn.flush()
    _, refresh = await _next(conn, session.id, now=now)
    return Grant(session.id, user, refresh)


def _place(address: bytes) -> Place:
    from ginnel import places  # noqa: PLC0415  # the database is opened by who signs in, not by every cold start

    known = places.known()
    return known.find(address.decode("latin-1")) if known else places.NOWHERE


async def find_all(conn: AsyncSession, *, user: int, now: datetime) -> Sequence[Session]:
    """List a person's sessions that go on, the one used last first."""
    found = await conn.scalars(
        select(Session)
        .where(Session.user_id == user, Session.revoked_at.is_(None), Session.expires_at > now)
        .order_by(Session.last_used_at.desc(), Session.id.desc())
        .limit(MOST)
    )
    return found.all()


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


async def goes_on(conn: AsyncSession, session: int, *, user: int, now: datetime) -> bool:
    """Say whether somebody's session has neither ended nor been ended, and they may use it."""
    alive = (Session.id == session, Session.user_id == user, Session.expires_at > now, *_live())
    return await conn.scalar(select(Session.id).join(User, User.id == Session.user_id).where(*alive)) is not None


async def strengthen(conn: AsyncSession, session: int, *, second_factor: str) -> None:
    """Note that a session's owner has proved a second factor since it began."""
    await conn.execute(
        update(Session)
        .where(Session.id == session)
        .values(second_factor=second_factor)
        .execution_options(synchronize_session=False)
    )


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


async def revoke(conn: AsyncSession, session: int, *, user: int, now: datetime) -> None:
    """End one of a person's sessions, and forget the device that it was begun on. Raises NotFound."""
    if not await _end(conn, Session.id == session, user=user, now=now):
        raise NotFound("session", session)
    audit.record(conn, "session_revoked", subject=f"session:{session}", at=now, user=user)


async def end_all(conn: AsyncSession, *, user: int, but: int | None = None, now: datetime) -> int:
    """End a person's sessions, all or all `but` the one of this number; say how many that were.

    No device of theirs is remembered then, but the one of the session that goes on.
    """
    ended = await _end(conn, Session.id.is_distinct_from(but), user=user, now=now)
    kept = select(Session.device_id).where(Session.id == but, Session.user_id == user).scalar_subquery()
    await conn.execute(delete(Device).where(Device.user_id == user, Device.id.is_distinct_from(kept)))
    return len(ended)


async def sign_out(conn: AsyncSession, *, user: int, but: int | None, now: datetime) -> None:
    """End a person's sessions as they asked, all or all `but` one."""
    ended = await end_all(conn, user=user, but=but, now=now)
    audit.record(conn, "sessions_revoked", subject=f"user:{user}", at=now, user=user, sessions=ended)


async def _end(conn: AsyncSession, chosen: ColumnElement[bool], *, user: int, now: datetime) -> Sequence[int]:
    ended = await conn.execute(
        update(Session)
        .where(Session.user_id == user, Session.revoked_at.is_(None), Session.expires_at > now, chosen)
        .values(revoked_at=now)
        .returning(Session.id, Session.device_id)
        .execution_options(synchronize_session=False)
    )
    rows = ended.all()
    await conn.execute(delete(Device).where(Device.id.in_([row.device_id for row in rows if row.device_id])))
    return [row.id for row in rows]


def _alive() -> tuple[ColumnElement[bool], ...]:
    """Join a token to a session that goes on and a person who may use it."""
    return (RefreshToken.session_id == Session.id, Session.user_id == User.id, *_live())


def _live() -> tuple[ColumnElement[bool], ...]:
    return (Session.revoked_at.is_(None), User.disabled_at.is_(None))


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
