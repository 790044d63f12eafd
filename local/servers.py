"""The host process, parent of PostgreSQL and Valkey, which lives exactly as long as its stdin stays open.

However its owner goes, even by kill -9, that pipe closes and the host stops the servers. Should the host itself be
killed, the kernel stops them (Linux) or the next start does (macOS).
"""

import argparse
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from local import binaries, processes, services
from local.services import ServicesError

SOCKETS = Path("/tmp")  # noqa: S108 - a socket's path may have 107 bytes (macOS: 103); the folder in it is private
START_SECONDS, STOP_SECONDS = 120, 20
LOG_BYTES = 8 << 20
FAREWELLS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

POSTGRES = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": 100,
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "random_page_cost": 1.1,
    "jit": "off",
    # What is asked for often lies in the system's cache: from there, to have it read by another process takes twice as long.
    "effective_io_concurrency": 0,
    "cluster_name": "ginnel",
    # A refused insert is an everyday answer here; its statement and values (addresses, targets) belong in no log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
VALKEY = {
    "port": 0,
    "unixsocketperm": 700,
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    # Only what has a TTL is evicted: when memory is full the cache goes first, the stream of clicks never.
    "maxmemory": "512mb",
    "maxmemory-policy": "volatile-ttl",
}


@dataclass(frozen=True)
class Server:
    name: str
    process: "subprocess.Popen[bytes]"
    farewell: signal.Signals
    log: Path
    url: str
    ready: Callable[[], bool]


