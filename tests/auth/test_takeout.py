"""What somebody gets when they ask for all that there is of them."""

from __future__ import annotations

import io
import json
import re
import time
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import downloads, settings
from ginnel.takeout import queries
from tests.conftest import Account

from .conftest import problem
from .planted import Planted, drain, plant

EXPORT = "/api/v1/auth/me/export"

NOT_TOLD = {"ticket", "idempotency key"}
"""What proves something for minutes, or keeps a call from being done twice for a day."""


def opened(data: bytes) -> dict[str, list[dict[str, Any]]]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return {name: json.loads(file.read(name)) for name in file.namelist()}


@pytest.fixture
async def planted(browser: Callable[[], httpx.AsyncClient]) -> Planted:
    await drain()
    return await plant(browser())


async def test_it_holds_all_that_they_have_said_and_no_secret(planted: Planted, sql: asyncpg.Connection) -> None:
    answer = await planted.http.get(EXPORT)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.zip"'
    files = opened(answer.content)
    said = json.dumps(files, ensure_ascii=False).lower()
    assert {name for name, word in planted.words.items() if word not in said} == NOT_TOLD
    own, theirs = {kind.name for kind in queries.PERSON}, {kind.name for kind in queries.WORKSPACE}
    folder = f"workspaces/{planted.workspace}"
    assert files.keys() == {f"{name}.json" for name in own} | {f"{folder}/{name}.json" for name in theirs}
    assert [row["email"] for row in files["account.json"]] == [planted.email]
    assert len(files[f"{folder}/clicks.json"]) == 2
    kept = await sql.fetchrow(
        """
        select u.password_hash, w.secret, encode(k.key_hash, 'hex') as key
        from users u join api_keys k on k.user_id = u.id join webhooks w on w.workspace_id = k.workspace_id where u.id = $1
        """,
        planted.user,
    )
    assert not [name for name, value in kept.items() if value.lower() in said]


async def test_others_are_in_none_of_it(planted: Planted, account: Account) -> None:
    files = opened((await account.http.get(EXPORT)).content)
    said = json.dumps(files, ensure_ascii=False).lower()
    assert [name for name, word in planted.words.items() if word in said] == []


async def test_parts_hold_the_same_as_the_whole(
    planted: Planted, monkeypatch: pytest.MonkeyPatch, sql: asyncpg.Connection
) -> None:
    await _click(sql, planted, 3000)
    whole = opened((await planted.http.get(EXPORT)).content)
    bounded = downloads.Settings(answer_bytes=20_000)
    read = settings.read
    monkeypatch.setattr(settings, "read", lambda kind: bounded if kind is downloads.Settings else read(kind))
    parts: list[dict[str, list[dict[str, Any]]]] = []
    where: str | None = EXPORT
    while where:
        answer = await planted.http.get(where)
        assert answer.status_code == 200, answer.text
        assert len(answer.content) < 100_000
        parts.append(opened(answer.content))
        found = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        where = found[1] if found else None
    joined: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        for name, rows in part.items():
            joined.setdefault(name, []).extend(rows)
    assert len(parts) > 2
    assert joined.keys() == whole.keys()
    changing = {"sessions.json"}
    assert {name: rows for name, rows in joined.items() if name not in changing} == {
        name: rows for name, rows in whole.items() if name not in changing
    }


@pytest.mark.parametrize(
    "cursor",
    ["x", "5b5d", "6e756c6c", "5b302c302c5b2278225d5d", "5b302c39392c6e756c6c5d", "ff", "5b2d312c302c6e756c6c5d"],
)
async def test_a_cursor_that_is_none_is_refused(account: Account, cursor: str) -> None:
    problem(await account.http.get(EXPORT, params={"cursor": cursor}), 422, "invalid")


async def test_a_cursor_leads_into_nobody_elses_workspace(account: Account, planted: Planted) -> None:
    stolen = json.dumps([planted.workspace, 1, ["0"]]).encode().hex()
    files = opened((await account.http.get(EXPORT, params={"cursor": stolen})).content)
    assert Counter(row["id"] for rows in files.values() for row in rows if "target" in row) == {}


@pytest.mark.slow
async def test_it_takes_no_more_memory_for_more_clicks(
    planted: Planted, sql: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    await _click(sql, planted, 200_000)
    from ginnel.takeout import archive, pages  # noqa: PLC0415  # not before the environment is made

    peaks: list[int] = []
    begun = time.monotonic()
    tracemalloc.start()
    further = pages.pages(planted.user, None, strong=False)
    size = 0
    async for data in archive.whole(await anext(further), further):
        size += len(data)
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    with capsys.disabled():
        print(
            f"\n  200,002 clicks: {size / 1e6:.1f} MB in {time.monotonic() - begun:.0f} s under tracemalloc, ", end=""
        )
        print(f"which saw at most {peaks[-1] / 1e6:.1f} MB")
    assert peaks[-1] < 20e6


async def _click(sql: asyncpg.Connection, planted: Planted, count: int) -> None:
    await sql.execute(
        """
        insert into clicks (at, id, workspace_id, domain_id, link_id, device, qr, clamped, referrer_path)
        select now() - n * interval '1 second', gen_random_uuid(), l.workspace_id, l.domain_id, l.id, 'desktop', false, false,
            md5(n::text)
        from links l, generate_series(1, $2) n where l.workspace_id = $1 and l.slug = $3
        """,
        planted.workspace,
        count,
        planted.slugs["live"],
        timeout=60,
    )
