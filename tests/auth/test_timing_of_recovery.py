"""Who has an account can't be told by how long it takes to ask for a mail."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests import timing
from tests.conftest import Account, anywhere

# As many as all rounds may want.
SAMPLES = timing.SAMPLES * timing.ROUNDS


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/api/v1/auth/forgot", "/api/v1/auth/verify/resend"])
async def test_known_and_unknown_addresses_take_as_long(
    path: str,
    register: Callable[[], Awaitable[Account]],
    browser: Callable[[], httpx.AsyncClient],
    capsys: pytest.CaptureFixture[str],
) -> None:
    # As many mails as an address may ask for: so each is asked about a few times.
    accounts = itertools.cycle([(await register()).email for _ in range(SAMPLES // 4 + 1)])
    http = browser()
    answers: dict[str, list[httpx.Response]] = {"known": [], "unknown": []}
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for number in range(2 * SAMPLES):
        kind = ("known", "unknown")[number % 2]
        email = next(accounts) if kind == "known" else f"{secrets.token_hex(6)}@example.com"
        headers = anywhere()

        async def act(email: str = email, kind: str = kind, headers: dict[str, str] = headers) -> None:
            answers[kind].append(await http.post(path, json={"email": email}, headers=headers))

        times[kind].append(await timing.took(act))
        if timing.enough(*times.values()):
            break
    auc = timing.auc(times["known"], times["unknown"])
    with capsys.disabled():
        print(f"\n  {path}: AUC {auc:.3f} of {len(times['known'])} interleaved samples each")
    assert {(it.status_code, it.content) for each in answers.values() for it in each} == {(202, b"")}
    assert timing.tells_nothing(*times.values()), auc
