"""Links: a slug on a domain that leads to a target. What a redirect needs of one is compiled in `lookup`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, SmallInteger, Text, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit, conditions, db, domains, lookup, passwords, settings, slugs, stats, tags, targets
from ginnel.db import Base
from ginnel.domains import Domain
from ginnel.drafts import LinkChange, LinkDraft, LinkOut, LinkPage
from ginnel.errors import Conflict, FieldError, Invalid, NotFound, PreconditionFailed
from ginnel.redirects import Record


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


async def create(conn: AsyncSession, draft: LinkDraft, *, workspace: int, user: int, now: datetime) -> LinkOut:
    """Make a link. Raises Invalid for a bad target, slug or domain and SlugTaken."""
    domain = await domains.find(conn, draft.domain or settings.site().host, workspace=workspace)
    if domain is None:
        raise Invalid.field("/domain", "domain_unknown", "is not a domain that this workspace may use")
    _refuse_own(draft, await domains.hosts(conn))
    link = Link(
        workspace_id=workspace,
        domain_id=domain.id,
        **await _columns(draft, LinkDraft.model_fields.keys() - _ELSEWHERE),
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


async def record(conn: AsyncSession, link_id: int, *, workspace: int) -> tuple[Record, bool]:
    """Compile a link as the redirect sees it, and say whether it is used up. Raises NotFound."""
    link, domain, used = await _own(conn, link_id, workspace=workspace)
    raw = (await (await conn.connection()).get_raw_connection()).driver_connection
    found = await lookup.stored(raw, domain.host, link.slug_key)
    return found, link.max_clicks is not None and (used or 0) >= link.max_clicks


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
    given = wanted.model_fields_set
    _refuse_own(wanted, await domains.hosts(conn))
    old_key = link.slug_key
    for field, moment in (("disabled", "disabled_at"), ("archived", "archived_at")):
        if field in given:
            setattr(link, moment, (getattr(link, moment) or now) if getattr(wanted, field) else None)
    limit_begins = link.max_clicks is None and wanted.max_clicks is not None
    for column, value in (await _columns(wanted, given - _ELSEWHERE)).items():
        setattr(link, column, value)
    _check_order(link)
    link.version += 1
    link.updated_at = now
    if wanted.slug:
        await _place(conn, link, domain, wanted.slug)
    if "tags" in given:
        await tags.put(conn, wanted.tags, link=link.id, workspace=workspace, now=now)
    await conn.flush()
    if limit_begins:
        used = await _open_budget(conn, link)
    fields = sorted(given)
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


_ELSEWHERE = frozenset({"slug", "domain", "tags", "disabled", "archived"})
"""Fields that are not kept in a column of their own name and kind."""


async def _columns(said: LinkDraft | LinkChange, fields: AbstractSet[str]) -> dict[str, Any]:
    """Make the columns that fields are kept in. Raises Invalid if rules or variants are at odds."""
    if faults := list(conditions.faults(said.rules, said.variants)):
        raise Invalid("Some fields are not valid.", errors=faults)
    columns = {field: getattr(said, field) for field in fields}
    for field in {"rules", "variants"} & fields:
        columns[field] = conditions.stored(columns[field])
    if "password" in fields:
        password = columns.pop("password")
        columns["password_hash"] = await passwords.encode(password) if password else None
    return columns


def _refuse_own(said: LinkDraft | LinkChange, own: set[str]) -> None:
    """Refuse targets on a host of this installation: they could lead back to the link itself. Raises Invalid."""
    pointed = {"/target": said.target, "/expired_target": said.expired_target, "/image": said.image}
    pointed |= {f"/rules/{number}/target": rule.target for number, rule in enumerate(said.rules)}
    pointed |= {f"/variants/{number}/target": variant.target for number, variant in enumerate(said.variants)}
    faults = []
    for pointer, target in pointed.items():
        try:
            if target:
                targets.normalise(target, own_hosts=own)
        except targets.BadTarget as error:
            faults.append(FieldError(pointer, error.code, error.detail))
    if faults:
        raise Invalid("Some fields are not valid.", errors=faults)


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
            forward_path=link.forward_path,
            rules=link.rules,
            variants=link.variants,
            protected=link.password_hash is not None,
            description=link.description,
            image=link.image,
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
