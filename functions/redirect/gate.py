"""Links with a password: the page that asks for it, and what it sends back."""

from __future__ import annotations

import time
from urllib.parse import parse_qs

import asyncpg
from fastapi import Request, Response

from ginnel import locks, postgres, settings, throttle, visits
from ginnel.redirects import Record

from . import pages

TRIES, WINDOW = 10, 600
"""Passwords that an address may try at one link in any stretch of so many seconds; and ten times as many from all addresses."""
_MAX_FORM = 8192


async def answer(request: Request, record: Record, *, address: bytes) -> Response:
    """Ask for the password; take it, if it is being sent. Raises TooManyRequests and Unavailable."""
    spoken = request.headers.get("accept-language", "")
    headers = {"cache-control": "no-store", "x-robots-tag": "noindex", "vary": "accept-language", **pages.FORM_HEADERS}
    given = await _given(request) if request.method == "POST" else None
    if given is None:
        return Response(pages.password(spoken, wrong=False), 401, headers)
    await throttle.check(f"password:{record.link}:{visits.network(address)}", limit=TRIES, seconds=WINDOW)
    await throttle.check(f"password:{record.link}", limit=10 * TRIES, seconds=WINDOW)
    if not record.lock or not await _right(record, given):
        return Response(pages.password(spoken, wrong=True), 401, headers)
    # By GET, where it came from: the visit proper, with its query string.
    query = request.scope["query_string"].decode("latin-1")
    opened = Response(status_code=303, headers={"location": f"?{query}", "cache-control": "no-store"})
    opened.set_cookie(
        locks.cookie_name(record.link),
        locks.open_for(record.lock, record.link, now=time.time()),
        max_age=locks.LIFETIME,
        path="/",
        secure=settings.site().secure,
        httponly=True,
        samesite="lax",  # a link is followed from other sites
    )
    return opened


async def _given(request: Request) -> str | None:
    """Read the form's password; None if there is none."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    body = await request.body()
    fields = parse_qs(body[:_MAX_FORM].decode("latin-1"), errors="replace")
    return fields.get("password", [None])[0]


async def _right(record: Record, given: str) -> bool:
    from ginnel import passwords  # noqa: PLC0415  # only who sends one pays for it

    async def read(connection: asyncpg.Connection) -> str | None:
        found: str | None = await connection.fetchval("select password_hash from links where id = $1", record.link)
        return found

    kept = await postgres.run(read)
    try:
        given = passwords.settled(given)
    except ValueError:
        return False
    return kept is not None and locks.make(kept) == record.lock and await passwords.verify(kept, given)
