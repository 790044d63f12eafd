"""Sending what is due. A delivery is leased to the worker that sends it: when that dies, another one takes it up.

The end of the lease is also what proves whose it is: each step changes the row only if it still says what it said then.
Leases are by PostgreSQL's clock alone, which gives no two the same end.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import observe, outbound, traces
from ginnel.outbound import Limits, Refused

from . import signing

TRIES = 10
FIRST_DELAY = 10.0
"""Seconds until the second attempt; each wait is three times the one before, so that ten attempts take 27 hours."""
LONGEST_WAIT = timedelta(days=1)
"""As long as an answer's Retry-After may ask for."""
FAILURES = 20
"""In a row, after which a webhook is disabled."""
LEASE = timedelta(seconds=60)
"""Several times what an attempt may take."""
KEPT = timedelta(days=30)
_LIMITS = Limits(seconds=10.0, size=1024, redirects=0)


class Lease(NamedTuple):
    """A delivery and the end of our lease of it, by which it is ours."""

    delivery: int
    until: datetime
    webhook: int


@dataclass(frozen=True)
class Due:
    lease: Lease
    url: str
    keys: tuple[str, ...]
    event: UUID
    kind: str
    at: datetime
    data: dict[str, Any]
    attempts: int


@dataclass(frozen=True)
class Outcome:
    status: int | None
    error: str | None
    response: str | None
    took_ms: int
    retry_after: timedelta | None

    @property
    def delivered(self) -> bool:
        return self.error is None


def identifier(event: UUID) -> str:
    return f"evt_{event.hex}"


def message(kind: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """Make an event's payload: of the same event, always the same."""
    return {"type": kind, "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds"), "data": data}


async def take(
    conn: AsyncSession, *, limit: int, each: int, busy: Collection[int] = (), lease: timedelta = LEASE
) -> list[Lease]:
    """Lease the deliveries that are due the longest: `each` of a webhook, none of those that are `busy`."""
    taken = await conn.execute(
        text(
            """
            with chosen as (
                select d.id from webhooks w cross join lateral (
                    select id, due_at from webhook_deliveries where webhook_id = w.id and due_at <= now()
                    order by due_at limit :each for update skip locked
                ) d
                where w.disabled_at is null and w.id <> all(cast(:busy as bigint[]))
                order by d.due_at limit :limit
            )
            update webhook_deliveries d set due_at = clock_timestamp() + cast(:lease as interval)
            from chosen where d.id = chosen.id returning d.id, d.due_at, d.webhook_id
            """
        ),
        {"each": each, "limit": limit, "busy": list(busy), "lease": lease},
    )
    return [Lease(*row) for row in taken]


async def claim(conn: AsyncSession, leases: Sequence[Lease]) -> list[Due]:
    """Make leases that were given on to us our own, and read what is to be sent. Whoever else has one loses it."""
    rows = await conn.execute(
        text(
            """
            with claimed as (
                update webhook_deliveries d set due_at = clock_timestamp() + cast(:lease as interval)
                from jsonb_to_recordset(cast(:leases as jsonb)) as given (id bigint, until timestamptz)
                where d.id = given.id and d.due_at = given.until
                returning d.id, d.due_at, d.webhook_id, d.event_id, d.attempts
            )
            select c.id, c.due_at, c.webhook_id, c.event_id, c.attempts, w.url, w.secret,
                case when w.old_secret_until > now() then w.old_secret end as old_secret, e.kind, e.at, e.data
            from claimed c join webhooks w on w.id = c.webhook_id join webhook_events e on e.id = c.event_id
            where w.disabled_at is null
            """
        ),
        {
            "lease": LEASE,
            "leases": json.dumps([{"id": it.delivery, "until": it.until.isoformat()} for it in leases]),
        },
    )
    return [
        Due(
            lease=Lease(row.id, row.due_at, row.webhook_id),
            url=row.url,
            keys=tuple(key for key in (row.secret, row.old_secret) if key),
            event=row.event_id,
            kind=row.kind,
            at=row.at,
            data=row.data,
            attempts=row.attempts,
        )
        for row in rows
    ]


async def attempt(due: Due, *, now: datetime) -> Outcome:
    """Send it, once, to wherever the address leads by now. Whatever goes wrong is the outcome."""
    with traces.span(f"POST {due.kind}", traces.CLIENT) as span:
        outcome = await _send(due, span.headers, now=now)
        span.tell({"http.request.method": "POST", "http.request.resend_count": due.attempts or None})
        span.tell({"http.response.status_code": outcome.status, "ginnel.delivery": due.lease.delivery})
        if not outcome.delivered:
            span.fail(str(outcome.status or "unanswered"))
    return outcome


