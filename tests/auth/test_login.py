from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher

from ginnel import passwords, settings
from tests.conftest import Account

from .conftest import COOKIE, problem

Browser = Callable[[], httpx.AsyncClient]
URL = "/api/v1/auth/login"


async def test_logging_in_starts_a_session_of_its_own(account: Account, browser: Browser) -> None:
    http = browser()
    answer = await http.post(URL, json={"email": account.email, "password": account.password})
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"user", "access_token", "token_type", "expires_in"}
    assert http.cookies[COOKIE] != account.http.cookies[COOKIE]
    me = await http.get("/api/v1/auth/me", headers={"authorization": f"Bearer {answer.json()['access_token']}"})
    assert me.json()["user"]["email"] == account.email
    assert (await account.http.get("/api/v1/auth/me")).status_code == 200


async def test_the_addresss_case_does_not_matter(account: Account, browser: Browser) -> None:
    answer = await browser().post(URL, json={"email": account.email.upper(), "password": account.password})
    assert answer.status_code == 200


async def test_unknown_wrong_and_disabled_look_alike(
    register: Callable[[], Awaitable[Account]], browser: Browser, sql: asyncpg.Connection
) -> None:
    known, disabled = await register(), await register()
    await sql.execute("update users set disabled_at = now() where email = $1", disabled.email)
    bodies = []
    for email, password in (
        ("nobody@example.com", known.password),
        (known.email, "not the password"),
        (disabled.email, disabled.password),
        ("not an address at all", known.password),
    ):
        answer = await browser().post(URL, json={"email": email, "password": password})
        body = problem(answer, 401, "credentials_invalid")
        assert "set-cookie" not in answer.headers
        bodies.append({**body, "request_id": None})
    assert bodies == bodies[:1] * 4


async def test_an_unknown_user_costs_the_same_hash() -> None:
    assert not passwords.outdated(passwords._nobodys())
    kept = await passwords.encode("some password")

    async def taken(hashed: str | None) -> float:
        start = time.perf_counter()
        assert not await passwords.verify(hashed, "another password")
        return time.perf_counter() - start

    known, unknown = [], []
    for _ in range(15):
        known.append(await taken(kept))
        unknown.append(await taken(None))
    # Generous: the machine may be busy. A look-up without a hash would be thousands of times faster.
    assert 0.5 < statistics.median(known) / statistics.median(unknown) < 2


async def test_an_older_hash_is_replaced_on_log_in(account: Account, browser: Browser, sql: asyncpg.Connection) -> None:
    older = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(account.password)
    await sql.execute("update users set password_hash = $2 where email = $1", account.email, older)
    for _ in range(2):
        answer = await browser().post(URL, json={"email": account.email, "password": account.password})
        assert answer.status_code == 200
        kept = await sql.fetchval("select password_hash from users where email = $1", account.email)
        assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("a\x00@example.com", "password"), ("a" * 255, "password"), (7, "password"), ("a@example.com", 7),
        ("a@example.com", "x" * 1025), ("a@example.com", "nul \x00"), (None, None),
    ],
)  # fmt: skip
async def test_what_is_no_text_is_the_callers_fault(browser: Browser, email: Any, password: Any) -> None:
    problem(await browser().post(URL, json={"email": email, "password": password}), 422, "invalid")


async def test_a_second_factor_may_be_sent(account: Account, browser: Browser) -> None:
    given = {"email": account.email, "password": account.password, "totp": "123456"}
    assert (await browser().post(URL, json=given)).status_code == 200


async def test_a_strange_user_agent_is_no_fault_of_ours(account: Account, sql: asyncpg.Connection) -> None:
    agent = b"Mozilla \x00\x01\xff " + b"x" * 5000
    given = {"email": account.email, "password": account.password}
    answer = await account.http.post(URL, json=given, headers=[(b"user-agent", agent)])
    assert answer.status_code == 200
    newest = (
        "select user_agent from sessions join users on users.id = user_id where email = $1 order by sessions.id desc"
    )
    kept = await sql.fetchval(newest, account.email)
    assert kept.startswith("Mozilla ")
    assert len(kept) == 256


async def test_logging_out_ends_the_session_and_clears_the_cookie(account: Account) -> None:
    secret = account.http.cookies[COOKIE]
    del account.http.headers["authorization"]
    for _ in range(2):
        answer = await account.http.post("/api/v1/auth/logout")
        assert answer.status_code == 204
        assert f'{COOKIE}=""' in answer.headers["set-cookie"]
        assert "Max-Age=0" in answer.headers["set-cookie"]
    assert COOKIE not in account.http.cookies
    again = await account.http.post("/api/v1/auth/refresh", headers={"cookie": f"{COOKIE}={secret}"})
    problem(again, 401, "refresh_invalid")


async def test_an_access_token_dies_with_its_session(account: Account, browser: Browser) -> None:
    bearer = {"authorization": account.http.headers["authorization"]}
    other = await browser().post(URL, json={"email": account.email, "password": account.password})
    await account.http.post("/api/v1/auth/logout")
    problem(await browser().get("/api/v1/auth/me", headers=bearer), 401, "session_ended")
    still = {"authorization": f"Bearer {other.json()['access_token']}"}
    assert (await browser().get("/api/v1/auth/me", headers=still)).status_code == 200


async def test_a_client_without_cookies_logs_out_by_its_access_token(account: Account, browser: Browser) -> None:
    bearer = {"authorization": account.http.headers["authorization"]}
    assert (await browser().post("/api/v1/auth/logout", headers=bearer)).status_code == 204
    problem(await browser().get("/api/v1/auth/me", headers=bearer), 401, "session_ended")


async def test_over_tls_the_cookie_is_bound_to_its_host(
    account: Account, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "site", lambda: settings.Site("https://go.test"))
    answer = await browser().post(
        URL,
        json={"email": account.email, "password": account.password},
        headers={"origin": "https://go.test", "host": "go.test"},
    )
    assert answer.status_code == 200, answer.text
    cookies = answer.headers.get_list("set-cookie")
    for cookie, expected, seconds in zip(cookies, ("refresh", "device"), (2592000, 15552000), strict=True):
        name, *attributes = cookie.split("; ")
        assert name.startswith(f"__Host-ginnel_{expected}=")
        assert {a.lower() for a in attributes} == {
            "httponly", f"max-age={seconds}", "path=/", "samesite=strict", "secure",
        }  # fmt: skip
    refused = await browser().post("/api/v1/auth/refresh", headers={"origin": "http://go.test", "host": "go.test"})
    problem(refused, 403, "cross_site")


@pytest.mark.parametrize("headers", [{}, {"cookie": f"{COOKIE}=unknown"}, {"authorization": "Bearer nonsense"}])
async def test_logging_out_of_nothing_is_done_at_once(browser: Browser, headers: dict[str, str]) -> None:
    assert (await browser().post("/api/v1/auth/logout", headers=headers)).status_code == 204
