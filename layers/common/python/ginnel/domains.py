"""The host names that links live on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Text, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import lookup, settings
from ginnel.db import Base


class Domain(Base):
    __tablename__ = "domains"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    workspace_id: Mapped[int | None] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    host: Mapped[str] = mapped_column(Text, unique=True)
    case_sensitive: Mapped[bool]
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


async def ensure_default(conn: AsyncSession, *, now: datetime) -> None:
    """Keep the one domain that is open to every workspace in step with BASE_URL: links follow when it changes."""
    host = settings.site().host
    # Of two that start together on a new database, one makes it.
    await conn.execute(select(func.pg_advisory_xact_lock(7464)))
    kept = await conn.execute(
        update(Domain).where(Domain.workspace_id.is_(None)).values(host=host).returning(Domain.id)
    )
    if kept.first() is None:
        conn.add(Domain(workspace_id=None, host=host, case_sensitive=False, verified_at=now, created_at=now))
        await conn.flush()


async def find(conn: AsyncSession, host: str, *, workspace: int) -> Domain | None:
    """Find a domain that this workspace may put links on."""
    mine = or_(Domain.workspace_id == workspace, Domain.workspace_id.is_(None))
    return await conn.scalar(select(Domain).where(Domain.host == host.lower(), Domain.verified_at.is_not(None), mine))


async def hosts(conn: AsyncSession) -> set[str]:
    """Return every host of this installation: what no link may lead to.

    On one machine every loopback name is the default domain, but other ports there are other programs'.
    """
    found = set(await conn.scalars(select(Domain.host)))
    site = settings.site()
    if site.host in lookup.LOOPBACK:
        found |= {f"{name}:{site.port}" for name in lookup.LOOPBACK}
    return found
