"""Backing up and restoring a database that a URL names: what is refused, and what an older release's file becomes."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from zipfile import ZipFile

import asyncpg
import pytest

from ginnel import migrations, settings
from local import archive, restore
from tests.e2e import running

Database = Callable[[], Awaitable[str]]


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    """Make databases of the test's own."""
    admin = await asyncpg.connect(os.environ["DATABASE_URL"])
    made: list[str] = []

    async def make() -> str:
        made.append(f"ginnel_backup_{secrets.token_hex(4)}")
        await admin.execute(f"create database {made[-1]}")
        return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{made[-1]}"))

    yield make
    for name in made:
        await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
async def filled(database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a database of the first release's schema, with a link that had seven clicks of three allowed."""
    url = await database()
    await migrate(url, "0001", monkeypatch)
    connection = await asyncpg.connect(url)
    await connection.execute(
        """
        insert into workspaces (name, personal, created_at) values (E'tab\\there\\nline\\\\', false, now());
        insert into domains (host, case_sensitive, created_at) values ('a.test', false, now());
        insert into links (workspace_id, domain_id, slug, slug_key, target, redirect_status, allow_caching, forward_query,
            forward_path, max_clicks, rules, variants, created_at, updated_at, version)
        values (1, 1, '😀', '😀', 'https://example.com/', 302, false, false, false, 3, '[{"a": null}]', '[]', now(), now(), 1);
        insert into clicks_hourly values (1, '2026-01-01 00:00+00', 1, 3, 5), (1, '2026-01-01 01:00+00', 1, 4, 0);
        insert into visitor_salts values ('2026-01-01', '\\x00');
        select ensure_clicks_partition('2019-03-01');
        insert into clicks (at, id, workspace_id, domain_id, link_id, device, qr, clamped)
        values ('2019-03-31 23:59:59.999999+00', gen_random_uuid(), 1, 1, 1, 'desktop', false, false)
        """
    )
    await connection.close()
    return url


async def migrate(url: str, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        settings.read.cache_clear()
        await migrations.upgrade(revision)
    settings.read.cache_clear()


def run(command: str, *arguments: str | Path, url: str = "") -> subprocess.CompletedProcess[str]:
    env = running.environment(**({"DATABASE_URL": url} if url else {}))
    return subprocess.run(
        [sys.executable, "-m", f"local.{command}", *map(str, arguments)],
        cwd=running.ROOT, env=env, text=True, capture_output=True, check=False, timeout=120,
    )  # fmt: skip


def back_up(url: str, to: Path) -> Path:
    done = run("backup", to, url=url)
    assert done.returncode == 0, done.stderr
    return to


def refused(command: str, *arguments: str | Path, url: str = "") -> str:
    """Return what it says as it refuses, in words."""
    done = run(command, *arguments, url=url)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def altered(path: Path, **fields: object) -> Path:
    """Copy a back-up, with another manifest."""
    copy = path.with_name(f"other-{path.name}")
    with ZipFile(path) as old, ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == archive.MANIFEST:
                content = json.dumps(json.loads(content) | fields).encode()
            new.writestr(name, content)
    return copy


async def test_an_older_releases_file_is_brought_up_to_this_schema(
    filled: str, database: Database, tmp_path: Path
) -> None:
    other = await database()
    assert run("restore", back_up(filled, tmp_path / "old.zip"), url=other).returncode == 0
    connection = await asyncpg.connect(other)
    assert migrations.is_newest(await connection.fetchval("select version_num from alembic_version"))
    assert await connection.fetchval("select name from workspaces") == "tab\there\nline\\"
    assert await connection.fetchval("select used from link_budgets") == 7  # the migration's work
    assert await connection.fetchval("select slug || rules::text from links") == '😀[{"a": null}]'
    assert str(await connection.fetchval("select at from clicks_2019_03")) == "2019-03-31 23:59:59.999999+00:00"
    await connection.close()


async def test_no_number_that_was_given_before_is_given_again(filled: str, database: Database, tmp_path: Path) -> None:
    other = await database()
    assert run("restore", back_up(filled, tmp_path / "a.zip"), url=other).returncode == 0
    connection = await asyncpg.connect(other)
    made = "insert into {} values (default, {}) returning id"
    workspace = await connection.fetchval(made.format("workspaces", "'x', false, null, now(), null"))
    user = await connection.fetchval(made.format("users", "'a@b.test', '', '', false, null, null, now()"))
    await connection.close()
    assert (workspace, user) == (1 + restore.GAP + 1, restore.GAP + 1)


async def test_salts_are_in_no_back_up(filled: str, tmp_path: Path) -> None:
    with ZipFile(back_up(filled, tmp_path / "a.zip")) as file:
        assert "clicks.copy" in file.namelist()
        assert not [name for name in file.namelist() if "salt" in name]


async def test_a_back_up_is_its_owners_alone_and_overwrites_nothing(filled: str, tmp_path: Path) -> None:
    made = back_up(filled, tmp_path / "a.zip")
    assert made.stat().st_mode & 0o777 == 0o600
    before = made.read_bytes()
    assert f"{made} exists already" in refused("backup", made, url=filled)
    assert made.read_bytes() == before


async def test_what_is_not_finished_leaves_no_file(database: Database, tmp_path: Path) -> None:
    assert "no schema of Ginnel's" in refused("backup", tmp_path / "a.zip", url=await database())
    assert "there is no database in" in refused("backup", tmp_path / "a.zip", "--data", tmp_path / "none")
    assert "No such file or directory" in refused("backup", tmp_path / "none" / "a.zip", url=os.environ["DATABASE_URL"])
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # pathlib's is for no coroutine


async def test_without_redis_it_says_what_it_does_not_wait_for(filled: str, tmp_path: Path) -> None:
    done = run("backup", tmp_path / "a.zip", url=filled)
    assert "clicks that wait in Redis are not waited for" in done.stderr
    assert "Every click" not in done.stdout


async def test_a_database_with_rows_is_refused_unless_told(filled: str, database: Database, tmp_path: Path) -> None:
    made, other = back_up(filled, tmp_path / "a.zip"), await database()
    assert run("restore", made, url=other).returncode == 0
    connection = await asyncpg.connect(other)
    await connection.execute("update workspaces set name = 'changed'; create table theirs (n int)")
    said = refused("restore", made, url=other)
    tables = "clicks, clicks_hourly, domains, link_budgets, links, workspace_quarters, workspaces"
    assert f"is not empty ({tables} have rows)" in said
    assert await connection.fetchval("select name from workspaces") == "changed"
    assert run("restore", made, "--replace", url=other).returncode == 0
    assert await connection.fetchval("select name from workspaces") != "changed"
    assert await connection.fetchval("select count(*) from theirs") == 0  # a stranger's table stays
    await connection.close()


async def test_a_database_that_ginnel_works_on_is_refused(filled: str, database: Database, tmp_path: Path) -> None:
    made, other = back_up(filled, tmp_path / "a.zip"), await database()
    at_work = await asyncpg.connect(other, server_settings={"application_name": "ginnel"})
    assert "Ginnel is at work on this database (1 connections)" in refused("restore", made, "--replace", url=other)
    await at_work.close()


@pytest.mark.slow
async def test_a_file_that_is_not_what_was_written_is_refused_before_anything_is_touched(
    filled: str, tmp_path: Path
) -> None:
    made = back_up(filled, tmp_path / "a.zip")
    whole, bad = made.read_bytes(), tmp_path / "bad.zip"
    damages = [
        whole[: len(whole) * 9 // 10],
        whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        b"something else",
        b"",
    ]
    for damaged in damages:
        bad.write_bytes(damaged)
        assert "is no back-up, or was damaged" in refused("restore", bad, "--replace", url=filled)
    with ZipFile(made) as file:
        tables = json.loads(file.read(archive.MANIFEST))["tables"]
    tables[0]["rows"] += 1
    assert "is not what was written" in refused("restore", altered(made, tables=tables), "--replace", url=filled)
    assert "another program's" in refused("restore", altered(made, format="tar"), url=filled)
    assert "can't be read: No such file" in refused("restore", tmp_path / "none.zip", url=filled)
    connection = await asyncpg.connect(filled)
    assert await connection.fetchval("select count(*) from links") == 1
    await connection.close()


async def test_a_newer_releases_file_and_a_newer_format_are_refused(filled: str, tmp_path: Path) -> None:
    made = back_up(filled, tmp_path / "a.zip")
    said = refused("restore", altered(made, revision="9999"), url=filled)
    assert "the file was made by a newer release (schema 9999): restore it with that one" in said
    said = refused("restore", altered(made, version=2), url=filled)
    assert "the file's format is version 2; this release reads version 1" in said


async def test_a_back_up_waits_for_a_migration(filled: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(filled)
    await connection.execute("select pg_advisory_lock(7461)")
    backing_up = asyncio.create_task(asyncio.to_thread(back_up, filled, tmp_path / "a.zip"))
    waiting = "select exists (select from pg_locks where locktype = 'advisory' and objid = 7461 and not granted)"
    while not await connection.fetchval(waiting):
        assert not backing_up.done()
        await asyncio.sleep(0.02)
    await connection.execute("select pg_advisory_unlock(7461)")
    await backing_up
    await connection.close()