class Host:
    """The parent of both servers. Single-threaded: the kernel's death signal is tied to the thread that forked."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.disguise = processes.unroot(data)
        self.lock = _claim(data)
        _sweep()
        self.sockets, self.socket_lock = _socket_folder()
        self.servers: list[Server] = []

    def serve(self, *, postgres: bool, redis: bool) -> None:
        """Start what is asked for, say where it is, and stay until stdin closes or a server dies."""
        try:
            if redis:
                self.start_valkey()
            if postgres:
                self.start_postgres()
            self.await_ready()
            urls = {server.name: server.url for server in self.servers}
            pids = {"host": os.getpid()} | {server.name: server.process.pid for server in self.servers}
            greeting = {"database_url": urls.get("postgres", ""), "redis_url": urls.get("valkey", ""), "pids": pids}
            print(json.dumps(greeting), flush=True)
            while True:
                _pause(0.5)
                self.check()
        finally:
            self.stop()
            shutil.rmtree(self.sockets, ignore_errors=True)

    def start_postgres(self) -> None:
        binary, major = binaries.find_postgres()
        home = self.data / f"postgres-{major}"
        if not home.exists():
            self.create_cluster(binary, major, home)
        cluster, password = home / "cluster", (home / "password").read_text()
        pid_file = cluster / "postmaster.pid"
        if stranger := processes.server_of(pid_file):
            raise ServicesError(f"a PostgreSQL that is not ours (pid {stranger}) runs on {cluster}: stop it first")
        # Whatever process the file names is no server of this data, but PostgreSQL would give way to it. Its own guard
        # against left-over backends, which is lost with the file, is not needed: each of them would hold our lock.
        pid_file.unlink(missing_ok=True)
        settings = POSTGRES | {"unix_socket_directories": self.sockets}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = self.data / "postgres.log"
        process = self.spawn([*self.disguise, binary, "-D", cluster, *options], log, signal.SIGINT)
        url = f"postgresql://postgres:{password}@/postgres?host={self.sockets}"

        def ready() -> bool:  # as pg_ctl does: the postmaster writes its state into the eighth line
            try:
                lines = pid_file.read_text().split("\n")
            except FileNotFoundError:
                return False
            return len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready"  # noqa: PLR2004

        self.servers.append(Server("postgres", process, signal.SIGINT, log, url, ready))

    def create_cluster(self, binary: Path, major: int, home: Path) -> None:
        if others := sorted(path.name for path in self.data.glob("postgres-*[0-9]")):
            raise ServicesError(
                f"{self.data} holds {', '.join(others)}, but the PostgreSQL found here is {major} ({binary}): "
                "use the version that wrote it, dump and restore, or use another DATA=…"
            )
        draft = self.data / f"new-{home.name}"
        if draft.exists():
            shutil.rmtree(draft)  # half an initdb
        draft.mkdir(mode=0o700)
        password = draft / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        command: list[str | Path] = [*self.disguise, binary.with_name("initdb"), "-D", draft / "cluster"]
        command += ["-U", "postgres", "--auth=scram-sha-256", "--pwfile", password, "-E", "UTF8", "--locale=C"]
        if major >= 17:  # noqa: PLR2004 - the first with a built-in locale
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        log = self.data / "postgres.log"
        if self.spawn(command, log, signal.SIGTERM).wait() != 0:
            raise ServicesError(f"initdb failed; {_tail(log)}")
        draft.rename(home)

    def start_valkey(self) -> None:
        binary, _ = binaries.find_valkey()
        home, address = self.data / "valkey", self.sockets / "valkey.sock"
        home.mkdir(mode=0o700, exist_ok=True)
        settings = VALKEY | {"dir": home, "pidfile": home / "valkey.pid", "unixsocket": address}
        options = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
        log = self.data / "valkey.log"
        process = self.spawn([binary, *options], log, signal.SIGTERM)

        def ready() -> bool:  # while it reads its data it answers -LOADING
            try:
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.settimeout(1)
                    connection.connect(str(address))
                    connection.sendall(b"PING\r\n")
                    return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False

        self.servers.append(Server("valkey", process, signal.SIGTERM, log, f"unix://{address}", ready))

    def spawn(self, command: list[str | Path], log: Path, farewell: signal.Signals) -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                env=binaries.ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(self.lock, self.socket_lock),
                preexec_fn=processes.dying_with_us(farewell),  # noqa: PLW1509 - this process has one thread
            )

    def await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while late := [server for server in self.servers if not server.ready()]:
            self.check()
            if time.monotonic() > deadline:
                raise ServicesError(f"{late[0].name} not ready in {START_SECONDS} s; {_tail(late[0].log)}")
            _pause(0.01)

    def check(self) -> None:
        for server in self.servers:
            if (status := server.process.poll()) is not None:
                raise ServicesError(f"{server.name} stopped by itself (status {status}); {_tail(server.log)}")
            if server.log.stat().st_size > LOG_BYTES:
                shutil.copyfile(server.log, f"{server.log}.1")
                os.truncate(server.log, 0)  # the server writes in append mode, so it goes on at the new end

    def stop(self) -> None:
        for number in FAREWELLS:
            signal.signal(number, signal.SIG_IGN)  # not to be interrupted
        for server in self.servers:
            server.process.send_signal(server.farewell)
        deadline = time.monotonic() + STOP_SECONDS
        for server in self.servers:
            try:
                server.process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()


def _claim(data: Path) -> int:
    """Hold `host.lock`, which the servers inherit: none of an earlier run is left on this data, nor comes back."""
    path = data / "host.lock"
    if (lock := services.lock(path)) is not None:
        return lock
    # Their owner is gone, for its lock is ours. If their host is gone too, and no death signal came, nobody told them.
    servers = [(path, signal.SIGINT) for path in data.glob("postgres-*/cluster/postmaster.pid")]
    for pid_file, farewell in [*servers, (data / "valkey/valkey.pid", signal.SIGTERM)]:
        if pid := processes.server_of(pid_file):
            os.kill(pid, farewell)
    deadline = time.monotonic() + STOP_SECONDS + 5
    while time.monotonic() < deadline:
        if (lock := services.lock(path)) is not None:
            return lock
        _pause(0.05)
    raise ServicesError(f"the servers of an earlier run on {data} have not stopped: see {data}/*.log, or try again")


def _sweep() -> None:
    """Remove the socket folders of dead hosts: our user's, holding nothing but sockets, their lock held by nobody."""
    for folder in SOCKETS.glob("ginnel-sockets-*"):
        try:
            if folder.lstat().st_uid != os.geteuid():
                continue
            lock = services.lock(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        if lock is None:
            continue
        if {entry.name for entry in folder.iterdir()} <= {"valkey.sock", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"}:
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _socket_folder() -> tuple[Path, int]:
    draft = Path(tempfile.mkdtemp(prefix=".ginnel-sockets-", dir=SOCKETS))
    lock = services.lock(draft, os.O_RDONLY)
    if lock is None:
        raise ServicesError(f"somebody else has locked {draft}")
    return draft.rename(SOCKETS / draft.name[1:]), lock  # locked first, then given the name that _sweep looks for


def _pause(seconds: float) -> None:
    """Sleep, and leave as soon as stdin says something or closes: the owner is gone."""
    if select.select([sys.stdin], [], [], seconds)[0]:
        sys.exit()


def _tail(log: Path) -> str:
    return f"the end of {log}:\n" + "\n".join(log.read_text(errors="replace")[-8000:].splitlines()[-15:])


def main() -> None:
    """Be the host process. By hand it runs until Ctrl-C, Ctrl-D or Enter."""
    parser = argparse.ArgumentParser(prog="python -m local.servers", description=main.__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--no-redis", action="store_true")
    parser.add_argument("--owned", action="store_true", help="the parent process holds the owner's lock")
    asked = parser.parse_args()
    data = asked.data.resolve()
    os.chdir("/")

    for number in FAREWELLS:
        signal.signal(number, lambda *_: sys.exit())
    try:
        with nullcontext() if asked.owned else services.owning(data):
            Host(data).serve(postgres=not asked.no_postgres, redis=not asked.no_redis)
    except ServicesError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
