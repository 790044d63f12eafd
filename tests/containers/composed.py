"""The system that docker-compose.yml describes, under a name, a port and image tags of the tests' own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from tests.e2e import running

ROOT = Path(__file__).parents[2]
SERVICES = ("front", "redirect", "api", "worker", "postgres", "redis")
"""Those that keep running."""
IMAGES = {name: f"ginnel-{name}:test" for name in SERVICES}
_SECONDS = 180
_SETTINGS = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_BUILDKIT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@cache
def missing() -> str | None:
    """Return what it takes to run containers and is not here; None if everything is."""
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return "no Docker engine answers"
    return None if _compose() else "there is no Docker Compose"


@cache
def _compose() -> tuple[str, ...]:
    for command in (("docker", "compose"), ("docker-compose",)):
        if (
            shutil.which(command[0])
            and not subprocess.run([*command, "version"], capture_output=True, check=False).returncode
        ):
            return command
    return ()


def docker(*arguments: str, check: bool = True, **options: Any) -> str:
    """Run a command and return what it says; with check=False, also what it complains of."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, **options
    )
    if check:
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    return (done.stdout + done.stderr).strip()


def inspect(container: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("inspect", container))[0]
    return found


@dataclass(frozen=True)
class Composed:
    project: str = field(default_factory=lambda: f"ginnel-test-{secrets.token_hex(3)}")
    port: int = field(default_factory=running.free_port)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Make what .env would say: nothing that is set on this machine, and a further proxy, which the tests play."""
        kept = {name: os.environ[name] for name in _SETTINGS if name in os.environ}
        own = {
            "COMPOSE_PROJECT_NAME": self.project,
            "PORT": str(self.port),
            "GINNEL_TAG": "test",
            "TRUSTED_PROXIES": "2",
        }
        return kept | own

    def compose(self, *arguments: str, check: bool = True) -> str:
        # In place of the developer's own .env: nothing in it is set.
        command = [*_compose(), "--env-file", ".env.example", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=1200
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def up(self, *options: str) -> None:
        self.compose("up", "-d", *options)
        self.wait_until_healthy()

    def down(self, *options: str) -> None:
        self.compose("down", "--remove-orphans", *options)

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "-q", service).split()

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while ill := {name: states for name in SERVICES if (states := self._states(name)) - {"healthy"} or not states}:
            assert time.monotonic() < deadline, f"{ill}:\n{self.said()}"
            time.sleep(0.5)

    def _states(self, service: str) -> set[str]:
        states = [inspect(container)["State"] for container in self.containers(service)]
        return {state.get("Health", state)["Status"] for state in states}

    def said(self) -> str:
        return self.compose("logs", "--no-color", check=False)

    def healthy(self) -> bool:
        try:
            return httpx.get(f"{self.base}/health", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def secret(self, name: str) -> str:
        return self.compose("exec", "-T", "api", "cat", f"/secrets/app/{name}").strip()

    async def rows(self, query: str, *values: int) -> list[dict[str, Any]]:
        """Ask PostgreSQL, which can't be reached from here."""
        for number, value in enumerate(values, 1):
            query = query.replace(f"${number}", str(int(value)))
        whole = f"select coalesce(json_agg(found), '[]') from ({query}) found"
        psql = ("psql", "-h", "/run/postgresql", "-U", "ginnel", "-d", "ginnel", "-At", "-c", whole)
        said = self.compose("exec", "-T", "postgres", *psql)
        found: list[dict[str, Any]] = json.loads(said)
        return found
