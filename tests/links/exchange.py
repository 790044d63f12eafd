"""Starting imports, working them off and looking at what became of them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from ginnel import imports, postgres
from tests.conftest import Account

Register = Callable[[], Awaitable[Account]]


async def start(account: Account, file: str | bytes, **params: str) -> dict[str, Any]:
    content = file.encode() if isinstance(file, str) else file
    answer = await account.http.post("/api/v1/imports", params=params, content=content)
    assert answer.status_code == 202, answer.text
    begun: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/v1/imports/{begun['id']}"
    return begun


async def finish(account: Account, begun: dict[str, Any]) -> dict[str, Any]:
    """Work off whatever waits; return what became of this one."""
    await imports.work(0)
    done: dict[str, Any] = (await account.http.get(f"/api/v1/imports/{begun['id']}")).json()
    assert done["state"] == "done", done
    return done


async def reported(account: Account, begun: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await account.http.get(f"/api/v1/imports/{begun['id']}/report?format=json")).json()
    return rows


async def domain_of(account: Account) -> str:
    """Give a workspace a domain of its own."""
    host = f"{secrets.token_hex(6)}.test"
    workspace = (await account.http.get("/api/v1/auth/me")).json()["workspace"]
    connection = await postgres.connect()
    await connection.execute(
        """
        insert into domains (workspace_id, host, case_sensitive, verified_at, created_at)
        values ($1, $2, false, now(), now())
        """,
        workspace,
        host,
    )
    await connection.close()
    return host
