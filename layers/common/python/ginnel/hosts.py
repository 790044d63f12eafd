"""What a domain answers by itself: where it leads without a slug, where unknown and past links lead, the files that apps read.

It is compiled to a record that is kept, told of and forgotten as links' are, at a slug that no link can have: so a change of a
domain changes none of its links' records, and only who finds no way by a link has to look at it. Imports neither the ORM nor
pydantic.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ginnel import slugs
from ginnel.redirects import Record, State

if TYPE_CHECKING:
    import asyncpg

NAME = "~"
"""The record's slug. No link's has a ~."""


@dataclass(frozen=True, slots=True)
class Host:
    domain: int
    case_sensitive: bool
    root: str | None = None
    not_found: str | None = None
    expired: str | None = None
    apple: str | None = None
    """The file apple-app-site-association, as it is sent."""
    android: str | None = None
    """The file assetlinks.json."""

    def key(self, slug: str) -> str:
        """Return a slug as the domain compares it."""
        return slug if self.case_sensitive else slugs.fold(slug)


@lru_cache(maxsize=1024)
def read(record: Record) -> Host:
    return Host(record.domain, record.case_sensitive, **json.loads(record.own or "{}"))


async def compiled(connection: asyncpg.Connection, host: str) -> Record:
    """Compile what PostgreSQL has on a (canonical) host. What is blocked or deleted, host or workspace, is as none."""
    row = await connection.fetchrow(
        """
        select d.id, d.case_sensitive,
            case when w.deleted_at is null then d.apple_app_site_association::text end as apple,
            case when w.deleted_at is null then d.assetlinks::text end as android, (
            select jsonb_object_agg(name, url)::text
            from (
                values ('root', d.root_target), ('not_found', d.not_found_target), ('expired', d.expired_target)
            ) as said (name, url)
            where url is not null and w.deleted_at is null and not exists (
                select from blocked_hosts b where b.host = any(target_hosts(url, null, '[]', '[]'))
            ) and not exists (
                select from workspaces w where w.id = d.workspace_id and w.blocked_at is not null
            )
        ) as leads
        from domains d left join workspaces w on w.id = d.workspace_id
        where d.host = $1 and d.verified_at is not null and d.deleted_at is null
        """,
        host,
    )
    if row is None:
        return Record(NAME, case_sensitive=False, state=State.UNKNOWN)
    said = json.loads(row["leads"] or "{}") | {name: row[name] for name in ("apple", "android") if row[name]}
    return Record(
        NAME,
        case_sensitive=row["case_sensitive"],
        state=State.DOMAIN,
        domain=row["id"],
        own=json.dumps(said, separators=(",", ":")) if said else None,
    )
