"""Links: a slug on a domain that leads to a target. What a redirect needs of one is compiled in `lookup`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, SmallInteger, Text, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit, db, domains, lookup, settings, slugs, stats, tags, targets, web
from ginnel.db import Base
from ginnel.domains import Domain
from ginnel.errors import Conflict, Invalid, NotFound, PreconditionFailed

RedirectStatus = Literal[301, 302, 307, 308]


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
        Index(
            "links_workspace_id_id_idx", "workspace_id", text("id desc"), postgresql_where=text("deleted_at is null")
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


class Purge(Base):
    """A change that every cache has to hear of: told at once, and again by a worker (see lookup.purge)."""

    __tablename__ = "purges"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    created_at: Mapped[datetime]
    host: Mapped[str] = mapped_column(Text)
    slug_key: Mapped[str] = mapped_column(Text)


class SlugTaken(Conflict):
    """Another link has this slug on this domain, or had it before it was deleted."""

    code = "slug_taken"


def _checked_target(text: str) -> str:
    try:
        return targets.normalise(text, own_hosts=())
    except targets.BadTarget as error:
        raise PydanticCustomError(error.code, "{detail}", {"detail": error.detail}) from error


def _checked_slug(text: str) -> str:
    try:
        return slugs.parse(text)
    except slugs.BadSlug as error:
        raise PydanticCustomError(error.code, "{detail}", {"detail": error.detail}) from error


Target = Annotated[str, AfterValidator(_checked_target), Field(examples=["https://example.com/a/long/page?id=7"])]
Slug = Annotated[str, AfterValidator(_checked_slug), Field(examples=["spring-sale"])]
Title = Annotated[web.Text, Field(max_length=256)]
MaxClicks = Annotated[int, Field(strict=True, ge=1, le=10**12, examples=[100])]
Tags = Annotated[list[Annotated[web.Text, Field(min_length=1, max_length=64)]], Field(max_length=32)]


class _Draft(web.Input):
    """The fields that creating and changing a link share, and the rules between them."""

    title: Title | None = None
    tags: Tags = Field(default_factory=list)
    redirect_status: RedirectStatus = 302
    allow_caching: bool = Field(
        default=False, description="Let browsers keep a 301 or 308 for 90 seconds, unseen by us."
    )
    forward_query: bool = Field(default=True, description="Pass a visitor's query parameters on to the target.")
    starts_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    expired_target: Target | None = Field(default=None, description="Where it leads once it has expired or is used up.")
    max_clicks: MaxClicks | None = Field(
        default=None,
        description="After so many clicks by people the link is used up; bots' don't count. Clicks it has had do.",
    )

    @field_validator("starts_at", "expires_at")
    @classmethod
    def _representable(cls, moment: datetime | None) -> datetime | None:
        if moment is not None and not 2000 <= moment.year <= 9998:  # noqa: PLR2004  # what every zone can express
            raise ValueError("must lie between the years 2000 and 9998")
        return moment


class LinkDraft(_Draft):
    target: Target
    slug: Slug | None = Field(default=None, description="Left out, a random one is drawn.")
    domain: Annotated[web.Text, Field(max_length=253)] | None = Field(
        default=None, description="A host that this workspace may use. Left out, the installation's own."
    )


class LinkChange(_Draft):
    """Fields that are left out stay as they are; null clears a field that may be empty."""

    target: Target = ""  # never used as a value: what is not given is not changed
    slug: Slug = ""
    disabled: bool = False
    archived: bool = False


class LinkOut(web.Output):
    id: int
    slug: str
    domain: str
    short_url: str
    target: str
    title: str | None
    tags: list[str]
    redirect_status: RedirectStatus
    allow_caching: bool
    forward_query: bool
    starts_at: datetime | None
    expires_at: datetime | None
    expired_target: str | None
    max_clicks: int | None
    clicks_left: int | None = Field(description="Clicks that people may still make; null if there is no limit.")
    disabled: bool
    archived: bool
    blocked: bool
    clicks: int = Field(description="Clicks by people so far; bots are counted apart, see stats.")
    version: int
    created_at: datetime
    updated_at: datetime


class LinkPage(web.Output):
    items: list[LinkOut]
    next_cursor: str | None


async def create(conn: AsyncSession, draft: LinkDraft, *, workspace: int, user: int, now: datetime) -> LinkOut:
    """Make a link. Raises Invalid for a bad target, slug or domain and SlugTaken."""
    domain = await domains.find(conn, draft.domain or settings.site().host, workspace=workspace)
    if domain is None:
        raise Invalid.field("/domain", "domain_unknown", "is not a domain that this workspace may use")
    own = await domains.hosts(conn)
    link = Link(
        workspace_id=workspace,
        domain_id=domain.id,
        target=_foreign("/target", draft.target, own),
        title=draft.title,
        redirect_status=draft.redirect_status,
        allow_caching=draft.allow_caching,
        forward_query=draft.forward_query,
        forward_path=False,
        starts_at=draft.starts_at,
        expires_at=draft.expires_at,
        expired_target=_foreign("/expired_target", draft.expired_target, own),
        max_clicks=draft.max_clicks,
        rules=[],
        variants=[],
        created_by=user,
        created_at=now,
        updated_at=now,
        version=1,
    )
    _check_order(link)
    await _place(conn, link, domain, draft.slug)
    used = await _open_budget(conn, link) if link.max_clicks is not None else 0
    if draft.tags:
        await tags.put(conn, draft.tags, link=link.id, workspace=workspace, now=now)
    audit.record(conn, "link_created", subject=f"link:{link.id}", at=now, workspace=workspace, user=user)
    _purge_after_commit(conn, domain, link.slug_key, now)
    return (await _shown(conn, [(link, domain, used)]))[0]


async def get(conn: AsyncSession, link_id: int, *, workspace: int) -> LinkOut:
    """Raises NotFound."""
    return (await _shown(conn, [await _own(conn, link_id, workspace=workspace)]))[0]


async def find_all(  # noqa: PLR0913  # one question, each word of it by name
    conn: AsyncSession,
    *,
    workspace: int,
    limit: int,
    cursor: str | None,
    search: str | None,
    tag: str | None,
    archived: bool,
) -> LinkPage:
    """List links, newest first. `search` looks into slug, target and title, whatever the case."""
    query = (
        select(Link, Domain, Budget.used)
        .join(Domain, Domain.id == Link.domain_id)
        .outerjoin(Budget)
        .where(Link.workspace_id == workspace, Link.deleted_at.is_(None))
        .where(Link.archived_at.is_not(None) if archived else Link.archived_at.is_(None))
        .order_by(Link.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(Link.id < _position(cursor))
    if search:
        haystack = Link.slug + " " + Link.target + " " + func.coalesce(Link.title, "")
        query = query.where(haystack.icontains(search, autoescape=True))
    if tag:
        tagged = (
            select(tags.LinkTag.link_id).join(tags.Tag).where(tags.Tag.workspace_id == workspace, tags.Tag.name == tag)
        )
        query = query.where(Link.id.in_(tagged))
    rows = [(link, domain, used) for link, domain, used in await conn.execute(query)]
    shown = await _shown(conn, rows[:limit])
    return LinkPage(items=shown, next_cursor=_cursor(shown[-1].id) if len(rows) > limit else None)


async def change(  # noqa: PLR0913  # who changes what, from which version, when
    conn: AsyncSession,
    link_id: int,
    wanted: LinkChange,
    *,
    workspace: int,
    user: int,
    version: int | None,
    now: datetime,
) -> LinkOut:
    """Change a link's given fields, if it still is at `version` (None: whatever it is).

    Raises NotFound, PreconditionFailed, Invalid, SlugTaken.
    """
    link, domain, used = await _own(conn, link_id, workspace=workspace, lock=True)
    if version is not None and link.version != version:
        raise PreconditionFailed(f"The link is at version {link.version}, not {version}.")
    given = wanted.model_dump(exclude_unset=True)
    own = await domains.hosts(conn)
    old_key = link.slug_key
    for field in ("target", "expired_target"):
        _foreign(f"/{field}", given.get(field), own)
    for field, moment in (("disabled", "disabled_at"), ("archived", "archived_at")):
        if field in given:
            given[moment] = (getattr(link, moment) or now) if given.pop(field) else None
    limit_begins = link.max_clicks is None and given.get("max_clicks") is not None
    names, slug = given.pop("tags", None), given.pop("slug", None)
    for field, value in given.items():
        setattr(link, field, value)
    _check_order(link)
    link.version += 1
    link.updated_at = now
    if slug:
        await _place(conn, link, domain, slug)
    if names is not None:
        await tags.put(conn, names, link=link.id, workspace=workspace, now=now)
    await conn.flush()
    if limit_begins:
        used = await _open_budget(conn, link)
    fields = sorted(wanted.model_fields_set)
    audit.record(conn, "link_changed", subject=f"link:{link.id}", at=now, workspace=workspace, user=user, fields=fields)
    for key in {old_key, link.slug_key}:
        _purge_after_commit(conn, domain, key, now)
    return (await _shown(conn, [(link, domain, used)]))[0]


async def delete(  # noqa: PLR0913  # as for change
    conn: AsyncSession, link_id: int, *, workspace: int, user: int, version: int | None, now: datetime
) -> None:
    """Delete a link: visitors get 410, and nobody else can have its slug. Raises NotFound, PreconditionFailed."""
    link, domain, _ = await _own(conn, link_id, workspace=workspace, lock=True)
    if version is not None and link.version != version:
        raise PreconditionFailed(f"The link is at version {link.version}, not {version}.")
    link.deleted_at = link.updated_at = now
    link.version += 1
    audit.record(conn, "link_deleted", subject=f"link:{link.id}", at=now, workspace=workspace, user=user)
    _purge_after_commit(conn, domain, link.slug_key, now)


async def _own(
    conn: AsyncSession, link_id: int, *, workspace: int, lock: bool = False
) -> tuple[Link, Domain, int | None]:
    query = (
        select(Link, Domain, Budget.used)
        .join(Domain, Domain.id == Link.domain_id)
        .outerjoin(Budget)
        .where(Link.id == link_id, Link.workspace_id == workspace, Link.deleted_at.is_(None))
    )
    row = (await conn.execute(query.with_for_update(of=Link) if lock else query)).first()
    if row is None:
        raise NotFound("link", link_id)
    return row[0], row[1], row[2]


async def _open_budget(conn: AsyncSession, link: Link) -> int:
    """Begin to count a link's clicks against its limit, from those it has had; return how many they are.

    `used` may be more than the clicks that are stored, if it was counted before and some are still on their way.
    """
    opened = await conn.execute(
        text(
            """
            insert into link_budgets as kept (link_id, used)
            select :link, coalesce(sum(clicks), 0) from clicks_hourly where link_id = :link
            on conflict (link_id) do update set used = greatest(kept.used, excluded.used)
            returning used
            """
        ),
        {"link": link.id},
    )
    return int(opened.scalar_one())


async def _place(conn: AsyncSession, link: Link, domain: Domain, wanted: str | None) -> None:
    """Give a link its slug and store it: the one wanted, or a random one that is free."""
    for _ in range(10):
        link.slug = wanted or slugs.random_slug(case_sensitive=domain.case_sensitive)
        link.slug_key = link.slug if domain.case_sensitive else slugs.fold(link.slug)
        try:
            async with conn.begin_nested():
                conn.add(link)
                await conn.flush()
        except IntegrityError as error:
            if "links_domain_id_slug_key_key" not in str(error.orig):
                raise
            if wanted is not None:
                raise SlugTaken(f"The slug {wanted} is taken on this domain.") from error
        else:
            return
    raise SlugTaken("No free random slug was found. Please try again.")


def _foreign(pointer: str, target: str | None, own: set[str]) -> str | None:
    """Refuse a target on a host of this installation: it could lead back to the link itself."""
    try:
        return target and targets.normalise(target, own_hosts=own)
    except targets.BadTarget as error:
        raise Invalid.field(pointer, error.code, error.detail) from error


def _check_order(link: Link) -> None:
    if link.starts_at and link.expires_at and link.starts_at >= link.expires_at:
        raise Invalid.field("/expires_at", "not_in_order", "must be later than starts_at")


def _purge_after_commit(conn: AsyncSession, domain: Domain, slug_key: str, now: datetime) -> None:
    conn.add(Purge(host=domain.host, slug_key=slug_key, created_at=now))
    db.after_commit(conn, lambda: lookup.purge(domain.host, slug_key))


async def _shown(conn: AsyncSession, rows: Sequence[tuple[Link, Domain, int | None]]) -> list[LinkOut]:
    """Make what clients see of links; with each, what is used of its budget if it ever had one."""
    ids = [link.id for link, _, _ in rows]
    named = await tags.of(conn, ids)
    counted = await stats.totals(conn, ids)
    return [
        LinkOut(
            id=link.id,
            slug=link.slug,
            domain=domain.host,
            short_url=short_url(domain.host, link.slug),
            target=link.target,
            title=link.title,
            tags=named[link.id],
            redirect_status=link.redirect_status,
            allow_caching=link.allow_caching,
            forward_query=link.forward_query,
            starts_at=link.starts_at,
            expires_at=link.expires_at,
            expired_target=link.expired_target,
            max_clicks=link.max_clicks,
            clicks_left=None if link.max_clicks is None else max(0, link.max_clicks - (used or 0)),
            disabled=link.disabled_at is not None,
            archived=link.archived_at is not None,
            blocked=link.blocked_at is not None,
            clicks=counted.get(link.id, 0),
            version=link.version,
            created_at=link.created_at,
            updated_at=link.updated_at,
        )
        for link, domain, used in rows
    ]


def short_url(host: str, slug: str) -> str:
    """Return the address to give out: on the installation's own domain with its scheme and port, else by https."""
    site = settings.site()
    return f"{site.origin}/{slug}" if host == site.host else f"https://{host}/{slug}"


def _cursor(link_id: int) -> str:
    return base64.urlsafe_b64encode(str(link_id).encode()).decode().rstrip("=")


def _position(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii"))
    except (ValueError, binascii.Error):
        raise Invalid.field("query:cursor", "cursor_invalid", "is not a cursor that a list gave out") from None
