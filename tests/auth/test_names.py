"""What people are called, as they change it themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import db, users
from ginnel.errors import NotFound
from tests.conftest import Account, anywhere

from .conftest import problem

Browser = Callable[[], httpx.AsyncClient]
ME = "/api/v1/auth/me"


async def mine(http: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await http.get(ME)).json()["user"]
    return found


async def test_a_new_name_is_shown_from_then_on(account: Account, sql: asyncpg.Connection) -> None:
    before = await mine(account.http)
    for name in ("Ada Lovelace", "Ада 🦊", ""):
        answer = await account.http.patch(ME, json={"name": name})
        assert answer.status_code == 200, answer.text
        assert answer.json() == before | {"name": name} == await mine(account.http)
        assert answer.headers["cache-control"] == "private, no-store"
    logged = await sql.fetch(
        "select subject, details from audit_log where user_id = $1 and action = 'user_renamed'", before["id"]
    )
    assert [(row["subject"], row["details"]) for row in logged] == [(f"user:{before['id']}", "{}")] * 3


@pytest.mark.parametrize(
    "body", [{}, {"name": None}, {"name": "x" * 101}, {"name": "\0"}, {"name": "Ada", "is_admin": True}]
)
async def test_a_name_that_is_none_is_refused(account: Account, body: dict[str, Any]) -> None:
    before = await mine(account.http)
    answer = await account.http.patch(ME, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert await mine(account.http) == before


async def test_neither_a_program_nor_a_guest_changes_a_name(account: Account, browser: Browser) -> None:
    made = await account.http.post("/api/v1/api-keys", json={"name": "Robot", "scopes": ["links:read"]})
    for secret, code in (
        (made.json()["secret"], "sign_in_needed"),
        ((await browser().post("/api/v1/auth/guest", headers=anywhere())).json()["access_token"], "guest_not_allowed"),
    ):
        bearer = {"authorization": f"Bearer {secret}"}
        problem(await browser().patch(ME, json={"name": "Eve"}, headers=bearer), 403, code)


async def test_who_is_erased_keeps_no_name(account: Account) -> None:
    user = (await mine(account.http))["id"]
    assert (await account.http.request("DELETE", ME, json={"password": account.password})).status_code == 202
    async with db.session() as conn:
        with pytest.raises(NotFound):
            await users.rename(conn, user, name="Ada", now=datetime.now(UTC))
