"""Tags group a workspace's links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Identity, UniqueConstraint, delete, literal, select, text
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

    link_id: Mapped[int] = mapped_column(ForeignKey("links.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True)


async def put(conn: AsyncSession, names: Sequence[str], *, link: int, workspace: int, now: datetime) -> None:
    """Give a link exactly these tags, making those that the workspace doesn't have yet."""
    await conn.execute(delete(LinkTag).where(LinkTag.link_id == link))
    if not names:
        return
    rows = [{"workspace_id": workspace, "name": name, "created_at": now} for name in sorted(set(names))]
    await conn.execute(insert(Tag).values(rows).on_conflict_do_nothing())
    mine = select(literal(link), Tag.id).where(Tag.workspace_id == workspace, Tag.name.in_(names))
    await conn.execute(insert(LinkTag).from_select(["link_id", "tag_id"], mine))


async def put_all(conn: AsyncSession, wanted: Mapping[int, Sequence[str]], *, workspace: int, now: datetime) -> None:
    """Give new links their tags, by link."""
    pairs = [(link, name) for link, names in wanted.items() for name in names]
    if not pairs:
        return
    names = sorted({name for _, name in pairs})  # in one order, so that two who make the same ones don't wait crosswise
    rows = [{"workspace_id": workspace, "name": name, "created_at": now} for name in names]
    await conn.execute(insert(Tag).values(rows).on_conflict_do_nothing())
    await conn.execute(
        text(
            """
            insert into link_tags (link_id, tag_id)
            select w.link, t.id from unnest(cast(:links as bigint[]), cast(:names as citext[])) as w (link, name)
            join tags t on t.workspace_id = :workspace and t.name = w.name
            on conflict do nothing
            """
        ),
        {"links": [link for link, _ in pairs], "names": [name for _, name in pairs], "workspace": workspace},
    )


async def of(conn: AsyncSession, links: Sequence[int]) -> dict[int, list[str]]:
    """Return the tags of several links, by link, in alphabetical order."""
    rows = await conn.execute(
        select(LinkTag.link_id, Tag.name).join(Tag).where(LinkTag.link_id.in_(links)).order_by(Tag.name)
    )
    found: dict[int, list[str]] = {link: [] for link in links}
    for link, name in rows:
        found[link].append(name)
    return found
