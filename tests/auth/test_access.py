from __future__ import annotations

import json
import os
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from ginnel import tokens
from tests.conftest import Account

from .conftest import problem
from .test_keys import bearer, make

Browser = Callable[[], httpx.AsyncClient]
Register = Callable[[], Awaitable[Account]]
ME = "/api/v1/auth/me"
KEYS = "/api/v1/api-keys"


async def workspace_of(account: Account) -> int:
    found: int = (await account.http.get(ME)).json()["workspace"]
    return found


async def join(sql: asyncpg.Connection, account: Account, workspace: int, role: str) -> None:
    await sql.execute(
        """
        insert into members (workspace_id, user_id, role, created_at)
        select $2, id, $3, now() from users where email = $1
        on conflict (workspace_id, user_id) do update set role = excluded.role
        """,
        account.email,
        workspace,
        role,
    )


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "unauthorized"),
        ({"authorization": ""}, "unauthorized"),
        ({"authorization": "Bearer"}, "unauthorized"),
        ({"authorization": "Basic YTpi"}, "unauthorized"),
        ({"authorization": "Bearer x"}, "token_invalid"),
        ({"authorization": "Bearer a.b.c"}, "token_invalid"),
        ({"authorization": "Bearer " + "x" * 10_000}, "token_invalid"),
        ({"authorization": "Bearer gnl_"}, "key_invalid"),
        ({"authorization": "Bearer gnl_" + "x" * 43}, "key_invalid"),
        ({"authorization": "Bearer gnl_" + "x" * 10_000}, "key_invalid"),
    ],
)
async def test_no_proof_is_no_access(browser: Browser, headers: dict[str, str], code: str) -> None:
    problem(await browser().get(ME, headers=headers), 401, code)


@pytest.mark.parametrize("name", ["access_token", "token", "api_key", "key", "authorization"])
async def test_a_query_string_is_no_place_for_proof(account: Account, browser: Browser, name: str) -> None:
    token = account.http.headers["authorization"].removeprefix("Bearer ")
    problem(await browser().get(ME, params={name: token}), 401, "unauthorized")


async def test_bytes_that_are_no_text_are_refused(browser: Browser) -> None:
    for value in (b"Bearer \xff\xfe", b"Bearer gnl_\xff\xfe", b"Bearer \x00"):
        answer = await browser().get(ME, headers=[(b"authorization", value)])
        assert answer.status_code == 401


async def test_an_expired_token_says_so(account: Account, browser: Browser) -> None:
    user = (await account.http.get(ME)).json()["user"]["id"]
    token = await tokens.issue(user=user, session=1, now=datetime.now(UTC) - timedelta(minutes=16))
    problem(await browser().get(ME, headers={"authorization": f"Bearer {token}"}), 401, "token_expired")


async def test_a_session_is_its_owners_only(register: Register, browser: Browser, sql: asyncpg.Connection) -> None:
    mine, theirs = await register(), await register()
    session = await sql.fetchval(
        "select sessions.id from sessions join users on users.id = user_id where email = $1", theirs.email
    )
    user = (await mine.http.get(ME)).json()["user"]["id"]
    token = await tokens.issue(user=user, session=session, now=datetime.now(UTC))
    problem(await browser().get(ME, headers={"authorization": f"Bearer {token}"}), 401, "session_ended")


@pytest.mark.parametrize(
    "ending",
    [
        "update sessions set revoked_at = now() where user_id = (select id from users where email = $1)",
        "update sessions set expires_at = now() where user_id = (select id from users where email = $1)",
        "update users set disabled_at = now() where email = $1",
        "delete from users where email = $1",
    ],
    ids=["revoked", "expired", "disabled", "erased"],
)
async def test_access_ends_at_once(account: Account, sql: asyncpg.Connection, ending: str) -> None:
    assert (await account.http.get(ME)).status_code == 200
    await sql.execute(ending, account.email)
    problem(await account.http.get(ME), 401, "session_ended")


@pytest.mark.parametrize(
    "ending",
    [
        "update users set disabled_at = now() where email = $1",
        "delete from users where email = $1",
        "delete from members where user_id = (select id from users where email = $1)",
        """update workspaces set deleted_at = now()
        where id = (select workspace_id from members join users on users.id = user_id where email = $1)""",
    ],
    ids=["disabled", "erased", "no member", "no workspace"],
)
async def test_a_key_ends_with_what_it_stands_on(
    account: Account, browser: Browser, sql: asyncpg.Connection, ending: str
) -> None:
    headers = bearer(await make(account))
    assert (await browser().get(ME, headers=headers)).status_code == 200
    await sql.execute(ending, account.email)
    problem(await browser().get(ME, headers=headers), 401, "key_invalid")


