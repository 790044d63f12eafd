"""How often links were followed so far."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from .tables import Hour


async def totals(conn: AsyncSession, links: Sequence[int]) -> dict[int, int]:
    """Count people's clicks on several links so far, by link; links without any are left out."""
    rows = await conn.execute(
        select(Hour.link_id, func.sum(Hour.clicks)).where(Hour.link_id.in_(links)).group_by(Hour.link_id)
    )
    return {link: int(clicks) for link, clicks in rows}
