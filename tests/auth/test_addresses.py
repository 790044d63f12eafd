"""E-mail addresses: proved by a mail's ticket, and changed by the word of both."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from auth import tries
from tests.conftest import Account, anywhere
from tests.mailing import Post, link, text, ticket

from .conftest import problem

Browser = Callable[[], httpx.AsyncClient]
Register = Callable[[], Awaitable[Account]]
WELCOME = "Confirm your e-mail address"


async def verify(account: Account, given: str) -> httpx.Response:
    return await account.http.post("/api/v1/auth/verify", json={"ticket": given})


async def proved(account: Account, post: Post) -> None:
    assert (await verify(account, await post.ticket(account.email))).status_code == 204


async def mine(account: Account) -> dict[str, Any]:
    found: dict[str, Any] = (await account.http.get("/api/v1/auth/me")).json()["user"]
    return found


# Proved


async def test_registering_sends_a_mail_whose_ticket_proves_the_address(
    account: Account, browser: Browser, post: Post
) -> None:
    assert (await mine(account))["email_verified_at"] is None
    (message,) = await post.to(account.email)
    assert (message["Subject"], link(message).partition("#")[0]) == (WELCOME, "http://go.test/app/verify")
    assert (await verify(account, ticket(message))).status_code == 204
    assert (await mine(account))["email_verified_at"]
    problem(await verify(account, ticket(message)), 400, "ticket_invalid")


async def test_a_ticket_lives_for_a_day(
    account: Account, browser: Browser, post: Post, sql: asyncpg.Connection
) -> None:
    given = await post.ticket(account.email)
    await sql.execute(
        "update tickets set expires_at = expires_at - interval '23 hours 59 minutes' where kind = 'verify'"
    )
    other = await post.ticket(account.email)
    assert other == given
    await sql.execute("update tickets set expires_at = expires_at - interval '1 minute' where kind = 'verify'")
    problem(await verify(account, given), 400, "ticket_invalid")


async def resend(http: httpx.AsyncClient, **body: str) -> httpx.Response:
    return await http.post("/api/v1/auth/verify/resend", json=body, headers=anywhere())


async def test_the_mail_can_be_had_again_and_looks_alike_for_everybody(
    register: Register, browser: Browser, post: Post
) -> None:
    unproved, done = await register(), await register()
    await proved(done, post)
    nobody = f"{secrets.token_hex(6)}@example.com"
    answers = [
        await resend(unproved.http),
        await resend(done.http),
        *[await resend(browser(), email=email) for email in (unproved.email, done.email, nobody)],
    ]
    assert {(it.status_code, it.content) for it in answers} == {(202, b"")}
    assert {tuple(sorted(it.headers.keys())) for it in answers} == {tuple(sorted(answers[0].headers.keys()))}
    subjects = [[it["Subject"] for it in await post.to(email)] for email in (unproved.email, done.email, nobody)]
    assert subjects == [[WELCOME] * 3, [WELCOME], []]
    problem(await resend(browser()), 401, "unauthorized")


async def test_older_tickets_end_with_the_one_that_is_used(account: Account, browser: Browser, post: Post) -> None:
    first = await post.ticket(account.email)
    await resend(account.http)
    second = await post.ticket(account.email)
    assert first != second
    assert (await verify(account, second)).status_code == 204
    problem(await verify(account, first), 400, "ticket_invalid")


async def test_a_disabled_account_proves_nothing(
    account: Account, browser: Browser, post: Post, sql: asyncpg.Connection
) -> None:
    given = await post.ticket(account.email)
    await sql.execute("update users set disabled_at = now() where email = $1", account.email)
    problem(await verify(account, given), 401, "session_ended")
    answer = await browser().post("/api/v1/auth/verify", json={"ticket": given, "password": account.password})
    problem(answer, 400, "ticket_invalid")


async def test_who_claims_a_proved_address_is_no_longer_asked_to_confirm_it(
    account: Account, browser: Browser, post: Post
) -> None:
    claimed = {"email": account.email, "password": secrets.token_urlsafe(12)}
    assert (await browser().post("/api/v1/auth/register", json=claimed)).status_code == 201
    second = ticket((await post.to(account.email))[-1])
    await resend(account.http)
    assert (await verify(account, await post.ticket(account.email))).status_code == 204
    theirs = {"ticket": second, "password": claimed["password"]}
    problem(await browser().post("/api/v1/auth/verify", json=theirs), 409, "address_claimed")
    assert (await browser().post("/api/v1/auth/register", json=claimed)).status_code == 201
    message = (await post.to(account.email))[-1]
    assert message["Subject"] == "You have an account already"
    assert "#ticket=" not in text(message)


# Changed


def fresh() -> str:
    return f"{secrets.token_hex(6)}@example.com"


async def ask(account: Account, email: str, password: str | None = None) -> httpx.Response:
    body = {"email": email, "password": password or account.password}
    return await account.http.post("/api/v1/auth/email", json=body, headers=anywhere())


async def confirm(browser: Browser, given: str) -> httpx.Response:
    return await browser().post("/api/v1/auth/email/confirm", json={"ticket": given})


@pytest.mark.parametrize("first", ["old", "new"])
async def test_a_change_takes_effect_when_both_addresses_have_confirmed_it(
    account: Account, browser: Browser, post: Post, first: str
) -> None:
    await proved(account, post)
    new = fresh()
    assert (await ask(account, new)).status_code == 202
    messages = {"old": (await post.to(account.email))[-1], "new": (await post.to(new))[-1]}
    assert new in text(messages["old"])
    assert account.email not in messages["new"].as_string()
    last = {"old": "new", "new": "old"}[first]
    answer = await confirm(browser, ticket(messages[first]))
    assert (answer.status_code, answer.json()) == (200, {"changed": False})
    assert (await mine(account))["email"] == account.email
    problem(await confirm(browser, ticket(messages[first])), 400, "ticket_invalid")
    assert (await confirm(browser, ticket(messages[last]))).json() == {"changed": True}
    assert (await mine(account))["email"] == new
    assert (await mine(account))["email_verified_at"]
    assert (await post.to(account.email))[-1]["Subject"] == "Your e-mail address was changed"
    signed_in = {"email": new, "password": account.password}
    assert (await browser().post("/api/v1/auth/login", json=signed_in)).status_code == 200


async def test_an_address_that_was_never_proved_is_not_asked(account: Account, browser: Browser, post: Post) -> None:
    stale, new = await post.ticket(account.email), fresh()
    await ask(account, new)
    assert (await confirm(browser, await post.ticket(new))).json() == {"changed": True}
    assert [it["Subject"] for it in await post.to(account.email)] == [WELCOME]
    problem(await verify(account, stale), 400, "ticket_invalid")


async def test_tickets_of_the_old_address_end_with_the_change(account: Account, browser: Browser, post: Post) -> None:
    await browser().post("/api/v1/auth/forgot", json={"email": account.email}, headers=anywhere())
    reset, new = await post.ticket(account.email), fresh()
    await ask(account, new)
    assert (await confirm(browser, await post.ticket(new))).json() == {"changed": True}
    answer = await browser().post("/api/v1/auth/reset", json={"ticket": reset, "password": secrets.token_urlsafe(12)})
    problem(answer, 400, "ticket_invalid")


async def test_the_later_of_two_changes_counts(account: Account, browser: Browser, post: Post) -> None:
    first, second = fresh(), fresh()
    await ask(account, first)
    stale = await post.ticket(first)
    await ask(account, second)
    problem(await confirm(browser, stale), 400, "ticket_invalid")
    assert (await confirm(browser, await post.ticket(second))).json() == {"changed": True}
    assert (await mine(account))["email"] == second


async def test_a_change_that_is_not_confirmed_in_a_day_is_off(
    account: Account, browser: Browser, post: Post, sql: asyncpg.Connection
) -> None:
    new = fresh()
    await ask(account, new)
    given = await post.ticket(new)
    await sql.execute("update email_changes set expires_at = now() where email = $1", new)
    problem(await confirm(browser, given), 400, "ticket_invalid")
    await ask(account, new)
    await sql.execute("update email_changes set expires_at = now() where email = $1", new)
    assert len(await post.to(new)) == 1


async def test_an_address_that_is_anothers_is_told_so_and_the_answer_is_the_same(
    register: Register, browser: Browser, post: Post
) -> None:
    account, other = await register(), await register()
    await proved(other, post)
    assert (await ask(account, other.email)).status_code == 202
    message = (await post.to(other.email))[-1]
    assert message["Subject"] == "This e-mail address has an account already"
    assert "#ticket=" not in text(message)


async def test_who_proves_an_address_first_has_it(register: Register, browser: Browser, post: Post) -> None:
    account, other, new = await register(), await register(), fresh()
    await ask(account, new)
    await ask(other, new)
    mails = [ticket(it) for it in await post.to(new)]
    assert (await confirm(browser, mails[1])).json() == {"changed": True}
    problem(await confirm(browser, mails[0]), 409, "address_claimed")
    changed = [(await mine(it))["email"] for it in (account, other)]
    assert sorted(changed) == sorted([(await mine(account))["email"], new])
    assert changed.count(new) == 1


async def test_it_takes_the_password_and_another_address(account: Account, post: Post) -> None:
    problem(await ask(account, fresh(), "not the password"), 403, "password_wrong")
    refused = problem(await ask(account, account.email.upper()), 422, "invalid")
    assert (refused["errors"][0]["pointer"], refused["errors"][0]["code"]) == ("/email", "email_unchanged")
    assert len(await post.to(account.email)) == 1


async def test_a_wrong_password_spends_nobodys_mail(account: Account, register: Register, browser: Browser) -> None:
    victim = await register()
    for _ in range(tries.MAILS):
        problem(await ask(account, victim.email, "not the password"), 403, "password_wrong")
    asked = await browser().post("/api/v1/auth/forgot", json={"email": victim.email}, headers=anywhere())
    assert asked.status_code == 202


async def test_who_comes_back_when_they_are_told_has_mail_sent(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, new = 1_000_000_000.0, fresh()
    monkeypatch.setattr(time, "time", lambda: clock)
    for _ in range(tries.MAILS):
        assert (await ask(account, new)).status_code == 202
    refused = await ask(account, new)
    problem(refused, 429, "too_many_requests")
    wait = int(refused.headers["retry-after"])
    clock += wait - 2
    problem(await ask(account, new), 429, "too_many_requests")
    clock += 2
    assert (await ask(account, new)).status_code == 202


async def test_what_has_expired_is_forgotten(account: Account, post: Post, sql: asyncpg.Connection) -> None:
    await ask(account, fresh())
    await post.to(account.email)
    await sql.execute("update tickets set expires_at = now() - interval '1 second'")
    await sql.execute("update email_changes set expires_at = now() - interval '1 second'")
    await Post().to(account.email)  # a worker that has just started
    assert await sql.fetchval("select (select count(*) from tickets) + (select count(*) from email_changes)") == 0
