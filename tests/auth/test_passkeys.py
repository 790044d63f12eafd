from __future__ import annotations

import asyncio
import copy
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import db, factors
from tests.conftest import Account

from .authenticator import Authenticator, decoded, encoded
from .conftest import COOKIE, problem
from .test_totp import FACTORS, actions, login, set_up, user_of

Browser = Callable[[], httpx.AsyncClient]
Register = Callable[[], Awaitable[Account]]
PASSKEYS = "/api/v1/auth/passkeys"
SIGN_IN = f"{PASSKEYS}/sign-in"


async def creation(account: Account, **proof: str) -> dict[str, Any]:
    answer = await account.http.post(f"{PASSKEYS}/options", json={"password": account.password, **proof})
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()["public_key"]
    return options


def add(account: Account, credential: dict[str, Any], name: str = "Laptop") -> Any:
    return account.http.post(PASSKEYS, json={"name": name, "credential": credential})


async def added(account: Account, authenticator: Authenticator | None = None, **proof: str) -> Authenticator:
    made = authenticator or Authenticator()
    answer = await add(account, made.create(await creation(account, **proof)))
    assert answer.status_code == 201, answer.text
    return made


async def request(http: httpx.AsyncClient) -> dict[str, Any]:
    answer = await http.post(f"{SIGN_IN}/options")
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()["public_key"]
    return options


async def sign_in(http: httpx.AsyncClient, authenticator: Authenticator) -> httpx.Response:
    return await http.post(SIGN_IN, json={"credential": authenticator.get(await request(http))})


async def test_the_first_passkey_brings_recovery_codes(account: Account, browser: Browser) -> None:
    made = Authenticator()
    answer = await add(account, made.create(await creation(account)), "Ada's laptop")
    assert answer.status_code == 201, answer.text
    codes = answer.json()["recovery_codes"]
    assert len(codes) == 10
    assert (await add(account, Authenticator().create(await creation(account)))).json()["recovery_codes"] is None
    found = (await account.http.get(FACTORS)).json()
    assert [(p["name"], p["last_used_at"]) for p in found["passkeys"]] == [("Ada's laptop", None), ("Laptop", None)]
    assert found["recovery_codes_left"] == 10
    assert (await login(account, browser(), totp=codes[0])).status_code == 200


async def test_a_passkey_signs_in_without_a_name_or_password(account: Account, browser: Browser) -> None:
    made, http = await added(account), browser()
    for _ in range(2):
        answer = await sign_in(http, made)
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"user", "access_token", "token_type", "expires_in"}
        assert http.cookies[COOKIE]
        me = await http.get("/api/v1/auth/me", headers={"authorization": f"Bearer {answer.json()['access_token']}"})
        assert me.json()["user"]["email"] == account.email
    (passkey,) = (await account.http.get(FACTORS)).json()["passkeys"]
    assert passkey["last_used_at"]


async def test_options_say_nothing_about_anybody(account: Account, browser: Browser, sql: asyncpg.Connection) -> None:
    await added(account)
    options, other = await creation(account), await creation(account)
    assert options["user"] == other["user"]
    assert options["challenge"] != other["challenge"]
    assert options["rp"] == {"id": "go.test", "name": "go.test"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    assert len(options["excludeCredentials"]) == 1
    handle = decoded(options["user"]["id"])
    assert len(handle) == 32
    assert account.email.encode() not in handle
    asked = await request(browser())
    assert asked.pop("challenge") != (await request(account.http)).pop("challenge")
    assert asked == {"rpId": "go.test", "timeout": 300_000, "allowCredentials": [], "userVerification": "required"}


async def test_a_passkey_is_the_second_factor_after_a_password(account: Account, browser: Browser) -> None:
    made, http = await added(account), browser()
    problem(await login(account, http), 401, "passkey_required")
    problem(await login(account, http, totp="123456"), 401, "totp_invalid")
    answer = await login(account, http, passkey=made.get(await request(http)))
    assert answer.status_code == 200, answer.text


async def test_anothers_passkey_is_no_second_factor_of_mine(register: Register, browser: Browser) -> None:
    mine, theirs = await register(), await register()
    await added(mine)
    other = await added(theirs)
    http = browser()
    problem(await login(mine, http, passkey=other.get(await request(http))), 401, "passkey_invalid")


@pytest.mark.parametrize(
    "fault",
    [
        {"origin": "https://evil.test"},
        {"origin": "https://go.test"},
        {"rp": "evil.test"},
        {"verifies": False},
        {"crossed": True},
    ],
    ids=str,
)
async def test_what_was_made_elsewhere_or_unverified_is_refused(
    account: Account, browser: Browser, fault: dict[str, Any]
) -> None:
    problem(await add(account, Authenticator(**fault).create(await creation(account))), 400, "passkey_refused")
    made, http = await added(account), browser()
    for name, value in fault.items():
        setattr(made, name, value)
    problem(await sign_in(http, made), 401, "passkey_invalid")
    problem(await login(account, http, passkey=made.get(await request(http))), 401, "passkey_invalid")
    assert COOKIE not in http.cookies


async def test_a_challenge_counts_once(account: Account, browser: Browser) -> None:
    made, http = await added(account), browser()
    options = await request(http)
    given = made.get(options)
    assert (await http.post(SIGN_IN, json={"credential": given})).status_code == 200
    problem(await http.post(SIGN_IN, json={"credential": given}), 401, "passkey_invalid")
    problem(await http.post(SIGN_IN, json={"credential": made.get(options)}), 401, "passkey_invalid")
    # And so it does after a refusal.
    options = await request(http)
    made.verifies = False
    problem(await http.post(SIGN_IN, json={"credential": made.get(options)}), 401, "passkey_invalid")
    made.verifies = True
    problem(await http.post(SIGN_IN, json={"credential": made.get(options)}), 401, "passkey_invalid")
    options = await creation(account)
    assert (await add(account, Authenticator().create(options))).status_code == 201
    problem(await add(account, Authenticator().create(options)), 400, "passkey_refused")


async def test_of_fifty_parallel_answers_to_a_challenge_one_counts(account: Account, browser: Browser) -> None:
    made, http = await added(account), browser()
    options = await request(http)
    given = [made.get(options) for _ in range(50)]
    answers = await asyncio.gather(*(http.post(SIGN_IN, json={"credential": one}) for one in given))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 49}


