"""Watching clicks come, as long as one may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from ginnel import limits, postgres
from tests.conftest import Account

LIVE = "/api/v1/stats/live"
EVENTS = {"accept": "text/event-stream"}
WITHIN = 7.0

Register = Callable[[], Awaitable[Account]]


async def _watch(account: Account, **headers: str) -> float:
    """Watch until the stream ends; return when it did."""
    answer = await account.http.get(LIVE, headers=EVENTS | headers, timeout=None)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/event-stream")
    assert answer.text.count("data: ") >= 1
    return time.monotonic()


async def _shut_out(register: Register, sql: asyncpg.Connection) -> dict[str, tuple[asyncio.Task[float], str, Any]]:
    """Begin a stream for each way to lose one's rights; return it with the statement by which they go."""
    own = "select id from users where email = $1"
    said = {
        "disabled": f"update users set disabled_at = now() where id = ({own})",
        "signed out": f"update sessions set revoked_at = now() where user_id = ({own})",
        "key revoked": f"update api_keys set revoked_at = now() where user_id = ({own})",
        "removed": f"delete from members where role = 'viewer' and user_id = ({own})",
        "workspace deleted": f"""
            update workspaces set deleted_at = now() where id in (
                select workspace_id from members where user_id = ({own})
            )
        """,
        "nothing": f"select id from users where id = ({own})",
    }
    begun = {}
    other = (await (await register()).http.get("/api/v1/auth/me")).json()["workspace"]
    for name, statement in said.items():
        account, headers = await register(), {}
        if name == "key revoked":
            made = await account.http.post("/api/v1/api-keys", json={"name": "a", "scopes": ["stats:read"]})
            headers = {"authorization": f"Bearer {made.json()['secret']}"}
        if name == "removed":
            joined = "insert into members (workspace_id, user_id, role, created_at) select $2, id, 'viewer', now() from users"
            await sql.execute(f"{joined} where email = $1", account.email, other)
            headers = {"ginnel-workspace": str(other)}
        begun[name] = (asyncio.create_task(_watch(account, **headers)), statement, account.email)
    return begun


async def test_a_stream_ends_with_the_right_to_it(
    register: Register, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = await postgres.connect()
    try:
        streams = await _shut_out(register, sql)
        await asyncio.sleep(2)
        counted: list[Any] = []
        monkeypatch.setattr(limits, "_count", lambda *given, **_: counted.append(given))
        assert not any(task.done() for task, _, _ in streams.values())
        for _, statement, email in streams.values():
            await sql.execute(statement, email)
    finally:
        await sql.close()
    revoked = time.monotonic()
    watching = streams.pop("nothing")[0]
    await asyncio.wait([task for task, _, _ in streams.values()], timeout=WITHIN)
    took = {name: round(task.result() - revoked, 1) for name, (task, _, _) in streams.items() if task.done()}
    with capsys.disabled():
        print(f"\n  streams ended so many seconds after their right: {took}")
    assert took.keys() == streams.keys()
    assert not watching.done()
    watching.cancel()
    assert counted == []  # asking again is no call
