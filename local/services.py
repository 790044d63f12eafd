"""PostgreSQL and Valkey for one machine: no Docker, no root, nothing to install.

`running()` is the owner's side; it starts a host process, `local.servers`, which stops them however the owner goes.
"""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

ROOT = Path(__file__).resolve().parent.parent


class ServicesError(RuntimeError):
    """The servers can't be started; the message is meant for the person at the terminal."""


class InUse(ServicesError):
    """Another process is the owner of the data."""


@dataclass(frozen=True)
class Servers:
    """The URL of a server that was not asked for is empty; `pids` are keyed host, postgres and valkey."""

    database_url: str
    redis_url: str
    pids: dict[str, int]
    _host: "subprocess.Popen[str]"
    _complaints: IO[str]

    def poll(self) -> str | None:
        """None while the servers run, otherwise why they don't: one that dies takes the other with it in a second."""
        return None if self._host.poll() is None else _last_words(self._host, self._complaints)


@contextmanager
def running(data: Path, *, postgres: bool = True, redis: bool = True) -> Iterator[Servers]:
    """Keep the servers of this data folder up for as long as the block, or this process, lasts.

    Waits for a predecessor that is still stopping. Raises ServicesError when one is in use or a server won't start.
    A process forked from this one, and not exec'd, shares the pipe and keeps the servers up until it ends too.
    """
    data = data.resolve()
    command = [sys.executable, "-m", "local.servers", str(data), "--owned"]
    command += [flag for flag, asked in (("--no-postgres", postgres), ("--no-redis", redis)) if not asked]
    with (
        owning(data),
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            command,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,  # Ctrl-C is for the owner, who may still have things to write
        ) as host,
    ):
        try:
            line = cast("IO[str]", host.stdout).readline()
            if not line:
                raise ServicesError(_last_words(host, complaints))
            yield Servers(**json.loads(line), _host=host, _complaints=complaints)
        finally:
            host.communicate()  # closes its stdin, waits until it is gone


def addresses(data: Path) -> tuple[str, str]:
    """Return the URLs of the PostgreSQL and the Valkey that somebody else keeps up on this data folder; empty for neither.

    They are found as pg_ctl finds them: the fifth line of PostgreSQL's own pid file is the folder of the sockets.
    """
    for pid_file in data.glob("postgres-*/cluster/postmaster.pid"):
        lines = pid_file.read_text().splitlines()
        if len(lines) > 7:  # noqa: PLR2004  # its state comes last
            password = (pid_file.parent.with_name("password")).read_text()
            redis = Path(lines[4]) / "valkey.sock"
            url = f"postgresql://postgres:{password}@/postgres?host={lines[4]}"
            return url, f"unix://{redis}" if redis.exists() else ""
    raise ServicesError(f"what runs on {data} has no PostgreSQL there, or is still starting")


def _last_words(host: "subprocess.Popen[str]", complaints: IO[str]) -> str:
    status = host.wait()
    complaints.seek(0)
    return complaints.read()[-8000:].strip() or f"the servers' host went away (status {status})"


@contextmanager
def owning(data: Path) -> Iterator[None]:
    """Hold `owner.lock`, by which a second start on this data is refused with a ServicesError.

    A quick restart gets it at once, and then waits for `host.lock`, which the host and its servers hold to their end.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = lock(data / "owner.lock")
        if held is not None and os.geteuid() == 0:  # root leaves nothing that the folder's user can't open
            os.fchown(held, data.stat().st_uid, data.stat().st_gid)
    except OSError as error:
        raise ServicesError(f"can't use the data folder {data}: {error}") from error
    if held is None:
        raise InUse(f"already running on {data}: stop it first, or use another DATA=…")
    try:
        yield
    finally:
        os.close(held)


def lock(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> int | None:
    """Return the descriptor that holds the lock, not inherited by children; None while another process holds it."""
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
