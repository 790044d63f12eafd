"""Keys for access tokens are changed while three hosts answer: nobody who is signed in is told that they are not."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from local import credentials
from tests.e2e import running
from tests.faults.conftest import Tell
from tests.faults.scale import scaled

pytestmark = pytest.mark.faults

HOSTS = 3
RATE = 50
"""Requests a second."""
AFTER = 3.0
"""Seconds from a rotation to the new key's first signature; in life it is a minute."""


@contextmanager
def _host(keys: Path, log: Path) -> Iterator[str]:
    port = running.free_port()
    env = running.environment(
        **{name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")},
        BASE_URL="http://go.test",
        DATABASE_POOL="4",
        JWT_KEYS_FILE=str(keys),
    )
    command = [sys.executable, "-m", "local.container", "host", "--address", "127.0.0.1", "--port", str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=running.ROOT, env=env, stdout=output, stderr=output)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
async def hosts(tmp_path: Path) -> AsyncIterator[list[httpx.AsyncClient]]:
    keys = tmp_path / "jwt-keys"
    credentials.keep(keys, credentials.signing_keys)
    with ExitStack() as stack:
        bases = [stack.enter_context(_host(keys, tmp_path / f"{number}.log")) for number in range(HOSTS)]
        clients = [httpx.AsyncClient(base_url=base, timeout=30) for base in bases]
        deadline = time.monotonic() + 60
        for client in clients:
            while not await _alive(client):
                assert time.monotonic() < deadline, f"not up: see the logs in {tmp_path}"
                await asyncio.sleep(0.1)
        yield clients
        for client in clients:
            await client.aclose()


async def _alive(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/robots.txt")).status_code == 200
    except httpx.TransportError:
        return False


class People:
    """Somebody who is signed in, whose refreshes and calls go to one host after another."""

    def __init__(self, hosts: list[httpx.AsyncClient]) -> None:
        self.hosts = hosts
        self.tokens: list[str] = []
        self.cookie = ""
        self.answers: Counter[tuple[str, int]] = Counter()
        self.signers: list[str] = []

    async def register(self) -> None:
        person = {"email": f"{secrets.token_hex(6)}@example.com", "password": secrets.token_urlsafe(12)}
        self._keep(await self.hosts[0].post("/api/v1/auth/register", json=person))

    async def refresh(self, number: int) -> None:
        answer = await self.hosts[number % HOSTS].post("/api/v1/auth/refresh", headers={"cookie": self.cookie})
        self.answers["refresh", answer.status_code] += 1
        self._keep(answer)

    async def call(self, number: int) -> None:
        """Ask with one of the tokens, the newest and the oldest among them."""
        token = self.tokens[-1] if number % 2 else self.tokens[number % len(self.tokens)]
        path = ("/api/v1/auth/me", "/api/v1/links")[number % 2]
        headers = {"authorization": f"Bearer {token}"}
        answer = await self.hosts[number % HOSTS].get(path, headers=headers)
        self.answers["call", answer.status_code] += 1

    def _keep(self, answer: httpx.Response) -> None:
        assert answer.status_code in {200, 201}, answer.text
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        self.tokens.append(answer.json()["access_token"])
        header = self.tokens[-1].partition(".")[0]
        kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
        if kid not in self.signers[-1:]:
            self.signers.append(kid)


def _rotate(keys: Path, *options: str) -> str:
    command = [sys.executable, "-m", "local.rotate", "--file", str(keys), *options]
    return subprocess.check_output(command, cwd=running.ROOT, env=running.environment(), text=True)


async def test_keys_are_rotated_twice_and_nobody_is_refused(
    hosts: list[httpx.AsyncClient], tmp_path: Path, tell: Tell
) -> None:
    people = People(hosts)
    await people.register()
    seconds, rounds = scaled((60, 6), otherwise=(15, 2))
    rotations = [2.0 + number * (seconds - 2) / rounds for number in range(rounds)]
    tasks: set[asyncio.Task[None]] = set()
    refreshing: asyncio.Task[None] | None = None
    begun = time.monotonic()
    for number in range(seconds * RATE):
        await asyncio.sleep(max(0.0, begun + number / RATE - time.monotonic()))
        if rotations and time.monotonic() - begun >= rotations[0]:
            rotations.pop(0)
            tasks.add(asyncio.create_task(_rotated(tmp_path / "jwt-keys")))
        if number % 10 == 0 and (refreshing is None or refreshing.done()):
            refreshing = asyncio.create_task(people.refresh(number // 10))
            tasks.add(refreshing)
        tasks.add(asyncio.create_task(people.call(number)))
    await asyncio.gather(*tasks)
    told = ", ".join(f"{count} {what} {status}" for (what, status), count in sorted(people.answers.items()))
    tell(f"Rotation: {len(people.signers) - 1} changes of keys at {RATE} requests/s to {HOSTS} hosts: {told}")
    assert {status for _, status in people.answers} == {200}
    # Each host turned to each new key, none went back.
    assert len(people.signers) == rounds + 1
    assert len(set(people.signers)) == rounds + 1


async def _rotated(keys: Path) -> None:
    await asyncio.to_thread(_rotate, keys, "--after", str(AFTER))


async def test_stolen_keys_are_of_no_use_a_second_later_and_whoever_is_signed_in_goes_on(
    hosts: list[httpx.AsyncClient], tmp_path: Path
) -> None:
    people = People(hosts)
    await people.register()
    for number in range(2 * HOSTS):
        await people.call(number)
    assert people.answers == {("call", 200): 2 * HOSTS}
    assert "signs as soon as it is read" in _rotate(tmp_path / "jwt-keys", "--at-once")
    await asyncio.sleep(1.1)
    for number in range(2 * HOSTS):
        await people.call(number)
    assert people.answers["call", 401] == 2 * HOSTS
    await people.refresh(0)
    people.tokens[:-1] = []
    for number in range(2 * HOSTS):
        await people.call(number)
    assert people.answers == {("call", 200): 4 * HOSTS, ("call", 401): 2 * HOSTS, ("refresh", 200): 1}