async def test_a_challenge_is_for_its_purpose_person_and_five_minutes(
    register: Register, browser: Browser, sql: asyncpg.Connection
) -> None:
    mine, theirs = await register(), await register()
    made, http = await added(mine), browser()
    options = await creation(mine)
    problem(await add(theirs, Authenticator().create(options)), 400, "passkey_refused")
    crossed = {**await request(http), "challenge": (await creation(mine))["challenge"]}
    problem(await http.post(SIGN_IN, json={"credential": made.get(crossed)}), 401, "passkey_invalid")
    invented = {**await request(http), "challenge": encoded(secrets.token_bytes(32))}
    problem(await http.post(SIGN_IN, json={"credential": made.get(invented)}), 401, "passkey_invalid")
    late, latest = await request(http), await creation(mine)
    await sql.execute("update tickets set expires_at = now() where used_at is null")
    problem(await http.post(SIGN_IN, json={"credential": made.get(late)}), 401, "passkey_invalid")
    problem(await add(mine, Authenticator().create(latest)), 400, "passkey_refused")


async def test_a_count_that_goes_back_is_a_copys(account: Account, browser: Browser, sql: asyncpg.Connection) -> None:
    made, http = await added(account), browser()
    copied = copy.copy(made)
    assert (await sign_in(http, made)).status_code == 200
    problem(await sign_in(http, copied), 401, "passkey_invalid")
    made.count = 0
    made.counts = False
    problem(await sign_in(http, made), 401, "passkey_invalid")
    assert (await actions(account, sql))[-2:] == ["passkey_count_reversed"] * 2


async def test_an_authenticator_may_count_nothing(account: Account, browser: Browser) -> None:
    made, http = await added(account, Authenticator(counts=False)), browser()
    for _ in range(2):
        assert (await sign_in(http, made)).status_code == 200


async def test_a_passkey_is_known_once(register: Register, browser: Browser) -> None:
    mine, theirs = await register(), await register()
    made = await added(mine)
    stolen = Authenticator(credential=made.credential)
    problem(await add(theirs, stolen.create(await creation(theirs))), 409, "passkey_known")
    answer = await sign_in(browser(), made)
    assert answer.json()["user"]["email"] == mine.email


@pytest.mark.parametrize("handle", [b"", b"somebody else"])
async def test_who_the_authenticator_takes_its_owner_for_must_be_right(
    account: Account, browser: Browser, handle: bytes
) -> None:
    made = await added(account)
    made.handle = handle
    credential = made.get(await request(browser()))
    if not handle:
        del credential["response"]["userHandle"]
    problem(await browser().post(SIGN_IN, json={"credential": credential}), 401, "passkey_invalid")


@pytest.mark.parametrize(
    "ending", ["update users set disabled_at = now() where email = $1", "delete from users where email = $1"]
)
async def test_a_passkey_ends_with_its_owners_account(
    account: Account, browser: Browser, sql: asyncpg.Connection, ending: str
) -> None:
    made = await added(account)
    await sql.execute(ending, account.email)
    problem(await sign_in(browser(), made), 401, "passkey_invalid")


async def test_a_signature_by_another_key_is_refused(account: Account, browser: Browser) -> None:
    made, http = await added(account), browser()
    forger = Authenticator(credential=made.credential, handle=made.handle, count=made.count)
    problem(await sign_in(http, forger), 401, "passkey_invalid")


