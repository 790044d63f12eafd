"""Guessing passwords: a few tries are answered, and the owner of the account that somebody guesses at still gets in."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from ginnel import devices, ingestion, passwords, postgres, redis, throttle, visits
from ginnel.errors import TooManyRequests, Unavailable
from ginnel.windows import Count, Window
from tests.conftest import Account

from .conftest import COOKIE, Told, problem

URL = "/api/v1/auth/login"
DEVICE = "ginnel_device"
GUESSES = 1000

Browser = Callable[[], httpx.AsyncClient]
Register = Callable[[], Awaitable[Account]]


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the passwords that hashes are computed of to be compared."""
    compared: list[str] = []
    real = passwords._HASHER.verify

    class Counted:
        def verify(self, kept: str, password: str) -> bool:
            compared.append(password)
            return real(kept, password)

        def __getattr__(self, name: str) -> Any:
            return getattr(_HASHER, name)

    monkeypatch.setattr(passwords, "_HASHER", Counted())
    return compared


_HASHER = passwords._HASHER


@pytest.fixture(params=[False, True], ids=["with Redis", "without"])
def away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param:

        async def call(*_: Any) -> None:
            raise redis.Away

        monkeypatch.setattr(redis, "call", call)
    return bool(request.param)


def somewhere() -> str:
    return ".".join(str(random.randrange(1, 255)) for _ in range(4))


async def test_a_thousand_guesses_from_everywhere_cost_few_hashes_and_keep_no_owner_out(
    account: Account, browser: Browser, hashes: list[str], capsys: pytest.CaptureFixture[str], *, away: bool
) -> None:
    owner, right = account.http, {"email": account.email, "password": account.password}
    statuses: dict[int, int] = {}
    entered = 0
    stranger = browser()
    for number in range(GUESSES):
        guess = {"email": account.email, "password": f"guess {number}"}
        answer = await stranger.post(URL, json=guess, headers={"x-forwarded-for": somewhere()})
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        if number % 200 == 199:
            entered += (await owner.post(URL, json=right)).status_code == 200
    guessed = sum(password.startswith("guess") for password in hashes)
    refused = await browser().post(URL, json=right)
    with capsys.disabled():
        print(
            f"\n  {GUESSES} guesses from as many addresses, {'without' if away else 'with'} Redis: {statuses}, ", end=""
        )
        print(f"{guessed} hashes; the owner's browser entered {entered} times of 5 meanwhile")
    assert guessed <= 100
    assert statuses.keys() == {401, 429}
    assert entered == 5
    problem(refused, 429, "too_many_requests")


async def test_guesses_at_all_accounts_from_one_address_are_counted_together(
    browser: Browser, hashes: list[str], told: Told, *, away: bool
) -> None:
    told(login_tries_address=12)
    place = {"x-forwarded-for": f"192.0.2.{random.randrange(256)}"}
    for number in range(30):
        wanted = {"email": f"{secrets.token_hex(6)}@example.com", "password": "a guess"}
        answer = await browser().post(URL, json=wanted, headers=place)
        assert answer.status_code == (401 if number < 12 else 429)
    assert len(hashes) == 24


