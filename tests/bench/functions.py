"""`make bench-lambda`: what the functions cost on Lambda, as ratios to a handler that does nothing.

Each runs in a process of its own, from copies that are compiled as a deployment is, with the environment that the template
gives it, on servers of their own in a temporary folder. Cold: from the process's start to its first answer. Warm: one of
many further invocations. Prints a table for people and, as its last line, one JSON object of figures by fixed names.
"""

from __future__ import annotations

import asyncio
import compileall
import importlib
import json
import os
import py_compile
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ginnel import db, migrations
from local import services

# The package's name is a keyword.
events: Any = importlib.import_module("tests.lambda.events")
template: Any = importlib.import_module("tests.lambda.template")

BASE_URL = "https://go.test"
COLD, WARM = 10, 400
_RUNTIME = template.ROOT / "tests/lambda/runtime.py"
_BARE = """
def handler(event, context):
    return {"statusCode": 302, "headers": {"location": "https://example.com/"}, "body": ""}
"""
NAMES = (
    "redirect_cold_ratio", "redirect_app_cold_ratio", "links_cold_ratio", "auth_cold_ratio", "redirect_warm_ratio",
    "deploy_ratio",
)  # fmt: skip


@dataclass
class Case:
    """A handler, an event for it, and what was measured: seconds, and the most memory it held, in MB."""

    name: str
    function: str
    handler: str
    event: dict[str, Any]
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    rss_mb: float = 0.0


@dataclass(frozen=True)
class Deployment:
    """Copies of what is deployed, compiled, and the parameters of the stack."""

    folder: Path
    parameters: dict[str, str]

    @classmethod
    def make(cls, folder: Path, parameters: dict[str, str]) -> Deployment:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(template.ROOT / "functions", folder / "task", ignore=ignored)
        shutil.copytree(template.LAYERS["CommonLayer"] / "python", folder / "common", ignore=ignored)
        shutil.copy(template.ROOT / "tests/lambda/whole.py", folder / "task")
        (folder / "task/bare.py").write_text(_BARE)
        compileall.compile_dir(folder, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        return cls(folder, parameters)

    @contextmanager
    def process(self, case: Case) -> Iterator[subprocess.Popen[str]]:
        """Start a function's process; it is ready when it has said its first line."""
        environment = {
            "PATH": os.defpath,
            "PYTHONPATH": f"{self.folder / 'task'}:{self.folder / 'common'}",
            "AWS_LAMBDA_FUNCTION_NAME": f"ginnel-{case.function}",
            "AWS_REGION": "eu-west-1",
            "_HANDLER": case.handler,
        }
        with subprocess.Popen(
            [sys.executable, "-P", str(_RUNTIME)],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment | template.environment(case.function, self.parameters),
            cwd=self.folder / "task",
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def size_kb(self, part: str) -> int:
        archive = shutil.make_archive(str(self.folder / f"{part}-package"), "zip", self.folder / part)
        return Path(archive).stat().st_size // 1024


def ask(process: subprocess.Popen[str], event: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(event) + "\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    assert answer.get("statusCode", 500) < 400, answer
    return answer


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    said = json.loads(process.stdout.readline())
    assert "modules" in said, said


def cold(deployment: Deployment, case: Case) -> None:
    begun = time.perf_counter()
    with deployment.process(case) as process:
        ready(process)
        ask(process, case.event)
        case.cold.append(time.perf_counter() - begun)


def warm(deployment: Deployment, case: Case) -> None:
    with deployment.process(case) as process:
        ready(process)
        for _ in range(WARM // 10):
            ask(process, case.event)
        for _ in range(WARM):
            begun = time.perf_counter()
            ask(process, case.event)
            case.warm.append(time.perf_counter() - begun)
        status = Path(f"/proc/{process.pid}/status").read_text()
        case.rss_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024


def cases(deployment: Deployment) -> list[Case]:
    """Register somebody, make a link, and tell what is to be measured."""

    def once(function: str, event: dict[str, Any]) -> Any:
        with deployment.process(Case("", function, template.FUNCTIONS[function]["Handler"], {})) as process:
            ready(process)
            return json.loads(ask(process, event)["body"])

    person = {"email": "bench@example.com", "password": secrets.token_urlsafe(12)}
    token = once("auth", events.load("auth_register", **person))["access_token"]
    slug = secrets.token_hex(6)
    once("links", events.load("links_create", token=token, slug=slug, key=secrets.token_hex(8)))
    visit = events.load("redirect_get", slug=slug)
    own = {function: template.FUNCTIONS[function]["Handler"] for function in ("redirect", "links", "auth")}
    return [
        Case("a handler that does nothing", "redirect", "bare.handler", visit),
        Case("redirect", "redirect", own["redirect"], visit),
        Case("redirect, through the app", "redirect", "whole.handler", visit),
        Case("links", "links", own["links"], events.load("links_find_all", token=token)),
        Case("auth", "auth", own["auth"], events.load("auth_me", token=token)),
    ]


async def _prepare() -> None:
    await migrations.prepare()
    await db.close()


def measure(deployment: Deployment) -> dict[str, Any]:
    found = cases(deployment)
    for number in range(COLD + 1):
        for case in found:
            cold(deployment, case)
            if number == 0:
                case.cold.clear()  # reads the files from the disk
    for case in found:
        warm(deployment, case)
    bare = found[0]
    print(f"\n  {'':30}{'cold':>10}{'ratio':>8}{'warm':>12}{'ratio':>8}{'memory':>10}")
    ratios: dict[str, tuple[float, float]] = {}
    for case in found:
        first, further = statistics.median(case.cold), statistics.median(case.warm)
        ratios[case.name] = first / statistics.median(bare.cold), further / statistics.median(bare.warm)
        print(
            f"  {case.name:30}{1e3 * first:>7.0f} ms{ratios[case.name][0]:>8.2f}{1e3 * further:>9.3f} ms"
            f"{ratios[case.name][1]:>8.2f}{case.rss_mb:>7.0f} MB"
        )
    print(f"\n  zipped: functions {deployment.size_kb('task')} kB, common layer {deployment.size_kb('common')} kB\n")
    return dict.fromkeys(NAMES, "-") | {
        "redirect_cold_ratio": round(ratios["redirect"][0], 2),
        "redirect_app_cold_ratio": round(ratios["redirect, through the app"][0], 2),
        "links_cold_ratio": round(ratios["links"][0], 2),
        "auth_cold_ratio": round(ratios["auth"][0], 2),
        "redirect_warm_ratio": round(ratios["redirect"][1], 2),
    }


def main() -> None:
    key = {"kty": "oct", "alg": "HS256", "kid": "bench", "k": urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()}
    with tempfile.TemporaryDirectory(prefix="ginnel-lambda-") as folder, services.running(Path(folder)) as servers:
        os.environ |= {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "BASE_URL": BASE_URL}
        asyncio.run(_prepare())
        parameters = {
            "DatabaseUrl": servers.database_url,
            "RedisUrl": servers.redis_url,
            "JwtKeys": json.dumps({"keys": [key]}),
            "BaseUrl": BASE_URL,
            "DrainSeconds": "0",
        }
        figures = measure(Deployment.make(Path(folder) / "deployment", parameters))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
