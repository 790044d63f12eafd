from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ginnel import db, passwords, users

from .conftest import COOKIE, Told, problem

Browser = Callable[[], httpx.AsyncClient]
URL = "/api/v1/auth/register"
GOOD = "a rather long password"


def fresh() -> str:
    return f"{secrets.token_hex(6)}@example.com"


async def test_registering_signs_in(browser: Browser) -> None:
    http, email = browser(), fresh()
    answer = await http.post(URL, json={"email": email, "password": GOOD, "name": "Ada"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body.keys() == {"user", "access_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert body["user"].keys() == {"id", "email", "name", "guest", "is_admin", "email_verified_at", "created_at"}
    assert (body["user"]["email"], body["user"]["name"], body["user"]["is_admin"]) == (email, "Ada", False)
    me = await http.get("/api/v1/auth/me", headers={"authorization": f"Bearer {body['access_token']}"})
    assert me.status_code == 200
    assert (me.json()["user"], me.json()["role"]) == (body["user"], "owner")


async def test_the_refresh_cookie_is_for_this_site_only(browser: Browser) -> None:
    answer = await browser().post(URL, json={"email": fresh(), "password": GOOD})
    cookies = answer.headers.get_list("set-cookie")
    for cookie, expected, seconds in zip(cookies, (COOKIE, "ginnel_device"), (2592000, 15552000), strict=True):
        name, *attributes = cookie.split("; ")
        assert name.startswith(f"{expected}=")
        assert len(name.partition("=")[2]) == 43
        assert {a.lower() for a in attributes} == {"httponly", f"max-age={seconds}", "path=/", "samesite=strict"}


async def test_the_password_is_kept_as_argon2id_only(browser: Browser, sql: asyncpg.Connection) -> None:
    email = fresh()
    await browser().post(URL, json={"email": email, "password": GOOD})
    kept = await sql.fetchval("select password_hash from users where email = $1", email)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_the_refresh_token_is_kept_as_a_digest_only(browser: Browser, sql: asyncpg.Connection) -> None:
    http = browser()
    await http.post(URL, json={"email": fresh(), "password": GOOD})
    for secret, table in product(
        (http.cookies[COOKIE], http.cookies["ginnel_device"]), ("refresh_tokens", "sessions", "devices", "audit_log")
    ):
        assert not await sql.fetchval(f"select exists (select from {table} t where t::text like $1)", f"%{secret}%")


async def test_an_address_may_be_claimed_again_in_any_spelling(browser: Browser, sql: asyncpg.Connection) -> None:
    name = secrets.token_hex(6)
    spellings = (f"{name}@example.com", f"{name}@example.com", f"{name.upper()}@EXAMPLE.com", f"  {name}@Example.Com ")
    answers = [await browser().post(URL, json={"email": email, "password": GOOD}) for email in spellings]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["user"]["id"] for answer in answers}) == 4
    mails = """
        select array_agg((fields->>'user')::bigint order by id) from mail_outbox
        where template = 'welcome' and recipient ilike $1
    """
    assert await sql.fetchval(mails, spellings[0]) == [answer.json()["user"]["id"] for answer in answers]


async def test_each_claim_has_a_workspace_of_its_own(browser: Browser, sql: asyncpg.Connection) -> None:
    email = fresh()
    answers = await asyncio.gather(*(browser().post(URL, json={"email": email, "password": GOOD}) for _ in range(5)))
    assert [a.status_code for a in answers] == [201] * 5
    owned = "select count(distinct workspace_id) from members join users on users.id = user_id where email = $1"
    assert await sql.fetchval(owned, email) == 5


async def test_an_addresss_owner_and_its_newest_claimant_sign_in(browser: Browser, sql: asyncpg.Connection) -> None:
    email = fresh()
    ids = []
    for number in range(3):
        answer = await browser().post(URL, json={"email": email, "password": f"{GOOD} {number}"})
        ids.append(answer.json()["user"]["id"])

    async def enter() -> list[int | None]:
        tried = [
            await browser().post("/api/v1/auth/login", json={"email": email, "password": f"{GOOD} {number}"})
            for number in range(3)
        ]
        return [answer.json()["user"]["id"] if answer.status_code == 200 else None for answer in tried]

    assert await enter() == [ids[0], None, ids[2]]
    # Who proves it owns it.
    await sql.execute("update users set email_verified_at = now() where id = $1", ids[1])
    assert await enter() == [None, ids[1], ids[2]]


async def test_an_address_is_proved_by_one_account_at_most(browser: Browser, sql: asyncpg.Connection) -> None:
    email = fresh()
    for _ in range(2):
        await browser().post(URL, json={"email": email, "password": GOOD})
    with pytest.raises(asyncpg.UniqueViolationError):
        await sql.execute("update users set email_verified_at = now() where email = $1", email.upper())


async def test_a_mailbox_hears_of_a_few_accounts_a_day(browser: Browser, sql: asyncpg.Connection) -> None:
    email = fresh()
    for number in range(7):
        spelling = email.upper() if number % 2 else email
        answer = await browser().post(URL, json={"email": spelling, "password": GOOD})
        assert answer.status_code == 201
    assert await sql.fetchval("select count(*) from mail_outbox where recipient ilike $1", email) == 5


async def test_so_many_accounts_are_made_from_one_place(browser: Browser, told: Told) -> None:
    told(registrations_address=3)
    statuses = []
    network = f"2001:db8:{secrets.token_hex(2)}:7"
    for suffix in ("::1", "::2", ":ffff::3", "::4", "::5"):
        place = {"x-forwarded-for": f"2001:db8:{secrets.token_hex(2)}::9, {network}{suffix}"}
        answer = await browser().post(URL, json={"email": fresh(), "password": GOOD}, headers=place)
        statuses.append(answer.status_code)
    assert statuses == [201, 201, 201, 429, 429]


@pytest.mark.parametrize(
    "email",
    [
        "", "ada", "ada@", "@example.com", "ada@@example.com", "ada@exa mple.com", "ada@example..com", "ada@-example.com",
        "ada\x00@example.com", "ada@example.com\nbcc: eve@example.com", "a" * 65 + "@example.com",
        "a@" + "b" * 250 + ".com", "ada@[127.0.0.1]", "Ada <ada@example.com>", "ada@example.com, eve@example.com",
        7, None, [], {}, True,
    ],
)  # fmt: skip
async def test_a_bad_address_is_told_by_its_field(browser: Browser, email: Any) -> None:
    body = problem(await browser().post(URL, json={"email": email, "password": GOOD}), 422, "invalid")
    assert [e["pointer"] for e in body["errors"]] == ["/email"]


@pytest.mark.parametrize("email", ["ada+{}@example.com", "{}@bücher.example.org", "{}@intranet"])
async def test_a_good_address_is_taken(browser: Browser, email: str) -> None:
    answer = await browser().post(URL, json={"email": email.format(secrets.token_hex(4)), "password": GOOD})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "password",
    ["", "seven77", "x" * 1025, "é" * 600, "has a \x00 in it", "has a \x7f in it", 12345678, None, ["password"]],
)
async def test_a_bad_password_is_told_by_its_field(browser: Browser, password: Any) -> None:
    body = problem(await browser().post(URL, json={"email": fresh(), "password": password}), 422, "invalid")
    assert [e["pointer"] for e in body["errors"]] == ["/password"]
    assert "has a" not in json.dumps(body)


