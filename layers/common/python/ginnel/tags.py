"""Tags group a workspace's links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, delete, literal, select, text
from sqlalchemy.dialects.postgresql import CITEXT, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel.db import Base


class Tag(Base):
    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(CITEXT)
    created_at: Mapped[datetime]


class LinkTag(Base):
    __tablename__ = "link_tags"
    __table_args__ = (Index("link_tags_tag_id_link_id_idx", "tag_id", "link_id"),)

    link_id: Mapped[int] = mapped_column(ForeignKey("links.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True)


async def put(conn: AsyncSession, names: Sequence[str], *, link: int, workspace: int, now: datetime) -> None:
    """Give a link exactly these tags, making those that the workspace doesn't have yet."""
    await conn.execute(delete(LinkTag).where(LinkTag.link_id == link))
    if not names:
        return
    rows = [{"workspace_id": workspace, "name": name, "created_at": now} for name in sorted(set(names))]
    await conn.execute(insert(Tag).values(rows).on_conflict_do_nothing())
    mine = select(literal(link), Tag.id).where(Tag.workspace_id == workspace, Tag.name.in_(names))
    await conn.execute(insert(LinkTag).from_select(["link_id", "tag_id"], mine))


async def ids(conn: AsyncSession, names: Sequence[str], *, workspace: int) -> list[int | None]:
    """Return the id of each of these tags, in their order; None for one that the workspace doesn't have."""
    found = await conn.scalars(
        text(
            """
            select t.id from unnest(cast(:names as citext[])) with ordinality as wanted (name, place)
            left join tags t on t.workspace_id = :workspace and t.name = wanted.name order by wanted.place
            """
        ),
        {"names": list(names), "workspace": workspace},
    )
    return list(found)


async def of(conn: AsyncSession, links: Sequence[int]) -> dict[int, list[str]]:
    """Return the tags of several links, by link, in alphabetical order."""
    rows = await conn.execute(
        select(LinkTag.link_id, Tag.name).join(Tag).where(LinkTag.link_id.in_(links)).order_by(Tag.name)
    )
    found: dict[int, list[str]] = {link: [] for link in links}
    for link, name in rows:
        found[link].append(name)
    return found
