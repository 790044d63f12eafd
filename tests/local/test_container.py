"""What containers run, short of the containers: where its settings come from, and what it says when one is of no use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest

from ginnel import jwks
from local import credentials
from tests.e2e import running

SITE = {"BASE_URL": "http://go.test"}
PASSWORD = "hush"


def python(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    environment = running.environment(**env)
    return subprocess.run(
        command, cwd=running.ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def container(*arguments: str, **env: str) -> str:
    command = [sys.executable, "-m", "local.container", *arguments]
    environment = running.environment(**env)
    done = subprocess.run(
        command, cwd=running.ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert (done.stderr, "Traceback" in done.stdout) == ("", False)  # one log, on standard output
    return done.stdout


WAIT = "import asyncio; from local import stores; asyncio.run(stores.wait({}))"


def test_what_is_missing_is_named() -> None:
    assert "DATABASE_URL is not set" in container("host", **SITE)
    assert "REDIS_URL is not set" in container("worker", **SITE, DATABASE_URL="postgresql://nobody@localhost/none")
    assert "DATABASE_URL_FILE names /none, which can't be read" in container(
        "migrate", **SITE, DATABASE_URL_FILE="/none"
    )
    assert "DATABASE_URL must begin with postgresql://" in container("host", **SITE, DATABASE_URL="mysql://localhost")


def test_stores_that_are_away_are_named_after_a_while_without_their_passwords() -> None:
    port = running.free_port()
    env = {
        "DATABASE_URL": f"postgresql://ginnel:{PASSWORD}@127.0.0.1:{port}/ginnel",
        "REDIS_URL": f"redis://ginnel:{PASSWORD}@127.0.0.1:{port}/0",
    }
    said = python(WAIT.format(0.2), **env).stderr
    assert f"DATABASE_URL: no PostgreSQL answers at 127.0.0.1:{port}" in said
    assert f"REDIS_URL: no Redis answers at 127.0.0.1:{port}" in said
    assert "Waited for 0 seconds." in said
    assert PASSWORD not in said


def test_either_store_is_enough_to_begin_with_but_not_to_migrate() -> None:
    port = running.free_port()
    away = {"DATABASE_URL": f"postgresql://ginnel@127.0.0.1:{port}/ginnel"}
    begun = python(WAIT.format(0.2), **away, REDIS_URL=os.environ["REDIS_URL"])
    assert begun.returncode == 0
    assert json.loads(begun.stderr)["event"] == "store_missing"
    migrating = python(WAIT.format("0.2, database_needed=True"), **away, REDIS_URL=os.environ["REDIS_URL"])
    assert "Unreachable: DATABASE_URL: no PostgreSQL answers" in migrating.stderr


async def test_a_database_that_refuses_us_is_not_waited_for(account: object) -> None:
    parts = urlsplit(os.environ["DATABASE_URL"])
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    name = await connection.fetchval("select current_database()")
    await connection.close()
    login, at, place = parts.netloc.rpartition("@")
    wrong = urlunsplit(parts._replace(netloc=f"{login.partition(':')[0]}:wrong{at}{place}"))
    none = urlunsplit(parts._replace(path=f"/{name}_none"))
    for url, reason in ((wrong, "password authentication failed"), (none, "does not exist")):
        said = python(WAIT.format(60), DATABASE_URL=url, REDIS_URL=os.environ["REDIS_URL"]).stderr
        assert "Unreachable: DATABASE_URL: " in said
        assert " refuses us: " in said
        assert reason in said


def test_credentials_are_made_once_and_each_store_gets_its_own(tmp_path: Path) -> None:
    for name in ("app", "postgres", "redis"):
        (tmp_path / name).mkdir()
    credentials.make_for_stores(tmp_path)
    files = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert set(files) == {
        *("app/database-url", "app/jwt-keys", "app/redis-url"),
        *("postgres/password", "postgres/superuser-password", "redis/users.acl"),
    }
    assert files["app/database-url"] == f"postgresql://ginnel:{files['postgres/password']}@postgres:5432/ginnel"
    secret = urlsplit(files["app/redis-url"]).password or ""
    assert len(secret) >= 32
    assert f"user ginnel on #{sha256(secret.encode()).hexdigest()} " in files["redis/users.acl"]
    assert secret not in files["redis/users.acl"]
    jwks.parse(files["app/jwt-keys"])
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "app").iterdir()} == {0o600}

    (tmp_path / "app/jwt-keys").unlink()  # as if it had been killed before the last
    credentials.make_for_stores(tmp_path)
    again = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert again.pop("app/jwt-keys") != files.pop("app/jwt-keys")
    assert again == files


ADDRESS = "from local import address; address._SECONDS = 0.1; print(address.base_url())"


def test_people_find_it_at_the_tunnels_end_unless_told_otherwise() -> None:
    with agent(["http://one.example", "https://two.example"]) as url:
        assert python(ADDRESS, TUNNEL=url).stdout.strip() == "https://two.example"
        assert python(ADDRESS, TUNNEL=url, BASE_URL="https://go.example").stdout.strip() == "https://go.example"
    assert python(ADDRESS, PORT="9000").stdout.strip() == "http://localhost:9000"


def test_a_tunnel_that_is_not_there_is_said_to_be_missing() -> None:
    with agent([]) as url:
        assert f"none is open at {url}" in python(ADDRESS, TUNNEL=url).stderr
    assert "NGROK_AUTHTOKEN is missing or not valid" in python(ADDRESS, TUNNEL=url).stderr


@contextmanager
def agent(addresses: list[str]) -> Iterator[str]:
    """Answer as an ngrok agent's API does."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/api/tunnels"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"tunnels": [{"public_url": address} for address in addresses]}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/robots.txt"),
        ("HEAD", "/robots.txt"),
        ("GET", "/health"),
        ("GET", "/no-such-link"),
        ("POST", "/a"),
        ("GET", "/a/b"),
    ],
)
async def test_a_redirect_host_answers_as_the_whole_site_does(method: str, path: str) -> None:
    from local import host, redirect_host  # noqa: PLC0415  # not before the environment is made

    answers = []
    for app in (host.app, redirect_host.app):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://go.test") as client:
            answer = await client.request(method, path)
            answers.append((answer.status_code, answer.headers["content-type"], len(answer.content)))
    assert answers[0] == answers[1]


def test_a_redirect_host_imports_no_more_than_it_needs() -> None:
    code = "import sys, local.redirect_host, local.container; print({'sqlalchemy', 'alembic', 'jwt'} & {*sys.modules})"
    env = {"DATABASE_URL": "postgresql://localhost/none", "REDIS_URL": "redis://localhost", **SITE}
    assert python(code, **env).stdout.strip() == "set()"
