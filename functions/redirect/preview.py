"""What a link's address with a `+` behind it shows: where it leads, without going there, and without counting a click."""

from __future__ import annotations

import time
from urllib.parse import quote

import asyncpg
from fastapi import Request, Response

from ginnel import lookup, postgres, redirects

from . import domain, pages
from .texts import TEXTS


async def answer(request: Request, slug: str | None) -> Response:
    """Raises Unavailable."""
    spoken = request.headers.get("accept-language", "")
    headers = {"cache-control": "no-store", "x-robots-tag": "noindex", "vary": "accept-language", **pages.HEADERS}
    record = await lookup.resolve(request.headers.get("host", ""), slug) if slug else None
    told = redirects.decide(record, b"", time.time())
    if record and told.code in domain.PAST:
        told = redirects.decide(await domain.backed(request, record), b"", time.time())
    if record is None or slug is None or told.code:
        return Response(pages.refusal(told.code, spoken), told.status, headers)

    async def read(connection: asyncpg.Connection) -> asyncpg.Record | None:
        return await connection.fetchrow("select title, created_at from links where id = $1", record.link)

    row = await postgres.run(read)
    if row is None:
        return Response(pages.refusal("not_found", spoken), 404, headers)
    texts = TEXTS[pages.language(spoken)]
    facts: dict[str, str | None] = {"title": row["title"]}
    if record.lock:
        facts["locked"] = texts["locked"][1]
    else:
        facts |= {"target": told.location, "others": texts["others"][1] if record.rules or record.variants else None}
    return Response(pages.preview(spoken, facts, row["created_at"], f"/{quote(slug)}"), 200, headers)
