"""What answers tell of whether an address is known: nothing, neither by what they say nor by how long they take."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests import timing
from tests.conftest import Account, anywhere

from .conftest import Told

pytestmark = pytest.mark.slow

# As many as all rounds may want.
SAMPLES = timing.SAMPLES * timing.ROUNDS
PASSWORD = "a rather long password"

Browser = Callable[[], httpx.AsyncClient]
Register = Callable[[], Awaitable[Account]]
Ask = Callable[[str], Awaitable[httpx.Response]]


def masked(answer: httpx.Response, email: str) -> tuple[int, bytes, dict[str, str]]:
    """Return an answer without what is drawn or counted, and so is never the same twice."""
    body = answer.text.replace(email, "EMAIL")
    body = re.sub(r'("id":)\d+', r"\1ID", body)
    body = re.sub(r'("request_id":")\w+', r"\1ID", body)
    body = re.sub(r'("access_token":")[^"]+', r"\1TOKEN", body)
    body = re.sub(r'("created_at":")[^"]+', r"\1TIME", body)
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "ratelimit"}}
    headers["content-length"] = headers["content-length"].strip("0123456789")
    headers["set-cookie"] = re.sub(r"=[\w-]{43};", "=SECRET;", headers.get("set-cookie", ""))
    return answer.status_code, body.encode(), headers


async def compare(
    name: str, ask: Ask, known: list[str], unknown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    times: tuple[list[float], list[float]] = ([], [])
    seen = set()

    async def one(email: str) -> None:
        answer = await ask(email)
        status, body, headers = masked(answer, email)
        seen.add((status, body, json.dumps(headers, sort_keys=True)))

    for pair in zip(known, unknown, strict=True):
        # In turns, and each first as often as the other.
        order = (0, 1) if secrets.randbits(1) else (1, 0)
        for which in order:
            email = pair[which]

            async def act(email: str = email) -> None:
                await one(email)

            times[which].append(await timing.took(act))
        if timing.enough(*times):
            break
    found = timing.auc(*times)
    with capsys.disabled():
        print(
            f"\n  {name}: {len(times[0])} known and unknown addresses in turn, AUC {found:.3f}, {len(seen)} kind of answer"
        )
    assert len(seen) == 1
    assert timing.tells_nothing(*times), found


async def addresses(browser: Browser, number: int) -> list[str]:
    made = [f"{secrets.token_hex(8)}@example.com" for _ in range(number)]
    for email in made:
        answer = await browser().post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 201
    return made


async def test_log_in_does_not_tell_who_has_an_account(browser: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    # A few tries each: no account is throttled meanwhile.
    known = await addresses(browser, SAMPLES // 5) * 5
    unknown = [f"{secrets.token_hex(8)}@example.com" for _ in range(SAMPLES // 5)] * 5
    http = browser()

    async def ask(email: str) -> httpx.Response:
        return await http.post("/api/v1/auth/login", json={"email": email, "password": "something else"})

    await compare("log-in", ask, known, unknown, capsys)


async def test_registering_does_not_tell_who_has_an_account(
    browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    # Each in turn is claimed a second, a third and a fourth time.
    known = await addresses(browser, SAMPLES // 3) * 3
    unknown = [f"{secrets.token_hex(8)}@example.com" for _ in range(SAMPLES)]

    async def ask(email: str) -> httpx.Response:
        http = browser()
        answer = await http.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
        await http.aclose()
        return answer

    await compare("register", ask, known, unknown, capsys)


async def test_a_guest_who_registers_does_not_learn_it_either(
    browser: Browser, capsys: pytest.CaptureFixture[str], told: Told
) -> None:
    told(guests_total=1_000_000)
    known = await addresses(browser, SAMPLES // 3) * 3
    unknown = [f"{secrets.token_hex(8)}@example.com" for _ in range(SAMPLES)]
    tokens = []
    for _ in range(2 * SAMPLES):
        begun = await browser().post("/api/v1/auth/guest", headers=anywhere())
        tokens.append(begun.json()["access_token"])

    async def ask(email: str) -> httpx.Response:
        http = browser()
        headers = {"authorization": f"Bearer {tokens.pop()}"}
        answer = await http.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD}, headers=headers)
        await http.aclose()
        return answer

    await compare("register as a guest", ask, known, unknown, capsys)


async def test_a_throttled_address_does_not_tell_either(browser: Browser, register: Register) -> None:
    account = await register()
    answers = set()
    for email in (account.email, f"{secrets.token_hex(6)}@example.com"):
        for _ in range(11):
            answer = await browser().post("/api/v1/auth/login", json={"email": email, "password": "something else"})
        assert answer.status_code == 429
        status, body, headers = masked(answer, email)
        assert 0 < int(headers.pop("retry-after")) <= 660
        answers.add((status, body, json.dumps(headers)))
    assert len(answers) == 1
