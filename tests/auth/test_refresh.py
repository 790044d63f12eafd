from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import httpx
import pytest

from tests.conftest import Account

from .conftest import COOKIE, problem

URL = "/api/v1/auth/refresh"
Refresh = Callable[[str], Awaitable[httpx.Response]]
Wait = Callable[[float], Awaitable[None]]


@pytest.fixture
def refresh(browser: Callable[[], httpx.AsyncClient]) -> Refresh:
    """Send one refresh token from a browser that holds no other."""

    async def send(secret: str) -> httpx.Response:
        return await browser().post(URL, headers={"cookie": f"{COOKIE}={secret}"})

    return send


@pytest.fixture
def wait(account: Account, sql: asyncpg.Connection) -> Wait:
    """Let time pass for the account's sessions, by moving all that happened into the past."""

    async def move(seconds: float) -> None:
        await sql.execute(
            """
            with moved as (
                update sessions set created_at = created_at - $2::interval, last_used_at = last_used_at - $2::interval,
                    expires_at = expires_at - $2::interval, revoked_at = revoked_at - $2::interval
                where user_id = (select id from users where email = $1) returning id
            )
            update refresh_tokens set created_at = created_at - $2::interval, expires_at = expires_at - $2::interval,
                used_at = used_at - $2::interval
            where session_id in (select id from moved)
            """,
            account.email,
            timedelta(seconds=seconds),
        )

    return move


def granted(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    secret = answer.cookies.get(COOKIE)
    assert secret
    return secret


def cleared(answer: httpx.Response) -> None:
    assert answer.headers["set-cookie"].startswith(f'{COOKIE}="";')
    assert "Max-Age=0" in answer.headers["set-cookie"]


async def test_a_browser_stays_signed_in(account: Account) -> None:
    seen = {account.http.cookies[COOKIE]}
    for _ in range(3):
        answer = await account.http.post(URL)
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"user", "access_token", "token_type", "expires_in"}
        assert answer.json()["user"]["email"] == account.email
        assert answer.headers["cache-control"] == "no-store"
        seen.add(account.http.cookies[COOKIE])
        bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
        assert (await account.http.get("/api/v1/auth/me", headers=bearer)).status_code == 200
    assert len(seen) == 4


