"""Finding links."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Select, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import blocking, homographs, hosts, lookup, redirects, settings, slugs, stats, tags, targets
from ginnel.domains import Domain
from ginnel.drafts import LinkOut, LinkPage
from ginnel.errors import Invalid, NotFound
from ginnel.redirects import Record

from .tables import Budget, Link

Sort = Literal["-created_at", "created_at", "-updated_at", "slug"]

_TRIGRAM = 3
"""Characters below which PostgreSQL's index of trigrams can't tell one text from another."""


class Found(NamedTuple):
    """A link, where it stands, and what is used of its budget if it ever had one."""

    link: Link
    domain: Domain
    used: int | None


async def get(conn: AsyncSession, link_id: int, *, workspace: int) -> LinkOut:
    """Raises NotFound."""
    return (await shown(conn, [await own(conn, link_id, workspace=workspace)]))[0]


async def record(conn: AsyncSession, link_id: int, *, workspace: int) -> tuple[Record, bool]:
    """Compile a link as the redirect sees it, and say whether it is used up. Raises NotFound."""
    link, domain, used = await own(conn, link_id, workspace=workspace)
    raw = (await (await conn.connection()).get_raw_connection()).driver_connection
    found = await lookup.stored(raw, domain.host, link.slug_key)
    beside = hosts.read(await lookup.stored(raw, domain.host, hosts.NAME))
    return redirects.backed(found, beside), link.max_clicks is not None and (used or 0) >= link.max_clicks


async def find_all(  # noqa: PLR0913  # one question, each word of it by name
    conn: AsyncSession,
    *,
    workspace: int,
    limit: int,
    cursor: str | None = None,
    search: str | None = None,
    with_tags: Sequence[str] = (),
    domain: str | None = None,
    archived: bool | None = False,
    sort: Sort = "-created_at",
) -> LinkPage:
    """List links. `search` looks into slug, target, title and tags, whatever the case; of tags, all must be there.

    `archived` may be None for both kinds.
    """
    query = _all().where(Link.workspace_id == workspace, Link.deleted_at.is_(None))
    if archived is not None:
        query = query.where(Link.archived_at.is_not(None) if archived else Link.archived_at.is_(None))
    if domain:
        query = query.where(Domain.host == domain.lower())
    if search:
        query = query.where(Link.id.in_(_matching(search, workspace=workspace)))
    for tag in with_tags:
        query = query.where(Link.id.in_(_tagged(tag, workspace=workspace)))
    query = _sorted(query, sort, cursor)
    rows = [Found(link, domain, used) for link, domain, used in await conn.execute(query.limit(limit + 1))]
    last = rows[limit - 1].link if len(rows) > limit else None
    return LinkPage(items=await shown(conn, rows[:limit]), next_cursor=_cursor(last, sort) if last else None)


def _all() -> Select[Link, Domain, int]:
    return select(Link, Domain, Budget.used).join(Domain, Domain.id == Link.domain_id).outerjoin(Budget)


def _matching(search: str, *, workspace: int) -> Any:  # noqa: ANN401  # a union of selects
    mine = select(Link.id).where(Link.workspace_id == workspace, Link.deleted_at.is_(None))
    if len(search) < _TRIGRAM:
        # The start of a slug, by the index that sorts them; the rest would mean reading every link.
        start = slugs.fold(search)
        key = Link.slug_key.collate("C")
        return mine.where(key >= start, key < start + "\U0010ffff").union_all(_tagged(search, workspace=workspace))
    # As the index has it.
    haystack = Link.slug + literal(" ") + Link.target + literal(" ") + func.coalesce(Link.title, literal(""))
    named = (
        select(tags.LinkTag.link_id)
        .join(tags.Tag)
        .where(tags.Tag.workspace_id == workspace, tags.Tag.name.icontains(search, autoescape=True))
    )
    return mine.where(haystack.icontains(search, autoescape=True)).union_all(named)


def _tagged(name: str, *, workspace: int) -> Select[int]:
    return select(tags.LinkTag.link_id).join(tags.Tag).where(tags.Tag.workspace_id == workspace, tags.Tag.name == name)


def _sorted(query: Select[Link, Domain, int], sort: Sort, cursor: str | None) -> Select[Link, Domain, int]:
    after = _position(cursor, sort) if cursor else None
    if sort in {"-created_at", "created_at"}:  # ids grow as links are made
        if after:
            query = query.where(Link.id < after[1] if sort == "-created_at" else Link.id > after[1])
        return query.order_by(Link.id.desc() if sort == "-created_at" else Link.id)
    if sort == "-updated_at":
        if after:
            moment = datetime.fromisoformat(after[0])
            query = query.where(tuple_(Link.updated_at, Link.id) < tuple_(literal(moment), literal(after[1])))
        return query.order_by(Link.updated_at.desc(), Link.id.desc())
    key = Link.slug_key.collate("C")
    if after:
        query = query.where(or_(key > after[0], (key == after[0]) & (Link.id > after[1])))
    return query.order_by(key, Link.id)


def _cursor(link: Link, sort: Sort) -> str:
    value = {"-updated_at": link.updated_at.isoformat(), "slug": link.slug_key}.get(sort, "")
    packed = json.dumps([sort, value, link.id], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _position(cursor: str, sort: Sort) -> tuple[str, int]:
    try:
        kind, value, link_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if kind == "-updated_at":
            datetime.fromisoformat(value)
        if kind == sort and isinstance(value, str) and type(link_id) is int and 0 < link_id < 2**63:
            return value, link_id
    except (ValueError, TypeError, binascii.Error, RecursionError):
        pass
    raise Invalid.field("query:cursor", "cursor_invalid", "is not a cursor that this list gave out")


async def own(conn: AsyncSession, link_id: int, *, workspace: int, lock: bool = False) -> Found:
    """Raises NotFound."""
    query = _all().where(Link.id == link_id, Link.workspace_id == workspace, Link.deleted_at.is_(None))
    row = (await conn.execute(query.with_for_update(of=Link) if lock else query)).first()
    if row is None:
        raise NotFound("link", link_id)
    return Found(row[0], row[1], row[2])


async def shown(conn: AsyncSession, rows: Sequence[Found]) -> list[LinkOut]:
    """Make what clients see of links."""
    ids = [found.link.id for found in rows]
    if not ids:
        return []
    named = await tags.of(conn, ids)
    counted = await stats.totals(conn, ids)
    blocked = await blocking.among(conn, (url for found in rows for url in led_to(found.link)))
    return [
        show(found, names=named[found.link.id], clicks=counted.get(found.link.id, 0), blocked=blocked) for found in rows
    ]


def led_to(link: Link) -> list[str]:
    """List all the targets that a link may lead to."""
    others = [led["target"] for led in (*link.rules, *link.variants)]
    return [link.target, *([link.expired_target] if link.expired_target else []), *others]


def show(found: Found, *, names: list[str], clicks: int, blocked: AbstractSet[str] = frozenset()) -> LinkOut:
    """Make what clients see of a link. `blocked` are the hosts, of those it leads to, that are blocked."""
    link, domain, used = found
    return LinkOut(
        id=link.id,
        slug=link.slug,
        domain=domain.host,
        short_url=short_url(domain.host, link.slug),
        target=link.target,
        title=link.title,
        tags=names,
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
        blocked=link.blocked_at is not None or any(not blocked.isdisjoint(targets.hosts(url)) for url in led_to(link)),
        warnings=homographs.found(led_to(link)),
        clicks=clicks + link.imported_clicks,
        imported_clicks=link.imported_clicks,
        external_id=link.external_id,
        version=link.version,
        created_at=link.created_at,
        updated_at=link.updated_at,
    )


def short_url(host: str, slug: str) -> str:
    """Return the address to give out: on the installation's own domain with its scheme and port, else by https."""
    site = settings.site()
    return f"{site.origin}/{slug}" if host == site.host else f"https://{host}/{slug}"