@pytest.mark.parametrize(
    "password",
    [
        "password", "password1", "Passw0rd", "P@ssw0rd!", "12345678", "1234567890", "qwertyuiop", "iloveyou", "aaaaaaaa",
        "abcdefgh", "87654321", "abc123abc123", "ginnel123", "lovelace", "lovelace1", "ada.lovelace", "password" * 8,
        "x" * 1024,
    ],
)  # fmt: skip
async def test_a_common_password_is_refused(browser: Browser, password: str) -> None:
    wanted = {"email": f"ada.lovelace@{secrets.token_hex(4)}.example.com", "password": password}
    body = problem(await browser().post(URL, json=wanted), 422, "invalid")
    assert [(e["pointer"], e["code"]) for e in body["errors"]] == [("/password", "password_common")]


@pytest.mark.parametrize(
    "password",
    [
        "tr1ckyyy", "all lower case words", "8394757201", "  spaces around  ", "пароль-подлиннее", "🦊🌧️🎹 fox",
        "é" * 4 + "xkq9" * 120,
    ],
)  # fmt: skip
async def test_no_composition_is_asked_for_and_every_character_counts(browser: Browser, password: str) -> None:
    email = fresh()
    answer = await browser().post(URL, json={"email": email, "password": password})
    assert answer.status_code == 201, answer.text
    login = "/api/v1/auth/login"
    assert (await browser().post(login, json={"email": email, "password": password})).status_code == 200
    for other in (password + " ", password[:-1], password.swapcase() + "!"):
        problem(await browser().post(login, json={"email": email, "password": other}), 401, "credentials_invalid")