async def test_of_fifty_uses_at_once_one_succeeds(account: Account, refresh: Refresh) -> None:
    secret = account.http.cookies[COOKIE]
    answers = await asyncio.gather(*(refresh(secret) for _ in range(50)))
    won = [a for a in answers if a.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            problem(answer, 409, "refresh_raced")
            assert "set-cookie" not in answer.headers
    granted(await refresh(granted(won[0])))


async def test_a_replay_ends_the_whole_session(
    account: Account, refresh: Refresh, wait: Wait, sql: asyncpg.Connection
) -> None:
    first = account.http.cookies[COOKIE]
    second = granted(await refresh(first))
    third = granted(await refresh(second))
    await wait(2)
    answer = await refresh(first)
    problem(answer, 401, "refresh_replayed")
    cleared(answer)
    for secret in (first, second, third):
        answer = await refresh(secret)
        problem(answer, 401, "refresh_invalid")
        cleared(answer)
    problem(await account.http.get("/api/v1/auth/me"), 401, "session_ended")
    noted = "select array_agg(action order by audit_log.id) from audit_log join users on users.id = user_id where email = $1"
    assert await sql.fetchval(noted, account.email) == ["user_registered", "refresh_replayed"]


async def test_a_replay_is_known_at_once_when_the_successor_was_used(account: Account, refresh: Refresh) -> None:
    first = account.http.cookies[COOKIE]
    granted(await refresh(granted(await refresh(first))))
    problem(await refresh(first), 401, "refresh_replayed")


async def test_a_replay_leaves_other_sessions_alone(account: Account, refresh: Refresh) -> None:
    login = await account.http.post("/api/v1/auth/login", json={"email": account.email, "password": account.password})
    first = granted(login)
    granted(await refresh(granted(await refresh(first))))
    problem(await refresh(first), 401, "refresh_replayed")
    assert (await account.http.get("/api/v1/auth/me")).status_code == 200


async def test_a_parallel_tab_is_told_to_try_again(account: Account, refresh: Refresh) -> None:
    first = account.http.cookies[COOKIE]
    second = granted(await refresh(first))
    problem(await refresh(first), 409, "refresh_raced")
    granted(await refresh(second))


@pytest.mark.parametrize("seconds", [1, 9.5])
async def test_a_lost_answer_does_not_sign_out(account: Account, refresh: Refresh, wait: Wait, seconds: float) -> None:
    first = account.http.cookies[COOKIE]
    granted(await refresh(first))  # and lost
    await wait(seconds)
    replaced = granted(await refresh(first))
    await wait(60)
    granted(await refresh(replaced))


async def test_answers_may_be_lost_twice(account: Account, refresh: Refresh, wait: Wait) -> None:
    first = account.http.cookies[COOKIE]
    granted(await refresh(first))
    await wait(2)
    granted(await refresh(first))
    await wait(2)
    granted(await refresh(granted(await refresh(first))))


async def test_after_ten_seconds_a_repeat_is_a_replay(account: Account, refresh: Refresh, wait: Wait) -> None:
    first = account.http.cookies[COOKIE]
    second = granted(await refresh(first))
    await wait(10.5)
    problem(await refresh(first), 401, "refresh_replayed")
    problem(await refresh(second), 401, "refresh_invalid")


async def test_of_fifty_repeats_for_a_lost_answer_one_succeeds(account: Account, refresh: Refresh, wait: Wait) -> None:
    first = account.http.cookies[COOKIE]
    granted(await refresh(first))
    await wait(2)
    answers = await asyncio.gather(*(refresh(first) for _ in range(50)))
    won = [a for a in answers if a.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            problem(answer, 409, "refresh_raced")
    granted(await refresh(granted(won[0])))


async def test_an_answer_that_was_late_but_not_lost_still_serves(
    account: Account, refresh: Refresh, wait: Wait
) -> None:
    first = account.http.cookies[COOKIE]
    late = granted(await refresh(first))
    await wait(2)
    granted(await refresh(first))
    await wait(2)
    granted(await refresh(granted(await refresh(late))))


async def test_a_replaced_successor_that_comes_much_later_is_a_replay(
    account: Account, refresh: Refresh, wait: Wait
) -> None:
    first = account.http.cookies[COOKIE]
    stolen = granted(await refresh(first))
    await wait(2)
    mine = granted(await refresh(first))
    await wait(11)
    problem(await refresh(stolen), 401, "refresh_replayed")
    problem(await refresh(mine), 401, "refresh_invalid")


async def test_the_lost_answers_repeat_and_its_successor_at_once_leave_at_most_one_line(
    account: Account, refresh: Refresh, wait: Wait, sql: asyncpg.Connection
) -> None:
    for _ in range(10):
        login = await account.http.post(
            "/api/v1/auth/login", json={"email": account.email, "password": account.password}
        )
        first = granted(login)
        second = granted(await refresh(first))
        await wait(2)
        answers = await asyncio.gather(*(refresh(secret) for secret in (first, second) * 5))
        assert sum(a.status_code == 200 for a in answers) <= 1
        assert all(a.status_code in {200, 401, 409} for a in answers)
        live = "select count(*) from refresh_tokens t where session_id = (select max(id) from sessions) and used_at is null"
        assert await sql.fetchval(live) <= 1


async def test_an_unused_session_ends_after_thirty_days(account: Account, refresh: Refresh, wait: Wait) -> None:
    day = 86400
    await wait(29 * day)
    second = granted(await refresh(account.http.cookies[COOKIE]))
    await wait(29 * day)
    third = granted(await refresh(second))
    await wait(30 * day)
    problem(await refresh(third), 401, "refresh_invalid")


async def test_a_disabled_account_is_not_refreshed(account: Account, refresh: Refresh, sql: asyncpg.Connection) -> None:
    await sql.execute("update users set disabled_at = now() where email = $1", account.email)
    problem(await refresh(account.http.cookies[COOKIE]), 401, "refresh_invalid")


@pytest.mark.parametrize("secret", ["", "unknown", "x" * 5000, "%00", '"quoted"'])
async def test_an_unknown_token_is_refused(refresh: Refresh, secret: str) -> None:
    answer = await refresh(secret)
    problem(answer, 401, "refresh_invalid")
    cleared(answer)
