"""A link's password: asked for, taken, remembered, changed; and not to be guessed."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from ginnel import redis
from redirect import gate
from tests.conftest import Account
from tests.redirect.test_follow import BROWSER, recorded

PASSWORD = "öffne dich"
HEADERS = {"user-agent": BROWSER}


@pytest.fixture
async def link(account: Account) -> dict[str, Any]:
    return await account.link("https://example.com/secret", password=PASSWORD)


async def give(client: httpx.AsyncClient, link: dict[str, Any], password: str, **headers: str) -> httpx.Response:
    return await client.post(f"/{link['slug']}?a=1", data={"password": password}, headers={**HEADERS, **headers})


def cookie(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


async def test_who_gives_the_password_is_led_on_and_remembered(client: httpx.AsyncClient, link: dict[str, Any]) -> None:
    opened = await give(client, link, PASSWORD)
    assert (opened.status_code, opened.headers["location"]) == (303, "?a=1")
    assert await recorded(link["id"]) == []
    for flag in ("HttpOnly", "SameSite=lax", "Max-Age=3600", "Path=/"):
        assert flag in opened.headers["set-cookie"]
    headers = {**HEADERS, "cookie": f"other=1; {cookie(opened)}; last=2"}
    for _ in range(2):
        answer = await client.get(f"/{link['slug']}?a=1", headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (302, "https://example.com/secret?a=1")
    assert len(await recorded(link["id"])) == 2


@pytest.mark.parametrize("wrong", ["", "offne dich", "öffne dich ", "x" * 5000, "\x00", "a\nb"])
async def test_another_password_opens_nothing(client: httpx.AsyncClient, link: dict[str, Any], wrong: str) -> None:
    answer = await give(client, link, wrong)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "location" not in answer.headers


async def test_a_password_is_the_same_from_every_keyboard(client: httpx.AsyncClient, link: dict[str, Any]) -> None:
    assert (await give(client, link, "o\u0308ffne dich")).status_code == 303


async def test_the_password_is_nowhere_to_be_seen(account: Account, link: dict[str, Any]) -> None:
    shown = await account.http.get(f"/api/v1/links/{link['id']}")
    assert shown.json()["protected"] is True
    assert "password" not in shown.json()
    assert "argon2" not in shown.text
    assert "öffne" not in shown.text


async def test_a_change_of_the_password_ends_what_was_opened(
    account: Account, client: httpx.AsyncClient, link: dict[str, Any]
) -> None:
    headers = {**HEADERS, "cookie": cookie(await give(client, link, PASSWORD))}
    path = f"/{link['slug']}"
    assert (await client.get(path, headers=headers)).status_code == 302
    changed = await account.http.patch(f"/api/v1/links/{link['id']}", json={"password": "another one"})
    assert changed.status_code == 200
    assert (await client.get(path, headers=headers)).status_code == 401
    assert (await give(client, link, PASSWORD)).status_code == 401
    assert (await give(client, link, "another one")).status_code == 303
    opened = await account.http.patch(f"/api/v1/links/{link['id']}", json={"password": None})
    assert opened.json()["protected"] is False
    assert (await client.get(path, headers=HEADERS)).status_code == 302


async def test_a_cookie_is_of_one_link_and_one_hour(
    account: Account, client: httpx.AsyncClient, link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await account.link(password=PASSWORD)
    mine = cookie(await give(client, link, PASSWORD))
    named = mine.replace(f"_{link['id']}=", f"_{other['id']}=")
    assert (await client.get(f"/{other['slug']}", headers={"cookie": named})).status_code == 401
    head, _, signature = mine.partition(".")
    for forged in (f"{head}9.{signature}", f"{head[:-1]}.{signature}", f"{head}.{signature[:-1]}", mine + "0"):
        assert (await client.get(f"/{link['slug']}", headers={"cookie": forged})).status_code == 401
    clock = time.time() + 3601
    monkeypatch.setattr("redirect.app.time.time", lambda: clock)
    assert (await client.get(f"/{link['slug']}", headers={"cookie": mine})).status_code == 401


async def test_the_form_asks_its_own_page_only(client: httpx.AsyncClient, link: dict[str, Any]) -> None:
    page = await client.get(f"/{link['slug']}", headers=HEADERS)
    assert page.status_code == 401
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "form-action 'none'" in (await client.get("/no-such-link")).headers["content-security-policy"]


@pytest.mark.parametrize("away", [False, True], ids=["with Redis", "without"])
async def test_guessing_is_slow(
    account: Account, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, *, away: bool
) -> None:
    link = await account.link(password=PASSWORD)
    await client.get(f"/{link['slug']}")  # in memory
    if away:

        async def call(*_: Any) -> None:
            raise redis.Away

        monkeypatch.setattr(redis, "call", call)
    compared = 0
    real = gate._right

    async def counted(*args: Any) -> bool:
        nonlocal compared
        compared += 1
        return await real(*args)

    monkeypatch.setattr(gate, "_right", counted)
    for number in range(gate.TRIES):
        answer = await give(client, link, f"guess {number}", **{"x-forwarded-for": "192.0.2.1"})
        assert answer.status_code == 401
    refused = await give(client, link, PASSWORD, **{"x-forwarded-for": "192.0.2.1"})
    assert refused.status_code == 429
    # As all were tried in one stretch, this one has to be over; and the windows' edge may lie within it.
    assert 0 < int(refused.headers["retry-after"]) <= gate.WINDOW * (1 + 1 / gate.TRIES)
    # Another visitor is not kept out by that; a thousand of them are.
    assert (await give(client, link, PASSWORD, **{"x-forwarded-for": "192.0.2.2"})).status_code == 303
    for number in range(200):
        await give(client, link, "guess", **{"x-forwarded-for": f"198.51.100.{number}"})
    assert compared <= 10 * gate.TRIES


async def test_what_is_posted_to_a_link_that_takes_it_passes_on_once_it_is_open(
    account: Account, client: httpx.AsyncClient
) -> None:
    link = await account.link(password=PASSWORD, redirect_status=307)
    assert (await client.post(f"/{link['slug']}", json={"a": 1})).status_code == 401
    opened = cookie(await give(client, link, PASSWORD))
    passed = await client.post(f"/{link['slug']}", json={"a": 1}, headers={"cookie": opened})
    assert (passed.status_code, passed.headers["location"]) == (307, "https://example.com/")
