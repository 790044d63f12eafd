"""Tags group a workspace's links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import (
    ForeignKey,
    Identity,
    Index,
    Select,
    UniqueConstraint,
    delete,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import CITEXT, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import web
from ginnel.db import Base
from ginnel.errors import Conflict, NotFound


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


class TagTaken(Conflict):
    """The workspace has a tag of this name already, in whatever case."""

    code = "tag_taken"


class TagDraft(web.Input):
    name: Annotated[web.Text, Field(min_length=1, max_length=64, examples=["newsletter"])]


class TagOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    name: str
    links: Annotated[int, Field(description="How many links have it.")]
    created_at: datetime


class TagPage(web.Output):
    items: list[TagOut]


async def find_all(conn: AsyncSession, *, workspace: int) -> TagPage:
    """List a workspace's tags by name, with the number of links that have each."""
    rows = await conn.execute(_counted().where(Tag.workspace_id == workspace).order_by(Tag.name))
    return TagPage(items=[TagOut.model_validate(row) for row in rows])


async def create(conn: AsyncSession, draft: TagDraft, *, workspace: int, now: datetime) -> TagOut:
    """Raises TagTaken."""
    made = await conn.scalar(
        insert(Tag)
        .values(workspace_id=workspace, name=draft.name, created_at=now)
        .on_conflict_do_nothing()
        .returning(Tag.id)
    )
    if made is None:
        raise TagTaken(f"There is a tag {draft.name} already.")
    return TagOut(id=made, name=draft.name, links=0, created_at=now)


async def rename(conn: AsyncSession, tag_id: int, wanted: TagDraft, *, workspace: int) -> TagOut:
    """Raises NotFound and TagTaken."""
    mine = (Tag.id == tag_id) & (Tag.workspace_id == workspace)
    try:
        async with conn.begin_nested():
            found = await conn.scalar(update(Tag).where(mine).values(name=wanted.name).returning(Tag.id))
    except IntegrityError as error:
        if "tags_workspace_id_name_key" not in str(error.orig):
            raise
        raise TagTaken(f"There is a tag {wanted.name} already.") from error
    if found is None:
        raise NotFound("tag", tag_id)
    return TagOut.model_validate((await conn.execute(_counted().where(mine))).one())


async def drop(conn: AsyncSession, tag_id: int, *, workspace: int) -> None:
    """Delete a tag; its links stay, without it. Raises NotFound."""
    gone = await conn.scalar(delete(Tag).where(Tag.id == tag_id, Tag.workspace_id == workspace).returning(Tag.id))
    if gone is None:
        raise NotFound("tag", tag_id)


def _counted() -> Select[int, str, datetime, int]:
    # links' own module imports this one.
    standing = text("exists (select from links where links.id = link_tags.link_id and links.deleted_at is null)")
    links = select(func.count()).where(LinkTag.tag_id == Tag.id, standing).scalar_subquery().label("links")
    return select(Tag.id, Tag.name, Tag.created_at, links)


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
    # As text: a connection that meets a type of an extension for the first time has to ask what that is.
    rows = await conn.execute(
        text(
            """
            select lt.link_id, t.name::text as name from link_tags lt join tags t on t.id = lt.tag_id
            where lt.link_id = any(cast(:links as bigint[])) order by t.name
            """
        ),
        {"links": list(links)},
    )
    found: dict[int, list[str]] = {link: [] for link in links}
    for link, name in rows:
        found[link].append(name)
    return found
