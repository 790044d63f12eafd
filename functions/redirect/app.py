"""Follow a link: find where its slug leads, write the click down, answer. Imports as little as it can: it starts cold."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import asyncpg
from fastapi import Path, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ginnel import budgets, clicks, errors, lookup, observe, postgres, redirects, redis, slugs, visits, web
from ginnel.budgets import Budget
from ginnel.errors import Unavailable
from ginnel.redirects import Answer, Record

from . import pages
from .lane import NEEDS

app = web.new_app("Redirect", needs=NEEDS)

_NONE: Mapping[str, str] = MappingProxyType({})


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


@app.head("/{slug:path}", include_in_schema=False)
@app.get(
    "/{slug:path}",
    status_code=302,
    response_class=Response,
    tags=["redirect"],
    summary="Follow a link",
    description="A GET is counted as a click before it is answered; a HEAD is answered alike and not counted.",
    responses={
        302: {"description": "Where the link leads (301, 307 or 308 if the link says so)"},
        404: {"description": "No such link, or not yet"},
        410: {"description": "Expired, used up, switched off or deleted"},
        451: {"description": "Blocked"},
    },
)
async def follow(request: Request, slug: Annotated[str, Path(examples=["spring-sale"])]) -> Response:  # noqa: ARG001  # see _slug
    return await _follow(request.scope)


async def _follow(scope: Scope) -> Response:
    headers = Headers(scope=scope)
    try:
        name = _slug(scope)
        record = await lookup.resolve(headers.get("host", ""), name) if name else None
        answer = redirects.decide(record, scope["query_string"], time.time())
        if answer.location and record:
            line = _line(record, scope, headers) if scope["method"] == "GET" else None
            if answer.limited:
                answer = await _within_limit(record, answer, line, scope["query_string"])
            elif line:
                await clicks.record(line)
    except Unavailable as problem:
        return _refuse(scope, problem.status, problem.code, problem.headers)
    if not answer.location:
        return _refuse(scope, answer.status, answer.code)
    return Response(status_code=answer.status, headers=dict(redirects.headers(answer)))


def _line(record: Record, scope: Scope, headers: Headers) -> bytes:
    address = visits.address(
        (scope.get("client") or ("",))[0] or "",
        headers.getlist("x-forwarded-for"),
        appended="aws.event" in scope,
    )
    return clicks.visit(record, dict(reversed(scope["headers"])), address=address, query=scope["query_string"])


async def _within_limit(record: Record, answer: Answer, line: bytes | None, query: bytes) -> Answer:
    """Answer for a link that has a limit, and write a visit (`line`) down: a person's takes one click from the budget."""
    budget = await budgets.visit(record.link, line)
    if budget is Budget.USED_UP:
        answer = redirects.decide(record, query, time.time(), used_up=True)
    if line and answer.location and budget is not Budget.SPENT:
        await clicks.record(line)
    return answer


def _slug(scope: Scope) -> str | None:
    """Read the slug off the path as it was sent; a framework's decoding would hide malformed escapes."""
    if "aws.event" in scope:
        path = scope["aws.event"]["rawPath"]
        return slugs.from_path(path[1:])
    return slugs.from_path(scope["raw_path"].partition(b"?")[0][1:])


def _refuse(scope: Scope, status: int, code: str, extra: Mapping[str, str] = _NONE) -> Response:
    """Say why there is no redirect: by a page, or by a problem to clients that ask for JSON or mistyped a call's path."""
    common = {"cache-control": "no-store", "x-robots-tag": "noindex", "vary": "accept", **extra}
    accept = Headers(scope=scope).get("accept", "")
    if f"{scope['path']}/".startswith("/api/") or ("json" in accept and "text/html" not in accept):
        body = errors.body(status, code, ". ".join(pages.TEXTS[code]), observe.request_id.get())
        return JSONResponse(body, status, common, media_type="application/problem+json")
    return Response(pages.render(code), status, {**common, **pages.HEADERS})


async def _slugs(scope: Scope, receive: Receive, send: Send) -> None:
    await (await _follow(scope))(scope, receive, send)


slugs_only = web.Frame(_slugs)
"""The route of slugs alone, for a GET or HEAD that no other route takes: routing, validation and the framework's own frames
cost twice what following a link does."""


def refusal(error: Exception) -> ASGIApp:
    """Make the answer to a visitor whose click could not be written down, for a host that has a lane of its own."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if not isinstance(error, Unavailable):
            raise error
        await _refuse(scope, error.status, error.code, error.headers)(scope, receive, send)

    return web.Frame(refuse)
