"""Changes that every cache has to hear of: told at once, and again by a worker (see lookup.purge)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Identity, Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import db, lookup, sweeps
from ginnel.db import Base


class Purge(Base):
    """A record to be forgotten, by host and slug key; many at once where `sweeps` has a mark in the host's place."""

    __tablename__ = "purges"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    created_at: Mapped[datetime]
    host: Mapped[str] = mapped_column(Text)
    slug_key: Mapped[str] = mapped_column(Text)


def after_commit(conn: AsyncSession, changed: Iterable[tuple[str, str]], now: datetime) -> None:
    """Have every cache told of what has changed, by host and slug key, once it has."""
    names = sorted(changed)
    conn.add_all(Purge(host=host, slug_key=key, created_at=now) for host, key in names)
    db.after_commit(conn, lambda: lookup.purge_all(names))


def of_workspaces(conn: AsyncSession, changed: Sequence[int], now: datetime) -> None:
    """The same for all that workspaces have."""
    if changed:
        conn.add_all(Purge(host=sweeps.OWNED_BY, slug_key=str(one), created_at=now) for one in changed)
        db.after_commit(conn, lambda: sweeps.purge_owned_by(changed))
