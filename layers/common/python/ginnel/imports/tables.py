"""Imports as PostgreSQL keeps them: what each is about, its rows, and what its rows have named."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Identity, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ginnel.db import Base

State = Literal["receiving", "waiting", "running", "done", "cancelled"]
RowState = Literal["waiting", "created", "updated", "skipped", "failed"]

_AT_WORK = text("state in ('waiting', 'running')")


class Import(Base):
    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint("state in ('receiving', 'waiting', 'running', 'done', 'cancelled')", name="state"),
        Index("imports_workspace_id_id_idx", "workspace_id", text("id desc")),
        Index("imports_worked_at_idx", "worked_at", postgresql_where=_AT_WORK),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    state: Mapped[State] = mapped_column(Text)
    format: Mapped[str] = mapped_column(Text)
    on_conflict: Mapped[str] = mapped_column(Text)
    dry_run: Mapped[bool]
    domain: Mapped[str | None] = mapped_column(Text)
    ignored: Mapped[list[str]] = mapped_column(ARRAY(Text))
    parts: Mapped[int] = mapped_column(Integer)
    reader: Mapped[str | None] = mapped_column(Text)
    """Where reading stopped at the end of the last part, see files.Reader; None once the whole file was read."""
    rows: Mapped[int]
    created: Mapped[int]
    updated: Mapped[int]
    skipped: Mapped[int]
    failed: Mapped[int]
    position: Mapped[int]
    """The row up to which it was worked off."""
    created_at: Mapped[datetime]
    worked_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ImportRow(Base):
    __tablename__ = "import_rows"
    __table_args__ = (CheckConstraint("state in ('waiting', 'created', 'updated', 'skipped', 'failed')", name="state"),)

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[RowState] = mapped_column(Text)
    size: Mapped[int] = mapped_column(Integer)
    cells: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What the file says; None once it was worked off."""
    link_id: Mapped[int | None]
    short_url: Mapped[str | None] = mapped_column(Text)
    errors: Mapped[list[Any]] = mapped_column(JSONB)


class Claim(Base):
    __tablename__ = "import_claims"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int]
