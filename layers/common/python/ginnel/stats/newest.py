"""Which ones: the clicks themselves, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import cursors, rollups, web

from .asking import Question, check, clicks_of


class Visit(web.Output):
    """A click as it is shown: whose it was is not in it."""

    id: UUID
    at: datetime
    link: int
    country: str | None
    region: str | None
    city: str | None
    continent: str | None
    device: str
    os: str | None
    browser: str | None
    language: str | None
    bot: str | None
    referrer_host: str | None
    referrer_path: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None
    qr: bool
    variant: str | None
    source: str | None
    channel: str | None


class Visits(web.Output):
    items: list[Visit]
    next_cursor: str | None


class _After(NamedTuple):
    at: datetime
    id: UUID

    @classmethod
    def read(cls, at: str, identifier: str) -> _After:
        return cls(cursors.moment(at), cursors.uuid(identifier))


async def newest(conn: AsyncSession, question: Question, *, limit: int, cursor: str | None) -> Visits:
    """List clicks, newest first. Raises NotFound, or Invalid for what is no cursor of such a list."""
    await check(conn, question)
    after = cursors.read(cursor, _After.read) if cursor else None
    rows = (
        await conn.execute(
            text(
                f"""
                select id, at, link_id as link, country, region, city, continent, device, os, browser, language, bot,
                    referrer_host, referrer_path, utm_source, utm_medium, utm_campaign, utm_term, utm_content, qr, variant,
                    {rollups.DIMENSIONS["source"]} as source, {rollups.DIMENSIONS["channel"]} as channel
                from ({clicks_of(question)}) c
                {"where (c.at, c.id) < (:at, :click)" if after else ""}
                order by c.at desc, c.id desc limit :limit
                """  # noqa: S608  # of constants; values are parameters
            ),
            question.values | {"limit": limit + 1} | ({"at": after.at, "click": after.id} if after else {}),
        )
    ).all()
    items = [Visit.model_validate(row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Visits(items=items, next_cursor=cursors.pack(last.at.isoformat(), str(last.id)) if last else None)
