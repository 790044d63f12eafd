"""Whoever registered first with an address that is not theirs has nothing of it once its owner comes."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.conftest import Account
from tests.mailing import Post

from .conftest import problem

Browser = Callable[[], httpx.AsyncClient]
Register = Callable[..., Awaitable[Account]]


async def claim(browser: Browser, email: str) -> tuple[httpx.AsyncClient, str]:
    """Register with an address, whoever else has; return a signed-in client and the password."""
    http, password = browser(), secrets.token_urlsafe(12)
    answer = await http.post("/api/v1/auth/register", json={"email": email, "password": password})
    assert answer.status_code == 201
    http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    return http, password


async def take_over(browser: Browser, post: Post, email: str) -> httpx.AsyncClient:
    """Be an address's owner who has forgotten, or never had, a password; return a signed-in client."""
    http, password = browser(), secrets.token_urlsafe(12)
    await http.post("/api/v1/auth/forgot", json={"email": email})
    reset = {"ticket": await post.ticket(email), "password": password}
    assert (await http.post("/api/v1/auth/reset", json=reset)).status_code == 204
    answer = await http.post("/api/v1/auth/login", json={"email": email, "password": password})
    http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    return http


@pytest.fixture
def email() -> str:
    return f"{secrets.token_hex(6)}@example.com"


async def test_a_change_of_address_that_a_stranger_began_comes_to_nothing(
    browser: Browser, post: Post, email: str
) -> None:
    other = f"{secrets.token_hex(6)}@example.com"
    stranger, password = await claim(browser, email)
    assert (await stranger.post("/api/v1/auth/email", json={"email": other, "password": password})).status_code == 202
    ticket = await post.ticket(other)
    owner = await take_over(browser, post, email)
    problem(await stranger.post("/api/v1/auth/email/confirm", json={"ticket": ticket}), 400, "ticket_invalid")
    assert (await owner.get("/api/v1/auth/me")).json()["user"]["email"] == email


async def test_a_change_that_was_asked_for_before_the_address_was_proved_needs_both_after(
    browser: Browser, post: Post, email: str, sql: Any
) -> None:
    other = f"{secrets.token_hex(6)}@example.com"
    http, password = await claim(browser, email)
    assert (await http.post("/api/v1/auth/email", json={"email": other, "password": password})).status_code == 202
    ticket = await post.ticket(other)
    await sql.execute("update users set email_verified_at = now() where email = $1", email)
    answer = await http.post("/api/v1/auth/email/confirm", json={"ticket": ticket})
    assert (answer.status_code, answer.json()["changed"]) == (200, False)


async def test_an_owner_who_follows_the_link_of_a_strangers_mail_gives_them_nothing(
    browser: Browser, post: Post, email: str
) -> None:
    stranger, _ = await claim(browser, email)
    ticket = await post.ticket(email)
    owner, password = await claim(browser, email)
    problem(await browser().post("/api/v1/auth/verify", json={"ticket": ticket}), 401, "unauthorized")
    problem(await owner.post("/api/v1/auth/verify", json={"ticket": ticket}), 403, "account_unproved")
    wrong = {"ticket": ticket, "password": password}
    problem(await browser().post("/api/v1/auth/verify", json=wrong), 403, "password_wrong")
    assert (await stranger.get("/api/v1/auth/me")).json()["user"]["email_verified_at"] is None


async def test_what_a_stranger_made_to_hear_of_an_account_ends_when_its_owner_takes_it(
    browser: Browser, post: Post, email: str
) -> None:
    stranger, _ = await claim(browser, email)
    hook = {"url": "https://hooks.example.com/", "events": ["link.created"]}
    assert (await stranger.post("/api/v1/webhooks", json=hook)).status_code == 201
    owner = await take_over(browser, post, email)
    assert (await owner.get("/api/v1/webhooks")).json()["items"] == []


async def test_a_remembered_browser_signs_in_to_its_account_however_many_claim_the_address(
    browser: Browser, email: str
) -> None:
    await claim(browser, email)
    mine, password = await claim(browser, email)
    del mine.headers["authorization"]
    await claim(browser, email)
    answer = await mine.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200
