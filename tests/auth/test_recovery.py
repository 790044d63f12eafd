"""Passwords: forgotten, chosen anew by a mail's ticket, changed by who knows them."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from auth import tries
from ginnel import factors, sessions, tickets
from tests.conftest import Account, anywhere
from tests.mailing import Post, link, text

from .conftest import problem

Browser = Callable[[], httpx.AsyncClient]
Register = Callable[[], Awaitable[Account]]
NEW = "another horse, another battery"


async def forget(browser: Browser, email: str) -> None:
    answer = await browser().post("/api/v1/auth/forgot", json={"email": email}, headers=anywhere())
    assert (answer.status_code, answer.content) == (202, b"")


async def reset(browser: Browser, ticket: str, password: str = NEW) -> httpx.Response:
    return await browser().post("/api/v1/auth/reset", json={"ticket": ticket, "password": password})


async def login(browser: Browser, email: str, password: str) -> int:
    return (await browser().post("/api/v1/auth/login", json={"email": email, "password": password})).status_code


async def test_a_mails_ticket_takes_the_old_passwords_place(account: Account, browser: Browser, post: Post) -> None:
    await forget(browser, account.email)
    message = (await post.to(account.email))[-1]
    assert message["Subject"] == "Choose a new password"
    assert link(message).startswith("http://go.test/app/reset#ticket=")
    assert (await reset(browser, await post.ticket(account.email))).status_code == 204
    assert await login(browser, account.email, account.password) == 401
    assert await login(browser, account.email, NEW) == 200
    assert (await post.to(account.email))[-1]["Subject"] == "Your password was changed"


async def test_all_sessions_end_and_their_refresh_tokens(account: Account, browser: Browser, post: Post) -> None:
    await forget(browser, account.email)
    assert (await reset(browser, await post.ticket(account.email))).status_code == 204
    problem(await account.http.get("/api/v1/auth/me"), 401, "session_ended")
    problem(await account.http.post("/api/v1/auth/refresh"), 401, "refresh_invalid")


async def test_the_link_is_of_the_base_url_whatever_the_host_header_says(
    account: Account, browser: Browser, post: Post
) -> None:
    headers = {**anywhere(), "host": "evil.example", "x-forwarded-host": "evil.example"}
    await browser().post("/api/v1/auth/forgot", json={"email": account.email}, headers=headers)
    assert link((await post.to(account.email))[-1]).startswith("http://go.test/app/reset#")


async def test_a_ticket_is_not_at_rest(account: Account, browser: Browser, post: Post, sql: asyncpg.Connection) -> None:
    await forget(browser, account.email)
    rows = await sql.fetch("select fields from mail_outbox where recipient = $1 and template = 'reset'", account.email)
    assert [row["fields"] for row in rows] == ["{}"]
    ticket = await post.ticket(account.email)
    kept = await sql.fetch("select secret_hash, data::text from tickets")
    assert ticket.encode() not in {row["secret_hash"] for row in kept}
    assert ticket not in str(kept)


async def test_used_expired_unknown_and_other_tickets_are_one_problem(
    account: Account, browser: Browser, post: Post, sql: asyncpg.Connection
) -> None:
    verify = await post.ticket(account.email)
    await forget(browser, account.email)
    used = await post.ticket(account.email)
    assert (await reset(browser, used)).status_code == 204
    await forget(browser, account.email)
    expired = await post.ticket(account.email)
    await sql.execute("update tickets set expires_at = now() where used_at is null and kind = 'reset'")
    bodies = [
        {**problem(await reset(browser, ticket), 400, "ticket_invalid"), "request_id": None}
        for ticket in (used, expired, verify, "x", secrets.token_urlsafe(32))
    ]
    assert bodies == bodies[:1] * 5


async def test_a_ticket_lives_for_ten_minutes(
    account: Account, browser: Browser, post: Post, sql: asyncpg.Connection
) -> None:
    await forget(browser, account.email)
    await post.to(account.email)
    lives = await sql.fetchval(
        "select expires_at - created_at from tickets where kind = 'reset' order by id desc limit 1"
    )
    assert lives == timedelta(minutes=10) == tickets.LIFETIME


async def test_of_50_parallel_resets_one_succeeds(
    account: Account, browser: Browser, post: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    await forget(browser, account.email)
    ticket = await post.ticket(account.email)
    passwords = [secrets.token_urlsafe(12) for _ in range(50)]
    answers = await asyncio.gather(*(reset(browser, ticket, password) for password in passwords))
    counts = Counter(answer.status_code for answer in answers)
    with capsys.disabled():
        print(f"\n  50 parallel resets with one ticket: {dict(counts)}")
    assert counts == {204: 1, 400: 49}
    (won,) = [password for password, answer in zip(passwords, answers, strict=True) if answer.status_code == 204]
    assert await login(browser, account.email, won) == 200


async def test_other_tickets_end_with_the_one_that_is_used(account: Account, browser: Browser, post: Post) -> None:
    for _ in range(2):
        await forget(browser, account.email)
    first, second = [
        link(it).partition("#ticket=")[2] for it in await post.to(account.email) if "/app/reset#" in text(it)
    ]
    assert (await reset(browser, second)).status_code == 204
    problem(await reset(browser, first), 400, "ticket_invalid")


async def test_a_password_that_is_refused_leaves_the_ticket_good(
    account: Account, browser: Browser, post: Post
) -> None:
    await forget(browser, account.email)
    ticket = await post.ticket(account.email)
    refused = problem(await reset(browser, ticket, "password1"), 422, "invalid")
    assert (refused["errors"][0]["pointer"], refused["errors"][0]["code"]) == ("/password", "password_common")
    refused = problem(await reset(browser, ticket, account.email), 422, "invalid")
    assert refused["errors"][0]["code"] == "password_common"
    assert (await reset(browser, ticket)).status_code == 204


async def test_nobody_is_told_who_has_an_account(
    account: Account, browser: Browser, post: Post, sql: asyncpg.Connection
) -> None:
    gone = f"{secrets.token_hex(6)}@example.com"
    for email in (account.email, gone, account.email.upper()):
        await forget(browser, email)
    assert await post.to(gone) == []
    assert await sql.fetchval("select count(*) from mail_outbox where recipient = $1", gone) == 0
    await sql.execute("update users set disabled_at = now() where email = $1", account.email)
    before = len(await post.to(account.email))
    await forget(browser, account.email)
    assert len(await post.to(account.email)) == before


async def test_mail_goes_to_the_address_as_the_account_has_it(account: Account, browser: Browser, post: Post) -> None:
    """Two spellings that the database takes for one may be two people's mailboxes."""
    await forget(browser, account.email.upper())
    assert await post.to(account.email.upper()) == []
    assert "/app/reset#" in text((await post.to(account.email))[-1])


