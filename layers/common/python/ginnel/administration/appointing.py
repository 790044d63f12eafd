"""Making an operator from outside: for whoever may use the database anyway, and needs no operator to ask."""

from __future__ import annotations

from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, factors, keys, passwords, sessions, tokens, users
from ginnel.errors import Invalid
from ginnel.oidc import identities
from ginnel.users import User


async def appoint(conn: AsyncSession, email: str, *, now: datetime) -> str:
    """Have somebody run the installation, and return their new password, which is told this once. Raises Invalid.

    An account that there is gets that password and is enabled; its sessions and second factors end. Had nobody proved that the
    address is theirs, a stranger may have made it: then its keys end, too.
    """
    email = _settled(email)
    password = tokens.secret()
    # The one that is proved to be theirs, else the oldest.
    found = select(User).where(User.email == email).order_by(User.email_verified_at.is_(None), User.id).limit(1)
    user = await conn.scalar(found.with_for_update(key_share=True))
    if user is None:
        await users.add(conn, email=email, name="Admin", password=password, now=now, admin=True, verified=True)
        return password
    if user.email_verified_at is None:
        await keys.revoke_all(conn, user=user.id, now=now)
    await conn.execute(
        update(User)
        .where(User.id == user.id)
        .values(
            is_admin=True,
            password_hash=await passwords.encode(password),
            disabled_at=None,
            disabled_reason=None,
            email_verified_at=func.coalesce(User.email_verified_at, now),
        )
    )
    await factors.clear(conn, user.id, now=now)
    await identities.clear(conn, user.id)
    await sessions.end_all(conn, user=user.id, now=now)
    audit.record(conn, "admin_appointed", subject=f"user:{user.id}", at=now, user=None)
    return password


def _settled(email: str) -> str:
    """Settle an address's spelling. An operator's may be at localhost, where nobody else's is."""
    local, _, domain = email.rpartition("@")
    try:
        checked = validate_email(
            f"{local}@example.com" if domain.lower() == "localhost" else email,
            check_deliverability=False,
            globally_deliverable=False,
            test_environment=True,
            allow_smtputf8=False,
        )
    except EmailNotValidError as error:
        raise Invalid.field("/email", "email_invalid", str(error)) from None
    return f"{checked.local_part}@localhost" if domain.lower() == "localhost" else checked.normalized