async def test_names_can_be_changed_and_passkeys_removed(register: Register, browser: Browser) -> None:
    account, stranger = await register(), await register()
    made = await added(account)
    passkey = (await account.http.get(FACTORS)).json()["passkeys"][0]["id"]
    for http in (stranger.http, browser()):
        refused = await http.patch(f"{PASSKEYS}/{passkey}", json={"name": "Mine"})
        assert refused.status_code == (404 if http is stranger.http else 401)
    renamed = await account.http.patch(f"{PASSKEYS}/{passkey}", json={"name": "Key in the drawer"})
    assert renamed.json()["name"] == "Key in the drawer"

    def remove(by: Account, **proof: str) -> Any:
        return by.http.request("DELETE", f"{PASSKEYS}/{passkey}", json=proof)

    problem(await remove(stranger, password=stranger.password), 404, "not_found")
    problem(await remove(account, password="wrong"), 403, "password_wrong")
    assert (await remove(account, password=account.password)).status_code == 204
    assert (await account.http.get(FACTORS)).json() == {"totp": None, "passkeys": [], "recovery_codes_left": 0}
    problem(await sign_in(browser(), made), 401, "passkey_invalid")
    problem(await remove(account, password=account.password), 404, "not_found")


async def test_a_session_of_before_changes_nothing_without_a_code(account: Account, browser: Browser) -> None:
    older = browser()
    answer = await login(account, older)
    older.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    made = Authenticator()
    codes = (await add(account, made.create(await creation(account)))).json()["recovery_codes"]
    given = {"password": account.password}
    for path in ("/api/v1/auth/totp", f"{PASSKEYS}/options", "/api/v1/auth/recovery-codes"):
        problem(await older.post(path, json=given), 403, "code_required")
    assert (await older.post(f"{PASSKEYS}/options", json={**given, "code": codes[0]})).status_code == 200


async def test_beside_an_app_a_passkey_needs_its_code(account: Account, sql: asyncpg.Connection) -> None:
    app, _ = await set_up(account, sql)
    answer = await account.http.post(f"{PASSKEYS}/options", json={"password": account.password})
    problem(answer, 403, "code_required")
    await added(account, code=app.now())
    assert await actions(account, sql) == ["factor_added", "factor_added"]


async def test_there_is_an_end_to_passkeys(account: Account, sql: asyncpg.Connection) -> None:
    await added(account)
    await sql.execute(
        """
        insert into passkeys (user_id, user_handle, credential_id, public_key, sign_count, name, created_at)
        select $1, '', sha256($2 || n::text::bytea), '', 0, n::text, now() from generate_series(1, 19) n
        """,
        await user_of(account, sql),
        account.email.encode(),
    )
    answer = await account.http.post(f"{PASSKEYS}/options", json={"password": account.password})
    problem(answer, 409, "too_many_passkeys")


async def test_a_key_that_nothing_could_be_verified_with_is_refused(account: Account) -> None:
    made = Authenticator()
    credential = made.create(await creation(account))
    raw = bytearray(decoded(credential["response"]["attestationObject"]))
    raw[-1] ^= 1  # the point is on the curve no more
    credential["response"]["attestationObject"] = encoded(bytes(raw))
    problem(await add(account, credential), 400, "passkey_refused")


@pytest.mark.parametrize("url", [f"{SIGN_IN}/options", SIGN_IN])
async def test_another_sites_page_can_not_sign_in(account: Account, browser: Browser, url: str) -> None:
    made, http = await added(account), browser()
    credential = made.get(await request(http))
    for headers in ({"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}, {"content-type": "text/plain"}):
        problem(await http.post(url, json={"credential": credential}, headers=headers), 403, "cross_site")


async def test_bytes_at_random_are_refused_and_break_nothing(account: Account, browser: Browser) -> None:
    chance = random.Random(7)  # a test's, repeatable
    made, http = await added(account), browser()
    for number in range(150):
        if number % 2:
            answer = await add(account, _spoilt(chance, Authenticator().create(await _fresh(account))))
            assert answer.status_code in {201, 400, 422}, answer.text
        else:
            answer = await http.post(SIGN_IN, json={"credential": _spoilt(chance, made.get(await request(http)))})
            assert answer.status_code in {401, 422}, answer.text


async def _fresh(account: Account) -> dict[str, Any]:
    """Make options without the password, which may not be sent so often."""
    me = (await account.http.get("/api/v1/auth/me")).json()["user"]
    async with db.session() as conn:
        return await factors.passkeys.begin(conn, me["id"], email=me["email"], now=datetime.now(UTC))


def _spoilt(chance: random.Random, credential: dict[str, Any]) -> dict[str, Any]:
    """Change, cut or replace the bytes of one member."""
    response = credential["response"]
    name = chance.choice([name for name, value in response.items() if isinstance(value, str)])
    raw = bytearray(decoded(response[name]))
    match chance.randrange(3):
        case 0:
            raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        case 1:
            del raw[chance.randrange(len(raw)) :]
        case _:
            raw = bytearray(chance.randbytes(chance.randrange(200)))
    response[name] = encoded(bytes(raw))
    return credential
