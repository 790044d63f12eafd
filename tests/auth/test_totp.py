from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import httpx
import pyotp
import pytest

from ginnel import db, factors, passwords, qr, redis, users
from ginnel.errors import Problem
from tests.conftest import Account
from tests.links.test_qr import read

from .conftest import problem
from .test_keys import bearer, make

Browser = Callable[[], httpx.AsyncClient]
TOTP = "/api/v1/auth/totp"
CONFIRM = f"{TOTP}/confirm"
CODES = "/api/v1/auth/recovery-codes"
FACTORS = "/api/v1/auth/factors"
LOGIN = "/api/v1/auth/login"


async def begin(account: Account) -> str:
    answer = await account.http.post(TOTP, json={"password": account.password})
    assert answer.status_code == 201, answer.text
    secret: str = answer.json()["secret"]
    return secret


async def set_up(account: Account, sql: asyncpg.Connection) -> tuple[pyotp.TOTP, list[str]]:
    """Put an app into force, and let its last code be an old one."""
    app = pyotp.TOTP(await begin(account))
    answer = await account.http.post(CONFIRM, json={"code": app.now()})
    assert answer.status_code == 200, answer.text
    await forget_codes(account, sql)
    return app, answer.json()["recovery_codes"]


async def forget_codes(account: Account, sql: asyncpg.Connection) -> None:
    await sql.execute(
        "update totp set last_step = 0 where user_id = (select id from users where email = $1)", account.email
    )


def login(account: Account, http: httpx.AsyncClient, **more: Any) -> Any:
    return http.post(LOGIN, json={"email": account.email, "password": account.password, **more})


async def test_setting_up_needs_the_password(account: Account) -> None:
    problem(await account.http.post(TOTP, json={"password": "not the password"}), 403, "password_wrong")
    problem(await account.http.post(CONFIRM, json={"code": "123456"}), 409, "totp_missing")


