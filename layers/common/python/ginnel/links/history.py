"""What links were before: every version of each is kept, and any can be had again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel.drafts import Change, History, LinkChange, VersionOut
from ginnel.errors import NotFound
from ginnel.outputs import LinkOut
from ginnel.users import User

from .reading import own
from .tables import Version

FIELDS = frozenset(LinkChange.model_fields) - {"password"} | {"protected"}
"""What is kept of a version. A password is not, and so does not come back: only whether there was one is told."""


def state(link: LinkOut) -> dict[str, Any]:
    return link.model_dump(mode="json", include=set(FIELDS))


async def keep(conn: AsyncSession, links: Sequence[LinkOut], *, user: int | None) -> None:
    """Keep what links are now, by their versions; a version that is kept already stays as it is."""
    rows = [
        {
            "link_id": link.id,
            "version": link.version,
            "at": link.updated_at.isoformat(),
            "user_id": user,
            "state": state(link),
        }
        for link in links
    ]
    await conn.execute(
        text(
            """
            insert into link_versions (link_id, version, at, user_id, state)
            select link_id, version, at, user_id, state
            from jsonb_to_recordset(cast(:rows as jsonb))
                as kept (link_id bigint, version integer, at timestamptz, user_id bigint, state jsonb)
            on conflict do nothing
            """
        ),
        {"rows": json.dumps(rows)},
    )


async def history(conn: AsyncSession, link_id: int, *, workspace: int) -> History:
    """List a link's last hundred versions, newest first. Raises NotFound."""
    await own(conn, link_id, workspace=workspace)
    rows = (
        await conn.execute(
            select(Version, User.name)
            .outerjoin(User, User.id == Version.user_id)
            .where(Version.link_id == link_id)
            .order_by(Version.version.desc())
            .limit(_SHOWN + 1)
        )
    ).all()
    older: list[dict[str, Any]] = [row.state for row, _ in rows[1:]]
    if len(rows) <= _SHOWN:
        older.append({})
    items = [
        VersionOut(version=kept.version, at=kept.at, user=name, changes=_changes(before, kept.state))
        for (kept, name), before in zip(rows, older, strict=False)
    ]
    return History(items=items)


_SHOWN = 100


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Change]:
    return {
        field: Change(before=before.get(field), after=value)
        for field, value in sorted(after.items())
        if field not in before or before[field] != value
    }


async def earlier(conn: AsyncSession, link: LinkOut, version: int) -> LinkChange:
    """Make the change that gives a link the fields it had at a version. Raises NotFound."""
    kept = await conn.get(Version, (link.id, version))
    if kept is None:
        raise NotFound("version", version)
    now = state(link)
    return LinkChange(**{k: v for k, v in kept.state.items() if k in LinkChange.model_fields and v != now.get(k)})
