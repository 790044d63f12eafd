"""How often links were followed so far: one number each. All other questions about clicks: `stats`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def of(conn: AsyncSession, links: Sequence[int]) -> dict[int, int]:
    """Count people's clicks on several links, by link; links without any are left out."""
    rows = await conn.execute(
        text(
            """
            select link_id, sum(clicks)::bigint as clicks from clicks_hourly
            where link_id = any(cast(:links as bigint[])) group by link_id
            """
        ),
        {"links": list(links)},
    )
    return {row.link_id: row.clicks for row in rows}