async def test_the_ticket_proves_the_address_and_ends_keys_of_who_had_not(
    account: Account, browser: Browser, post: Post, sql: asyncpg.Connection
) -> None:
    key = {"name": "A program", "scopes": ["links:read"]}
    secret = (await account.http.post("/api/v1/api-keys", json=key)).json()["secret"]
    await forget(browser, account.email)
    assert (await reset(browser, await post.ticket(account.email))).status_code == 204
    assert await sql.fetchval("select email_verified_at from users where email = $1", account.email)
    answer = await browser().get("/api/v1/auth/me", headers={"authorization": f"Bearer {secret}"})
    problem(answer, 401, "key_invalid")


async def test_keys_of_a_proved_owner_go_on(account: Account, browser: Browser, post: Post) -> None:
    assert (
        await account.http.post("/api/v1/auth/verify", json={"ticket": await post.ticket(account.email)})
    ).is_success
    key = {"name": "A program", "scopes": ["links:read"]}
    secret = (await account.http.post("/api/v1/api-keys", json=key)).json()["secret"]
    await forget(browser, account.email)
    assert (await reset(browser, await post.ticket(account.email))).status_code == 204
    answer = await browser().get("/api/v1/auth/me", headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 200


async def test_asking_is_bounded_by_mailbox_and_by_who_asks(browser: Browser) -> None:
    mailbox = f"{secrets.token_hex(6)}@example.com"
    for _ in range(tries.MAILS):
        await forget(browser, mailbox)
    answer = await browser().post("/api/v1/auth/forgot", json={"email": mailbox.upper()}, headers=anywhere())
    problem(answer, 429, "too_many_requests")
    assert int(answer.headers["retry-after"]) > 0
    asker, answers = anywhere(), []
    for _ in range(tries.MAILS_FROM + 1):
        email = f"{secrets.token_hex(6)}@example.com"
        answers.append(await browser().post("/api/v1/auth/forgot", json={"email": email}, headers=asker))
    assert [it.status_code for it in answers] == [202] * tries.MAILS_FROM + [429]


async def test_all_of_a_subscribers_addresses_are_one_asker(browser: Browser) -> None:
    home = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}"
    answers = []
    for number in range(tries.MAILS_FROM + 1):
        place = {"x-forwarded-for": f"{home}:{number:x}::{secrets.token_hex(2)}"}
        email = f"{secrets.token_hex(6)}@example.com"
        answers.append(await browser().post("/api/v1/auth/forgot", json={"email": email}, headers=place))
    assert [it.status_code for it in answers] == [202] * tries.MAILS_FROM + [429]


