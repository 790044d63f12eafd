"""A link as the redirect sees it, straight from PostgreSQL."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import hosts, lookup, redirects
from ginnel.redirects import Record

from .reading import own


async def record(conn: AsyncSession, link_id: int, *, workspace: int) -> tuple[Record, bool]:
    """Compile a link as the redirect sees it, and say whether it is used up. Raises NotFound."""
    link, domain, used = await own(conn, link_id, workspace=workspace)
    raw = (await (await conn.connection()).get_raw_connection()).driver_connection
    found = await lookup.stored(raw, domain.host, link.slug_key)
    beside = hosts.read(await lookup.stored(raw, domain.host, hosts.NAME))
    return redirects.backed(found, beside), link.max_clicks is not None and (used or 0) >= link.max_clicks
