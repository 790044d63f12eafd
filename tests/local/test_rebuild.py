"""Counting clicks anew by the command that an operator gives."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from ginnel import postgres
from tests.e2e import running

LINK, DAY = 8_000_000_000_077, "2016-05-04"


async def test_what_is_off_is_told_once_and_is_mended(tmp_path: Path) -> None:
    connection = await postgres.connect()
    await connection.execute(
        """
        insert into clicks_hourly (link_id, hour, workspace_id, clicks, visitors, bots)
        values ($1, $2::text::timestamptz, 8000000000001, 3, 2, 1)
        """,
        LINK,
        f"{DAY} 03:00Z",
    )
    code, said = await rebuild(tmp_path, DAY, DAY, "--link", str(LINK + 1))
    assert (code, said.split()[0]) == (0, "0")
    code, said = await rebuild(tmp_path, "2016-05-01", DAY, "--link", str(LINK))
    assert (code, said.split("\n")[0].strip()) == (1, "clicks_hourly: 1 rows differed")
    assert "1 differences from 2016-05-01 to 2016-05-04" in said
    code, said = await rebuild(tmp_path, "2016-05-01", DAY)
    assert (code, said.strip()) == (0, "0 differences from 2016-05-01 to 2016-05-04")
    await connection.close()


async def test_days_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    assert (await rebuild(tmp_path, DAY, "2016-05-03"))[0] == 2


async def rebuild(folder: Path, *arguments: str) -> tuple[int, str]:
    (folder / ".env").write_text(f"DATABASE_URL={os.environ['DATABASE_URL']}\n")
    where = ("--data", str(folder / "data"), "--env-file", str(folder / ".env"))
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "local.rebuild", *arguments, *where],
        cwd=running.ROOT,
        env=running.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout
