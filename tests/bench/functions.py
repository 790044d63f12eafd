"""`make bench-lambda`: what the functions cost on Lambda, as ratios to a handler that does nothing.

Each runs from its package (`make here`) under AWS's emulator and on Lambda's runtime, with the environment that the template
gives it, on servers of their own in a temporary folder. Cold: from the emulator's start to the first answer. Warm: one of many
further invocations. Prints a table for people and, as its last line, one JSON object of figures by fixed names.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import secrets
import shutil
import statistics
import subprocess
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ginnel import db, migrations
from local import emulator, services, stack
from local.emulator import Artefact, Instance

# The package's name is a keyword.
events: Any = importlib.import_module("tests.lambda.events")
template: Any = importlib.import_module("tests.lambda.template")

BASE_URL = "https://go.test"
COLD, WARM, ROUNDS = 15, 50, 10
_BUILT = template.ROOT / ".aws-sam/here/build/template.yaml"
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
    """An artefact, an event for it, and what was measured: seconds, and the most memory it held, in MB."""

    name: str
    artefact: Artefact
    variables: dict[str, str]
    event: dict[str, Any]
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    memory_mb: float = 0.0

    def ask(self, instance: Instance) -> dict[str, Any]:
        answer: dict[str, Any] = instance.invoke(self.event)
        assert answer.get("statusCode", 500) < 400, answer
        return answer

    @contextmanager
    def instance(self) -> Iterator[Instance]:
        with Path(os.devnull).open("wb") as log:
            made = Instance(self.artefact, self.variables, log)
            try:
                yield made
            finally:
                made.stop()


def cold(case: Case) -> None:
    begun = time.perf_counter()
    with case.instance() as instance:
        case.ask(instance)
        case.cold.append(time.perf_counter() - begun)


def warm(found: list[Case]) -> None:
    """Keep one environment of each, and ask them in turn, so that what else the machine does is everybody's."""
    with ExitStack() as stack_:
        each = [(case, stack_.enter_context(case.instance())) for case in found]
        for number in range(ROUNDS + 1):
            for case, instance in each:
                for _ in range(WARM):
                    begun = time.perf_counter()
                    case.ask(instance)
                    if number:  # the first round warms up
                        case.warm.append(time.perf_counter() - begun)
        for case, instance in each:
            status = Path(f"/proc/{instance.runtime}/status").read_text()
            case.memory_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024


def deployed(folder: Path) -> dict[str, Artefact]:
    """Unpack what is deployed, by the functions' folders' names; with it a handler that does nothing, and one without lane."""
    functions = {it.name.removesuffix("Function").lower(): emulator.unpack(it, folder) for it in stack.read(_BUILT)}
    redirect = functions["redirect"]
    bare, whole = folder / "bare", folder / "whole"
    bare.mkdir(parents=True)
    (bare / "bare.py").write_text(_BARE)
    shutil.copytree(redirect.task, whole)
    shutil.copy(template.ROOT / "tests/lambda/whole.py", whole)
    for extra in (bare, whole):
        compile_ = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
        subprocess.run([redirect.runtime, *compile_, extra], check=True)
    return functions | {
        "bare": replace(redirect, handler="bare.handler", task=bare, layers=()),
        "whole": replace(redirect, handler="whole.handler", task=whole),
    }


def cases(functions: dict[str, Artefact], parameters: dict[str, str]) -> list[Case]:
    """Register somebody, make a link, and tell what is to be measured."""

    def case(name: str, artefact: str, event: dict[str, Any], environment: str = "") -> Case:
        return Case(name, functions[artefact], template.environment(environment or artefact, parameters), event)

    def once(function: str, event: dict[str, Any]) -> Any:
        asked = case("", function, event)
        with asked.instance() as instance:
            return json.loads(asked.ask(instance)["body"])

    person = {"email": "bench@example.com", "password": secrets.token_urlsafe(12)}
    token = once("auth", events.load("auth_register", **person))["access_token"]
    slug = secrets.token_hex(6)
    once("links", events.load("links_create", token=token, slug=slug, key=secrets.token_hex(8)))
    visit = events.load("redirect_get", slug=slug)
    return [
        case("a handler that does nothing", "bare", visit, "redirect"),
        case("redirect", "redirect", visit),
        case("redirect, through the app", "whole", visit, "redirect"),
        case("links", "links", events.load("links_find_all", token=token)),
        case("auth", "auth", events.load("auth_me", token=token)),
    ]


async def _prepare() -> None:
    await migrations.prepare()
    await db.close()


def measure(found: list[Case]) -> dict[str, Any]:
    for number in range(COLD + 1):
        for case in found:
            cold(case)
            if number == 0:
                case.cold.clear()  # reads the files from the disk
    warm(found)
    bare = found[0]
    print(f"\n  {'':30}{'cold':>10}{'ratio':>8}{'warm':>12}{'ratio':>8}{'memory':>10}")
    ratios: dict[str, tuple[float, float]] = {}
    for case in found:
        first, further = statistics.median(case.cold), statistics.median(case.warm)
        ratios[case.name] = first / statistics.median(bare.cold), further / statistics.median(bare.warm)
        print(
            f"  {case.name:30}{1e3 * first:>7.0f} ms{ratios[case.name][0]:>8.2f}{1e3 * further:>9.3f} ms"
            f"{ratios[case.name][1]:>8.2f}{case.memory_mb:>7.0f} MB"
        )
    return dict.fromkeys(NAMES, "-") | {
        "redirect_cold_ratio": round(ratios["redirect"][0], 2),
        "redirect_app_cold_ratio": round(ratios["redirect, through the app"][0], 2),
        "links_cold_ratio": round(ratios["links"][0], 2),
        "auth_cold_ratio": round(ratios["auth"][0], 2),
        "redirect_warm_ratio": round(ratios["redirect"][1], 2),
    }


def sizes() -> None:
    packages = {package for function in stack.read(_BUILT) for package in (function.code, *function.layers)}
    kilobytes = {package.name.partition("-")[0]: package.stat().st_size // 1024 for package in packages}
    print("\n  zipped: " + ", ".join(f"{name} {size:,} kB" for name, size in sorted(kilobytes.items())) + "\n")


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
        figures = measure(cases(deployed(Path(folder) / "deployed"), parameters))
        sizes()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
