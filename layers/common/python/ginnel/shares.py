"""Shares: secret addresses at which a link's statistics are shown to whoever has them, for as long as somebody wants."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import Field
from sqlalchemy import ForeignKey, Identity, Index, Text, delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit, blocking, links, settings, tokens, web
from ginnel.db import Base
from ginnel.domains import Domain
from ginnel.errors import Conflict, Invalid, NotFound
from ginnel.links import Link, reading
from ginnel.stats import Hour
from ginnel.workspaces import Workspace

LIMIT = 100
"""Shares that a link may have."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class LinkShare(Base):
    __tablename__ = "link_shares"
    __table_args__ = (
        Index("link_shares_link_id_id_idx", "link_id", text("id desc")),
        Index("link_shares_workspace_id_id_idx", "workspace_id", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("links.id", ondelete="CASCADE"))
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class TooManyShares(Conflict):
    """The link has as many shares as it may have: revoke one."""

    code = "too_many_shares"


class ShareDraft(web.Input):
    name: Annotated[
        web.Text | None,
        Field(
            min_length=1,
            max_length=100,
            description="For whom it is, say. Whoever opens it is not told.",
            examples=["Printer's"],
        ),
    ] = None
    expires_at: Annotated[
        web.Moment | None,
        Field(
            description="Nothing is shown from then on; left out, it ends when it is revoked.",
            examples=["2030-01-01T00:00:00Z"],
        ),
    ] = None


class ShareOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    name: Annotated[str | None, Field(examples=["Printer's"])]
    created_by: int | None = Field(description="The id of who made it; null if they are gone.")
    created_at: datetime
    expires_at: datetime | None


class ShareMade(ShareOut):
    token: Annotated[
        str,
        Field(
            description="What `GET /api/v1/shared/{token}` takes.",
            examples=["kT3nOq8Zb0mX2v5yR7sW1uA4cE6gI9jLkT3nOq8Zb0m"],
        ),
    ]
    url: Annotated[
        str,
        Field(
            description="The address to give to others, which has the token in it. It is shown this once.",
            examples=["https://go.example.com/app/shared/kT3nOq8Zb0mX2v5yR7sW1uA4cE6gI9jLkT3nOq8Zb0m"],
        ),
    ]


class SharePage(web.Output):
    items: list[ShareOut]
    next_cursor: Annotated[None, Field(description="Always null: a link's shares fit one page.")]


class SharedOut(web.Output):
    """What those who have its address are told of a link."""

    short_url: Annotated[str, Field(examples=["https://go.example.com/sale"])]
    target: str | None = Field(
        description="Null where visitors would not be led to it at once: if the link has a password, is not live yet, is "
        "disabled or blocked."
    )
    title: str | None
    since: datetime = Field(description="Before it there are no clicks.")
    expires_at: datetime | None = Field(description="When the share ends; null if nobody has said.")


class Shared(NamedTuple):
    """A share that holds, and its link."""

    share: LinkShare
    link: Link
    domain: Domain


async def create(  # noqa: PLR0913  # one deed, each word of it by name
    conn: AsyncSession, link_id: int, draft: ShareDraft, *, workspace: int, user: int, now: datetime
) -> ShareMade:
    """Share a link's statistics; the secret is told this once. Raises NotFound, Invalid, TooManyShares."""
    if draft.expires_at is not None and draft.expires_at <= now:
        raise Invalid.field("/expires_at", "out_of_range", "must be in the future")
    await reading.own(conn, link_id, workspace=workspace, lock=True)
    await conn.execute(delete(LinkShare).where(LinkShare.link_id == link_id, LinkShare.expires_at <= now))
    if (await conn.scalar(select(func.count()).where(LinkShare.link_id == link_id)) or 0) >= LIMIT:
        raise TooManyShares(f"A link may have {LIMIT} shares. Revoke one first.")
    secret = tokens.secret()
    made = LinkShare(
        link_id=link_id,
        workspace_id=workspace,
        token_hash=tokens.digest(secret),
        name=draft.name,
        created_by=user,
        created_at=now,
        expires_at=draft.expires_at,
    )
    conn.add(made)
    await conn.flush()
    subject = f"share:{made.id}"
    audit.record(conn, "share_created", subject=subject, at=now, workspace=workspace, user=user, link=link_id)
    url = f"{settings.site().origin}/app/shared/{secret}"
    return ShareMade(**ShareOut.model_validate(made).model_dump(), token=secret, url=url)


async def find_all(conn: AsyncSession, link_id: int, *, workspace: int) -> SharePage:
    """List a link's shares, newest first; those that have ended stay until another is made. Raises NotFound."""
    await reading.own(conn, link_id, workspace=workspace)
    found = await conn.scalars(select(LinkShare).where(LinkShare.link_id == link_id).order_by(LinkShare.id.desc()))
    return SharePage(items=[ShareOut.model_validate(one) for one in found], next_cursor=None)


async def revoke(  # noqa: PLR0913  # as for create
    conn: AsyncSession, link_id: int, share: int, *, workspace: int, user: int, now: datetime
) -> None:
    """End a share at once. Raises NotFound."""
    gone = await conn.execute(
        delete(LinkShare)
        .where(LinkShare.id == share, LinkShare.link_id == link_id, LinkShare.workspace_id == workspace)
        .returning(LinkShare.id)
    )
    if gone.first() is None:
        raise NotFound("share", share)
    subject = f"share:{share}"
    audit.record(conn, "share_revoked", subject=subject, at=now, workspace=workspace, user=user, link=link_id)


async def get(conn: AsyncSession, secret: str, *, now: datetime) -> Shared:
    """Find a share by its secret. Raises NotFound, which is the same for all that there is not, not any more, or not now."""
    row = None
    if _SECRET.fullmatch(secret):
        row = (
            await conn.execute(
                select(LinkShare, Link, Domain)
                .join(Link, Link.id == LinkShare.link_id)
                .join(Domain, Domain.id == Link.domain_id)
                .join(Workspace, Workspace.id == LinkShare.workspace_id)
                .where(
                    LinkShare.token_hash == tokens.digest(secret),
                    or_(LinkShare.expires_at.is_(None), LinkShare.expires_at > now),
                    Link.deleted_at.is_(None),
                    Link.blocked_at.is_(None),
                    Workspace.deleted_at.is_(None),
                    Workspace.blocked_at.is_(None),
                )
            )
        ).first()
    if row is None:
        raise NotFound("share")
    return Shared(*row)


async def show(conn: AsyncSession, shared: Shared, *, now: datetime) -> SharedOut:
    """Tell of a shared link what its visitors may see, too."""
    share, link, domain = shared
    first = await conn.scalar(select(func.min(Hour.hour)).where(Hour.link_id == link.id))
    hidden = (
        link.password_hash is not None
        or link.disabled_at is not None
        or (link.starts_at is not None and link.starts_at > now)
        or bool(await blocking.among(conn, reading.led_to(link)))
    )
    return SharedOut(
        short_url=links.short_url(domain.host, link.slug),
        target=None if hidden else link.target,
        title=link.title,
        since=min(first or link.created_at, link.created_at),
        expires_at=share.expires_at,
    )