async def test_a_log_in_that_is_under_way_with_the_old_password_ends_too(
    account: Account, browser: Browser, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await forget(browser, account.email)
    ticket = await post.ticket(account.email)
    start, begun = sessions.start, asyncio.Event()

    async def slow(*args: Any, **fields: Any) -> sessions.Grant:
        begun.set()
        await asyncio.sleep(0.5)
        return await start(*args, **fields)

    monkeypatch.setattr(sessions, "start", slow)
    http = browser()
    body = {"email": account.email, "password": account.password}
    entering = asyncio.create_task(http.post("/api/v1/auth/login", json=body))
    await begun.wait()
    assert (await reset(browser, ticket)).status_code == 204
    answer = await entering
    assert answer.status_code == 200
    stale = {"authorization": f"Bearer {answer.json()['access_token']}"}
    problem(await http.get("/api/v1/auth/me", headers=stale), 401, "session_ended")


# Changed by who knows it


async def change(http: httpx.AsyncClient, current: str, new: str = NEW) -> httpx.Response:
    return await http.post("/api/v1/auth/password", json={"current": current, "new": new})


async def test_a_change_ends_all_other_sessions_and_says_so_by_mail(
    account: Account, browser: Browser, post: Post
) -> None:
    assert (
        await account.http.post("/api/v1/auth/verify", json={"ticket": await post.ticket(account.email)})
    ).is_success
    await forget(browser, account.email)
    ticket = await post.ticket(account.email)
    other = browser()
    signed_in = await other.post("/api/v1/auth/login", json={"email": account.email, "password": account.password})
    other.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
    assert (await change(account.http, account.password)).status_code == 204
    assert (await account.http.get("/api/v1/auth/me")).status_code == 200
    problem(await other.get("/api/v1/auth/me"), 401, "session_ended")
    problem(await other.post("/api/v1/auth/refresh"), 401, "refresh_invalid")
    assert (await post.to(account.email))[-1]["Subject"] == "Your password was changed"
    assert await login(browser, account.email, account.password) == 401
    assert await login(browser, account.email, NEW) == 200
    problem(await reset(browser, ticket), 400, "ticket_invalid")


async def test_a_wrong_or_common_password_changes_nothing(account: Account, browser: Browser) -> None:
    problem(await change(account.http, "not the password"), 403, "password_wrong")
    refused = problem(await change(account.http, account.password, "password1"), 422, "invalid")
    assert refused["errors"][0]["pointer"] == "/new"
    assert await login(browser, account.email, account.password) == 200


async def test_an_unproved_address_hears_nothing_of_the_account(account: Account, post: Post) -> None:
    await change(account.http, account.password)
    assert [it["Subject"] for it in await post.to(account.email)] == ["Confirm your e-mail address"]


async def test_a_stolen_session_can_not_guess_the_password(account: Account) -> None:
    answers = [await change(account.http, "a guess") for _ in range(factors.TRIES[0][0] + 1)]
    assert [it.status_code for it in answers] == [403] * factors.TRIES[0][0] + [429]
    problem(await change(account.http, account.password), 429, "too_many_requests")


async def test_a_key_and_nobody_change_no_password(account: Account, browser: Browser) -> None:
    key = {"name": "A program", "scopes": ["links:write"]}
    secret = (await account.http.post("/api/v1/api-keys", json=key)).json()["secret"]
    program = browser()
    program.headers["authorization"] = f"Bearer {secret}"
    problem(await change(program, account.password), 403, "sign_in_needed")
    problem(await change(browser(), account.password), 401, "unauthorized")


async def test_of_parallel_changes_one_succeeds(account: Account, browser: Browser) -> None:
    fresh = [secrets.token_urlsafe(12) for _ in range(6)]
    answers = await asyncio.gather(*(change(account.http, account.password, it) for it in fresh))
    assert Counter(it.status_code for it in answers) == {204: 1, 403: 5}
    (won,) = [it for it, answer in zip(fresh, answers, strict=True) if answer.status_code == 204]
    assert await login(browser, account.email, won) == 200


async def test_passwords_as_proof_are_counted_once_wherever_they_are_tried(account: Account) -> None:
    answers: list[httpx.Response] = []
    for number in range(factors.TRIES[0][0] + 3):
        if number % 3 == 0:
            answers.append(await change(account.http, "a guess"))
        elif number % 3 == 1:
            answers.append(await account.http.post("/api/v1/auth/totp", json={"password": "a guess"}))
        else:
            other = {"email": f"{secrets.token_hex(6)}@example.com", "password": "a guess"}
            answers.append(await account.http.post("/api/v1/auth/email", json=other))
    assert [it.status_code for it in answers] == [403] * factors.TRIES[0][0] + [429] * 3
    assert {it.json()["code"] for it in answers[-3:]} == {"too_many_requests"}
