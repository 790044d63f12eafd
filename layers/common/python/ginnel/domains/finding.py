"""Finding the domains that links are put on."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import settings

from .tables import Domain

_SERVED = (Domain.verified_at.is_not(None), Domain.deleted_at.is_(None))


async def find(conn: AsyncSession, host: str, *, workspace: int) -> Domain | None:
    """Find a domain that this workspace may put links on, and keep it from changing its case rule meanwhile."""
    mine = or_(Domain.workspace_id == workspace, Domain.workspace_id.is_(None))
    query = select(Domain).where(Domain.host == host.lower(), mine, *_SERVED)
    # As PostgreSQL itself locks it for each link that is put there.
    return await conn.scalar(query.with_for_update(key_share=True, read=True))


async def chosen(conn: AsyncSession, *, workspace: int) -> str:
    """Return the host for links of which no domain is said: the workspace's default one, else the installation's own."""
    query = select(Domain.host).where(Domain.workspace_id == workspace, Domain.is_default, *_SERVED)
    return await conn.scalar(query) or settings.site().host


async def hosts(conn: AsyncSession) -> set[str]:
    """Return every host of this installation: what no link may lead to. One that is merely claimed is somebody else's.

    On one machine every name of its own is the default domain's, but other ports there are other programs'.
    """
    found = set(await conn.scalars(select(Domain.host).where(*_SERVED)))
    site = settings.site()
    if site.host in settings.LOOPBACK:
        found.add(f"localhost:{site.port}")
    return found
