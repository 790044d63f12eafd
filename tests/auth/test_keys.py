from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import Account

from .conftest import problem

Browser = Callable[[], httpx.AsyncClient]
Register = Callable[[], Awaitable[Account]]
URL = "/api/v1/api-keys"
ME = "/api/v1/auth/me"


async def make(account: Account, **fields: Any) -> dict[str, Any]:
    answer = await account.http.post(URL, json={"name": "Test", "scopes": ["links:read"], **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def bearer(key: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {key['secret']}"}


async def test_a_keys_secret_is_shown_once_and_kept_as_a_digest(account: Account, sql: asyncpg.Connection) -> None:
    key = await make(account)
    assert key["secret"].startswith("gnl_")
    assert len(key["secret"]) == 47
    assert key["secret"].startswith(key["prefix"])
    listed = await account.http.get(URL)
    assert listed.json() == {"items": [{k: v for k, v in key.items() if k != "secret"}], "next_cursor": None}
    row = await sql.fetchrow("select key_hash, k::text as line from api_keys k where id = $1", key["id"])
    assert row["key_hash"] == hashlib.sha256(key["secret"].encode()).digest()
    assert key["secret"][12:] not in row["line"]


async def test_a_key_acts_for_its_owner_within_its_scopes(account: Account, browser: Browser) -> None:
    key = await make(account, scopes=["stats:read", "links:read", "stats:read"])
    assert key["scopes"] == ["links:read", "stats:read"]
    me = await browser().get(ME, headers=bearer(key))
    assert me.status_code == 200
    assert me.json()["user"]["email"] == account.email
    assert me.json()["scopes"] == ["links:read", "stats:read"]


async def test_a_key_can_make_see_and_revoke_no_keys(account: Account, browser: Browser) -> None:
    key = await make(account, scopes=["links:read", "links:write", "stats:read", "clicks:write"])
    http = browser()
    http.headers.update(bearer(key))
    problem(await http.post(URL, json={"name": "More", "scopes": ["links:read"]}), 403, "scope_missing")
    problem(await http.get(URL), 403, "scope_missing")
    problem(await http.delete(f"{URL}/{key['id']}"), 403, "scope_missing")


async def test_a_revoked_key_stops_at_once(account: Account, browser: Browser) -> None:
    key = await make(account)
    assert (await account.http.delete(f"{URL}/{key['id']}")).status_code == 204
    problem(await browser().get(ME, headers=bearer(key)), 401, "key_invalid")
    problem(await account.http.delete(f"{URL}/{key['id']}"), 404, "not_found")
    assert (await account.http.get(URL)).json()["items"] == []


async def test_an_expired_key_stops(account: Account, browser: Browser, sql: asyncpg.Connection) -> None:
    key = await make(account, expires_at=(datetime.now(UTC) + timedelta(minutes=1)).isoformat())
    assert (await browser().get(ME, headers=bearer(key))).status_code == 200
    await sql.execute("update api_keys set expires_at = now() where id = $1", key["id"])
    problem(await browser().get(ME, headers=bearer(key)), 401, "key_invalid")


async def test_a_strangers_key_is_not_found(register: Register) -> None:
    mine, stranger = await register(), await register()
    key = await make(mine)
    problem(await stranger.http.delete(f"{URL}/{key['id']}"), 404, "not_found")
    assert (await stranger.http.get(URL)).json()["items"] == []
    assert [k["id"] for k in (await mine.http.get(URL)).json()["items"]] == [key["id"]]


@pytest.mark.parametrize("key", ["0", "-1", str(2**63), "x", "1.5", "%00", "9" * 400])
async def test_what_is_no_id_is_the_callers_fault(account: Account, key: str) -> None:
    assert (await account.http.delete(f"{URL}/{key}")).status_code in {404, 422}


async def test_last_use_is_noted_once_a_minute(account: Account, browser: Browser, sql: asyncpg.Connection) -> None:
    key = await make(account)
    assert key["last_used_at"] is None

    async def used() -> datetime:
        assert (await browser().get(ME, headers=bearer(key))).status_code == 200
        noted: datetime = await sql.fetchval("select last_used_at from api_keys where id = $1", key["id"])
        return noted

    first = await used()
    assert await used() == first
    await sql.execute("update api_keys set last_used_at = now() - interval '59 s' where id = $1", key["id"])
    assert await used() < first
    await sql.execute("update api_keys set last_used_at = now() - interval '61 s' where id = $1", key["id"])
    assert await used() > first


async def test_noting_the_last_use_waits_for_nobody(
    account: Account, browser: Browser, sql: asyncpg.Connection
) -> None:
    key = await make(account)
    async with sql.transaction():
        await sql.execute("update api_keys set last_used_at = null where id = $1", key["id"])
        assert (await browser().get(ME, headers=bearer(key))).status_code == 200


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"), ({"name": "  "}, "/name"), ({"name": "x" * 101}, "/name"), ({"name": "\x00"}, "/name"),
        ({"name": None}, "/name"), ({"scopes": []}, "/scopes"), ({"scopes": ["links:read"] * 21}, "/scopes"),
        ({"scopes": ["everything"]}, "/scopes/0"), ({"scopes": ["keys:write"]}, "/scopes/0"),
        ({"scopes": "links:read"}, "/scopes"), ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "/expires_at"), ({"expires_at": "9999-12-31T23:59:59-12:00"}, "/expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+12:00"}, "/expires_at"), ({"expires_at": 1e300}, "/expires_at"),
        ({"secret": "gnl_mine"}, "/secret"),
    ],
)  # fmt: skip
async def test_a_bad_field_is_told_by_its_pointer(account: Account, fields: dict[str, Any], pointer: str) -> None:
    answer = await account.http.post(URL, json={"name": "Test", "scopes": ["links:read"], **fields})
    assert [e["pointer"] for e in problem(answer, 422, "invalid")["errors"]] == [pointer]


async def test_a_workspace_has_so_many_keys(account: Account, sql: asyncpg.Connection) -> None:
    key = await make(account)
    await sql.execute(
        """
        insert into api_keys (workspace_id, user_id, name, prefix, key_hash, scopes, created_at)
        select workspace_id, user_id, name, prefix, key_hash || n::text::bytea, scopes, created_at
        from api_keys, generate_series(2, 100) n where id = $1
        """,
        key["id"],
    )
    problem(await account.http.post(URL, json={"name": "One more", "scopes": ["links:read"]}), 409, "too_many_keys")
    await account.http.delete(f"{URL}/{key['id']}")
    await make(account)
