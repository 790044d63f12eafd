"""Writing down what is to be told, in the transaction in which it happens."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from .tables import Kind

if TYPE_CHECKING:
    import asyncpg

    from ginnel.ingestion import Row

MOST_CLICKS = 100
"""Clicks that one event tells of."""


async def announce(conn: AsyncSession, kind: Kind, subjects: Iterable[Any], *, workspace: int, now: datetime) -> None:
    """Have a workspace's webhooks told of things (output models of ours) to which something of this kind happened."""
    listens = await conn.scalar(
        text(
            """
            select exists (
                select from webhooks where workspace_id = :workspace and disabled_at is null and :kind = any(events)
            )
            """
        ),
        {"workspace": workspace, "kind": kind},
    )
    if not listens:
        return
    data = json.dumps([subject.model_dump(mode="json") for subject in subjects])
    await conn.execute(text(_TELL), {"kind": kind, "now": now, "workspace": workspace, "data": data})


_TELL = """
    with told as (
        insert into webhook_events (id, workspace_id, kind, at, data)
        select gen_random_uuid(), :workspace, :kind, :now, value from jsonb_array_elements(cast(:data as jsonb)) returning id
    )
    insert into webhook_deliveries (webhook_id, event_id, created_at, due_at, attempts)
    select webhooks.id, told.id, :now, now(), 0
    from told cross join webhooks
    where workspace_id = :workspace and disabled_at is null and :kind = any(events)
"""


async def announce_clicks(connection: asyncpg.Connection, rows: Sequence[Row]) -> None:
    """Have webhooks told of clicks that were stored just now, of workspaces that have any who ask."""
    by_workspace: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_workspace[row.workspace_id].append(row)
    named = await _named(connection, {row.link_id for row in rows})
    events = [
        {
            "workspace": workspace,
            "data": {"clicks": [_click(row, named) for row in clicks[start : start + MOST_CLICKS]]},
        }
        for workspace, clicks in by_workspace.items()
        for start in range(0, len(clicks), MOST_CLICKS)
    ]
    await connection.execute(
        """
        with told as (
            insert into webhook_events (id, workspace_id, kind, at, data)
            select gen_random_uuid(), workspace, 'link.clicked', now(), data
            from jsonb_to_recordset($1::jsonb) as e (workspace bigint, data jsonb) returning id, workspace_id
        )
        insert into webhook_deliveries (webhook_id, event_id, created_at, due_at, attempts)
        select webhooks.id, told.id, now(), now(), 0 from told join webhooks using (workspace_id)
        where disabled_at is null and 'link.clicked' = any(events)
        """,
        json.dumps(events),
    )


async def _named(connection: asyncpg.Connection, links: Collection[int]) -> dict[int, dict[str, Any]]:
    found = await connection.fetch(
        "select l.id, l.slug, d.host from links l join domains d on d.id = l.domain_id where l.id = any($1::bigint[])",
        list(links),
    )
    return {row["id"]: {"id": row["id"], "slug": row["slug"], "domain": row["host"]} for row in found}


_TOLD = (
    "country", "region", "city", "continent", "device", "os", "browser", "language", "bot", "referrer_host", "utm_source",
    "utm_medium", "utm_campaign", "utm_term", "utm_content", "qr", "variant",
)  # fmt: skip


def _click(row: Row, named: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Say of a click what its statistics do. Neither who the visitor was nor the page they came from is among it."""
    said = {
        "id": str(row.id),
        "at": row.at.isoformat(),
        "link": named.get(row.link_id, {"id": row.link_id, "slug": None, "domain": None}),
    }
    return said | {field: getattr(row, field) for field in _TOLD}
