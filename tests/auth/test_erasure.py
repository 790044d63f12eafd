"""Somebody who is erased leaves nothing but that their slugs are taken; what others share with them goes on."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import db, mail, postgres, web
from ginnel.erasure import working
from ginnel.workspaces import emptying
from tests.conftest import Account

from .conftest import problem
from .planted import FIREFOX, Planted, drain, emptied, found, plant

ME = "/api/v1/auth/me"
Register = Callable[[], Awaitable[Account]]


@pytest.fixture
async def planted(browser: Callable[[], httpx.AsyncClient]) -> Planted:
    await drain()
    return await plant(browser())


@pytest.fixture(autouse=True)
async def _nobody_waits() -> AsyncIterator[None]:
    yield
    await emptied()


async def erase(http: httpx.AsyncClient, password: str, **more: Any) -> httpx.Response:
    return await http.request("DELETE", ME, json={"password": password, **more})


async def status_of(client: httpx.AsyncClient, slug: str) -> int:
    return (await client.get(f"/{slug}", headers={"user-agent": FIREFOX})).status_code


async def test_nothing_is_left(
    planted: Planted, browser: Callable[[], httpx.AsyncClient], capsys: pytest.CaptureFixture[str]
) -> None:
    before = await found(planted.words)
    assert {place.partition(" in ")[0] for place in before} == planted.words.keys()
    visitor = browser()
    assert await status_of(visitor, planted.slugs["live"]) == 302

    begun = time.monotonic()
    answer = await erase(planted.http, planted.password)
    assert (answer.status_code, answer.json()["deleted"]) == (202, [planted.workspace]), answer.text
    assert await status_of(visitor, planted.slugs["live"]) == 410
    took = time.monotonic() - begun
    problem(await planted.http.get(ME), 401, "session_ended")
    login = {"email": planted.email, "password": planted.password}
    problem(await browser().post("/api/v1/auth/login", json=login), 401, "credentials_invalid")

    await drain()
    steps = await emptied()
    await drain()  # tells Redis what was told while it was emptied
    after = await found(planted.words)
    with capsys.disabled():
        tables = len({place.partition(" in ")[2] for place in before})
        print(f"\n  {len(planted.words)} words in {tables} tables and keys; 410 after {1000 * took:.0f} ms; ", end="")
        print(f"{steps} steps later {sum(after.values())} are left")
    assert after == {}
    # The slug stays taken, and says nothing.
    assert await status_of(visitor, planted.slugs["live"]) == 410


async def test_an_address_can_be_registered_again_at_once(
    planted: Planted, browser: Callable[[], httpx.AsyncClient]
) -> None:
    await erase(planted.http, planted.password)
    again = {"email": planted.email, "password": secrets.token_urlsafe(12)}
    http = browser()
    assert (await http.post("/api/v1/auth/register", json=again)).status_code == 201
    await drain()
    await emptied()
    assert (await http.post("/api/v1/auth/login", json=again)).status_code == 200


async def test_slugs_of_the_erased_are_kept_from_others_for_thirty_days(
    planted: Planted, account: Account, sql: asyncpg.Connection
) -> None:
    await erase(planted.http, planted.password)
    await drain()
    await emptied()
    wanted = {"target": "https://example.com/", "slug": planted.slugs["live"]}
    problem(await account.http.post("/api/v1/links", json=wanted), 409, "slug_taken")
    now = web.now()
    assert not await emptying.step(sql, now + timedelta(days=29))
    while await emptying.step(sql, now + timedelta(days=31)):
        pass
    assert await sql.fetchval("select count(*) from workspaces where id = $1", planted.workspace) == 0
    assert (await account.http.post("/api/v1/links", json=wanted)).status_code == 201


async def test_the_password_is_asked_for(account: Account) -> None:
    problem(await erase(account.http, "something else"), 403, "password_wrong")
    problem(await account.http.request("DELETE", ME, json={}), 422, "invalid")
    assert (await account.http.get(ME)).status_code == 200


async def test_passwords_are_not_guessed_here(account: Account) -> None:
    answers = [(await erase(account.http, f"guess {number}")).status_code for number in range(12)]
    assert answers == [403] * 10 + [429] * 2
    assert (await erase(account.http, account.password)).status_code == 429


async def test_an_api_key_is_not_enough(account: Account, browser: Callable[[], httpx.AsyncClient]) -> None:
    made = await account.http.post("/api/v1/api-keys", json={"name": "a", "scopes": ["links:read"]})
    program = browser()
    program.headers["authorization"] = f"Bearer {made.json()['secret']}"
    problem(await erase(program, account.password), 403, "sign_in_needed")
    problem(await program.get(f"{ME}/export"), 403, "sign_in_needed")


async def test_an_address_of_which_theirs_is_a_part_is_somebody_elses(
    planted: Planted, sql: asyncpg.Connection
) -> None:
    others = [f"x{planted.email}", f"x.{planted.email}", f"{planted.email}.au", f"x+{planted.email}"]
    async with db.session() as conn:
        for other in others:
            mail.send(conn, "reset", to=other, now=web.now(), by=other)
    await erase(planted.http, planted.password)
    await drain()
    await emptied()
    left = await sql.fetch("delete from mail_outbox where recipient = any($1) returning recipient", others)
    assert sorted(row["recipient"] for row in left) == sorted(others)
    assert await found({"email": planted.email}) == {}


# Workspaces that others share


@pytest.fixture
async def shared(sql: asyncpg.Connection, account: Account, register: Register) -> tuple[int, Account]:
    """A workspace of the account's, of which somebody else is a member."""
    other = await register()
    workspace: int = await sql.fetchval(
        "insert into workspaces (name, personal, created_at) values ('Newsroom', false, now()) returning id"
    )
    for email, role in ((account.email, "owner"), (other.email, "member")):
        await sql.execute(
            """
            insert into members (workspace_id, user_id, role, created_at)
            select $1, id, $3, now() from users where email = $2
            """,
            workspace,
            email,
            role,
        )
    return workspace, other


