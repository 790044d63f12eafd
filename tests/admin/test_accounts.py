"""What operators see of accounts and do to them."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import factors
from tests.auth.conftest import problem
from tests.conftest import Account

from .conftest import Register, own_id, own_workspace

URL = "/api/v1/admin/users"


async def deed(operator: Account, user: int, name: str, **body: Any) -> httpx.Response:
    return await operator.http.post(f"{URL}/{user}/{name}", json=body or None)


async def key_of(account: Account) -> dict[str, str]:
    answer = await account.http.post("/api/v1/api-keys", json={"name": "x", "scopes": ["links:read"]})
    return {"authorization": f"Bearer {answer.json()['secret']}"}


async def test_people_are_found_by_address_name_and_id(account: Account, operator: Account) -> None:
    user = await own_id(account)

    async def found(**params: Any) -> list[int]:
        answer = await operator.http.get(URL, params=params)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert await found(search=account.email.upper()[:8]) == [user]
    assert user in await found(search=str(user))
    assert user in await found(search=account.email, state="unverified")
    assert await found(search=account.email, state="admin") == []
    assert await found(search=account.email, state="disabled") == []
    assert await found(search="100%") == []
    problem(await operator.http.get(URL, params={"cursor": "x"}), 422, "invalid")


async def test_all_people_are_listed_page_by_page(operator: Account, register: Register) -> None:
    made = [await own_id(await register()) for _ in range(3)]
    listed: list[int] = []
    cursor = ""
    while not listed or listed[-1] > made[0]:
        page = (await operator.http.get(URL, params={"limit": 2, "cursor": cursor})).json()
        listed += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert listed == sorted(set(listed), reverse=True)
    assert set(made) <= set(listed)


async def test_an_account_is_shown_with_what_it_has(account: Account, operator: Account) -> None:
    await account.link()
    await key_of(account)
    shown = (await operator.http.get(f"{URL}/{await own_id(account)}")).json()
    assert (shown["email"], shown["links"], shown["sessions"], shown["keys"]) == (account.email, 1, 1, 1)
    assert shown["last_seen_at"]
    assert [(one["id"], one["role"], one["blocked"]) for one in shown["workspaces"]] == [
        (await own_workspace(account), "owner", False)
    ]
    assert "password_hash" not in shown
    problem(await operator.http.get(f"{URL}/999999999"), 404, "not_found")


async def test_somebody_who_is_disabled_is_out_at_once_everywhere(
    account: Account, operator: Account, client: httpx.AsyncClient, sql: asyncpg.Connection
) -> None:
    user, link, key = await own_id(account), await account.link(), await key_of(account)
    assert (await client.get("/api/v1/links", headers=key)).status_code == 200
    answer = await deed(operator, user, "disable", reason="Spam")
    assert (answer.status_code, answer.json()["disabled_reason"]) == (200, "Spam"), answer.text
    problem(await account.http.get("/api/v1/auth/me"), 401, "session_ended")
    problem(await account.http.post("/api/v1/auth/refresh"), 401, "refresh_invalid")
    problem(await client.get("/api/v1/links", headers=key), 401, "key_invalid")
    credentials = {"email": account.email, "password": account.password}
    problem(await client.post("/api/v1/auth/login", json=credentials), 401, "credentials_invalid")
    assert (await client.get(f"/{link['slug']}")).status_code == 302
    since = answer.json()["disabled_at"]
    again = (await deed(operator, user, "disable", reason="Spam, again")).json()
    assert (again["disabled_at"], again["disabled_reason"]) == (since, "Spam, again")
    let_in = (await deed(operator, user, "enable")).json()
    assert (let_in["disabled_at"], let_in["disabled_reason"], let_in["sessions"]) == (None, None, 0)
    assert (await client.get("/api/v1/links", headers=key)).status_code == 200
    problem(await account.http.get("/api/v1/auth/me"), 401, "session_ended")
    assert (await client.post("/api/v1/auth/login", json=credentials)).status_code == 200
    done = await sql.fetch(
        "select action, user_id, details->>'reason' as reason from audit_log where subject = $1 order by id",
        f"user:{user}",
    )
    by = await own_id(operator)
    assert [tuple(row) for row in done if row["user_id"] == by] == [
        ("user_disabled", by, "Spam"),
        ("user_disabled", by, "Spam, again"),
        ("user_enabled", by, None),
    ]


async def test_somebodys_links_are_blocked_with_them_if_that_is_asked(
    account: Account, operator: Account, client: httpx.AsyncClient
) -> None:
    user, link = await own_id(account), await account.link()
    assert (await client.get(f"/{link['slug']}")).status_code == 302
    shown = (await deed(operator, user, "disable", reason="Phishing", links="block")).json()
    assert [one["blocked"] for one in shown["workspaces"]] == [True]
    assert (await client.get(f"/{link['slug']}")).status_code == 451
    shown = (await deed(operator, user, "enable")).json()
    assert [one["blocked"] for one in shown["workspaces"]] == [True]
    workspace = shown["workspaces"][0]["id"]
    await operator.http.post(f"/api/v1/admin/workspaces/{workspace}/unblock")
    assert (await client.get(f"/{link['slug']}")).status_code == 302


async def test_a_workspace_that_somebody_else_owns_too_goes_on(
    account: Account, operator: Account, register: Register, client: httpx.AsyncClient, sql: asyncpg.Connection
) -> None:
    link, other = await account.link(), await own_id(await register())
    await sql.execute(
        "insert into members (workspace_id, user_id, role, created_at) values ($1, $2, 'owner', now())",
        await own_workspace(account),
        other,
    )
    await deed(operator, await own_id(account), "disable", links="block")
    assert (await client.get(f"/{link['slug']}")).status_code == 302


async def test_nobody_ends_their_own_rights(operator: Account, another_operator: Account) -> None:
    me = await own_id(operator)
    problem(await deed(operator, me, "disable"), 422, "invalid")
    problem(await deed(operator, me, "disable", reason="x"), 409, "own_account")
    problem(await deed(operator, me, "demote", password=operator.password), 409, "own_account")
    assert (await deed(another_operator, me, "demote", password=another_operator.password)).status_code == 200
    problem(await operator.http.get(URL), 403, "operator_only")


@pytest.mark.parametrize("name", ["disable", "demote"])
async def test_of_operators_that_end_each_others_rights_one_is_left(
    register: Register, sql: asyncpg.Connection, name: str
) -> None:
    kept = await sql.fetch("update users set is_admin = false where is_admin returning id")
    for round_ in range(8):
        crowd = [await register() for _ in range(4)]
        ids = [await own_id(one) for one in crowd]
        await sql.execute("update users set is_admin = true where id = any($1::bigint[])", ids)
        body = [{"password": one.password} if name == "demote" else {"reason": "x"} for one in crowd]
        answers = await asyncio.gather(
            *(
                deed(one, ids[(number + step) % 4], name, **body[number])
                for step in (1, 2, 3)
                for number, one in enumerate(crowd)
            )
        )
        # On a busy machine one may have waited too long, and nothing was done by it.
        codes = {answer.status_code for answer in answers}
        assert codes <= {200, 401, 403, 503}, [a.text for a in answers]
        left = await sql.fetchval(
            "select count(*) from users where id = any($1::bigint[]) and is_admin and disabled_at is null", ids
        )
        assert left == 1 or (503 in codes and left > 1), round_
        await sql.execute("update users set is_admin = false where id = any($1::bigint[])", ids)
    await sql.execute("update users set is_admin = true where id = any($1::bigint[])", [row["id"] for row in kept])
    print(f"\n8 rounds of 4 operators who {name} one another, 12 requests at once: one operator left each time")


async def test_an_operator_is_made_and_unmade_by_ones_own_password(account: Account, operator: Account) -> None:
    user = await own_id(account)
    problem(await deed(operator, user, "promote", password="not mine at all"), 403, "password_wrong")
    problem(await account.http.get(URL), 403, "operator_only")
    answer = await deed(operator, user, "promote", password=operator.password)
    assert (answer.status_code, answer.json()["is_admin"]) == (200, True), answer.text
    assert (await account.http.get(URL)).status_code == 200
    assert (await deed(operator, user, "demote", password=operator.password)).json()["is_admin"] is False
    problem(await account.http.get(URL), 403, "operator_only")


async def test_an_operators_password_is_not_guessed_by_who_has_their_session(
    account: Account, operator: Account
) -> None:
    user = await own_id(account)
    for _ in range(factors.TRIES[0][0]):
        problem(await deed(operator, user, "promote", password=secrets.token_hex()), 403, "password_wrong")
    problem(await deed(operator, user, "promote", password=operator.password), 429, "too_many_requests")


async def test_all_sessions_of_somebody_are_ended(
    account: Account, operator: Account, client: httpx.AsyncClient
) -> None:
    user, key = await own_id(account), await key_of(account)
    credentials = {"email": account.email, "password": account.password}
    await client.post("/api/v1/auth/login", json=credentials)
    assert (await deed(operator, user, "sign-out")).json() == {"sessions": 2}
    problem(await account.http.get("/api/v1/auth/me"), 401, "session_ended")
    assert (await client.get("/api/v1/links", headers=key)).status_code == 200
    assert (await client.post("/api/v1/auth/login", json=credentials)).status_code == 200


async def test_an_address_is_taken_for_proved_by_hand(
    account: Account, operator: Account, sql: asyncpg.Connection
) -> None:
    user = await own_id(account)
    verified = (await deed(operator, user, "verify")).json()["email_verified_at"]
    assert verified
    assert (await deed(operator, user, "verify")).json()["email_verified_at"] == verified
    assert await sql.fetchval(
        "select count(*) from audit_log where subject = $1 and action = 'email_verified'", f"user:{user}"
    )


@pytest.mark.parametrize("name", ["disable", "enable", "promote", "demote", "sign-out", "verify"])
async def test_what_is_done_to_nobody_is_told(operator: Account, name: str) -> None:
    body = {
        "promote": {"password": operator.password},
        "demote": {"password": operator.password},
        "disable": {"reason": "x"},
    }
    problem(await deed(operator, 999_999_999, name, **body.get(name, {})), 404, "not_found")
