from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pyotp
import pytest

from ginnel import db, factors
from tests.conftest import Account

from .authenticator import Authenticator
from .conftest import problem
from .test_access import join, workspace_of
from .test_keys import bearer, make
from .test_passkeys import added, sign_in
from .test_takeout import opened
from .test_totp import CONFIRM, FACTORS, TOTP, begin, forget_codes, login, set_up, user_of

Browser = Callable[[], httpx.AsyncClient]
Register = Callable[[], Awaitable[Account]]
LINKS = "/api/v1/links"
ME = "/api/v1/auth/me"
WORKSPACES = "/api/v1/workspaces"


async def require(sql: asyncpg.Connection, workspace: int) -> None:
    await sql.execute("update workspaces set require_second_factor = true where id = $1", workspace)


@pytest.fixture
async def strict(register: Register, sql: asyncpg.Connection) -> int:
    """Make a workspace of somebody's that requires a second factor."""
    owner = await register()
    workspace = await workspace_of(owner)
    await require(sql, workspace)
    return workspace


@pytest.fixture
async def member(register: Register, sql: asyncpg.Connection, strict: int) -> Account:
    account = await register()
    await join(sql, account, strict, "admin")
    return account


def at(workspace: int) -> dict[str, str]:
    return {"ginnel-workspace": str(workspace)}


async def test_a_session_without_a_second_factor_gets_nothing_of_the_workspace(member: Account, strict: int) -> None:
    for method, url in (
        ("GET", LINKS),
        ("POST", LINKS),
        ("GET", ME),
        ("GET", "/api/v1/api-keys"),
        ("GET", "/api/v1/tags"),
    ):
        answer = await member.http.request(
            method, url, headers=at(strict), json={"target": "https://a.test/"} if method == "POST" else None
        )
        problem(answer, 403, "second_factor_required")
    # Elsewhere they work as before.
    assert (await member.http.get(LINKS)).status_code == 200
    problem(await member.http.get(LINKS, headers=at(10**9)), 404, "not_found")


async def test_setting_a_factor_up_lets_this_session_in_and_no_other(
    member: Account, strict: int, browser: Browser
) -> None:
    other = browser()
    token = (await login(member, other)).json()["access_token"]
    app = pyotp.TOTP(await begin(member))
    problem(await member.http.get(LINKS, headers=at(strict)), 403, "second_factor_required")
    assert (await member.http.post(CONFIRM, json={"code": app.now()})).status_code == 200
    assert (await member.http.get(LINKS, headers=at(strict))).status_code == 200
    weak = {"authorization": f"Bearer {token}", **at(strict)}
    problem(await other.get(LINKS, headers=weak), 403, "second_factor_required")


@pytest.mark.parametrize("means", ["totp", "recovery_code", "passkey", "password and passkey"])
async def test_a_session_knows_by_which_means_it_began(
    member: Account, strict: int, browser: Browser, sql: asyncpg.Connection, means: str
) -> None:
    http = browser()
    if "passkey" in means:
        made = await added(member)
        if means == "passkey":
            answer = await sign_in(http, made)
        else:
            options = (await http.post("/api/v1/auth/passkeys/sign-in/options")).json()["public_key"]
            answer = await login(member, http, passkey=made.get(options))
    else:
        app, codes = await set_up(member, sql)
        answer = await login(member, http, totp=app.now() if means == "totp" else codes[0])
    assert answer.status_code == 200, answer.text
    newest = "select second_factor from sessions where user_id = $1 order by id desc limit 1"
    assert await sql.fetchval(newest, await user_of(member, sql)) == means.removeprefix("password and ")
    token = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await http.get(LINKS, headers={**token, **at(strict)})).status_code == 200
    # And it still does when it is refreshed.
    refreshed = await http.post("/api/v1/auth/refresh")
    token = {"authorization": f"Bearer {refreshed.json()['access_token']}"}
    assert (await http.get(LINKS, headers={**token, **at(strict)})).status_code == 200


async def test_ones_own_workspace_may_be_entered_again_by_setting_a_factor_up(
    account: Account, sql: asyncpg.Connection
) -> None:
    await require(sql, await workspace_of(account))
    problem(await account.http.get(ME), 403, "second_factor_required")
    assert (await account.http.get(FACTORS)).status_code == 200
    await set_up(account, sql)
    assert (await account.http.get(ME)).status_code == 200


