"""Clicks, and what counts them. The rows are written by `ingestion`, what they add up to by `rollups`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Enum, Identity, Index, PrimaryKeyConstraint, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import rollups
from ginnel.db import Base

Dimension = Enum(*rollups.DIMENSIONS, name="dimension")


class Click(Base):
    __tablename__ = "clicks"
    __table_args__ = (
        PrimaryKeyConstraint("at", "id"),
        Index("clicks_link_id_at_idx", "link_id", text("at desc")),
        Index("clicks_workspace_id_at_idx", "workspace_id", text("at desc")),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime]
    id: Mapped[UUID]
    workspace_id: Mapped[int]
    domain_id: Mapped[int]
    link_id: Mapped[int]
    visitor: Mapped[bytes | None]
    country: Mapped[str | None] = mapped_column(Text)
    region: Mapped[str | None] = mapped_column(Text)
    city: Mapped[str | None] = mapped_column(Text)
    continent: Mapped[str | None] = mapped_column(Text)
    device: Mapped[str] = mapped_column(Text)
    os: Mapped[str | None] = mapped_column(Text)
    browser: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    bot: Mapped[str | None] = mapped_column(Text)
    referrer_host: Mapped[str | None] = mapped_column(Text)
    referrer_path: Mapped[str | None] = mapped_column(Text)
    utm_source: Mapped[str | None] = mapped_column(Text)
    utm_medium: Mapped[str | None] = mapped_column(Text)
    utm_campaign: Mapped[str | None] = mapped_column(Text)
    utm_term: Mapped[str | None] = mapped_column(Text)
    utm_content: Mapped[str | None] = mapped_column(Text)
    qr: Mapped[bool]
    variant: Mapped[str | None] = mapped_column(Text)
    clamped: Mapped[bool]
    source: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(Text)
    new_to_link: Mapped[bool] = mapped_column(server_default=text("false"))
    new_to_workspace: Mapped[bool] = mapped_column(server_default=text("false"))


class Hour(Base):
    """How often a link was followed in an hour (UTC)."""

    __tablename__ = "clicks_hourly"

    link_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    workspace_id: Mapped[int]
    clicks: Mapped[int]
    bots: Mapped[int]
    visitors: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        Index(None, "workspace_id", "hour"),
        Index("clicks_hourly_hour_idx", "hour", postgresql_using="brin"),
    )


class WorkspaceHour(Base):
    """How often a workspace's links were followed in an hour (UTC)."""

    __tablename__ = "workspace_hours"
    __table_args__ = (Index("workspace_hours_hour_idx", "hour", postgresql_using="brin"),)

    workspace_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    clicks: Mapped[int]
    visitors: Mapped[int]
    bots: Mapped[int]


class WorkspaceQuarter(Base):
    """How often a workspace's links were followed in a quarter of an hour."""

    __tablename__ = "workspace_quarters"
    __table_args__ = (Index("workspace_quarters_quarter_idx", "quarter", postgresql_using="brin"),)

    workspace_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quarter: Mapped[datetime] = mapped_column(primary_key=True)
    clicks: Mapped[int]
    visitors: Mapped[int]
    bots: Mapped[int]


class LinkDay(Base):
    """How often a link was followed on a day (UTC) by those of whom a dimension has a value."""

    __tablename__ = "link_days"
    __table_args__ = (Index("link_days_day_idx", "day", postgresql_using="brin"),)

    link_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dimension: Mapped[str] = mapped_column(Dimension, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(Text, primary_key=True)
    workspace_id: Mapped[int]
    clicks: Mapped[int]
    visitors: Mapped[int]
    bots: Mapped[int]


class RolledLink(Base):
    """A link whose days before `until` are in LinkDay."""

    __tablename__ = "rolled_links"

    link_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    until: Mapped[date]


class WorkspaceDay(Base):
    __tablename__ = "workspace_days"

    workspace_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dimension: Mapped[str] = mapped_column(Dimension, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(Text, primary_key=True)
    clicks: Mapped[int]
    visitors: Mapped[int]
    bots: Mapped[int]


class WorkspaceMonth(Base):
    __tablename__ = "workspace_months"

    workspace_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dimension: Mapped[str] = mapped_column(Dimension, primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(Text, primary_key=True)
    clicks: Mapped[int]
    visitors: Mapped[int]
    bots: Mapped[int]


class Visitor(Base):
    """Somebody who was met on a day: by a link, or under 0 by the workspace. Kept as long as that day's salt."""

    __tablename__ = "visitors"

    link_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    visitor: Mapped[bytes] = mapped_column(primary_key=True)


class VisitorSalt(Base):
    __tablename__ = "visitor_salts"

    day: Mapped[date] = mapped_column(primary_key=True)
    salt: Mapped[bytes]


class CapturedClick(Base):
    __tablename__ = "captured_clicks"

    workspace_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(index=True)


class ClampedClick(Base):
    __tablename__ = "clamped_clicks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Outbox(Base):
    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    created_at: Mapped[datetime]
    payload: Mapped[bytes]


class DeadLetter(Base):
    __tablename__ = "dead_letters"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    created_at: Mapped[datetime]
    payload: Mapped[bytes]
    error: Mapped[str] = mapped_column(Text)
    replayed_at: Mapped[datetime | None]
