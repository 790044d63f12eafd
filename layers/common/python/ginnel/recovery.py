"""A new password: chosen by who knows the old one, or by who reads the account's mail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import addresses, audit, db, factors, keys, mail, passwords, sessions, tickets, users
from ginnel.factors import PasswordWrong
from ginnel.oidc import identities
from ginnel.users import User


async def change(conn: AsyncSession, user: int, *, session: int | None, current: str, new: str, now: datetime) -> None:  # noqa: PLR0913  # each by its name
    """Change a password and end all sessions but this one.

    Raises PasswordWrong, TooManyRequests, or Invalid for a common password.
    """
    person = await factors.prove_password(conn, user, current)
    fresh = await _hashed(new, person, pointer="/new")
    same = (User.id == user, User.password_hash == person.password_hash, User.disabled_at.is_(None))
    changed = update(User).where(*same).values(password_hash=fresh).returning(User.id)
    if (await conn.execute(changed, execution_options={"synchronize_session": False})).first() is None:
        raise PasswordWrong("The password was changed meanwhile.")
    await sessions.end_all(conn, user=user, but=session, now=now)
    await tickets.end(conn, ["reset"], user=user, now=now)
    # To an address that nobody has proved, an account's affairs are not told.
    if person.email_verified_at:
        mail.send(conn, "password_changed", to=person.email, now=now)
    audit.record(conn, "password_changed", subject=f"user:{user}", at=now, user=user)


async def reset(conn: AsyncSession, secret: str, password: str, *, now: datetime) -> None:
    """Take a mail's ticket for the old password, and end all sessions. Raises TicketInvalid, AddressClaimed or Invalid.

    The ticket proves the address as well. Where nobody had done so before, whoever set the account up was not known to be its
    owner: all ways in and out that they made end, too. Otherwise a second factor stays in force.
    """
    ticket = await tickets.get(conn, "reset", secret, now=now)
    if ticket.user_id is None:
        raise tickets.refused()
    person = await users.get(conn, ticket.user_id)
    await db.pause(conn)
    fresh = await _hashed(password, person, pointer="/password")
    ticket = await tickets.redeem(conn, "reset", secret, now=now)
    await addresses.prove(conn, ticket, email=ticket.data["email"], now=now)
    changed = update(User).where(User.id == person.id).values(password_hash=fresh)
    await conn.execute(changed, execution_options={"synchronize_session": False})
    if person.email_verified_at is None:
        await _dispossess(conn, person.id, now=now)
    await sessions.end_all(conn, user=person.id, now=now)
    await tickets.end(conn, ["reset"], user=person.id, now=now)
    mail.send(conn, "password_changed", to=person.email, now=now)
    audit.record(conn, "password_reset", subject=f"user:{person.id}", at=now, user=person.id)


async def _dispossess(conn: AsyncSession, user: int, *, now: datetime) -> None:
    """Take what a stranger may have made to get into an account, or to hear of it, once its address's owner has it."""
    await keys.revoke_all(conn, user=user, now=now)
    await factors.clear(conn, user, now=now)
    await identities.clear(conn, user)
    for statement in _STRANGERS:
        await conn.execute(text(statement), {"user": user})


_OWN = (
    "select w.id from workspaces w join members o on o.workspace_id = w.id where o.user_id = :user and o.role = 'owner'"
)
_STRANGERS = (
    f"delete from members where user_id <> :user and workspace_id in ({_OWN} and w.personal)",  # noqa: S608  # of constants
    f"delete from invitations where invited_by = :user or workspace_id in ({_OWN} and w.personal)",  # noqa: S608  # as above
    f"delete from webhooks where workspace_id in ({_OWN})",  # noqa: S608  # as above
)


async def _hashed(password: str, person: User, *, pointer: str) -> str:
    await passwords.check(
        password, pointer=pointer, about=[person.email, *person.email.split("@"), *person.name.split()]
    )
    return await passwords.encode(password)
