"""Clicks that other servers saw: a shop's own redirects, an app's deep links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID, uuid5

from pydantic import BeforeValidator, Field, IPvAnyAddress, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import clicks, db, settings, slugs, web
from ginnel.domains import Domain
from ginnel.links import Link
from ginnel.stats import CapturedClick

# Ids that callers choose become ours by uuid5 within this namespace and their workspace.
_NAMESPACE = UUID("5d1c7a52-6a3f-4a55-9f0e-3b0f6a2f1c4e")
_OLDEST = timedelta(days=366)
_AHEAD = timedelta(minutes=5)


def _written(value: object) -> object:
    """Refuse numbers and bytes, which Python takes for addresses."""
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    return value


Address = Annotated[
    IPvAnyAddress,
    BeforeValidator(_written),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
]


class CapturedIn(web.Input):
    id: Annotated[
        web.Text,
        Field(
            min_length=1, max_length=128, description="Yours. The same id again is the same click.", examples=["o-1"]
        ),
    ]
    slug: Annotated[web.Text, Field(min_length=1, max_length=256)]
    domain: Annotated[web.Text, Field(max_length=253)] | None = None
    at: web.AnyMoment | None = Field(default=None, description="When it happened; left out, now.")
    address: Address | None = Field(default=None, description="Turned into a place, then forgotten.")
    user_agent: Annotated[web.Text, Field(max_length=4096)] = ""
    referrer: Annotated[web.Text, Field(max_length=16_384)] = ""


class CapturedOut(web.Output):
    id: str
    status: Literal["accepted", "rejected"]
    code: str | None
    detail: str | None


class CapturedPage(web.Output):
    items: list[CapturedOut]


async def accept(
    conn: AsyncSession, wanted: Sequence[CapturedIn], *, workspace: int, now: datetime
) -> list[CapturedOut]:
    """Write clicks down; say for each whether it was taken. Sending them again changes nothing."""
    links = await _links(conn, wanted, workspace=workspace)
    results: list[CapturedOut] = []
    taken: list[tuple[CapturedIn, Link]] = []
    for item in wanted:
        link = links.get(_key(item))
        if link is None:
            results.append(_rejected(item, "link_unknown", "There is no such link in this workspace."))
        elif item.at and not now - _OLDEST <= item.at <= now + _AHEAD:
            results.append(_rejected(item, "out_of_range", "`at` must lie within the last year."))
        else:
            results.append(CapturedOut(id=item.id, status="accepted", code=None, detail=None))
            taken.append((item, link))
    if taken:
        times = await _times(conn, [item for item, _ in taken], workspace=workspace, now=now)
        payload = b"\n".join(_line(item, link, at=times[item.id]) for item, link in taken)
        # The times are durable first: should appending fail, the caller sends the same clicks again.
        db.after_commit(conn, lambda: clicks.append(payload))
    return results


async def _links(conn: AsyncSession, wanted: Sequence[CapturedIn], *, workspace: int) -> dict[tuple[str, str], Link]:
    names = {_key(item) for item in wanted}
    pairs = {(host, key) for host, slug in names for key in (slug, slugs.fold(slug))}
    rows = await conn.execute(
        select(Link, Domain)
        .join(Domain, Domain.id == Link.domain_id)
        .where(Link.workspace_id == workspace, Link.deleted_at.is_(None))
        .where(tuple_(Domain.host, Link.slug_key).in_(pairs))
    )
    stored = {(domain.host, link.slug_key): (link, domain) for link, domain in rows}
    found: dict[tuple[str, str], Link] = {}
    for host, slug in names:
        for key in (slug, slugs.fold(slug)):
            link, domain = stored.get((host, key), (None, None))
            if link and domain and (not domain.case_sensitive or link.slug == slug):
                found[host, slug] = link
    return found


def _key(item: CapturedIn) -> tuple[str, str]:
    return (item.domain or settings.site().host).lower(), item.slug


async def _times(
    conn: AsyncSession, items: Sequence[CapturedIn], *, workspace: int, now: datetime
) -> dict[str, datetime]:
    """Return each click's time: the one it was first given, if it was sent before."""
    # By id, so that two calls with the same clicks take their locks in the same order.
    rows = {
        item.id: {"workspace_id": workspace, "external_id": item.id, "at": item.at or now, "created_at": now}
        for item in sorted(items, key=lambda item: item.id)
    }
    await conn.execute(insert(CapturedClick).values(list(rows.values())).on_conflict_do_nothing())
    kept = await conn.execute(
        select(CapturedClick.external_id, CapturedClick.at).where(
            CapturedClick.workspace_id == workspace, CapturedClick.external_id.in_(rows)
        )
    )
    return {row.external_id: row.at for row in kept}


def _line(item: CapturedIn, link: Link, *, at: datetime) -> bytes:
    return clicks.pack(
        id=uuid5(_NAMESPACE, f"{link.workspace_id}\n{item.id}").hex.encode(),
        at=int(at.timestamp() * 1000),
        link=link.id,
        workspace=link.workspace_id,
        domain=link.domain_id,
        address=str(item.address or "").encode(),
        user_agent=item.user_agent.encode(),
        referrer=item.referrer.encode(),
        language=b"",
        query=b"",
        private=False,
        dated=True,
    )


def _rejected(item: CapturedIn, code: str, detail: str) -> CapturedOut:
    return CapturedOut(id=item.id, status="rejected", code=code, detail=detail)
