"""Deleted workspaces whose grace is over: all that they had goes, a bounded number of rows at a time.

What was done in them stays in the audit log, which is the installation's too. Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ginnel import observe

if TYPE_CHECKING:
    import asyncpg

GRACE_DAYS = 30
"""For how long a deleted workspace can be restored."""
_ROWS = 5_000
"""Rows that a step deletes of one table."""
_LINKS = 200

_OWNED = (
    ("clicks_hourly", "workspace_id = $1"),
    ("captured_clicks", "workspace_id = $1"),
    ("idempotency_keys", "workspace_id = $1"),
    ("import_rows", "import_id in (select id from imports where workspace_id = $1)"),
    ("import_claims", "import_id in (select id from imports where workspace_id = $1)"),
    ("webhook_deliveries", "webhook_id in (select id from webhooks where workspace_id = $1)"),
    ("webhook_events", "workspace_id = $1"),
    ("orphans", "domain_id in (select id from domains where workspace_id = $1)"),
    ("tags", "workspace_id = $1"),
)
"""Tables in which a workspace may have many rows, besides its links and their clicks. The rest goes with its own row."""


async def step(connection: asyncpg.Connection, now: datetime) -> bool:
    """Delete some of what the longest deleted workspace has; say whether there may be more to delete."""
    async with connection.transaction():
        workspace = await connection.fetchval(
            """
            select id from workspaces where deleted_at <= $1::timestamptz - make_interval(days => $2)
            order by deleted_at limit 1 for update skip locked
            """,
            now,
            GRACE_DAYS,
        )
        if workspace is None:
            return False
        if await _links(connection, workspace):
            return True
        for table, whose in _OWNED:
            if await _some(connection, table, whose, workspace):
                return True
        await connection.execute("delete from workspaces where id = $1", workspace)
        await connection.execute(
            """
            insert into audit_log (at, workspace_id, user_id, action, subject, details)
            values ($1, $2, null, 'workspace_emptied', 'workspace:' || $2::bigint, '{}')
            """,
            now,
            workspace,
        )
    observe.log.info("workspace_emptied", workspace=workspace)
    return True


async def _links(connection: asyncpg.Connection, workspace: int) -> bool:
    """Delete some clicks, or links of which there are none any more; False when the workspace has no links."""
    links = await connection.fetch("select id from links where workspace_id = $1 limit $2", workspace, _LINKS)
    if not links:
        return False
    ids = [row["id"] for row in links]
    gone = await connection.execute(
        """
        delete from clicks using (select at, id from clicks where link_id = any($1::bigint[]) limit $2) as gone
        where clicks.at = gone.at and clicks.id = gone.id
        """,
        ids,
        _ROWS,
    )
    if _count(gone) < _ROWS:
        await connection.execute("delete from clicks_hourly where link_id = any($1::bigint[])", ids)
        await connection.execute("delete from links where id = any($1::bigint[])", ids)
    return True


async def _some(connection: asyncpg.Connection, table: str, whose: str, workspace: int) -> bool:
    """Delete some of a workspace's rows in a table; say whether there were any."""
    query = f"delete from {table} where ctid in (select ctid from {table} where {whose} limit {_ROWS})"  # noqa: S608  # our own names
    return _count(await connection.execute(query, workspace)) > 0


def _count(status: str) -> int:
    """Read how many rows a command's status says."""
    return int(status.rpartition(" ")[2])