async def test_a_strangers_workspace_is_not_found(register: Register) -> None:
    mine, stranger = await register(), await register()
    workspace = await workspace_of(mine)
    for url in (ME, KEYS):
        answer = await stranger.http.get(url, headers={"ginnel-workspace": str(workspace)})
        theirs = problem(answer, 404, "not_found")
        answer = await stranger.http.get(url, headers={"ginnel-workspace": "999999999"})
        nobodys = problem(answer, 404, "not_found")
        assert theirs["detail"].replace(str(workspace), "ID") == nobodys["detail"].replace("999999999", "ID")


@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1.5", "1e3", "٣", str(2**63), "9" * 400, "1, 2"])
async def test_what_is_no_workspace_is_not_found(account: Account, value: str) -> None:
    headers = [(b"ginnel-workspace", value.encode())]
    problem(await account.http.get(ME, headers=headers), 404, "not_found")


async def test_a_member_enters_by_the_header(register: Register, sql: asyncpg.Connection) -> None:
    owner, member = await register(), await register()
    own, other = await workspace_of(member), await workspace_of(owner)
    await join(sql, member, other, "member")
    assert await workspace_of(member) == own
    entered = (await member.http.get(ME, headers={"ginnel-workspace": str(other)})).json()
    assert (entered["workspace"], entered["role"]) == (other, "member")
    assert (await member.http.get(ME, headers={"ginnel-workspace": str(own)})).json()["role"] == "owner"
    await sql.execute("update workspaces set deleted_at = now() where id = $1", other)
    problem(await member.http.get(ME, headers={"ginnel-workspace": str(other)}), 404, "not_found")


async def test_a_key_stays_in_its_workspace(register: Register, browser: Browser, sql: asyncpg.Connection) -> None:
    owner, member = await register(), await register()
    own, other = await workspace_of(member), await workspace_of(owner)
    await join(sql, member, other, "member")
    key = await make(member)
    headers = {**bearer(key), "ginnel-workspace": str(own)}
    assert (await browser().get(ME, headers=headers)).json()["workspace"] == own
    problem(await browser().get(ME, headers={**headers, "ginnel-workspace": str(other)}), 404, "not_found")


async def test_a_viewer_reads_only(register: Register, browser: Browser, sql: asyncpg.Connection) -> None:
    owner, viewer = await register(), await register()
    workspace = await workspace_of(owner)
    await join(sql, viewer, workspace, "member")
    viewer.http.headers["ginnel-workspace"] = str(workspace)
    key = await make(viewer, scopes=["links:read", "links:write"])
    await join(sql, viewer, workspace, "viewer")
    assert (await viewer.http.get(ME)).json()["scopes"] == [
        "domains:read",
        "links:read",
        "stats:read",
        "webhooks:read",
        "workspace:read",
    ]
    assert (await browser().get(ME, headers=bearer(key))).json()["scopes"] == ["links:read"]
    problem(await viewer.http.post(KEYS, json={"name": "x", "scopes": ["links:read"]}), 403, "scope_missing")


async def test_members_see_their_own_keys_and_admins_all(register: Register, sql: asyncpg.Connection) -> None:
    owner, member, admin = await register(), await register(), await register()
    workspace = await workspace_of(owner)
    for account, role in ((member, "member"), (admin, "admin")):
        await join(sql, account, workspace, role)
        account.http.headers["ginnel-workspace"] = str(workspace)
    theirs, own = await make(owner), await make(member)

    async def seen(account: Account) -> list[int]:
        return [key["id"] for key in (await account.http.get(KEYS)).json()["items"]]

    assert await seen(member) == [own["id"]]
    assert await seen(admin) == await seen(owner) == [own["id"], theirs["id"]]
    problem(await member.http.delete(f"{KEYS}/{theirs['id']}"), 404, "not_found")
    assert (await admin.http.delete(f"{KEYS}/{own['id']}")).status_code == 204


async def test_a_key_has_no_rights_over_the_installation(
    account: Account, browser: Browser, sql: asyncpg.Connection
) -> None:
    from ginnel import access, db  # noqa: PLC0415  # not before the environment is made

    await sql.execute("update users set is_admin = true where email = $1", account.email)
    key = await make(account)
    async with db._sessions()() as conn:
        program = await access._program(conn, key["secret"], wanted=None, now=datetime.now(UTC))
        token = account.http.headers["authorization"].removeprefix("Bearer ")
        person = await access._person(conn, token, wanted=None, now=datetime.now(UTC))
    await sql.execute("update users set is_admin = false where email = $1", account.email)
    assert (program.is_admin, program.session) == (False, None)
    assert (person.is_admin, person.scopes) == (True, access.ALL_SCOPES)


async def test_tokens_of_another_installation_are_refused(account: Account, browser: Browser) -> None:
    import jwt  # noqa: PLC0415  # for this forgery only

    key = json.loads(os.environ["JWT_KEYS"])["keys"][0]
    claims = jwt.decode(
        account.http.headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False}
    )
    forged = jwt.encode(claims, secrets.token_bytes(32), "HS256", {"typ": "at+jwt", "kid": key["kid"]})
    problem(await browser().get(ME, headers={"authorization": f"Bearer {forged}"}), 401, "token_invalid")