async def test_who_alone_owns_what_others_work_in_must_say_whose_it_is_to_be(
    account: Account, shared: tuple[int, Account]
) -> None:
    workspace, _ = shared
    refused = problem(await erase(account.http, account.password), 409, "hand_over_first")
    assert f"Newsroom ({workspace})" in refused["detail"]
    assert (await account.http.get(ME)).status_code == 200
    wrong = [
        {"workspace": workspace, "to": "nobody@example.com"},
        {"workspace": workspace + 1000, "to": "a@example.com"},
    ]
    refused = problem(await erase(account.http, account.password, hand_over=wrong), 422, "invalid")
    assert [it["pointer"] for it in refused["errors"]] == ["/hand_over/0/to", "/hand_over/1/workspace"]


async def test_what_is_handed_over_goes_on_without_a_word_of_the_former_owner(
    account: Account, shared: tuple[int, Account], sql: asyncpg.Connection, browser: Callable[[], httpx.AsyncClient]
) -> None:
    workspace, other = shared
    here = {"ginnel-workspace": str(workspace)}
    made = (await account.http.post("/api/v1/links", json={"target": "https://example.com/kept"}, headers=here)).json()
    own = await account.link("https://example.com/own")
    assert await status_of(browser(), made["slug"]) == 302
    hand_over = [{"workspace": workspace, "to": other.email}]
    answer = await erase(account.http, account.password, hand_over=hand_over)
    assert (answer.status_code, answer.json()["handed_over"]) == (202, [workspace])
    await drain()
    await emptied()
    assert (await status_of(browser(), made["slug"]), await status_of(browser(), own["slug"])) == (302, 410)
    seen = await other.http.get(f"/api/v1/links/{made['id']}", headers=here)
    assert (seen.status_code, seen.json()["clicks"]) == (200, 1)
    assert (await other.http.get(ME, headers=here)).json()["role"] == "owner"
    assert await sql.fetchval("select created_by from links where id = $1", made["id"]) is None
    assert await sql.fetchval("select user_id from link_versions where link_id = $1", made["id"]) is None
    assert not await found({"email": account.email})


async def test_a_personal_workspace_can_be_handed_over_to_a_guest(
    account: Account, register: Register, sql: asyncpg.Connection, browser: Callable[[], httpx.AsyncClient]
) -> None:
    guest = await register()
    workspace = (await account.http.get(ME)).json()["workspace"]
    await sql.execute(
        "insert into members select $1, id, 'viewer', now() from users where email = $2", workspace, guest.email
    )
    link = await account.link()
    answer = await erase(account.http, account.password, hand_over=[{"workspace": workspace, "to": guest.email}])
    assert answer.json()["deleted"] == []
    await drain()
    await emptied()
    assert await status_of(browser(), link["slug"]) == 302
    assert (await guest.http.get(ME)).json()["workspace"] != workspace  # their personal one is still their own
    assert (
        await guest.http.get(f"/api/v1/links/{link['id']}", headers={"ginnel-workspace": str(workspace)})
    ).is_success


