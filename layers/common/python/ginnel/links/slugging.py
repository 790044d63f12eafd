"""Whether a slug is free, and which ones like it are."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import domains, slugs
from ginnel.drafts import Availability
from ginnel.errors import Invalid

from .tables import REUSABLE_AFTER, Link

_SUGGESTIONS = 3


async def available(  # noqa: PLR0913  # one question, each word of it by name
    conn: AsyncSession, wanted: str, *, host: str | None, title: str | None, workspace: int, now: datetime
) -> Availability:
    """Say whether this workspace could have a slug on a domain; if not, suggest some that it could. Raises Invalid."""
    host = host or await domains.chosen(conn, workspace=workspace)
    domain = await domains.find(conn, host, workspace=workspace)
    if domain is None:
        raise Invalid.field("query:domain", "domain_unknown", "is not a domain that this workspace may use")
    try:
        slug, code = slugs.parse(wanted), None
    except slugs.BadSlug as error:
        slug, code = wanted, error.code
    candidates = [slug, *_like(slug if code is None else "", title)]
    keys = {name: name if domain.case_sensitive else slugs.fold(name) for name in candidates}
    taken = set(
        await conn.scalars(
            select(Link.slug_key)
            .where(Link.domain_id == domain.id, Link.slug_key.in_(keys.values()))
            .where(
                or_(
                    Link.deleted_at.is_(None),
                    (Link.workspace_id != workspace) & (Link.deleted_at >= now - REUSABLE_AFTER),
                )
            )
        )
    )
    if code is None and keys[slug] in taken:
        code = "slug_taken"
    free = [name for name in candidates[1:] if keys[name] not in taken]
    return Availability(slug=slug, available=code is None, code=code, suggestions=free[:_SUGGESTIONS] if code else [])


def _like(slug: str, title: str | None) -> Iterator[str]:
    """Make slugs that say the same: by the title's words, with the year's or some letters behind."""
    words = "-".join(re.findall(r"[^\W_]+", (title or "").casefold()))[:40].strip("-")
    stems = [stem for stem in (words, slug[:48].rstrip("-_./")) if stem]
    for stem in stems:
        for name in (stem, *(f"{stem}-{number}" for number in range(2, 6)), f"{stem}-{secrets.token_hex(2)}"):
            try:
                if (made := slugs.parse(name)) != slug:
                    yield made
            except slugs.BadSlug:
                continue
    for _ in range(_SUGGESTIONS):
        yield slugs.random_slug(case_sensitive=False)
