"""Guests whose time is over: they are erased with all they have made."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from ginnel import db, observe
from ginnel.erasure import asking
from ginnel.erasure.drafts import ErasureDraft
from ginnel.users import User

_MOST = 100
"""Guests that one run looks after; the next goes on."""


async def work(_: float) -> int:
    """Have every guest erased who is due; return how many. `erasure.working` then empties the tables of them."""
    ended = 0
    while ended < _MOST and await end_one(datetime.now(UTC)):
        ended += 1
    return ended


async def end_one(now: datetime) -> bool:
    """Have the guest erased who is due for longest; say whether there was one."""
    # Whoever signs up at this moment has their row, and is no guest when it is free.
    due = select(User.id).where(User.guest_until <= now).order_by(User.guest_until).limit(1)
    async with db.session() as conn:
        guest = await conn.scalar(due.with_for_update(skip_locked=True))
        if guest is None:
            return False
        await asking.erase(conn, ErasureDraft(password=""), user=guest, now=now)
    observe.log.info("guest_ended", user=guest)
    return True
