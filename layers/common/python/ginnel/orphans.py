"""Orphans: slugs that visitors asked for, and that lead nowhere. How they come here: `nowhere`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    delete,
    exists,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import cursors, web
from ginnel.db import Base
from ginnel.domains import Domain
from ginnel.errors import NotFound
from ginnel.links import Link

Sort = Literal["-last_at", "-count"]


class Orphan(Base):
    __tablename__ = "orphans"
    __table_args__ = (
        UniqueConstraint("domain_id", "slug"),
        Index("orphans_domain_id_last_at_idx", "domain_id", text("last_at desc"), text("id desc")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    domain_id: Mapped[int] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(Text)
    count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class OrphanOut(web.Output):
    id: int
    domain: str
    slug: str = Field(description="In lower case, where the domain's case does not matter.")
    count: int
    first_at: datetime = Field(description="Accurate to a second, or on Lambda to a minute, as last_at is.")
    last_at: datetime


class OrphanPage(web.Output):
    items: list[OrphanOut]
    next_cursor: str | None


def _theirs(workspace: int, *, admin: bool) -> ColumnElement[bool]:
    """Those of the domain that all workspaces share are nobody's, and so the operator's to see."""
    mine = Domain.workspace_id == workspace
    return or_(mine, Domain.workspace_id.is_(None)) if admin else mine


async def find_all(  # noqa: PLR0913  # one question, each word of it by name
    conn: AsyncSession,
    *,
    workspace: int,
    admin: bool,
    limit: int,
    cursor: str | None,
    domain: str | None,
    sort: Sort,
) -> OrphanPage:
    """List the slugs on which there is no link yet, of a workspace's domains. Raises Invalid."""
    made = exists().where(Link.domain_id == Orphan.domain_id, Link.slug_key == Orphan.slug, Link.deleted_at.is_(None))
    query = select(Orphan, Domain.host).join(Domain).where(_theirs(workspace, admin=admin), ~made)
    query = query.where(Domain.deleted_at.is_(None))
    if domain:
        query = query.where(Domain.host == domain.lower())
    column = Orphan.count if sort == "-count" else Orphan.last_at
    if cursor:
        value, last = _position(cursor, sort)
        query = query.where(tuple_(column, Orphan.id) < tuple_(literal(value), literal(last)))
    query = query.order_by(column.desc(), Orphan.id.desc()).limit(limit + 1)
    rows = (await conn.execute(query)).all()
    items = [
        OrphanOut(
            id=orphan.id,
            domain=host,
            slug=orphan.slug,
            count=orphan.count,
            first_at=orphan.first_at,
            last_at=orphan.last_at,
        )
        for orphan, host in rows[:limit]
    ]
    return OrphanPage(items=items, next_cursor=_cursor(items[-1], sort) if len(rows) > limit else None)


def _cursor(last: OrphanOut, sort: Sort) -> str:
    value = last.count if sort == "-count" else last.last_at.isoformat()
    return cursors.pack(sort, value, last.id)


def _position(cursor: str, sort: Sort) -> tuple[int | datetime, int]:
    def position(kind: str, value: Any, last: int) -> tuple[int | datetime, int]:  # noqa: ANN401  # by the list's order
        if kind != sort:
            raise ValueError(kind)
        if sort == "-count":
            return cursors.number(value), cursors.number(last)
        if (moment := datetime.fromisoformat(value)).tzinfo is None:
            raise ValueError(value)
        return moment, cursors.number(last)

    return cursors.read(cursor, position)


async def dismiss(conn: AsyncSession, orphan: int, *, workspace: int, admin: bool) -> None:
    """Forget an orphan, until it is asked for again. Raises NotFound."""
    theirs = select(Domain.id).where(_theirs(workspace, admin=admin))
    gone = await conn.scalar(
        delete(Orphan).where(Orphan.id == orphan, Orphan.domain_id.in_(theirs)).returning(Orphan.id)
    )
    if gone is None:
        raise NotFound("orphan", orphan)
