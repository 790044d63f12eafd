"""Links as they are kept, and as clients see them. Lists of them: `searching`."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import blocking, homographs, settings, tags, targets, totals
from ginnel.domains import Domain
from ginnel.errors import NotFound
from ginnel.outputs import LinkOut

from .tables import Budget, Link


class Found(NamedTuple):
    """A link, where it stands, and what is used of its budget if it ever had one."""

    link: Link
    domain: Domain
    used: int | None


async def get(conn: AsyncSession, link_id: int, *, workspace: int) -> LinkOut:
    """Raises NotFound."""
    return (await shown(conn, [await own(conn, link_id, workspace=workspace)]))[0]


def _all() -> Select[Link, Domain, int]:
    return select(Link, Domain, Budget.used).join(Domain, Domain.id == Link.domain_id).outerjoin(Budget)


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
    counted = await totals.of(conn, ids)
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
