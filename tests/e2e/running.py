"""Ginnel as its users run it: `up` as a child process, spoken to over HTTP, ended by real signals.

Nothing here needs pytest: the benchmarks start it the same way.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx

ROOT = Path(__file__).parents[2]
# Every process of a run inherits it, except the servers, which are known by the folder they work in.
MARK = "GINNEL_RUN"
START_SECONDS = 120
# Made by `make here`: the packages for this machine.
TEMPLATE = ROOT / ".aws-sam/here/build/template.yaml"


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[str]
    port: int
    data: Path
    log: Path

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sockets(self) -> Path:
        """The folder of the embedded servers' sockets: the fifth line of PostgreSQL's own pid file."""
        pid_file = next(self.data.glob("postgres-*/cluster/postmaster.pid"))
        return Path(pid_file.read_text().splitlines()[4])

    @property
    def database_url(self) -> str:
        password = next(self.data.glob("postgres-*/password")).read_text()
        return f"postgresql://postgres:{password}@/postgres?host={self.sockets}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.sockets}/valkey.sock"

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        return await fetch(self.database_url, query, *values)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def healthy(self) -> bool:
        try:
            return httpx.get(f"{self.base}/health", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.healthy():
            assert self.process.poll() is None, f"stopped by itself:\n{self.said()}"
            assert time.monotonic() < deadline, f"not up after {START_SECONDS} s:\n{self.said()}"
            time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = 40) -> int:
        return self.process.wait(seconds)


def environment(**given: str) -> dict[str, str]:
    """Make the environment that `make` gives a command; none of the test run's own settings are in it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    paths = {"PYTHONPATH": "functions:layers/common/python:.", "MAKELEVEL": "1"}
    # Who measures how much a server takes must not be told to slow down.
    unlimited = dict.fromkeys(("RATE_READ", "RATE_WRITE", "RATE_ANONYMOUS"), "0")
    return kept | paths | unlimited | given


def start(
    data: Path, *, port: int | None = None, env: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> Running:
    """Start it and return at once. What it says goes to `up.log` beside the data folder."""
    port = port or free_port()
    log = data.with_name(f"{data.name}.up.log")
    with log.open("a") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.cli", "up", "--port", str(port), "--data", str(data), *options],
            cwd=ROOT,
            env=environment(**{MARK: str(data)}, **(env or {})),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    return Running(process, port, data, log)


@contextmanager
def up(
    data: Path, *, port: int | None = None, env: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> Iterator[Running]:
    """Keep it up, and healthy at first, for as long as the block lasts."""
    started = start(data, port=port, env=env, options=options)
    try:
        started.wait_until_healthy()
        yield started
    finally:
        if started.process.poll() is None:
            started.send(signal.SIGTERM)
            try:
                started.wait()
            except subprocess.TimeoutExpired:
                started.process.kill()
                started.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def processes(data: Path) -> dict[str, list[int]]:
    """List the live processes of a run on this folder by what they are: app, worker, host, postgres, valkey, other."""
    found: dict[str, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            marked = f"{MARK}={data}\0".encode() in (entry / "environ").read_bytes()
            works_here = (entry / "cwd").readlink().is_relative_to(data)
            command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # gone, or a stranger's
            continue
        if (marked or works_here or str(data) in command) and int(entry.name) != os.getpid():
            found.setdefault(_kind(command), []).append(int(entry.name))
    return found


def _kind(command: list[str]) -> str:
    modules = {"local.cli": "app", "local.worker": "worker", "local.servers": "host"}
    binaries = {"postgres": "postgres", "valkey-server": "valkey", "redis-server": "valkey"}
    kinds = [modules[part] for part in command if part in modules]
    # A backend's command line is its title: "postgres: ginnel: …".
    name = Path(command[0].split(":")[0].split(" ")[0]).name
    return kinds[0] if kinds else binaries.get(name, "other")


def pid(data: Path, kind: str) -> int:
    """Return the one process of this kind; of PostgreSQL, the one that is the others' parent."""
    found = processes(data).get(kind, [])
    assert found, f"no {kind} on {data}: {processes(data)}"
    return next(p for p in found if _parent(p) not in found)


def _parent(process: int) -> int:
    # The second field, the command's name, may hold anything but ends with the last ")".
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def wait_until_gone(data: Path, seconds: float = 20) -> float:
    """Wait until no process of a run is left; return how many seconds that took."""
    begun = time.monotonic()
    while left := processes(data):
        assert time.monotonic() < begun + seconds, f"left on {data}: {left}"
        time.sleep(0.02)
    return time.monotonic() - begun


async def fetch(database_url: str, query: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database_url)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query, *values)
        return rows
    finally:
        await connection.close()
