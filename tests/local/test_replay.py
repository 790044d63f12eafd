"""Replaying dead letters by the command that an operator gives."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from ginnel import postgres
from tests.e2e import running


async def test_the_database_that_a_settings_file_names_is_the_one_that_is_replayed(tmp_path: Path) -> None:
    connection = await postgres.connect()
    await connection.execute(
        "insert into dead_letters (created_at, payload, error) values (now(), 'no click', 'unreadable')"
    )
    waiting = await connection.fetchval("select count(*) from dead_letters where replayed_at is null")
    (tmp_path / ".env").write_text(f"DATABASE_URL={os.environ['DATABASE_URL']}\n")
    command = [
        sys.executable,
        "-m",
        "local.replay",
        "--data",
        str(tmp_path / "data"),
        "--env-file",
        str(tmp_path / ".env"),
    ]
    env = running.environment()
    said = await asyncio.to_thread(subprocess.check_output, command, cwd=running.ROOT, env=env, text=True)
    assert f"{waiting} dead letters are on their way again" in said
    assert await connection.fetchval("select count(*) from dead_letters where replayed_at is null") == 0
    assert not (tmp_path / "data").exists()
    await connection.execute("delete from outbox where payload = 'no click'")
    await connection.close()