async def _send(due: Due, traced: Mapping[str, str], *, now: datetime) -> Outcome:
    body = json.dumps(message(due.kind, due.at, due.data), ensure_ascii=False, separators=(",", ":")).encode()
    signed = signing.headers(identifier(due.event), body, keys=due.keys, now=now)
    begun = time.monotonic()
    status: int | None = None
    response: str | None = None
    wait: timedelta | None = None
    error: str | None
    try:
        sent = {"content-type": "application/json", **traced, **signed}
        answer = await outbound.public().post(due.url, body, _LIMITS, headers=sent)
    except Refused as refused:
        error = refused.detail
    except (TimeoutError, outbound.Unreachable) as away:
        error = str(away)
    else:
        status, response = answer.status, answer.body.decode("utf-8", "replace").replace("\0", "\ufffd")
        succeeded = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        error = None if succeeded else f"It answered with status {status}."
        wait = retry_after(answer.headers.get("retry-after"), now=now)
    return Outcome(status, error, response, round(1000 * (time.monotonic() - begun)), wait)


def retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """Read the header (RFC 9110, section 10.2.3): seconds, or a date. What it is not is ignored."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text[:10]), 10**6)), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def delay(attempts: int, asked: timedelta | None) -> timedelta:
    """Say how long to wait after so many attempts: a quarter more or less, and no less than was asked for."""
    wait = timedelta(seconds=FIRST_DELAY * 3 ** (attempts - 1) * random.uniform(0.75, 1.25))  # noqa: S311  # no secret
    return max(wait, asked or timedelta(0))


async def finish(conn: AsyncSession, due: Due, outcome: Outcome) -> bool:
    """Write down what came of an attempt; return False if the lease was lost, and somebody else's attempt counts."""
    attempts = due.attempts + 1
    gone = outcome.status == HTTPStatus.GONE
    over = outcome.delivered or gone or attempts >= TRIES
    kept = await conn.execute(
        text(
            """
            update webhook_deliveries set
                due_at = now() + cast(:wait as interval), attempts = :attempts, attempted_at = now(),
                delivered_at = case when :delivered then now() end,
                status = :status, error = :error, response = :response, took_ms = :took_ms
            where id = :delivery and due_at = :until returning id
            """
        ),
        {
            "wait": None if over else delay(attempts, outcome.retry_after),
            "attempts": attempts,
            "delivered": outcome.delivered,
            "status": outcome.status,
            "error": outcome.error,
            "response": outcome.response,
            "took_ms": outcome.took_ms,
            "delivery": due.lease.delivery,
            "until": due.lease.until,
        },
    )
    if kept.first() is None:
        return False
    if outcome.delivered:
        await conn.execute(
            text("update webhooks set failures = 0 where id = :webhook and failures > 0"),
            {"webhook": due.lease.webhook},
        )
    else:
        await _count_failure(conn, due.lease.webhook, gone=gone)
    return True


async def _count_failure(conn: AsyncSession, webhook: int, *, gone: bool) -> None:
    disabled = await conn.scalar(
        text(
            """
            update webhooks set
                failures = failures + 1,
                disabled_at = case when :gone or failures + 1 >= :most then now() end,
                disabled_because = case when :gone then 'gone' when failures + 1 >= :most then 'failures' end
            where id = :webhook and disabled_at is null returning disabled_because
            """
        ),
        {"webhook": webhook, "gone": gone, "most": FAILURES},
    )
    if disabled:
        observe.log.warning("webhook_disabled", webhook=webhook, because=disabled)


async def give_back(conn: AsyncSession, leases: Sequence[Lease], *, wait: timedelta) -> None:
    """Let others have leases that we can do nothing with."""
    await conn.execute(
        text(
            """
            update webhook_deliveries d set due_at = now() + cast(:wait as interval)
            from jsonb_to_recordset(cast(:leases as jsonb)) as given (id bigint, until timestamptz)
            where d.id = given.id and d.due_at = given.until
            """
        ),
        {
            "wait": wait,
            "leases": json.dumps([{"id": it.delivery, "until": it.until.isoformat()} for it in leases]),
        },
    )


async def forget(conn: AsyncSession) -> None:
    """Delete what is too old to be looked at, or to be sent still."""
    await conn.execute(text("delete from webhook_events where at < now() - cast(:kept as interval)"), {"kept": KEPT})