async def test_keys_that_members_made_go_on(register: Register, browser: Browser, sql: asyncpg.Connection) -> None:
    owner = await register()
    workspace = await workspace_of(owner)
    key = await make(owner)
    await require(sql, workspace)
    assert (await browser().get(LINKS, headers=bearer(key))).status_code == 200
    problem(
        await owner.http.post("/api/v1/api-keys", json={"name": "a", "scopes": ["links:read"]}),
        403,
        "second_factor_required",
    )


async def test_the_last_factor_stays_while_a_workspace_requires_one(
    member: Account, strict: int, sql: asyncpg.Connection
) -> None:
    await sql.execute("update workspaces set name = 'Newsroom' where id = $1", strict)
    app, codes = await set_up(member, sql)
    passkey = Authenticator()
    await added(member, passkey, code=app.now())
    listed = (await member.http.get(FACTORS)).json()["passkeys"][0]["id"]

    def remove(url: str, code: str) -> Any:
        return member.http.request("DELETE", url, json={"password": member.password, "code": code})

    assert (await remove(f"/api/v1/auth/passkeys/{listed}", codes[0])).status_code == 204
    await forget_codes(member, sql)
    refused = problem(await remove(TOTP, app.now()), 409, "second_factor_needed")
    assert "“Newsroom”" in refused["detail"]
    found = (await member.http.get(FACTORS)).json()
    assert found["totp"]
    assert found["recovery_codes_left"] == 9
    # What was refused has used no code up.
    await sql.execute(
        "delete from members where workspace_id = $1 and user_id = $2", strict, await user_of(member, sql)
    )
    assert (await remove(TOTP, app.now())).status_code == 204


async def test_who_has_a_factor_can_be_asked(account: Account, sql: asyncpg.Connection) -> None:
    user = await user_of(account, sql)

    async def has() -> bool:
        async with db.session() as conn:
            return await factors.has(conn, user)

    assert not await has()
    await begin(account)
    assert not await has()  # not before it is confirmed
    await set_up(account, sql)
    assert await has()


async def test_entering_takes_one_query_as_before(member: Account, strict: int) -> None:
    from sqlalchemy import event  # noqa: PLC0415  # for this count only

    asked: list[str] = []
    engine = db.engine().sync_engine

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        problem(await member.http.get(LINKS, headers=at(strict)), 403, "second_factor_required")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 1


async def test_an_export_leaves_out_what_a_session_may_not_enter(
    account: Account, browser: Browser, sql: asyncpg.Connection
) -> None:
    workspace = await workspace_of(account)
    slug = (await account.link())["slug"]
    await require(sql, workspace)
    files = opened((await account.http.get(f"{ME}/export")).content)
    assert [name for name in files if name.startswith("workspaces/")] == []
    assert slug not in str(files)
    assert [(one["id"], one["left_out"]) for one in files["workspaces.json"]] == [(workspace, True)]
    # Nor does a cursor lead there that was given out before.
    cursor = json.dumps([workspace, 2, None], separators=(",", ":")).encode().hex()
    assert slug not in str(opened((await account.http.get(f"{ME}/export", params={"cursor": cursor})).content))

    app, _ = await set_up(account, sql)
    await forget_codes(account, sql)
    http = browser()
    token = (await login(account, http, totp=app.now())).json()["access_token"]
    files = opened((await http.get(f"{ME}/export", headers={"authorization": f"Bearer {token}"})).content)
    assert [one["slug"] for one in files[f"workspaces/{workspace}/links.json"]] == [slug]
    assert [one["left_out"] for one in files["workspaces.json"]] == [False]


async def test_restoring_needs_the_factor_that_entering_needs(account: Account, sql: asyncpg.Connection) -> None:
    made = (await account.http.post(WORKSPACES, json={"name": "Newsroom"})).json()
    path = f"{WORKSPACES}/{made['id']}"
    assert (await account.http.delete(path, headers={"if-match": '"1"'})).status_code == 204
    await require(sql, made["id"])
    problem(await account.http.post(f"{path}/restore"), 403, "second_factor_required")
    assert await sql.fetchval("select deleted_at is not null from workspaces where id = $1", made["id"])
    await set_up(account, sql)
    assert (await account.http.post(f"{path}/restore")).status_code == 200
