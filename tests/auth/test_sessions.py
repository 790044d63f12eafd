"""Where somebody is signed in: what they see of it, and what ends it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import db, sessions
from tests.conftest import Account

from .conftest import COOKIE, problem

URL = "/api/v1/auth/sessions"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

Browser = Callable[[], httpx.AsyncClient]
Register = Callable[[], Awaitable[Account]]


async def enter(http: httpx.AsyncClient, account: Account, **headers: str) -> httpx.AsyncClient:
    wanted = {"email": account.email, "password": account.password}
    answer = await http.post("/api/v1/auth/login", json=wanted, headers=headers)
    assert answer.status_code == 200, answer.text
    http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    return http


async def listed(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await http.get(URL)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_the_list_shows_each_device_and_its_place(account: Account, browser: Browser) -> None:
    there = await enter(browser(), account, **{"user-agent": FIREFOX, "x-forwarded-for": "81.2.69.160"})
    newest, oldest = await listed(there)
    assert newest.keys() == {
        "id", "device", "country", "city", "created_at", "last_used_at", "expires_at", "current",
    }  # fmt: skip
    assert (newest["device"], newest["country"], newest["current"]) == ("Firefox on Windows", "GB", True)
    assert (oldest["device"], oldest["country"], oldest["city"]) == ("httpx", None, None)
    assert [one["current"] for one in await listed(account.http)] == [False, True]


async def test_no_address_is_kept_of_a_session(account: Account, browser: Browser, sql: asyncpg.Connection) -> None:
    await enter(browser(), account, **{"user-agent": FIREFOX, "x-forwarded-for": "81.2.69.160"})
    for table in ("sessions", "devices", "audit_log", "tries", "refresh_tokens"):
        assert not await sql.fetchval(f"select exists (select from {table} t where t::text like '%81.2.69.%')")


@pytest.mark.parametrize(
    "agent", ["", "x" * 5000, "\x7f", "Mozilla/5.0", "Googlebot/2.1 (+http://www.google.com/bot.html)"]
)
async def test_whatever_signs_in_is_called_something(account: Account, browser: Browser, agent: str) -> None:
    http = await enter(browser(), account, **{"user-agent": agent})
    assert 0 < len((await listed(http))[0]["device"]) <= 100


async def test_an_ended_session_stops_at_once(account: Account, browser: Browser) -> None:
    there = await enter(browser(), account)
    other = next(one["id"] for one in await listed(account.http) if not one["current"])
    assert (await account.http.delete(f"{URL}/{other}")).status_code == 204
    problem(await there.get("/api/v1/auth/me"), 401, "session_ended")
    del there.headers["authorization"]
    problem(await there.post("/api/v1/auth/refresh"), 401, "refresh_invalid")
    assert [one["current"] for one in await listed(account.http)] == [True]
    problem(await account.http.delete(f"{URL}/{other}"), 404, "not_found")


async def test_nobody_ends_anothers_session(register: Register) -> None:
    mine, theirs = await register(), await register()
    (session,) = await listed(theirs.http)
    problem(await mine.http.delete(f"{URL}/{session['id']}"), 404, "not_found")
    assert len(await listed(theirs.http)) == 1
    problem(await mine.http.delete(f"{URL}/0"), 422, "invalid")


async def test_signing_out_everywhere_else_keeps_this_session(account: Account, browser: Browser) -> None:
    others = [await enter(browser(), account) for _ in range(3)]
    assert (await account.http.delete(URL)).status_code == 204
    for http in others:
        problem(await http.get("/api/v1/auth/me"), 401, "session_ended")
    assert [one["current"] for one in await listed(account.http)] == [True]
    assert (await account.http.post("/api/v1/auth/refresh")).status_code == 200


async def test_signing_out_everywhere_ends_all(account: Account, browser: Browser, sql: asyncpg.Connection) -> None:
    other = await enter(browser(), account)
    answer = await account.http.delete(URL, params={"current": "true"})
    assert answer.status_code == 204
    assert COOKIE not in account.http.cookies
    for http in (account.http, other):
        problem(await http.get("/api/v1/auth/me"), 401, "session_ended")
    assert not await sql.fetchval(
        "select count(*) from devices join users on users.id = user_id where email = $1", account.email
    )
    noted = (
        "select details->>'sessions' from audit_log join users on users.id = user_id where email = $1 and action = $2"
    )
    assert await sql.fetchval(noted, account.email, "sessions_revoked") == "2"


async def test_what_ends_all_but_one_leaves_others_people_alone(register: Register, sql: asyncpg.Connection) -> None:
    mine, theirs = await register(), await register()
    (current,) = await listed(mine.http)
    user = await sql.fetchval("select id from users where email = $1", mine.email)
    async with db.session() as conn:
        assert await sessions.end_all(conn, user=user, but=current["id"], now=datetime.now(UTC)) == 0
    assert len(await listed(mine.http)) == len(await listed(theirs.http)) == 1
    (other,) = await listed(theirs.http)
    async with db.session() as conn:
        assert await sessions.end_all(conn, user=user, but=other["id"], now=datetime.now(UTC)) == 1
    problem(await mine.http.get("/api/v1/auth/me"), 401, "session_ended")
    assert len(await listed(theirs.http)) == 1


async def test_a_key_sees_and_ends_no_sessions(account: Account, browser: Browser) -> None:
    key = (await account.http.post("/api/v1/api-keys", json={"name": "k", "scopes": ["links:read"]})).json()["secret"]
    http = browser()
    http.headers["authorization"] = f"Bearer {key}"
    for method, path in (("GET", URL), ("DELETE", URL), ("DELETE", f"{URL}/1")):
        problem(await http.request(method, path), 403, "sign_in_needed")