async def test_a_password_is_the_same_from_every_keyboard(browser: Browser) -> None:
    email = fresh()
    await browser().post(URL, json={"email": email, "password": "cafe\u0301 au lait"})
    answer = await browser().post("/api/v1/auth/login", json={"email": email, "password": "caf\u00e9 au lait"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422), (b"{}", 422), (b"[]", 422), (b"null", 422), (b"{", 400), (b"\xff\xfe", 400), (b'"text"', 422),
        (b'{"email": "a@example.com", "password": "\\ud800 is no character"}', 422),
        (b'{"email": "a@example.com", "password": "a rather long password", "name": "\\u0000"}', 422),
        (b'{"email": "a@example.com", "password": "a rather long password", "is_admin": true}', 422),
        (b'{"email": "a@example.com", "password": "a rather long password", "name": "' + b"x" * 101 + b'"}', 422),
        (b"[" * 100_000, 400),
        (b'{"email": ' + b"9" * 10_000 + b"}", 400),
        (b" " * 1_100_000, 413),
    ],
)  # fmt: skip
async def test_a_bad_body_is_the_callers_fault(browser: Browser, content: bytes, status: int) -> None:
    answer = await browser().post(URL, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@hypothesis_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.fixed_dictionaries({}, optional=dict.fromkeys(("email", "password", "name", "totp"), json_values)))
async def test_no_body_is_a_fault_of_ours(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    for url in (URL, "/api/v1/auth/login"):
        answer = await client.post(url, content=json.dumps(body).encode(), headers={"content-type": "application/json"})
        assert answer.status_code in {400, 401, 422}, answer.text


async def test_hashes_wait_their_turn_off_the_loop() -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    heart = asyncio.create_task(beat())
    await asyncio.gather(*(passwords.encode(GOOD) for _ in range(8)))
    heart.cancel()
    assert beats > 100
    assert passwords._THREADS._max_workers <= 4


async def test_the_first_admin_is_made_once(sql: asyncpg.Connection) -> None:
    await sql.execute("update users set is_admin = false where is_admin")
    email = fresh()

    async def ensure() -> str | None:
        async with db._sessions()() as conn:
            made = await users.ensure_admin(conn, email=email, now=datetime.now(UTC))
            await conn.commit()
            return made

    made = [password for password in await asyncio.gather(ensure(), ensure(), ensure()) if password]
    assert len(made) == 1
    assert await sql.fetchval("select is_admin from users where email = $1", email)
    async with db._sessions()() as conn:
        assert (await users.authenticate(conn, users.Credentials(email=email, password=made[0]))).is_admin
    await sql.execute("update users set is_admin = false where is_admin")


async def test_a_strangers_account_is_never_made_the_admin(browser: Browser, sql: asyncpg.Connection) -> None:
    await sql.execute("update users set is_admin = false where is_admin")
    email = fresh()
    await browser().post(URL, json={"email": email, "password": GOOD})
    async with db.session() as conn:
        assert await users.ensure_admin(conn, email=email, now=datetime.now(UTC))
    kept = await sql.fetch(
        "select is_admin, email_verified_at is not null from users where email = $1 order by id", email
    )
    assert list(map(tuple, kept)) == [(False, False), (True, True)]
    # Nor one whose address is proved to be somebody's.
    await sql.execute("update users set is_admin = false where is_admin")
    async with db._sessions()() as conn:
        with pytest.raises(users.EmailTaken):
            await users.ensure_admin(conn, email=email, now=datetime.now(UTC))
    assert not await sql.fetchval("select bool_or(is_admin) from users where email = $1", email)
