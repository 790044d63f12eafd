"""What the Dockerfiles, docker-compose.yml and the servers' settings must say, told from their text alone."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import address, container, host, servers
from tests.containers.composed import ROOT, SERVICES

DOCKER = ROOT / "local/docker"
DOCKERFILES = sorted(DOCKER.glob("*/Dockerfile"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"].startswith("ginnel-")}


def test_there_is_an_image_for_each_service() -> None:
    assert {path.parent.name for path in DOCKERFILES} == {*SERVICES, "function"}
    assert set(OURS) == {*SERVICES, "migrate", "credentials"}
    built = [service["build"]["dockerfile"] for service in OURS.values() if "build" in service]
    assert sorted(built) == sorted(f"local/docker/{name}/Dockerfile" for name in SERVICES)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_an_image_is_pinned_by_tag_and_digest_and_runs_as_nobody_in_particular(path: Path) -> None:
    text = path.read_text()
    for base in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert re.fullmatch(r"\S+:\$\{([A-Z]+)_TAG\}\$\{\1_DIGEST\}", base)
    user = re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1]
    assert user not in {"root", "0"}
    assert "RUN --" not in text  # what only one of Docker's two builders understands
    assert path.parent.name == "function" or "HEALTHCHECK" in text


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_hadolint_finds_nothing(path: Path) -> None:
    hadolint = shutil.which("hadolint", path=f"{ROOT}/.venv-audit/bin:{ROOT}/.venv/bin") or shutil.which("hadolint")
    if not hadolint:
        pytest.skip("hadolint is not installed")
    found = subprocess.run([hadolint, "--no-color", path], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize("name", OURS)
def test_a_container_may_do_no_more_than_it_must(name: str) -> None:
    service = OURS[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit", "logging"} <= service.keys()
    assert ("ports" in service) == (name == "front")
    reached = set(service.get("networks", ()))
    assert ("outside" in reached) == (name in {"front", "api", "worker"})
    assert COMPOSE["networks"] == {"outside": {}, "site": {"internal": True}, "stores": {"internal": True}}
    assert ("stores" in reached) == (name not in {"front", "credentials"})


def test_everything_waits_for_what_it_needs() -> None:
    after = {
        name: {on: how["condition"] for on, how in one.get("depends_on", {}).items()} for name, one in OURS.items()
    }
    done, healthy = "service_completed_successfully", "service_healthy"
    assert after == {
        "credentials": {},
        "postgres": {"credentials": done},
        "redis": {"credentials": done},
        "migrate": {"postgres": healthy, "redis": healthy},
        "redirect": {"migrate": done},
        "api": {"migrate": done},
        "worker": {"migrate": done},
        "front": {"api": healthy, "redirect": healthy},
    }


def test_no_secret_has_a_value_here() -> None:
    read = dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", (ROOT / "docker-compose.yml").read_text()))
    assert {default for name, default in read.items() if re.search("URL|KEYS|TOKEN|PASSWORD", name)} == {""}


@pytest.mark.parametrize(("service", "token"), [("tunnel", "NGROK_AUTHTOKEN"), ("localstack", "LOCALSTACK_AUTH_TOKEN")])
def test_without_its_token_a_service_says_which_one_it_needs(service: str, token: str) -> None:
    described = COMPOSE["services"][service]
    assert described["profiles"] == [service]
    command = [*described["entrypoint"], *(part.replace("$$", "$") for part in described["command"])]
    done = subprocess.run(command, env={token: ""}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{token} is not set. Put it into .env." in done.stdout


def test_the_front_sends_the_api_host_what_begins_like_its_routes_and_nothing_else() -> None:
    (listed,) = re.findall(r"field\(2,/\) -m str (.+)", (DOCKER / "front/haproxy.cfg").read_text())
    firsts = {path.split("/")[1] for path in host.app.prefixes}
    assert set(listed.split()) == firsts - {"", "{slug:path}"}


def test_the_stores_are_set_as_the_embedded_ones_but_for_size_and_network() -> None:
    postgres = dict(re.findall(r"^(\w+) = '?([^'\n]+)'?$", _conf("postgres/postgresql.conf"), re.MULTILINE))
    for name, value in servers.POSTGRES.items():
        if name not in {"listen_addresses", "unix_socket_permissions", "shared_buffers", "max_connections"}:
            assert postgres[name] == str(value), name
    valkey = dict(re.findall(r"^([\w-]+) (.+)$", _conf("redis/valkey.conf"), re.MULTILINE))
    for name, value in servers.VALKEY.items():
        if name not in {"port", "unixsocketperm", "daemonize"}:
            assert valkey[name].strip('"') == str(value), name


def test_connections_suffice_for_what_docker_compose_starts_with_room_to_scale() -> None:
    (most,) = re.findall(r"^max_connections = (\d+)", _conf("postgres/postgresql.conf"), re.MULTILINE)
    pool = 10  # DATABASE_POOL's default
    api, redirects, workers = 2 * pool, 5 * pool, 5 * 4
    assert api + redirects + workers <= int(most) - 10


def test_secrets_come_from_files_that_the_containers_have() -> None:
    environment = OURS["api"]["environment"]
    own = {"MAIL_URL": "worker", "OIDC_CLIENT_SECRET": "api"}  # which the one needs, and no other
    assert {f"{name}_FILE" for name in container.SECRETS if name not in own} <= environment.keys()
    for secret, part in own.items():
        for variable in (secret, f"{secret}_FILE"):
            assert [name for name, one in OURS.items() if variable in one.get("environment", {})] == [part]
    assert environment["PORT"] == f"${{PORT:-{address.Settings().port}}}"


def _conf(name: str) -> str:
    return (DOCKER / name).read_text()