async def test_a_thousand_accounts_guessed_at_from_one_address_cost_a_hundred_hashes(
    browser: Browser, hashes: list[str], told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    told(login_tries_address="")  # the default
    place = {"x-forwarded-for": f"2001:db8:{secrets.token_hex(2)}:1::7"}
    http = browser()
    for number in range(GUESSES):
        await http.post(URL, json={"email": f"{number}@example.org", "password": "a guess"}, headers=place)
    with capsys.disabled():
        print(f"\n  {GUESSES} guesses at as many accounts from one address: {len(hashes)} hashes")
    assert len(hashes) <= 100


async def test_what_a_client_says_of_its_address_changes_nothing(
    browser: Browser, hashes: list[str], told: Told
) -> None:
    told(login_tries_address=10)
    real = f"198.51.100.{random.randrange(256)}"
    for number in range(GUESSES):
        headers = {
            "x-forwarded-for": f"{somewhere()}, {real}",
            "x-real-ip": somewhere(),
            "forwarded": f"for={somewhere()}",
        }
        wanted = {"email": f"{number}@example.com", "password": "a guess"}
        answer = await browser().post(URL, json=wanted, headers=headers)
        assert answer.status_code == (401 if number < 10 else 429)
    assert len(hashes) == 20


async def test_of_fifty_guesses_at_once_ten_are_answered(
    account: Account, browser: Browser, hashes: list[str], *, away: bool
) -> None:
    wrong = {"email": account.email, "password": "a guess"}
    answers = await asyncio.gather(*(browser().post(URL, json=wrong) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 40
    assert len(hashes) == 20


async def test_a_remembered_browser_has_tries_of_its_own_and_no_more(account: Account, hashes: list[str]) -> None:
    del account.http.headers["authorization"]
    wrong = {"email": account.email, "password": "a guess"}
    answers = [(await account.http.post(URL, json=wrong)).status_code for _ in range(12)]
    assert answers == [401] * 10 + [429] * 2


async def test_who_knows_the_password_signs_in_as_often_as_they_like(
    account: Account, browser: Browser, *, away: bool
) -> None:
    right = {"email": account.email, "password": account.password}
    program = [(await browser().post(URL, json=right)).status_code for _ in range(60)]
    assert program == [200] * 60
    own = [(await account.http.post(URL, json=right)).status_code for _ in range(20)]
    assert own == [200] * 20
    # Guesses count as ever, whatever comes between them.
    wrong, answers = right | {"password": "a guess"}, []
    for number in range(20):
        answers.append((await browser().post(URL, json=wrong)).status_code)
        if number % 3 == 0 and number < 9:
            assert (await browser().post(URL, json=right)).status_code == 200
    assert answers == [401] * 10 + [429] * 10


async def test_what_is_given_back_is_no_more_than_was_spent(*, away: bool) -> None:
    name = secrets.token_hex(8)
    tried = await throttle.check(name, limit=3, seconds=600)
    for _ in range(3):
        await throttle.give_back(tried, run=postgres.run)
    assert [await throttle.spend(name, limit=3, seconds=600) for _ in range(4)] == [True] * 3 + [False]


async def test_a_device_is_good_for_its_own_account_only(
    register: Register, browser: Browser, hashes: list[str]
) -> None:
    victim, thief = await register(), await register()
    for number in range(20):
        wanted = {"email": victim.email, "password": f"guess {number}"}
        answer = await thief.http.post(URL, json=wanted)
        assert answer.status_code == (401 if number < 10 else 429)
    # Nor does claiming the victim's address help: such a device tries the claimant's own password alone.
    claimant = browser()
    claim = {"email": victim.email, "password": "a password of the thief's"}
    assert (await claimant.post("/api/v1/auth/register", json=claim)).status_code == 201
    hashes.clear()
    answer = await claimant.post(URL, json={"email": victim.email, "password": victim.password})
    problem(answer, 401, "credentials_invalid")
    assert len(hashes) == 2
    assert (await claimant.post(URL, json=claim)).status_code == 200


async def test_a_device_is_kept_while_it_is_used(account: Account, sql: asyncpg.Connection) -> None:
    right = {"email": account.email, "password": account.password}
    device = account.http.cookies[DEVICE]
    await account.http.post(URL, json=right)
    assert account.http.cookies[DEVICE] == device
    await sql.execute(
        "update devices set expires_at = now() where user_id = (select id from users where email = $1)", account.email
    )
    await account.http.post(URL, json=right)
    assert account.http.cookies[DEVICE] != device


async def test_so_many_devices_are_remembered(
    account: Account, browser: Browser, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "MOST", 3)
    for _ in range(5):
        await browser().post(URL, json={"email": account.email, "password": account.password})
    kept = "select count(*) from devices join users on users.id = user_id where email = $1"
    assert await sql.fetchval(kept, account.email) == 3


@pytest.mark.parametrize("ending", ["/sessions/{session}", "/sessions?current=true"])
async def test_a_device_is_forgotten_with_its_session(
    account: Account, browser: Browser, sql: asyncpg.Connection, ending: str
) -> None:
    right = {"email": account.email, "password": account.password}
    for _ in range(10):
        await browser().post(URL, json={"email": account.email, "password": "a guess"})
    assert (await account.http.post(URL, json=right)).status_code == 200
    (newest, *_) = (await account.http.get("/api/v1/auth/sessions")).json()["items"]
    path = ending.format(session=newest["id"])
    assert (await account.http.delete(f"/api/v1/auth{path}")).status_code == 204
    problem(await account.http.post(URL, json=right), 429, "too_many_requests")


async def test_signing_out_leaves_the_device_known(account: Account, browser: Browser) -> None:
    await account.http.post("/api/v1/auth/logout")
    assert COOKIE not in account.http.cookies
    for _ in range(10):
        await browser().post(URL, json={"email": account.email, "password": "a guess"})
    right = {"email": account.email, "password": account.password}
    assert (await account.http.post(URL, json=right)).status_code == 200


# The window


async def test_over_time_so_many_tries_a_window_are_allowed(monkeypatch: pytest.MonkeyPatch, *, away: bool) -> None:
    clock = 1_000_000_000.0
    monkeypatch.setattr(time, "time", lambda: clock)
    name, taken = secrets.token_hex(8), []
    for _ in range(400):
        clock += random.uniform(0, 8)
        if await throttle.spend(name, limit=7, seconds=60):
            taken.append(clock)
    # Those of the window before may have come late in it.
    assert max(sum(end - 60 < moment <= end for moment in taken) for end in taken) < 2 * 7
    assert len(taken) >= 0.7 * 7 * (taken[-1] - taken[0]) / 60
    assert len(taken) <= 7 * ((taken[-1] - taken[0]) / 60 + 2)


@given(
    limit=some.integers(1, 50),
    tries=some.integers(0, 50),
    before=some.integers(0, 50),
    gone=some.floats(0, 1, exclude_max=True),
)
def test_who_waits_as_long_as_they_are_told_is_let_in(limit: int, tries: int, before: int, gone: float) -> None:
    tries, before = min(tries, limit), min(before, limit)
    window = Window(number=7, seconds=600, gone=gone)
    count = Count(allowed=False, tries=tries, before=before, limit=limit, window=window)
    then = Window.at((7 + gone) * 600 + count.wait + 1e-6, 600)
    here, earlier = (tries, before) if then.number == 7 else (0, tries) if then.number == 8 else (0, 0)
    assert here + 1 + earlier * (1 - then.gone) <= limit + 1e-6
    assert count.wait <= 1200


async def test_who_comes_too_soon_loses_nothing_by_it(monkeypatch: pytest.MonkeyPatch, *, away: bool) -> None:
    clock = 1_000_000_000.0
    monkeypatch.setattr(time, "time", lambda: clock)
    name = secrets.token_hex(8)
    for _ in range(3):
        await throttle.check(name, limit=3, seconds=60)
    with pytest.raises(TooManyRequests) as refused:
        await throttle.check(name, limit=3, seconds=60)
    for _ in range(50):
        assert not await throttle.spend(name, limit=3, seconds=60)
    clock += int(refused.value.headers["retry-after"])
    assert await throttle.spend(name, limit=3, seconds=60)


async def test_no_address_is_kept_where_tries_are_counted(
    sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"login:as:{secrets.token_hex(6)}@example.com"
    assert await throttle.spend(name, limit=3, seconds=60)
    found = await redis.each(lambda client: client.keys("*tries:*"))
    assert found
    assert not any(b"@" in key for keys in found for key in keys)


async def test_tries_that_are_long_past_are_swept_away(sql: asyncpg.Connection) -> None:
    await sql.execute("insert into tries values ('old', now() - interval '3 days', 1), ('new', now(), 1)")
    await ingestion.tend(sql, datetime.now(UTC))
    assert await sql.fetchval(
        "select array_agg(convert_from(name, 'utf8')) from tries where name in ('old', 'new')"
    ) == ["new"]
    await sql.execute("delete from tries where name = 'new'")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2:ffff::", "2001:db8:1:2::/64"), ("", ""), ("unknown", ""), ("1.2.3", ""), ("fe80::1%eth0", "fe80::/64"),
    ],
)  # fmt: skip
def test_one_subscriber_is_one_place(address: str, network: str) -> None:
    assert visits.network(address.encode()) == network


async def test_without_either_store_nobody_may_try(monkeypatch: pytest.MonkeyPatch) -> None:
    async def call(*_: Any) -> None:
        raise redis.Away

    async def run(*_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(redis, "call", call)
    with pytest.raises(Unavailable):
        await throttle.check("anything", limit=3, seconds=60, run=run)  # type: ignore[arg-type]  # it answers nobody