async def test_an_app_reads_the_secret_from_the_qr_code(account: Account) -> None:
    answer = (await account.http.post(TOTP, json={"password": account.password})).json()
    uri = urlsplit(answer["uri"])
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", f"/go.test:{account.email}")
    assert parse_qs(uri.query) == {"secret": [answer["secret"]], "issuer": ["go.test"]}
    assert len(base64.b32decode(answer["secret"])) == 20
    kind, _, data = answer["qr"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert read(base64.b64decode(data), qr.Look()).text == answer["uri"]


async def test_a_secret_is_not_in_force_before_its_first_code(
    account: Account, browser: Browser, sql: asyncpg.Connection
) -> None:
    first = await begin(account)
    secret = await begin(account)
    assert secret != first
    assert (await login(account, browser())).status_code == 200
    assert (await account.http.get(FACTORS)).json() == {"totp": None, "passkeys": [], "recovery_codes_left": 0}
    problem(await account.http.post(CONFIRM, json={"code": pyotp.TOTP(first).now()}), 403, "code_wrong")
    assert (await account.http.post(CONFIRM, json={"code": pyotp.TOTP(secret).now()})).status_code == 200
    problem(await login(account, browser()), 401, "totp_required")
    found = (await account.http.get(FACTORS)).json()
    assert found["totp"]["confirmed_at"]
    assert found["recovery_codes_left"] == 10
    again = await account.http.post(TOTP, json={"password": account.password, "code": "123456"})
    problem(again, 403, "code_wrong")


async def test_a_set_up_does_not_wait_for_ever(account: Account, sql: asyncpg.Connection) -> None:
    app = pyotp.TOTP(await begin(account))
    await sql.execute("update totp set created_at = created_at - interval '31 minutes'")
    problem(await account.http.post(CONFIRM, json={"code": app.now()}), 409, "totp_missing")


async def test_of_fifty_confirmations_one_counts(account: Account) -> None:
    app = pyotp.TOTP(await begin(account))
    code = app.now()
    answers = await asyncio.gather(*(account.http.post(CONFIRM, json={"code": code}) for _ in range(50)))
    assert sorted({answer.status_code for answer in answers}) == [200, 409]
    assert sum(answer.status_code == 200 for answer in answers) == 1


async def test_the_password_comes_first(account: Account, browser: Browser, sql: asyncpg.Connection) -> None:
    app, _ = await set_up(account, sql)
    for code in (None, app.now()):
        given = {"email": account.email, "password": "wrong", "totp": code}
        problem(await browser().post(LOGIN, json=given), 401, "credentials_invalid")
    assert (await login(account, browser(), totp=app.now())).status_code == 200  # the wrong password left it unused


@pytest.mark.parametrize("code", ["000000", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-", "0000-0000-0000-0000"])
async def test_a_wrong_code_is_no_code(account: Account, browser: Browser, sql: asyncpg.Connection, code: str) -> None:
    await set_up(account, sql)
    answer = await login(account, browser(), totp=code)
    problem(answer, 401, "totp_invalid")
    assert "set-cookie" not in answer.headers
    assert await actions(account, sql) == ["factor_added", "factor_refused"]


async def actions(account: Account, sql: asyncpg.Connection) -> list[str]:
    rows = await sql.fetch(
        """
        select action from audit_log where user_id = (select id from users where email = $1) and action like any ($2)
        order by id
        """,
        account.email,
        ["factor%", "recovery%", "passkey%"],
    )
    return [row["action"] for row in rows]


async def test_a_code_counts_once(account: Account, browser: Browser, sql: asyncpg.Connection) -> None:
    app, _ = await set_up(account, sql)
    code = app.now()
    assert (await login(account, browser(), totp=f"{code[:3]} {code[3:]}")).status_code == 200
    problem(await login(account, browser(), totp=code), 401, "totp_invalid")


async def test_the_code_of_the_set_up_is_used(account: Account, browser: Browser) -> None:
    app = pyotp.TOTP(await begin(account))
    code = app.now()
    assert (await account.http.post(CONFIRM, json={"code": code})).status_code == 200
    problem(await login(account, browser(), totp=code), 401, "totp_invalid")


async def test_an_older_code_is_void_once_a_newer_one_was_used(
    account: Account, browser: Browser, sql: asyncpg.Connection
) -> None:
    app, _ = await set_up(account, sql)
    at = datetime.now(UTC)
    assert (await login(account, browser(), totp=app.at(at + timedelta(seconds=30)))).status_code == 200
    problem(await login(account, browser(), totp=app.at(at)), 401, "totp_invalid")


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_clock_may_be_one_step_off(account: Account, sql: asyncpg.Connection, steps: int, taken: bool) -> None:  # noqa: FBT001  # a case
    app, _ = await set_up(account, sql)
    at = datetime(2026, 1, 1, 12, 0, 10, tzinfo=UTC)
    code = app.at(at + steps * timedelta(seconds=30))
    async with db.session() as conn:
        assert await factors.totp.use(conn, await user_of(account, sql), code, now=at) == taken


async def user_of(account: Account, sql: asyncpg.Connection) -> int:
    found: int = await sql.fetchval("select id from users where email = $1", account.email)
    return found


@pytest.mark.parametrize("kind", ["totp", "recovery_code"])
async def test_of_fifty_parallel_uses_one_succeeds(
    account: Account, browser: Browser, sql: asyncpg.Connection, kind: str
) -> None:
    app, codes = await set_up(account, sql)
    code = app.now() if kind == "totp" else codes[0]
    http = browser()
    answers = await asyncio.gather(*(login(account, http, totp=code) for _ in range(50)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[200] == 1
    assert statuses.keys() <= {200, 401, 429}
    user = await user_of(account, sql)

    async def use() -> bool:
        async with db.session() as conn:
            taken = factors.totp.use if kind == "totp" else factors.recovery.use
            return await taken(conn, user, code, now=datetime.now(UTC))

    await sql.execute("update totp set last_step = 0 where user_id = $1", user)
    await sql.execute("update recovery_codes set used_at = null where user_id = $1", user)
    assert Counter(await asyncio.gather(*(use() for _ in range(50)))) == {True: 1, False: 49}


@pytest.mark.parametrize("typed", ["{}", " {} ", "{upper}", "{spaced}", "{bare}", "{misread}"])
async def test_a_recovery_code_is_read_however_it_was_written(
    account: Account, browser: Browser, sql: asyncpg.Connection, typed: str
) -> None:
    _, (code, *_) = await set_up(account, sql)
    spellings = {
        "upper": code.upper(),
        "spaced": code.replace("-", " "),
        "bare": code.replace("-", ""),
        "misread": code.replace("0", "O").replace("1", "l"),
    }
    assert (await login(account, browser(), totp=typed.format(code, **spellings))).status_code == 200
    problem(await login(account, browser(), totp=code), 401, "totp_invalid")
    assert (await account.http.get(FACTORS)).json()["recovery_codes_left"] == 9
    assert await actions(account, sql) == ["factor_added", "recovery_code_used", "factor_refused"]


async def test_recovery_codes_are_many_long_and_kept_as_digests(account: Account, sql: asyncpg.Connection) -> None:
    _, codes = await set_up(account, sql)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}", code) for code in codes)
    kept = await sql.fetch("select code_hash from recovery_codes where user_id = $1", await user_of(account, sql))
    assert {row["code_hash"] for row in kept} == {hashlib.sha256(c.replace("-", "").encode()).digest() for c in codes}


async def test_anothers_codes_open_nothing(
    register: Callable[[], Awaitable[Account]], browser: Browser, sql: asyncpg.Connection
) -> None:
    mine, theirs = await register(), await register()
    await set_up(mine, sql)
    app, codes = await set_up(theirs, sql)
    for code in (app.now(), codes[0]):
        problem(await login(mine, browser(), totp=code), 401, "totp_invalid")


async def test_new_recovery_codes_void_the_old(account: Account, browser: Browser, sql: asyncpg.Connection) -> None:
    app, old = await set_up(account, sql)
    for given, code in ({}, "code_required"), ({"code": "000000"}, "code_wrong"):
        answer = await account.http.post(CODES, json={"password": account.password, **given})
        problem(answer, 403, code)
    answer = await account.http.post(CODES, json={"password": account.password, "code": app.now()})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    problem(await login(account, browser(), totp=old[0]), 401, "totp_invalid")
    assert (await login(account, browser(), totp=answer.json()["recovery_codes"][0])).status_code == 200


async def test_without_a_factor_there_is_nothing_to_recover(account: Account) -> None:
    answer = await account.http.post(CODES, json={"password": account.password})
    problem(answer, 409, "second_factor_missing")


@pytest.mark.parametrize("kind", ["totp", "recovery_code"])
async def test_removing_takes_password_and_code(
    account: Account, browser: Browser, sql: asyncpg.Connection, kind: str
) -> None:
    app, codes = await set_up(account, sql)
    code = app.now() if kind == "totp" else codes[0]

    def remove(**given: str) -> Any:
        return account.http.request("DELETE", TOTP, json=given)

    problem(await remove(password=account.password), 403, "code_required")
    problem(await remove(password="wrong", code=code), 403, "password_wrong")
    problem(await remove(password=account.password, code="0000-0000-0000-0000"), 403, "code_wrong")
    assert (await remove(password=account.password, code=code)).status_code == 204
    assert (await account.http.get(FACTORS)).json() == {"totp": None, "passkeys": [], "recovery_codes_left": 0}
    assert (await login(account, browser())).status_code == 200
    problem(await remove(password=account.password), 409, "totp_missing")
    assert (await actions(account, sql))[-1] == "factor_removed"


async def test_there_is_one_app_at_a_time(account: Account, sql: asyncpg.Connection) -> None:
    app, _ = await set_up(account, sql)
    again = await account.http.post(TOTP, json={"password": account.password, "code": app.now()})
    problem(again, 409, "totp_in_force")


@pytest.mark.parametrize("redis_away", [False, True])
async def test_codes_can_not_be_guessed(
    account: Account,
    browser: Browser,
    sql: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    redis_away: bool,  # noqa: FBT001  # a case
) -> None:
    app, codes = await set_up(account, sql)
    if redis_away:

        async def refuse(*_: Any, **__: Any) -> None:
            raise redis.RedisError

        monkeypatch.setattr(redis, "call", refuse)
    user = await user_of(account, sql)
    refusals = Counter[str]()
    for _ in range(30):
        refusals[await guess(user)] += 1
    assert refusals == {"totp_invalid": 10, "codes_throttled": 20}
    answer = await login(account, browser(), totp=app.now())
    problem(answer, 429, "codes_throttled")
    assert int(answer.headers["retry-after"]) > 0
    # Whose code it is still gets in by another.
    assert (await login(account, browser(), totp=codes[0])).status_code == 200


async def guess(user: int) -> str:
    """Try a code as somebody whose password was right, without the price of the password."""
    try:
        async with db.session() as conn:
            await factors.demand(conn, await users.get(conn, user), "000000", now=datetime.now(UTC))
    except Problem as problem:
        return problem.code
    return "taken"


async def test_a_found_browser_can_not_guess_the_password(account: Account) -> None:
    statuses = [(await account.http.post(TOTP, json={"password": f"guess {n}"})).status_code for n in range(12)]
    assert statuses == [403] * 10 + [429] * 2


async def test_a_new_password_leaves_the_second_factor_in_force(
    account: Account, browser: Browser, sql: asyncpg.Connection
) -> None:
    app, _ = await set_up(account, sql)
    fresh = await passwords.encode("another password")
    await sql.execute("update users set password_hash = $2 where email = $1", account.email, fresh)
    changed = Account(account.email, "another password", account.http)
    problem(await login(changed, browser()), 401, "totp_required")
    assert (await login(changed, browser(), totp=app.now())).status_code == 200


async def test_the_owner_of_a_verified_address_is_told(account: Account, sql: asyncpg.Connection) -> None:
    async def mailed() -> list[str]:
        rows = await sql.fetch(
            "select template, fields from mail_outbox where recipient = $1 order by id", account.email
        )
        return [json.loads(row["fields"])["what"] for row in rows if row["template"] == "factor_changed"]

    app, codes = await set_up(account, sql)
    assert await mailed() == []  # the address may be another's
    await sql.execute("update users set email_verified_at = now() where email = $1", account.email)
    given = {"password": account.password, "code": codes[0]}
    assert (await account.http.request("DELETE", TOTP, json=given)).status_code == 204
    app = pyotp.TOTP(await begin(account))
    assert (await account.http.post(CONFIRM, json={"code": app.now()})).status_code == 200
    assert await mailed() == [
        "A recovery code was used. 9 of them are left.",
        "The authenticator app was removed.",
        "An authenticator app was added.",
    ]


@pytest.mark.parametrize(
    ("method", "url"), [("POST", TOTP), ("POST", CONFIRM), ("DELETE", TOTP), ("POST", CODES), ("GET", FACTORS)]
)
async def test_factors_are_a_persons_not_a_keys(account: Account, browser: Browser, method: str, url: str) -> None:
    key = await make(account)
    given = {"code": "1"} if url == CONFIRM else {"password": "x"}
    problem(await browser().request(method, url, json=given), 401, "unauthorized")
    problem(await browser().request(method, url, headers=bearer(key), json=given), 403, "sign_in_needed")
    await account.http.post("/api/v1/auth/logout")
    answer = await account.http.request(method, url, json=given)
    problem(answer, 401, "session_ended")


async def test_factors_can_be_cleared_for_who_can_prove_none(
    account: Account, browser: Browser, sql: asyncpg.Connection
) -> None:
    await set_up(account, sql)
    async with db.session() as conn:
        await factors.clear(conn, await user_of(account, sql), now=datetime.now(UTC))
    assert (await account.http.get(FACTORS)).json() == {"totp": None, "passkeys": [], "recovery_codes_left": 0}
    assert (await login(account, browser())).status_code == 200
    assert (await actions(account, sql))[-1] == "factors_cleared"
