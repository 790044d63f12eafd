"""Domains as PostgreSQL keeps them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Integer, Text, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import settings
from ginnel.db import Base


class Domain(Base):
    """A host that a workspace has, or claims until it is verified; the installation's own has no workspace."""

    __tablename__ = "domains"
    __table_args__ = (
        Index(
            "domains_host_key",
            "host",
            unique=True,
            postgresql_where=text("verified_at is not null and deleted_at is null"),
        ),
        Index(
            "domains_workspace_id_host_key",
            "workspace_id",
            "host",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
        Index(
            "domains_workspace_id_default_key",
            "workspace_id",
            unique=True,
            postgresql_where=text("is_default and deleted_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    workspace_id: Mapped[int | None] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    host: Mapped[str] = mapped_column(Text)
    case_sensitive: Mapped[bool]
    root_target: Mapped[str | None] = mapped_column(Text)
    not_found_target: Mapped[str | None] = mapped_column(Text)
    expired_target: Mapped[str | None] = mapped_column(Text)
    # SQL's null for none: JSON's would be a document.
    apple_app_site_association: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    assetlinks: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    verification_token: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


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
