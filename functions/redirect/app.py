"""Follow a link: find where its slug leads, write the click down, answer. Imports as little as it can: it starts cold."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import asyncpg
from fastapi import Path, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ginnel import budgets, clicks, lookup, metrics, postgres, redirects, redis, settings, slugs, web
from ginnel.budgets import Budget
from ginnel.errors import Problem, Unavailable
from ginnel.redirects import Answer, Record

from . import domain, pages, refusals
from .lane import NEEDS

if TYPE_CHECKING:
    from ginnel.rules import Visitor

app = web.new_app("Redirect", needs=NEEDS, limited=False)


@app.head("/health", include_in_schema=False)
@app.get(
    "/health",
    tags=["operation"],
    summary="Say whether everything answers",
    responses={200: {"content": {"application/json": {"example": {"status": "ok"}}}}},
)
async def health() -> dict[str, str]:
    """Answer 503 with what is missing if PostgreSQL or Redis does not answer."""
    missing = []

    async def ask(connection: asyncpg.Connection) -> None:
        await connection.fetchval("select 1")

    try:
        await postgres.run(ask)
    except Unavailable:
        missing.append("postgresql")
    try:
        await redis.each(lambda client: client.ping())
    except redis.RedisError:
        missing.append("redis")
    if missing:
        raise Unavailable(f"Not answering: {', '.join(missing)}.")
    return {"status": "ok"}


@app.api_route("/robots.txt", methods=["GET", "HEAD"], include_in_schema=False)
async def robots() -> Response:
    # Short links are no pages of their own, and a crawler's visits would be clicks.
    return Response("User-agent: *\nDisallow: /\nAllow: /$\n", media_type="text/plain")


app.include_router(domain.router)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@app.api_route("/{slug:path}", methods=METHODS[1:], include_in_schema=False)
@app.get(
    "/{slug:path}",
    status_code=302,
    response_class=Response,
    tags=["redirect"],
    summary="Follow a link",
    description="A GET is counted as a click before it is answered; a HEAD is answered alike and not counted. A link whose "
    "status is 307 or 308 answers every method. With `+` behind it, a page shows where it leads instead.",
    responses={
        302: {"description": "Where the link leads, if it does not say how"},
        301: {"description": "Where it leads for good"},
        307: {"description": "Where it leads, by the same method"},
        308: {"description": "Where it leads for good, by the same method"},
        401: {"description": "It has a password: a page asks for it"},
        404: {"description": "No such link, or not yet"},
        410: {"description": "Expired, used up, switched off or deleted"},
        451: {"description": "Blocked"},
    },
)
async def follow(request: Request, slug: Annotated[str, Path(examples=["spring-sale"])]) -> Response:  # noqa: ARG001  # see _path
    return await _follow(request)


async def _follow(request: Request) -> Response:
    scope, headers = request.scope, request.headers
    path = _path(scope)
    try:
        if path[-1:] == b"+" or path[-3:].upper() == b"%2B":
            return await _preview(request, path.removesuffix(b"+") if path[-1:] == b"+" else path[:-3])
        record, rest = await _resolve(headers.get("host", ""), path)
        said, address = _first(request), web.address(request)
        record, answer = await _decide(request, record, rest, said, address)
        if answer.code == "not_found" and (led := await domain.instead(request, path, unknown=record is None)):
            return led
        if answer.location and record:
            if request.method not in {"GET", "HEAD"} and answer.status in {301, 302}:
                return refusals.answer(scope, 405, "method_not_allowed", {"allow": "GET, HEAD"})
            line = None
            if request.method == "GET":
                line = clicks.visit(record, said, address=address, query=scope["query_string"], served=answer.served)
            answer = await _count(request, record, answer, line)
        if answer.code in {"card", "password_required"} and record:
            return await _page(request, record, answer)
    except Problem as problem:
        return refusals.answer(scope, problem.status, problem.code, problem.headers)
    if not answer.location:
        return refusals.answer(scope, answer.status, answer.code)
    metrics.redirects[metrics.APP, answer.status] += 1
    return Response(status_code=answer.status, headers=dict(redirects.headers(answer)))


async def _decide(
    request: Request, record: Record | None, rest: bytes, said: Mapping[bytes, bytes], address: bytes
) -> tuple[Record | None, Answer]:
    """Say what a visitor gets, and from which record: where a link is over, its domain may have a word."""
    query = request.scope["query_string"]
    visitor = _visitor(request.scope, said, address) if record and record.personal else None
    answer = redirects.decide(record, query, time.time(), visitor=visitor, rest=rest)
    if record and answer.code in domain.PAST:
        record = await domain.backed(request, record)
        answer = redirects.decide(record, query, time.time(), rest=rest)
    return record, answer


async def _resolve(host: str, path: bytes) -> tuple[Record | None, bytes]:
    """Find the link that a path names, or the longest that it begins with and that passes paths on; and the path behind it."""
    name = slugs.from_path(path)
    record = await lookup.resolve(host, name) if name else None
    if record is not None or b"/" not in path.rstrip(b"/") or not redirects.passable(path):
        return record, b""
    segments = path.split(b"/")
    for cut in range(min(len(segments) - 1, _DEPTH), 0, -1):
        name = slugs.from_path(b"/".join(segments[:cut]))
        record = await lookup.resolve(host, name) if name else None
        if record and record.forward_path:
            return record, b"/".join(segments[cut:])
    return None, b""


_DEPTH = 8
"""Segments of a slug whose link passes paths on: each is a look-up, of which a visitor's path must not cause many."""


