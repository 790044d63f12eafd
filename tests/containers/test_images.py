"""What the images hold, and as whom and with what they run."""

from __future__ import annotations

import time

import pytest

from tests.containers.composed import IMAGES, SERVICES, Composed, docker, inspect

pytestmark = pytest.mark.containers

PYTHON = ("api", "redirect", "worker")
# What builds or installs, by the names under which it would be found.
TOOLS = "pip pip3 gcc g++ cc c++ clang ld as make cmake cargo rustc go npm uv"


def test_the_images_in_figures(live: Composed, capsys: pytest.CaptureFixture[str]) -> None:
    bases = {"front": "debian:bookworm-slim", "postgres": "postgres:18", "redis": "valkey/valkey:9"}
    with capsys.disabled():
        print("\n  image         whole   over its base")
        for name, image in IMAGES.items():
            whole, base = (inspect(one)["Size"] / 1e6 for one in (image, bases.get(name, "python:3.13-slim")))
            print(f"  {name:10}{whole:>6.0f} MB{whole - base:>10.0f} MB")


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_that_builds_or_installs_is_left(live: Composed, name: str) -> None:
    look = f"for tool in {TOOLS}; do command -v $tool; done; true"
    assert docker("run", "--rm", "--entrypoint", "sh", IMAGES[name], "-c", look) == ""
    if name in PYTHON:
        modules = "pip", "setuptools", "wheel", "ensurepip"
        find = f"from importlib.util import find_spec; print(*filter(find_spec, {modules}))"
        assert docker("run", "--rm", "--entrypoint", "python", IMAGES[name], "-c", find) == ""


@pytest.mark.parametrize("name", PYTHON)
def test_everything_is_compiled(live: Composed, name: str) -> None:
    find = (
        "import sys, pathlib, importlib.util as util\n"
        "found = [path for root in ('/app', f'{sys.prefix}/lib') for path in pathlib.Path(root).rglob('*.py')]\n"
        "print(len(found) > 1000, *(p for p in found if not pathlib.Path(util.cache_from_source(str(p))).exists()))\n"
        "import json, asyncio, email.message as some\n"
        "print(*(m.__name__ for m in (json, asyncio, some) if not pathlib.Path(m.__cached__).exists()))"
    )
    assert docker("run", "--rm", "--entrypoint", "python", IMAGES[name], "-c", find) == "True"


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_nobody_in_particular_and_writes_nothing_but_its_data(live: Composed, name: str) -> None:
    (container,) = live.containers(name)
    assert docker("exec", container, "id", "-u") != "0"
    refused = (
        "for folder in / /etc /usr/local/bin /app /var; do touch $folder/probe 2>/dev/null && echo $folder; done; true"
    )
    assert docker("exec", container, "sh", "-c", refused) == ""
    limits = inspect(container)["HostConfig"]
    assert (limits["ReadonlyRootfs"], limits["CapDrop"], limits["Privileged"]) == (True, ["ALL"], False)
    assert limits["Memory"] > 0
    effective = docker("exec", container, "sh", "-c", "grep -E '^(CapEff|NoNewPrivs)' /proc/1/status | cut -f 2")
    assert effective.split() == ["0000000000000000", "1"]


def test_only_the_front_is_published_and_only_on_this_machine(live: Composed) -> None:
    published = {
        name: bindings
        for name in SERVICES
        for bindings in inspect(live.containers(name)[0])["NetworkSettings"]["Ports"].values()
        if bindings
    }
    assert published == {"front": [{"HostIp": "127.0.0.1", "HostPort": str(live.port)}]}


def test_a_store_knows_its_own_secret_and_no_other(live: Composed) -> None:
    for name, files in {"postgres": "password superuser-password", "redis": "users.acl"}.items():
        (container,) = live.containers(name)
        assert docker("exec", container, "sh", "-c", "cd /run/ginnel && echo *") == files
        assert docker("exec", container, "sh", "-c", "ls -d /secrets 2>/dev/null; true") == ""
    anybody = live.compose("exec", "-T", "redis", "valkey-cli", "keys", "*", check=False)
    assert "NOPERM" in anybody
    (row,) = [row for row in live_roles(live) if row.startswith("ginnel|")]
    assert row == "ginnel|f|f|f"  # no superuser, makes neither databases nor roles


def live_roles(live: Composed) -> list[str]:
    query = "select rolname, rolsuper, rolcreatedb, rolcreaterole from pg_roles"
    psql = ("psql", "-h", "/run/postgresql", "-U", "ginnel", "-d", "ginnel", "-At", "-c", query)
    return live.compose("exec", "-T", "postgres", *psql).split("\n")


@pytest.mark.parametrize("name", PYTHON)
def test_what_is_missing_is_named(live: Composed, name: str) -> None:
    said = docker("run", "--rm", IMAGES[name], check=False)
    assert "Ginnel can't start: DATABASE_URL is not set." in said
    assert "Traceback" not in said
    said = docker("run", "--rm", "-e", "DATABASE_URL_FILE=/run/none", IMAGES[name], check=False)
    assert "DATABASE_URL_FILE names /run/none, which can't be read: No such file or directory" in said


@pytest.mark.parametrize("name", PYTHON)
def test_a_container_ends_when_it_is_asked_to(live: Composed, name: str) -> None:
    (container,) = live.containers(name)
    begun = time.monotonic()
    docker("stop", container)
    took = time.monotonic() - begun
    assert inspect(container)["State"]["ExitCode"] == 0
    assert took < 8, took
    docker("start", container)
    live.wait_until_healthy()
