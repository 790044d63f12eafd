"""`make sam-invoke` and `make sam-api`: SAM's own containers, in the network of what `docker compose up` has started.

They get its stores and its keys, so that what one of the two makes the other knows. local/env.json and tests/events have
placeholders for what is known only then.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

ROOT = Path(__file__).parent.parent
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_NETWORKS = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}"
_ASK = """echo "${BASE_URL:-http://localhost:$PORT}"; echo "${DATABASE_URL:-$(cat "$DATABASE_URL_FILE")}"
echo "${REDIS_URL:-$(cat "$REDIS_URL_FILE")}"; echo "${JWT_KEYS:-$(cat "$JWT_KEYS_FILE")}" """


class NotRunning(RuntimeError):
    """There is nothing for the functions to talk to; the message says what to do."""


def main() -> None:
    built = argparse.ArgumentParser(add_help=False)
    built.add_argument("--build", type=Path, required=True, help="the folder that `make build` has filled")
    built.add_argument("--runtime", required=True, help="what it was built for, such as python3.13")
    built.add_argument("--architecture", required=True, help="x86_64 or arm64")
    parser = argparse.ArgumentParser(prog="sam")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("invoke", parents=[built], help="hand one event to one function")
    command.add_argument("function", help="its name in template.yaml")
    command.add_argument("event", help="a file of tests/events, by its name")
    command.add_argument("values", nargs="*", metavar="name=value", help="for placeholders, in place of made-up ones")
    command = commands.add_parser("api", parents=[built], help="serve the template's routes")
    command.add_argument("--port", default="3000")
    wanted = parser.parse_args()
    try:
        known = _running()
        sam = _sam(wanted, known)
        if wanted.command == "invoke":
            given = dict(value.split("=", 1) for value in wanted.values)
            raise SystemExit(invoke(sam, wanted.function, load(wanted.event, known["base_url"], given)))
        serve(sam, wanted.port)
    except NotRunning as error:
        raise SystemExit(f"\n  {error}\n") from None


def invoke(command: list[str], function: str, event: dict[str, Any]) -> int:
    command = [*command, "--event", "-", function]
    return subprocess.run(command, env=_environment(), input=json.dumps(event), text=True, check=False).returncode


def serve(command: list[str], port: str) -> None:
    command = [*command, "--port", port, "--warm-containers", "LAZY"]
    os.execve(command[0], command, _environment())  # noqa: S606  # signals are for SAM, which has containers to end


def load(event: str, base: str, given: dict[str, str]) -> dict[str, Any]:
    """Read an event that is about the system at `base`: of somebody, and of a link, that are made there unless given."""
    text = (ROOT / f"tests/events/{event}.json").read_text()
    missing = set(_PLACEHOLDER.findall(text)) - given.keys()
    filled: dict[str, Any] = _filled(json.loads(text), _made_up(event, base) | given if missing else given)
    if "headers" in filled:  # the default domain is that system's
        filled["headers"]["host"] = filled["requestContext"]["domainName"] = urlsplit(base).netloc
        if "origin" in filled["headers"]:
            filled["headers"]["origin"] = base
    return filled


def _running() -> dict[str, str]:
    """Ask the system that `docker compose` runs from this folder where its stores are."""
    compose = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
    try:
        lines = _output(*compose, "exec", "-T", "api", "sh", "-c", _ASK).split("\n")
        container = _output(*compose, "ps", "-q", "postgres")
        network = _output("docker", "inspect", "--format", _NETWORKS, container)
    except (OSError, subprocess.CalledProcessError) as error:
        said = (error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)).strip()
        raise NotRunning(f"The functions need the stores of a running system: docker compose up. {said}") from error
    names = ("base_url", "database_url", "redis_url", "jwt_keys")
    return {"network": network, **dict(zip(names, lines, strict=True))}


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _sam(wanted: argparse.Namespace, known: dict[str, str]) -> list[str]:
    variables = wanted.build / "../env.json"
    with os.fdopen(os.open(variables, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(_filled(json.loads((ROOT / "local/env.json").read_text()), known), file)
    return [
        *(str(ROOT / ".venv-sam/bin/sam"), "local", {"invoke": "invoke", "api": "start-api"}[wanted.command]),
        *("--template", str(wanted.build / "template.yaml"), "--env-vars", str(variables), "--region", "eu-west-1"),
        *("--docker-network", known["network"]),
        *("--parameter-overrides", f"Runtime={wanted.runtime} Architecture={wanted.architecture}"),
        # Else it asks the registry each time; what is not there yet is pulled all the same.
        "--skip-pull-image",
    ]


def _environment() -> dict[str, str]:
    """Give SAM credentials of nobody's: it asks for some, and the functions must not find real ones."""
    return os.environ | {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "SAM_CLI_TELEMETRY": "0"}


def _made_up(event: str, base: str) -> dict[str, str]:
    """Make somebody, and a link of theirs, for an event to be about; one that makes either gets a new name."""
    person = {"email": f"sam-{secrets.token_hex(6)}@example.com", "password": secrets.token_urlsafe(12)}
    signed_in, headers = _post(f"{base}/api/v1/auth/register", person)
    link, _ = _post(
        f"{base}/api/v1/links", {"target": "https://example.com/"}, authorization=f"Bearer {signed_in['access_token']}"
    )
    made = {
        **person,
        "token": signed_in["access_token"],
        "cookie": headers["set-cookie"].partition(";")[0],
        "slug": link["slug"],
        "link": str(link["id"]),
        "key": secrets.token_hex(8),
        "click": secrets.token_hex(8),
    }
    if event == "auth_register":
        made["email"] = f"sam-{secrets.token_hex(6)}@example.com"
    if event == "links_create":
        made["slug"] = secrets.token_hex(6)
    return made


def _post(url: str, body: dict[str, str], **headers: str) -> tuple[dict[str, Any], Any]:
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json", **headers})  # noqa: S310  # ours
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310  # ours
            return json.load(answer), answer.headers
    except URLError as error:
        raise NotRunning(f"The running system does not answer at {url}: {error}") from error


def _filled(node: Any, values: dict[str, str]) -> Any:  # noqa: ANN401  # whatever JSON holds
    if isinstance(node, str):
        return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), node)
    if isinstance(node, list):
        return [_filled(item, values) for item in node]
    if isinstance(node, dict):
        return {key: _filled(item, values) for key, item in node.items()}
    return node


if __name__ == "__main__":
    main()