def _visitor(scope: Scope, said: Mapping[bytes, bytes], address: bytes) -> Visitor:
    return _describe()(said, address=address, query=scope["query_string"], at=time.time())


@functools.cache
def _describe() -> Callable[..., Visitor]:
    from ginnel.rules import Visitor  # noqa: PLC0415  # few links need it, and every cold start would pay

    return Visitor.of


def _first(request: Request) -> dict[bytes, bytes]:
    """Return the headers by lower-case name; of a repeated one, the first."""
    return dict(reversed(request.scope["headers"]))


async def _count(request: Request, record: Record, answer: Answer, line: bytes | None) -> Answer:
    """Write a visit down, if it is one that counts (`line`); return what it gets, which a limit may change."""
    if answer.limited:
        return await _within_limit(request, record, answer, line)
    if line:
        await clicks.record(line)
    return answer


async def _within_limit(request: Request, record: Record, answer: Answer, line: bytes | None) -> Answer:
    """Answer for a link that has a limit, and write a visit (`line`) down: a person's takes one click from the budget."""
    budget = await budgets.visit(record.link, line)
    if budget is Budget.USED_UP:
        record = await domain.backed(request, record)
        answer = redirects.decide(record, request.scope["query_string"], time.time(), used_up=True)
    if line and answer.location and budget is not Budget.SPENT:
        await clicks.record(line)
    return answer


def _path(scope: Scope) -> bytes:
    """Return the path behind its first slash as it was sent; a framework's decoding would hide malformed escapes."""
    if "aws.event" in scope:
        path: str = scope["aws.event"]["rawPath"]
        return path[1:].encode(errors="surrogatepass")  # JSON may hold half of a character; it becomes no slug
    raw: bytes = scope["raw_path"]
    return raw.partition(b"?")[0][1:]


async def _page(request: Request, record: Record, answer: Answer) -> Response:
    """Show what stands before a redirect: a card to crawlers, a question to who has not given the password."""
    from ginnel import cards  # noqa: PLC0415  # as in _visitor

    from . import gate  # noqa: PLC0415  # as above

    if answer.code == "card" and record.card:
        host, site = lookup.canonical(request.headers.get("host", "")), settings.site()
        address = f"{site.origin if host == site.host else f'https://{host}'}/{record.slug_key}"
        return Response(pages.card(cards.read(record.card), address), 200, {**refusals.UNCACHED, **pages.HEADERS})
    return await gate.answer(request, record, address=web.address(request))


async def _preview(request: Request, path: bytes) -> Response:
    from . import preview  # noqa: PLC0415  # as above

    return await preview.answer(request, slugs.from_path(path))


async def _slugs(scope: Scope, receive: Receive, send: Send) -> None:
    await (await _follow(Request(scope, receive)))(scope, receive, send)


slugs_only = web.Frame(_slugs)
"""The route of slugs alone, for what no other route takes: routing, validation and the framework's own frames cost twice
what following a link does."""


def refusal(error: Exception) -> ASGIApp:
    """Make the answer to a visitor whose click could not be written down, for a host that has a lane of its own."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if not isinstance(error, Unavailable):
            raise error
        await refusals.answer(scope, error.status, error.code, error.headers)(scope, receive, send)

    return web.Frame(refuse)
