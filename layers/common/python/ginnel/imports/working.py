"""Working imports off, some rows a transaction: whoever does so may die at any moment, and another goes on.

A batch's links and what became of its rows are committed together, so that no row is worked off twice, and none is left out.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import db, observe
from ginnel.errors import FieldError

from .batch import Batch, Job, Outcome

_AT_ONCE = 500
_BYTES_AT_ONCE = 4_000_000
_LOOK = 1.0
"""Seconds between two looks for work where there was none."""
_LONGEST = 50.0

_Rows = Sequence[tuple[int, dict[str, Any]]]


async def work(seconds: float) -> int:
    """Work off what waits, and what comes to wait, until `seconds` are over; return how many rows that were.

    For 0, until nothing waits, or until a scheduled run has to end.
    """
    begun = time.monotonic()
    done = 0
    while True:
        count = await step()
        done += count or 0
        left = begun + (seconds or (0 if count is None else _LONGEST)) - time.monotonic()
        if left <= 0:
            return done
        if count is None:
            await asyncio.sleep(min(_LOOK, left))


async def step() -> int | None:
    """Work off one batch; return how many rows it had, None if no import waits."""
    async with db.session() as conn:
        now = datetime.now(UTC)
        job = await _next(conn)
        if job is None:
            return None
        rows = await _rows(conn, job)
        outcomes = await _tried(conn, job, rows, now=now) if rows else []
        await _keep(conn, job, outcomes, now=now)
    if not rows:
        observe.log.info("import_done", id=job.id)
    return len(rows)


async def _next(conn: AsyncSession) -> Job | None:
    """Choose the import that has waited longest. Nobody else works on it before this transaction has ended."""
    found = (
        await conn.execute(
            text(
                """
                select id, workspace_id, user_id, format, on_conflict, dry_run, domain, position from imports
                where state in ('waiting', 'running')
                    and exists (select from workspaces w where w.id = workspace_id and w.deleted_at is null)
                order by worked_at limit 1 for update skip locked
                """
            )
        )
    ).first()
    return Job(*found) if found else None


async def _rows(conn: AsyncSession, job: Job) -> _Rows:
    found = await conn.execute(
        text(
            """
            select number, cells from (
                select number, cells, size, sum(size) over (order by number) as upto from (
                    select number, cells, size from import_rows
                    where import_id = :import and number > :position and state = 'waiting' order by number limit :rows
                ) oldest
            ) summed where upto - size < :bytes order by number
            """
        ),
        {"import": job.id, "position": job.position, "rows": _AT_ONCE, "bytes": _BYTES_AT_ONCE},
    )
    return [(number, cells) for number, cells in found]


async def _tried(conn: AsyncSession, job: Job, rows: _Rows, *, now: datetime) -> list[Outcome]:
    """Work rows off; halve what PostgreSQL refuses until the row that is at fault stands alone."""
    acts = conn.info.setdefault("after_commit", [])
    before = len(acts)
    try:
        async with conn.begin_nested():
            outcomes = await Batch(conn, job, now=now).work_off(rows)
            await conn.flush()
            if job.dry_run:
                del acts[before:]
            return outcomes
    except DBAPIError as error:
        del acts[before:]
        if not _refused(error):
            raise
        if len(rows) == 1:
            observe.log.warning("import_row_refused", id=job.id, row=rows[0][0], error=type(error.orig).__name__)
            fault = FieldError("", "row_refused", "is more than the database takes")
            return [Outcome(rows[0][0], "failed", None, None, [fault])]
        middle = len(rows) // 2
        first = await _tried(conn, job, rows[:middle], now=now)
        return first + await _tried(conn, job, rows[middle:], now=now)


def _refused(error: DBAPIError) -> bool:
    """Say whether it is the data that can't be stored, and not the server that can't store anything now."""
    return str(getattr(error.orig, "sqlstate", None) or "")[:2] in {"22", "23", "54"}


async def _keep(conn: AsyncSession, job: Job, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Write down what became of rows; without any, that the import is done."""
    await conn.execute(
        text(
            """
            update import_rows r
            set state = o.state, link_id = o.link, short_url = o.short_url, errors = o.errors, cells = null
            from jsonb_to_recordset(cast(:outcomes as jsonb))
                as o (number bigint, state text, link bigint, short_url text, errors jsonb)
            where r.import_id = :import and r.number = o.number
            """
        ),
        {"import": job.id, "outcomes": json.dumps([_written(outcome) for outcome in outcomes])},
    )
    await conn.execute(
        text(
            """
            update imports
            set created = created + :created, updated = updated + :updated, skipped = skipped + :skipped,
                failed = failed + :failed, position = :position, worked_at = :now, state = :state,
                finished_at = :finished
            where id = :import
            """
        ),
        {
            "import": job.id,
            **{state: sum(o.state == state for o in outcomes) for state in ("created", "updated", "skipped", "failed")},
            "position": max((outcome.number for outcome in outcomes), default=job.position),
            "now": now,
            "state": "running" if outcomes else "done",
            "finished": None if outcomes else now,
        },
    )
    if not outcomes:
        await conn.execute(text("delete from import_claims where import_id = :import"), {"import": job.id})


def _written(outcome: Outcome) -> dict[str, Any]:
    return {**outcome._asdict(), "errors": [asdict(error) for error in outcome.errors]}
