"""Links and what belongs to each, as PostgreSQL keeps them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ginnel.db import Base

REUSABLE_AFTER = timedelta(days=30)
"""How long a deleted link's slug is kept from other workspaces."""


class Link(Base):
    __tablename__ = "links"
    __table_args__ = (
        CheckConstraint("redirect_status in (301, 302, 307, 308)", name="redirect_status"),
        CheckConstraint("max_clicks > 0", name="max_clicks"),
        Index("links_domain_id_slug_key_key", "domain_id", "slug_key", unique=True),
        Index(
            "links_workspace_id_external_id_key",
            "workspace_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id is not null and deleted_at is null"),
        ),
        Index("links_target_idx", "workspace_id", text("md5(target)"), postgresql_where=text("deleted_at is null")),
        Index(
            "links_workspace_id_updated_at_idx",
            "workspace_id",
            text("updated_at desc"),
            text("id desc"),
            postgresql_where=text("deleted_at is null"),
        ),
        Index(
            "links_workspace_id_slug_key_idx",
            "workspace_id",
            text('slug_key collate "C"'),
            postgresql_where=text("deleted_at is null"),
        ),
        Index(
            "links_target_hosts_idx",
            text("target_hosts(target, expired_target, rules, variants)"),
            postgresql_using="gin",
        ),
        Index(
            "links_workspace_id_expires_at_idx",
            "workspace_id",
            "expires_at",
            postgresql_where=text("expires_at is not null and deleted_at is null"),
        ),
        Index(
            "links_workspace_id_id_idx", "workspace_id", text("id desc"), postgresql_where=text("deleted_at is null")
        ),
        Index(
            "links_workspace_id_domain_id_idx",
            "workspace_id",
            "domain_id",
            postgresql_where=text("deleted_at is null"),
        ),
        Index(
            "links_archived_idx",
            "workspace_id",
            postgresql_where=text("archived_at is not null and deleted_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    domain_id: Mapped[int] = mapped_column(ForeignKey("domains.id", ondelete="RESTRICT"))
    slug: Mapped[str] = mapped_column(Text)
    slug_key: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    image: Mapped[str | None] = mapped_column(Text)
    redirect_status: Mapped[int] = mapped_column(SmallInteger)
    allow_caching: Mapped[bool]
    forward_query: Mapped[bool]
    forward_path: Mapped[bool]
    starts_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    expired_target: Mapped[str | None] = mapped_column(Text)
    max_clicks: Mapped[int | None]
    password_hash: Mapped[str | None] = mapped_column(Text)
    rules: Mapped[list[Any]] = mapped_column(JSONB)
    variants: Mapped[list[Any]] = mapped_column(JSONB)
    external_id: Mapped[str | None] = mapped_column(Text)
    imported_clicks: Mapped[int] = mapped_column(server_default="0")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)


class Budget(Base):
    """How many clicks a link with a limit has had. `budgets` spends them; a click is no edit of the link."""

    __tablename__ = "link_budgets"

    link_id: Mapped[int] = mapped_column(
        ForeignKey("links.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    used: Mapped[int]


class Version(Base):
    """What a link was at each of its versions, as the API shows it; the fields of its draft alone."""

    __tablename__ = "link_versions"

    link_id: Mapped[int] = mapped_column(
        ForeignKey("links.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)
