"""Sending what is due. A mail is leased to the worker that sends it: when that dies, another one takes it up.

The end of the lease also proves whose it is, as with webhooks: a row is changed only if it still says what it said then.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=15),
)
"""How long to wait after each attempt that failed, a quarter more or less: a day together, then it is given up."""
LEASE = timedelta(minutes=2)
"""Longer than writing and sending a mail may take."""
HELD = timedelta(days=1)
"""How long mails wait for a way to send them to be configured."""
KEPT = timedelta(days=7)
"""How long it can be read what was given up, and why."""
_ERROR = 500


@dataclass(frozen=True)
class Due:
    id: int
    until: datetime
    """The end of our lease of it, by which it is ours."""
    created_at: datetime
    recipient: str
    template: str
    fields: dict[str, Any]
    attempts: int


async def take(conn: AsyncSession, *, limit: int, lease: timedelta = LEASE) -> list[Due]:
    """Lease the mails that are due the longest."""
    taken = await conn.execute(
        text(
            """
            with chosen as (
                select id from mail_outbox where due_at <= now() order by due_at limit :limit for update skip locked
            )
            update mail_outbox m set due_at = clock_timestamp() + cast(:lease as interval)
            from chosen where m.id = chosen.id
            returning m.id, m.due_at, m.created_at, m.recipient, m.template, m.fields, m.attempts
            """
        ),
        {"limit": limit, "lease": lease},
    )
    return [Due(*row) for row in taken]


def delay(attempts: int) -> timedelta | None:
    """Say how long to wait after so many attempts; None when there were enough."""
    if attempts > len(WAITS):
        return None
    return WAITS[attempts - 1] * random.uniform(0.75, 1.25)  # noqa: S311  # no secret


async def finish(conn: AsyncSession, mail: Due) -> bool:
    """Delete what is sent, or had nothing to say; return False if the lease was lost, and somebody else's attempt counts."""
    gone = await conn.execute(
        text("delete from mail_outbox where id = :id and due_at = :until returning id"),
        {"id": mail.id, "until": mail.until},
    )
    return gone.first() is not None


async def postpone(conn: AsyncSession, mail: Due, error: str, *, final: bool = False) -> bool:
    """Write down that an attempt failed, and when the next one is due; return whether there will be one."""
    attempts = mail.attempts + 1
    wait = None if final else delay(attempts)
    await conn.execute(
        text(
            """
            update mail_outbox set due_at = now() + cast(:wait as interval), attempts = :attempts, error = :error
            where id = :id and due_at = :until
            """
        ),
        {"wait": wait, "attempts": attempts, "error": error[:_ERROR], "id": mail.id, "until": mail.until},
    )
    return wait is not None


async def give_up(conn: AsyncSession, *, error: str) -> int:
    """Give up what has waited for a way to send it for too long; return how many mails that were."""
    given_up = await conn.execute(
        text(
            """
            update mail_outbox set due_at = null, error = :error
            where due_at <= now() and created_at < now() - cast(:held as interval) returning id
            """
        ),
        {"error": error, "held": HELD},
    )
    return len(given_up.all())


async def forget(conn: AsyncSession) -> None:
    """Delete what was given up and nobody will ask about any more."""
    await conn.execute(
        text("delete from mail_outbox where due_at is null and created_at < now() - cast(:kept as interval)"),
        {"kept": KEPT + HELD},
    )
