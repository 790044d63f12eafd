"""Each function's image under Lambda's emulator, and its package in SAM's own containers, beside the running system."""

from __future__ import annotations

import importlib
import json
import os
import platform
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import sam
from tests.containers.composed import ROOT, Composed, docker
from tests.e2e import running
from tests.e2e.test_journey import api, call

pytestmark = pytest.mark.containers

template = importlib.import_module("tests.lambda.template")  # a package of that name can't be imported otherwise

# What each function is handed, and what it must answer: a status, or a whole answer.
EVENTS: dict[str, tuple[str, Any]] = {
    "redirect": ("redirect_get", 302),
    "auth": ("auth_login", 200),
    "links": ("links_create", 201),
    "clicks": ("scheduled", {"stored": 0}),
    "webhooks": ("scheduled", {"sent": 0}),
}
BUILD = ROOT / ".aws-sam/here/build"
TOOLS = ROOT / ".venv-sam"


def test_there_is_an_event_for_every_function() -> None:
    # A deployment's own answers to an address that CloudFormation gives; tests/lambda/test_migrate.py has one.
    assert EVENTS.keys() == template.FUNCTIONS.keys() - {"migrate"}


def expect(name: str, answer: dict[str, Any]) -> None:
    wanted = EVENTS[name][1]
    assert (answer.get("statusCode") if isinstance(wanted, int) else answer) == wanted, answer


@pytest.fixture(scope="module")
def emulator() -> Path:
    architecture = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    found = sorted(TOOLS.glob(f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}"))
    if not found:
        pytest.skip("make build brings the emulator")
    return found[0]


@pytest.mark.parametrize("name", EVENTS)
def test_an_image_answers_under_the_emulator(live: Composed, emulator: Path, name: str) -> None:
    image, handler = f"ginnel-{name}-function:test", template.FUNCTIONS[name]["Handler"]
    arguments = ("--build-arg", f"FUNCTION={name}", "--build-arg", f"HANDLER={handler}")
    docker("build", "-q", "-t", image, *arguments, "-f", "local/docker/function/Dockerfile", ".", cwd=ROOT)
    with started(live, image, emulator) as url:
        # Every other start finds a process that has answered before.
        for _ in range(2):
            event = sam.load(EVENTS[name][0], f"http://localhost:{live.port}", {})
            answer = httpx.post(f"{url}/2015-03-31/functions/function/invocations", json=event, timeout=60)
            expect(name, answer.json())


@contextmanager
def started(live: Composed, image: str, emulator: Path) -> Iterator[str]:
    port = running.free_port()
    given = {
        "BASE_URL": f"http://localhost:{live.port}",
        "DATABASE_URL": live.secret("database-url"),
        "REDIS_URL": live.secret("redis-url"),
        "JWT_KEYS": live.secret("jwt-keys"),
        "DATABASE_POOL": "1",
    }
    entry = json.loads(docker("inspect", "--format", "{{json .Config.Entrypoint}}", image))
    container = docker(
        *(
            "run",
            "--detach",
            "--read-only",
            "--tmpfs",
            "/tmp",
            "--cap-drop",
            "ALL",
            "--network",
            f"{live.project}_outside",
        ),
        *("--publish", f"127.0.0.1:{port}:8080", "--volume", f"{emulator}:/emulator:ro", "--entrypoint", "/emulator"),
        *(part for name in given for part in ("--env", name)),
        *(image, *entry),
        env=os.environ | given,
    )
    try:
        docker("network", "connect", f"{live.project}_stores", container)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while not _listens(url):
            assert time.monotonic() < deadline, docker("logs", container, check=False)
            time.sleep(0.1)
        yield url
    finally:
        docker("rm", "--force", container)


def _listens(url: str) -> bool:
    try:
        httpx.get(url, timeout=5)
    except httpx.TransportError:
        return False
    return True


def sam_command(live: Composed, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Return what `make sam-…` runs once the packages are built, and its environment: of the tests' own system."""
    if not (BUILD / "template.yaml").exists():
        pytest.skip("nothing is built for this machine: make test-containers builds it")
    (pyc,) = {path.suffixes[-2] for path in (BUILD / "CommonLayer").rglob("settings.*.pyc")}
    runtime = f"python3.{pyc.removeprefix('.cpython-3')}"
    architecture = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    built = ("--build", str(BUILD), "--runtime", runtime, "--architecture", architecture)
    command = [str(ROOT / ".venv/bin/python"), "-m", "local.sam", *arguments, *built]
    return command, {**live.environment, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}


@pytest.mark.parametrize("name", EVENTS)
def test_sam_invokes_a_function(live: Composed, name: str) -> None:
    command, environment = sam_command(live, "invoke", f"{name.capitalize()}Function", EVENTS[name][0])
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    # A metric may be printed before the answer, which is the last line.
    expect(name, json.loads(done.stdout.strip().splitlines()[-1]))


def test_sam_serves_the_journeys_first_steps(live: Composed, tmp_path: Path) -> None:
    port = running.free_port()
    base = f"http://127.0.0.1:{port}"
    command, environment = sam_command(live, "api", "--port", str(port))
    log = tmp_path / "sam.log"
    with log.open("w") as output:
        serving = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 120
        while not _listens(base):
            assert serving.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        person = {"email": f"sam-{port}@example.com", "password": "a long enough password"}
        assert api("POST", f"{base}/api/v1/auth/register", person)["user"]["email"] == person["email"]
        bearer = f"Bearer {api('POST', f'{base}/api/v1/auth/login', person)['access_token']}"
        link = api("POST", f"{base}/api/v1/links", {"target": "https://example.com/a?b=c#d"}, Authorization=bearer)
        status, headers, _ = call("GET", f"{base}/{link['slug']}", Host="localhost")
        assert (status, headers["location"]) == (302, "https://example.com/a?b=c#d")
        # What SAM's containers have written down, the system's own worker stores.
        deadline = time.monotonic() + 20
        while True:
            summary = api("GET", f"{base}/api/v1/stats/summary?link={link['id']}", Authorization=bearer)
            if summary["clicks"] + summary["bots"]:
                break
            assert time.monotonic() < deadline, summary
            time.sleep(0.5)
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(60)
