"""Making a guest."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, passwords, workspaces
from ginnel.users import NOBODY, User

from .tables import GRACE


async def begin(conn: AsyncSession, *, now: datetime) -> User:
    """Add somebody of whom nothing is known, and their personal workspace."""
    guest = User(
        email=f"{NOBODY}{secrets.token_hex(8)}",
        name="",
        password_hash=passwords.NONE,
        is_admin=False,
        email_verified_at=None,
        disabled_at=None,
        disabled_reason=None,
        created_at=now,
        guest_until=now + GRACE,
    )
    conn.add(guest)
    await conn.flush()
    workspace = await workspaces.create_personal(conn, user_id=guest.id, now=now)
    audit.record(conn, "guest_made", subject=f"user:{guest.id}", at=now, workspace=workspace.id, user=guest.id)
    return guest