# Crashes, clicks that are on their way


async def test_what_was_clicked_before_is_stored_before_it_is_emptied(
    account: Account, sql: asyncpg.Connection, browser: Callable[[], httpx.AsyncClient]
) -> None:
    await drain()
    link = await account.link()
    assert await status_of(browser(), link["slug"]) == 302
    await erase(account.http, account.password)
    assert await working.step(web.now() + timedelta(minutes=1)) is None  # the click waits
    await drain()
    assert await emptied() > 0
    await drain()
    assert await sql.fetchval("select count(*) from clicks where link_id = $1", link["id"]) == 0
    assert await sql.fetchval("select count(*) from clicks_hourly where link_id = $1", link["id"]) == 0


async def test_several_workers_that_are_cut_off_lose_nothing(
    planted: Planted, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "_ROWS", 1)
    await erase(planted.http, planted.password)
    await drain()
    cut = 0
    while await sql.fetchval("select count(*) from erasures"):
        tasks = [asyncio.create_task(working.step(web.now() + timedelta(minutes=1))) for _ in range(3)]
        _, pending = await asyncio.wait(tasks, timeout=random.random() * 0.01)
        for task in pending:
            cut += task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not cut % 5:
            await working.step(web.now() + timedelta(minutes=1))
    await db.close()
    await drain()
    assert await found(planted.words) == {}
    assert cut


async def test_whatever_table_there_is_or_will_be_is_emptied(sql: asyncpg.Connection) -> None:
    """What is of a link, a domain, a workspace or a person must be found by it, or go with something that is."""
    lost = await sql.fetch(
        """
        select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
            and a.attname in ('link_id', 'domain_id', 'workspace_id', 'user_id')
            and not exists (select from pg_index i where i.indrelid = c.oid and i.indkey[0] = a.attnum)
            and not exists (
                select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.confdeltype in ('c', 'n')
            )
            and not exists (
                select from pg_index i join pg_attribute other on other.attrelid = c.oid and other.attnum = i.indkey[0]
                where i.indrelid = c.oid and other.attname in ('link_id', 'domain_id', 'workspace_id')
            )
        """
    )
    # Of the audit log the acts are kept.
    assert {(row["relname"], row["attname"]) for row in lost} - {("audit_log", "user_id")} == set()


@pytest.mark.slow
async def test_a_hundred_thousand_links_are_emptied_in_steps_that_keep_nobody_waiting(
    account: Account,
    sql: asyncpg.Connection,
    browser: Callable[[], httpx.AsyncClient],
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = await account.link()
    await sql.execute(
        """
        insert into links (workspace_id, domain_id, slug, slug_key, target, redirect_status, allow_caching, forward_query,
            forward_path, rules, variants, created_by, created_at, updated_at, version)
        select workspace_id, domain_id, slug || n, slug_key || n, target || n, 302, false, true, false, '[]', '[]', created_by,
            created_at, updated_at, 1
        from links, generate_series(1, 100000) n where id = $1
        """,
        one["id"],
        timeout=120,
    )
    begun = time.monotonic()
    answer = await erase(account.http, account.password)
    asked = time.monotonic() - begun
    assert answer.status_code == 202, answer.text
    assert await status_of(browser(), f"{one['slug']}77777") == 410
    await drain()
    longest, steps = 0.0, 0
    begun = time.monotonic()
    while True:
        step = time.monotonic()
        if await working.step(web.now() + timedelta(minutes=1)) is None:
            break
        longest, steps = max(longest, time.monotonic() - step), steps + 1
    with capsys.disabled():
        print(
            f"\n  100,001 links: asked for in {asked:.1f} s, emptied in {time.monotonic() - begun:.0f} s and ", end=""
        )
        print(f"{steps} steps, the longest of {1000 * longest:.0f} ms")
    assert (
        await sql.fetchval(
            "select count(*) from links where target like 'https://example.com/%' and slug like $1", f"{one['slug']}%"
        )
    ) == 0
    assert longest < 2 * 5
    await postgres.run(lambda connection: connection.execute("delete from purges", timeout=30))
