"""Each invocation tells CloudWatch what it did, in one line."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from . import events
from .conftest import Functions, Link, declared, running
from .connected import Stores

Shorten = Callable[..., Awaitable[Link]]
SCHEDULED = events.load("scheduled")


def told(said: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in said.splitlines() if '"_aws"' in line]
    # What the clicks function tells once a minute is apart.
    return [line for line in lines if "ColdStart" in line]


async def test_a_redirect_is_told_with_its_cold_start_and_no_word_of_who_or_what(
    functions: Functions, stores: Stores, shorten: Shorten
) -> None:
    link = await shorten()
    visit = events.load("redirect_get", slug=link.slug)
    unknown = events.load("redirect_get", slug=secrets.token_hex(8))
    async with running("redirect", stores, declared("redirect")) as function:
        for event in (visit, visit, unknown):
            await function.call(event)
        lines = told(function.said())
        assert link.slug not in function.said()
    assert [(line["ColdStart"], line["Redirects"], line["Errors"]) for line in lines] == [
        (1, 1, 0),
        (0, 1, 0),
        (0, 0, 0),
    ]
    (directive,) = lines[0]["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Ginnel", [["function"]])
    assert lines[0]["function"] == "ginnel-redirect"
    for line in lines:
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            assert isinstance(line[metric["Name"]], int | float)
        assert line.keys() == {"_aws", "function"} | {
            it["Name"] for it in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        }


async def test_a_drain_tells_what_it_stored_and_how_late(
    functions: Functions, stores: Stores, shorten: Shorten
) -> None:
    await functions.clicks.call(SCHEDULED)
    link = await shorten()
    for _ in range(3):
        await functions.redirect.call(events.load("redirect_get", slug=link.slug))
    async with running("clicks", stores, declared("clicks")) as function:
        answers = [await function.call(SCHEDULED) for _ in range(2)]
        first, second = told(function.said())
    assert [first["ClicksStored"], second["ClicksStored"]] == [answer["stored"] for answer in answers]
    assert first["ClicksStored"] >= 3
    assert 0 <= first["IngestionLag"] < 60_000
    assert "IngestionLag" not in second


async def test_what_fails_is_told_as_an_error(stores: Stores) -> None:
    away = declared("redirect") | {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    async with running("redirect", stores, away) as function:
        answer = await function.exchange(events.load("redirect_get", slug="anything"))
        (line,) = told(function.said())
    assert answer["statusCode"] == 503
    assert (line["Errors"], line["Redirects"]) == (1, 0)
    assert line["StoreErrors"] >= 0
    async with running("clicks", stores, declared("clicks")) as function:
        assert (await function.exchange({"source": "nobody"}))["errorType"] == "ValueError"
        assert told(function.said())[0]["Errors"] == 1


async def test_none_is_told_where_nobody_wants_it(stores: Stores) -> None:
    async with running("redirect", stores, declared("redirect") | {"METRICS": "false"}) as function:
        await function.call(events.load("redirect_health"))
        assert told(function.said()) == []
