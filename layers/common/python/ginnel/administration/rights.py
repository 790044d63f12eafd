"""Who runs the installation, and what they do to accounts.

Whoever does something to an account has to be an operator still when it is done: then no two of them can end each other's
rights at the same time, and since nobody ends their own, one is always left.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import access, audit, purges, sessions
from ginnel.errors import Conflict, NotFound
from ginnel.users import User


class OwnAccount(Conflict):
    """Nobody ends their own rights over the installation: another administrator has to."""

    code = "own_account"


class OfGuest(Conflict):
    """This is a guest, who has to sign up first."""

    code = "of_guest"


class AddressTaken(Conflict):
    """Somebody else has proved that this e-mail address is theirs."""

    code = "email_taken"


async def operators(conn: AsyncSession) -> set[int]:
    """Return everybody who runs the installation. Nobody else who asks so is answered until the transaction ends.

    Whatever takes these rights from somebody, or the account, has to ask before.
    """
    # Not by locking their rows: that also locks those who have just stopped, in no order that holds.
    await conn.execute(select(func.pg_advisory_xact_lock(7466)))
    return set(await conn.scalars(select(User.id).where(User.is_admin, User.disabled_at.is_(None))))


async def _still(conn: AsyncSession, by: int, *, about: int | None = None) -> None:
    """Raise NotOperator for somebody who was just stopped, OwnAccount for one who is about to stop themselves."""
    if about == by:
        raise OwnAccount("This is your own account. Another administrator has to do it.")
    if by not in await operators(conn):
        raise access.NotOperator("Only administrators of this installation may do this.")


async def disable(  # noqa: PLR0913  # one deed, each word of it by name
    conn: AsyncSession, user: int, *, reason: str | None, block: bool, by: int, now: datetime
) -> None:
    """Shut somebody out: their sessions end, their keys stop. Their links lead on, unless `block` stops their workspaces'.

    Raises NotFound, OwnAccount.
    """
    await _still(conn, by, about=user)
    stopped = await conn.execute(
        update(User)
        .where(User.id == user)
        .values(disabled_at=func.coalesce(User.disabled_at, now), disabled_reason=reason)
        .returning(User.id)
    )
    if stopped.first() is None:
        raise NotFound("user", user)
    await sessions.end_all(conn, user=user, now=now)
    audit.record(conn, "user_disabled", subject=f"user:{user}", at=now, user=by, reason=reason)
    if block:
        await _block_owned(conn, user, reason=reason, by=by, now=now)


async def _block_owned(conn: AsyncSession, user: int, *, reason: str | None, by: int, now: datetime) -> None:
    """Block the workspaces that nobody but this person owns."""
    found = await conn.scalars(
        text(
            """
            update workspaces w set blocked_at = :now, blocked_reason = :reason
            where blocked_at is null and exists (
                select from members where workspace_id = w.id and user_id = :user and role = 'owner'
            ) and not exists (
                select from members m join users u on u.id = m.user_id
                where m.workspace_id = w.id and m.role = 'owner' and u.disabled_at is null
            )
            returning id
            """
        ),
        {"now": now, "reason": reason, "user": user},
    )
    blocked = found.all()
    for workspace in blocked:
        audit.record(conn, "workspace_blocked", subject=f"workspace:{workspace}", at=now, workspace=workspace, user=by)
    purges.of_workspaces(conn, blocked, now)


async def enable(conn: AsyncSession, user: int, *, by: int, now: datetime) -> None:
    """Let somebody in again: their keys work as before, they sign in anew. Raises NotFound."""
    await _still(conn, by)
    let_in = await conn.execute(
        update(User).where(User.id == user).values(disabled_at=None, disabled_reason=None).returning(User.id)
    )
    if let_in.first() is None:
        raise NotFound("user", user)
    audit.record(conn, "user_enabled", subject=f"user:{user}", at=now, user=by)


async def promote(conn: AsyncSession, user: int, *, by: int, now: datetime) -> None:
    """Give somebody the operator's rights. Raises NotFound, OfGuest."""
    await _still(conn, by)
    await _refuse_guest(conn, user)
    await _set_admin(conn, user, is_admin=True, by=by, now=now)


async def _refuse_guest(conn: AsyncSession, user: int) -> None:
    until = await conn.scalar(select(User.guest_until).where(User.id == user).with_for_update(key_share=True))
    if until is not None:
        raise OfGuest("This is a guest, who has to sign up first.")


async def demote(conn: AsyncSession, user: int, *, by: int, now: datetime) -> None:
    """Take the operator's rights from somebody. Raises NotFound, OwnAccount."""
    await _still(conn, by, about=user)
    await _set_admin(conn, user, is_admin=False, by=by, now=now)


async def _set_admin(conn: AsyncSession, user: int, *, is_admin: bool, by: int, now: datetime) -> None:
    changed = await conn.execute(update(User).where(User.id == user).values(is_admin=is_admin).returning(User.id))
    if changed.first() is None:
        raise NotFound("user", user)
    audit.record(conn, "admin_made" if is_admin else "admin_unmade", subject=f"user:{user}", at=now, user=by)


async def sign_out(conn: AsyncSession, user: int, *, by: int, now: datetime) -> int:
    """End all of somebody's sessions; return how many that were. Raises NotFound."""
    await _still(conn, by)
    if await conn.scalar(select(User.id).where(User.id == user)) is None:
        raise NotFound("user", user)
    ended = await sessions.end_all(conn, user=user, now=now)
    audit.record(conn, "sessions_ended", subject=f"user:{user}", at=now, user=by, sessions=ended)
    return ended


async def verify(conn: AsyncSession, user: int, *, by: int, now: datetime) -> None:
    """Take somebody's e-mail address for proved. Raises NotFound, OfGuest, AddressTaken."""
    await _still(conn, by)
    await _refuse_guest(conn, user)
    email = await conn.scalar(select(User.email).where(User.id == user).with_for_update(key_share=True))
    if email is None:
        raise NotFound("user", user)
    owner = select(User.id).where(User.email == email, User.email_verified_at.is_not(None), User.id != user)
    if await conn.scalar(owner.limit(1)) is not None:
        raise AddressTaken("Somebody else has proved that this e-mail address is theirs.")
    await conn.execute(
        update(User).where(User.id == user, User.email_verified_at.is_(None)).values(email_verified_at=now)
    )
    audit.record(conn, "email_verified", subject=f"user:{user}", at=now, user=by, by_hand=True)
