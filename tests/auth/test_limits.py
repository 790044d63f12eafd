"""How many calls somebody may make: the headers of draft-ietf-httpapi-ratelimit-headers-11, and the refusal."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from ginnel import limits, redis
from ginnel.windows import Window
from local.host import FUNCTIONS
from tests.conftest import Account

from .conftest import Told, problem

ME, KEYS = "/api/v1/auth/me", "/api/v1/api-keys"
Browser = Callable[[], httpx.AsyncClient]
Register = Callable[[], Awaitable[Account]]


def left(answer: httpx.Response, policy: str, limit: int) -> int:
    """Check that an answer tells of this policy, and return how many calls are left."""
    assert answer.headers["ratelimit-policy"] == f'"{policy}";q={limit};w=60'
    found = re.fullmatch(rf'"{policy}";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert found
    assert 1 <= int(found[2]) <= 60
    return int(found[1])


@pytest.fixture(params=[False, True], ids=["with Redis", "without"])
def away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param:

        async def call(*_: Any) -> None:
            raise redis.Away

        monkeypatch.setattr(redis, "call", call)
    return bool(request.param)


async def test_each_answer_tells_how_many_calls_are_left(account: Account, told: Told, *, away: bool) -> None:
    told(rate_read=5, rate_write=3)
    assert [left(await account.http.get(ME), "read", 5) for _ in range(3)] == [4, 3, 2]
    answers = [await account.http.post("/api/v1/tags", json={}) for _ in range(2)]
    assert [left(answer, "write", 3) for answer in answers] == [2, 1]
    assert {answer.status_code for answer in answers} == {422}


async def test_who_calls_too_often_is_told_when_to_come_again(account: Account, told: Told, *, away: bool) -> None:
    told(rate_read=3)
    answers = [await account.http.get(ME) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    for answer in answers[3:]:
        problem(answer, 429, "too_many_requests")
        assert left(answer, "read", 3) == 0
        assert 1 <= int(answer.headers["retry-after"]) <= 120
    # Writing is counted for itself.
    assert (await account.http.post("/api/v1/links", json={"target": "https://example.com/"})).status_code == 201


async def test_nobody_uses_up_anothers_calls(register: Register, told: Told, browser: Browser) -> None:
    mine, theirs = await register(), await register()
    key = (await mine.http.post(KEYS, json={"name": "k", "scopes": ["links:read"]})).json()["secret"]
    program = browser()
    program.headers["authorization"] = f"Bearer {key}"
    told(rate_read=2)
    for _ in range(3):
        answer = await mine.http.get(ME)
    assert answer.status_code == 429
    assert left(await theirs.http.get(ME), "read", 2) == 1
    assert left(await program.get("/api/v1/links"), "read", 2) == 1


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/api/v1/auth/refresh", {}, 401),
        ("POST", "/api/v1/auth/refresh", {"authorization": "Bearer anything"}, 401),
        ("GET", ME, {}, 401),
        ("GET", ME, {"authorization": "Bearer gnl_unknown"}, 401),
        ("GET", "/api/v1/links", {"authorization": "Bearer un.known.token"}, 401),
    ],
)
async def test_who_is_unknown_is_counted_by_their_address(
    browser: Browser, told: Told, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    told(rate_anonymous=2)
    place = {"x-forwarded-for": f"10.0.{secrets.randbelow(256)}.{secrets.randbelow(256)}"}
    answers = [await browser().request(method, path, headers=headers | place) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 429]
    assert [left(answer, "anonymous", 2) for answer in answers] == [1, 0, 0]


async def test_a_limit_of_none_counts_nothing(account: Account, told: Told) -> None:
    told(rate_read=0)
    assert "ratelimit" not in (await account.http.get(ME)).headers


async def test_a_call_costs_one_exchange_with_redis(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, real = [], redis.call

    async def call(operation: Any, key: Any = b"") -> Any:
        asked.append(key)
        return await real(operation, key)

    monkeypatch.setattr(redis, "call", call)
    for path in (ME, KEYS, "/api/v1/links"):
        assert (await account.http.get(path)).status_code == 200
    assert len(asked) == 3


async def test_visits_are_not_counted(client: httpx.AsyncClient, account: Account) -> None:
    link = await account.link()
    for path in (f"/{link['slug']}", "/health", "/robots.txt", "/"):
        assert "ratelimit" not in (await client.get(path)).headers


async def test_the_document_says_so_of_every_call(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        for operation in operations.values():
            limited = [
                set(said.get("headers", {})) >= {"RateLimit", "RateLimit-Policy"}
                for said in operation["responses"].values()
            ]
            assert all(limited) if path.startswith("/api/") else not any(limited)
            assert ("429" in operation["responses"]) >= path.startswith("/api/")


def test_every_route_of_the_api_is_counted_by_somebody() -> None:
    for app in FUNCTIONS:
        api = any(route.path.startswith("/api/") for route in app.routes if hasattr(route, "path"))
        guarded = any(wanted.dependency is limits.anybody for wanted in app.router.dependencies)
        assert api <= guarded


def test_a_process_alone_forgets_who_called_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_OWN", 5)
    limits._own.clear()
    window = Window.at(1_000_000_000, 60)
    for number in range(20):
        assert limits._alone(f"nobody {number}", limit=1, window=window).allowed
    assert len(limits._own) == 5
    assert not limits._alone("nobody 19", limit=1, window=window).allowed
