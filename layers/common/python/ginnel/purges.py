"""Changes that every cache has to hear of: told at once, and again by a worker (see lookup.purge)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Identity, Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import db, lookup
from ginnel.db import Base


class Purge(Base):
    """A record to be forgotten, by host and slug key; without a host, the records of all links that lead to the one named."""

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
