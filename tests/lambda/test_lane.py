"""The redirect function's fast lane answers, and records, as the app would."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ginnel import clicks
from ginnel.clicks import Click

from . import events
from .conftest import Function, Functions, Link, declared, running
from .connected import Stores

Shorten = Callable[..., Awaitable[Link]]
CASES = 500
CHANGES = (
    "redirect_status = 301, allow_caching = true",
    "redirect_status = 308, forward_query = false",
    "starts_at = now() - interval '1 hour', expires_at = now() + interval '1 hour'",
    "starts_at = now() + interval '1 hour'",
    "expires_at = now() - interval '1 hour'",
    "expires_at = now() - interval '1 hour', expired_target = 'https://example.com/late'",
    "disabled_at = now()",
    "blocked_at = now()",
    "deleted_at = now()",
)
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
async def whole(stores: Stores) -> AsyncIterator[Function]:
    async with running("redirect", stores, declared("redirect"), handler="whole.handler", extra=(HERE,)) as function:
        assert "modules" in function.started, function.started
        yield function


async def test_a_plain_visit_is_answered_before_the_framework_is_imported(stores: Stores, shorten: Shorten) -> None:
    link = await shorten()
    async with running("redirect", stores, declared("redirect")) as function:
        before = set(function.started["modules"])
        assert (await function.call(events.load("redirect_get", slug=link.slug)))["statusCode"] == 302
        after = set((await function.exchange({"modules": True}))["modules"])
    unwanted = {"fastapi", "starlette", "pydantic", "mangum", "sqlalchemy", "crawleruseragents", "ua_parser_rs"}
    assert not unwanted & (before | after)


async def test_both_ways_give_the_same_answers_and_clicks(
    functions: Functions, whole: Function, stores: Stores, shorten: Shorten
) -> None:
    links = [await shorten(), await shorten(f"Docs.v2/{secrets.token_hex(4)}")]
    links += [await _limited(stores, await shorten(), clicks=10**9, used=used) for used in (0, 10**9)]
    for change in CHANGES:
        for _ in range(3):
            links.append(await shorten())
            await stores.sql.execute(f"update links set {change} where id = $1", links[-1].id)
    chance = random.Random(11)  # a test's, repeatable
    for number in range(CASES):
        link = chance.choice(links)
        event = _event(chance, link.slug)
        before = await _lines(stores)
        fast = await functions.redirect.exchange(event)
        between = await _lines(stores)
        slow = await whole.exchange(event)
        after = await _lines(stores)
        assert _settled(fast) == _settled(slow), (number, event)
        assert [_same(c) for c in between[len(before) :]] == [_same(c) for c in after[len(between) :]], (number, event)


async def _limited(stores: Stores, link: Link, *, clicks: int, used: int = 0) -> Link:
    await stores.sql.execute("update links set max_clicks = $1 where id = $2", clicks, link.id)
    await stores.sql.execute("insert into link_budgets (link_id, used) values ($1, $2)", link.id, used)
    return link


async def test_a_limited_link_is_spent_by_visits_alone(functions: Functions, stores: Stores, shorten: Shorten) -> None:
    link = await _limited(stores, await shorten(), clicks=3)
    bot = events.load("redirect_get", slug=link.slug)
    bot["headers"]["user-agent"] = "Googlebot/2.1"
    head = events.at(f"/{link.slug}", method="HEAD")
    visits = [bot, head, *[events.load("redirect_get", slug=link.slug)] * 5, bot, head]
    statuses = [(await functions.redirect.call(event))["statusCode"] for event in visits]
    assert statuses == [302, 302, 302, 302, 302, 410, 410, 410, 410]
    await functions.clicks.call(events.load("scheduled"))
    assert await stores.clicks(link.id) == 4
    assert await stores.sql.fetchval("select used from link_budgets where link_id = $1", link.id) == 3


async def test_what_is_prefetched_leads_on_and_is_counted_with_bots(
    functions: Functions, stores: Stores, shorten: Shorten
) -> None:
    free, limited = await shorten(), await _limited(stores, await shorten(), clicks=2)
    async with running("redirect", stores, declared("redirect")) as redirect:
        for link in (free, limited):
            ahead = events.load("redirect_get", slug=link.slug)
            ahead["headers"]["sec-purpose"] = "prefetch;prerender"
            # Out of Redis, where the click is written down by a function, and out of this process's memory.
            asked = [ahead, events.load("redirect_get", slug=link.slug), ahead]
            for function in (redirect, functions.redirect):
                if link is free or function is redirect:
                    assert [(await function.call(event))["statusCode"] for event in asked] == [302, 302, 302]
    await functions.clicks.call(events.load("scheduled"))
    counted = "select bot, count(*) from clicks where link_id = $1 group by 1 order by 1 nulls last"
    assert list(map(tuple, await stores.sql.fetch(counted, free.id))) == [("prefetch", 4), (None, 2)]
    assert list(map(tuple, await stores.sql.fetch(counted, limited.id))) == [("prefetch", 2), (None, 1)]
    assert await stores.sql.fetchval("select used from link_budgets where link_id = $1", limited.id) == 1


async def test_a_click_is_taken_once_though_the_connection_was_cut_meanwhile(
    functions: Functions, stores: Stores, shorten: Shorten
) -> None:
    link = await _limited(stores, await shorten(), clicks=100)
    async with running("redirect", stores, declared("redirect")) as redirect:
        for count in range(1, 11):
            answer = await redirect.call(events.load("redirect_get", slug=link.slug))
            assert answer["statusCode"] == 302
            assert await stores.sql.fetchval("select used from link_budgets where link_id = $1", link.id) == count
            await redirect.cut_postgres()
    await functions.clicks.call(events.load("scheduled"))
    assert await stores.clicks(link.id) == 10


async def test_a_known_link_takes_one_round_trip_cold_and_warm(
    functions: Functions, stores: Stores, shorten: Shorten
) -> None:
    link = await shorten()
    event = events.load("redirect_get", slug=link.slug)
    assert (await functions.redirect.exchange(event))["statusCode"] == 302  # from here on Redis has it
    asked = []
    async with running("redirect", stores, declared("redirect")) as function:
        for pause in (0, 0, 1.1):  # cold; with the record in memory; with one too old to be used
            await asyncio.sleep(pause)
            async with _commands(stores) as seen:
                assert (await function.exchange(event))["statusCode"] == 302
            asked.append(seen)
    assert asked == [["FCALL"], ["XADD"], ["FCALL"]]
    stored = [click for click in await _lines(stores) if click.link == link.id]
    assert len(stored) == len({click.id for click in stored}) == 4


@asynccontextmanager
async def _commands(stores: Stores) -> AsyncIterator[list[str]]:
    """List what Redis is asked for, in our database and by others; not what a connection begins with, nor what Lua does."""
    seen: list[str] = []
    database = int(stores.redis.connection_pool.connection_kwargs.get("db", 0))
    async with stores.redis.monitor() as monitor:
        yield seen
        await stores.redis.echo("the end")
        while "the end" not in (told := await monitor.next_command())["command"]:
            word = told["command"].split(" ", 1)[0].upper()
            if told["db"] == database and told["client_type"] != "lua" and word not in {"HELLO", "CLIENT", "SELECT"}:
                seen.append(word)


def _event(chance: random.Random, slug: str) -> events.Event:
    spelled = chance.choice(
        [
            slug,
            slug.upper(),
            f"{slug}/",
            f"{slug}%",
            "%2e%2e",
            f"%{ord(slug[0]):02x}{slug[1:]}",
            "health",
            "robots.txt",
            "",
            "no",
        ]
        + [slug] * 4
    )
    query = chance.choice(["", "", "a=1&b", "qr=1", "x=%2B+é", "a=\r\nb", "&&"])
    event = events.at(f"/{spelled}", query=query, method=chance.choice(["GET"] * 5 + ["HEAD", "POST"]))
    headers: dict[str, Any] = event["headers"]
    for name, values in (
        ("user-agent", ["", "a\tb", "x" * 2000, "Grüße"]),
        ("referer", ["https://a.test/p?q", "\x00"]),
        ("accept-language", ["de", "*"]),
        ("x-forwarded-for", ["1.2.3.4, 5.6.7.8", "junk", ""]),
        ("dnt", ["1", "0"]),
        ("sec-gpc", ["1"]),
        ("sec-purpose", ["prefetch", "prefetch;prerender", ""]),
        ("x-purpose", ["preview"]),
        ("accept", ["application/json", "text/html"]),
        ("host", ["go.test", "GO.TEST:443", "elsewhere.test", ""]),
    ):
        if chance.random() < 0.25:
            headers[name] = chance.choice(values)
    return event


async def _lines(stores: Stores) -> list[Click]:
    entries: Any = await stores.redis.xrange(clicks.STREAM)
    return [Click.unpack(line) for _, fields in entries for line in fields[clicks.FIELD].split(b"\n")]


def _same(click: Click) -> tuple[Any, ...]:
    return tuple(getattr(click, name) for name in Click._fields if name not in ("id", "at"))


def _settled(answer: dict[str, Any]) -> dict[str, Any]:
    headers = {name: value for name, value in answer.get("headers", {}).items() if name != "x-request-id"}
    if "allow" in headers:
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))  # Starlette keeps them as a set
    body = answer.get("body", "")
    if "request_id" in body:
        body = {**json.loads(body), "request_id": ""}
    return {**answer, "headers": headers, "body": body}
