"""Keys for access tokens are changed in Secrets Manager while functions run: no deployment, and nobody is refused."""

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
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from ginnel import jwks

from . import events, template
from .conftest import Function, declared, running
from .connected import Answer, Stores

RATE = 50
SECONDS = 14
AFTER = "3"
"""Seconds from a rotation to the new key's first signature; functions look each second here, and else all five minutes."""


@dataclass
class Manager:
    """Secrets Manager's stand-in, with the secret that the functions were deployed with."""

    client: Any
    environment: Mapping[str, str]
    secret: str
    deployed: str

    def variables(self, function: str) -> dict[str, str]:
        keys = {"JWT_KEYS": self.deployed, "JWT_KEYS_SECRET": self.secret, "JWT_KEYS_SECONDS": "1"}
        return {**declared(function), **keys, **self.environment}

    async def rotate(self, *options: str) -> str:
        def run() -> str:
            command = [sys.executable, "-m", "local.rotate", "--secret", self.secret, *options]
            paths = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
            paths["PYTHONPATH"] = "functions:layers/common/python:."
            return subprocess.check_output(command, cwd=template.ROOT, env={**paths, **self.environment}, text=True)

        return await asyncio.to_thread(run)


@pytest.fixture
def manager() -> Iterator[Manager]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "stand-in",
        "AWS_SECRET_ACCESS_KEY": "stand-in",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        import boto3  # noqa: PLC0415  # half a second that other tests do without

        client = boto3.client("secretsmanager")
    # A set of one, as Secrets Manager draws it.
    deployed = json.dumps(jwks.drawn())
    name = client.create_secret(Name=secrets.token_hex(4), SecretString=deployed)["ARN"]
    yield Manager(client, environment, name, deployed)
    server.stop()


Start = Callable[[str], AbstractAsyncContextManager[Function]]


@pytest.fixture
def start(manager: Manager, stores: Stores) -> Start:
    return lambda name: running(name, stores, manager.variables(name))


@pytest.fixture
async def fleet(start: Start) -> AsyncIterator[list[Function]]:
    async with AsyncExitStack() as stack:
        names = ("auth", "auth", "links", "links")
        yield list(await asyncio.gather(*(stack.enter_async_context(start(name)) for name in names)))


@dataclass
class Person:
    tokens: list[str] = field(default_factory=list)
    cookie: str = ""
    signers: list[str] = field(default_factory=list)

    def keep(self, answer: Answer) -> None:
        assert answer.get("statusCode") in {200, 201}, answer
        self.cookie = answer["cookies"][0].partition(";")[0]
        self.tokens.append(json.loads(answer["body"])["access_token"])
        kid = json.loads(base64.urlsafe_b64decode(self.tokens[-1].partition(".")[0] + "=="))["kid"]
        if kid not in self.signers[-1:]:
            self.signers.append(kid)


async def registered(auth: Function) -> Person:
    person = Person()
    draft = {"email": f"{secrets.token_hex(6)}@example.com", "password": secrets.token_urlsafe(12)}
    person.keep(await auth.exchange(events.load("auth_register", **draft)))
    return person


def asked(function: Function, token: str) -> events.Event:
    return events.load({"auth": "auth_me", "links": "links_find_all"}[function.name], token=token)


@pytest.mark.slow
async def test_keys_are_rotated_twice_and_nobody_is_refused(
    manager: Manager, fleet: list[Function], capsys: pytest.CaptureFixture[str]
) -> None:
    person = await registered(fleet[0])
    answers: Counter[Any] = Counter()
    rotations = [1.0, 6.0]
    rotating: list[asyncio.Task[str]] = []
    begun = time.monotonic()

    async def traffic(function: Function, number: int) -> None:
        """Send one environment its share: it serves one event at a time."""
        share = len(fleet)
        for turn in range(number, SECONDS * RATE, share):
            await asyncio.sleep(max(0.0, begun + turn / RATE - time.monotonic()))
            token = person.tokens[-1] if turn % 3 else person.tokens[turn % len(person.tokens)]
            answer = await function.exchange(asked(function, token))
            answers[answer.get("statusCode", answer.get("errorType"))] += 1
            if function.name == "auth" and turn % 8 == 4 * number:
                person.keep(await function.exchange(events.load("auth_refresh", cookie=person.cookie)))

    async def rotation(at: float) -> None:
        await asyncio.sleep(max(0.0, begun + at - time.monotonic()))
        rotating.append(asyncio.create_task(manager.rotate("--after", AFTER)))

    await asyncio.gather(*(traffic(it, number) for number, it in enumerate(fleet)), *map(rotation, rotations))
    await asyncio.gather(*rotating)
    seconds = time.monotonic() - begun
    with capsys.disabled():
        print(f"\n  2 rotations in Secrets Manager, {len(fleet)} environments, {len(person.tokens)} tokens by ", end="")
        print(f"{len(person.signers)} keys, {sum(answers.values()) / seconds:.0f} requests/s: {dict(answers)}")
    assert set(answers) == {200}
    assert len(person.signers) == len(set(person.signers)) == 3


async def test_an_environment_that_starts_long_after_a_rotation_signs_and_verifies_by_the_new_keys(
    manager: Manager, start: Start
) -> None:
    await manager.rotate("--at-once")  # the deployment's key is of no use any more
    async with start("auth") as auth, start("links") as links:
        person = await registered(auth)
        assert person.signers != [json.loads(manager.deployed)["kid"]]
        for function in (links, auth):
            assert (await function.exchange(asked(function, person.tokens[0])))["statusCode"] == 200


async def test_who_only_verifies_does_not_import_what_is_slow_while_the_keys_in_hand_do(
    manager: Manager, fleet: list[Function]
) -> None:
    person = await registered(fleet[0])
    links = fleet[2]
    assert (await links.exchange(asked(links, person.tokens[0])))["statusCode"] == 200
    modules = await _modules(links)
    assert not {"boto3", "aws_lambda_powertools"} & modules
    assert "boto3" in await _modules(fleet[0])


async def test_while_secrets_manager_is_away_the_keys_in_hand_go_on(manager: Manager, start: Start) -> None:
    manager.client.delete_secret(SecretId=manager.secret)
    async with start("auth") as auth, start("links") as links:
        person = await registered(auth)
        for function in (links, auth):
            assert (await function.exchange(asked(function, person.tokens[0])))["statusCode"] == 200
        assert "keys_unread" in auth.said()


async def _modules(function: Function) -> set[str]:
    answer = await function.exchange({"modules": True})
    return set(answer["modules"])
