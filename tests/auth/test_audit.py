"""What was done in a workspace can be read by those who look after it, filtered, and taken along."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from ginnel import settings
from tests.conftest import Account

from .conftest import problem
from .test_invitations import answer_, fresh, invite, ticket
from .test_keys import make
from .workspaces import WORKSPACES, Register, create, team, user_of


async def log(account: Account, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await account.http.get(f"{path}/audit", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_every_act_leaves_an_entry_that_has_no_address(register: Register, sql: asyncpg.Connection) -> None:
    made = await team(register, sql, "viewer2")
    owner, guest, left = made.people["owner"], await register(), await register()
    http = owner.http
    await http.patch(made.path, json={"name": "Desk", "retention_days": 30})
    await http.patch(made.member("viewer"), json={"role": "member"})
    await http.delete(made.member("viewer2"))
    await made.people["member"].http.post(f"{made.path}/leave")
    await answer_(guest.http, await ticket(await invite(owner, made.path, guest.email)))
    declined = await invite(owner, made.path, left.email)
    await http.post(f"{made.path}/invitations/{declined['id']}/resend")
    await answer_(left.http, await ticket(declined), "decline")
    revoked = await invite(owner, made.path, fresh())
    await http.delete(f"{made.path}/invitations/{revoked['id']}")
    http.headers["ginnel-workspace"] = str(made.workspace)
    await http.delete(f"/api/v1/api-keys/{(await make(owner))['id']}")
    await owner.link()
    await http.get("/api/v1/links/export")
    await http.get(f"{made.path}/audit/export")
    etag = (await http.get(made.path)).headers["etag"]
    await http.delete(made.path, headers={"if-match": etag})
    await http.post(f"{made.path}/restore")
    await http.post(f"{made.path}/transfer", json={"user": made.users["admin"]})
    entries = (await log(owner, made.path, limit=100))[::-1]
    assert [entry["action"] for entry in entries] == [
        "workspace_created",
        "workspace_changed",
        "member_role_changed",
        "member_removed",
        "member_left",
        "invitation_created",
        "invitation_accepted",
        "invitation_created",
        "invitation_resent",
        "invitation_declined",
        "invitation_created",
        "invitation_revoked",
        "key_created",
        "key_revoked",
        "link_created",
        "links_exported",
        "audit_exported",
        "workspace_deleted",
        "workspace_restored",
        "ownership_transferred",
    ]
    assert entries[2]["details"] == {"before": "viewer", "after": "member"}
    assert (entries[2]["user"], entries[2]["subject"]) == (made.users["owner"], f"user:{made.users['viewer']}")
    assert "@" not in json.dumps(entries)


async def test_a_log_is_its_workspaces_only(register: Register) -> None:
    mine, theirs = await register(), await register()
    first, second = await create(mine), await create(theirs)
    assert {entry["subject"] for entry in await log(mine, f"{WORKSPACES}/{first['id']}")} == {
        f"workspace:{first['id']}"
    }
    for path in ("audit", "audit/export"):
        problem(await mine.http.get(f"{WORKSPACES}/{second['id']}/{path}"), 404, "not_found")


async def fill(sql: asyncpg.Connection, workspace: int, user: int, count: int) -> None:
    await sql.execute(
        """
        insert into audit_log (at, workspace_id, user_id, action, subject, details)
        select now() - make_interval(hours => $3 - n), $1, case when n % 2 = 0 then $2::bigint end, 'act_' || n % 3,
               '=cmd|' || n, jsonb_build_object('n', n)
        from generate_series(1, $3) n
        """,
        workspace,
        user,
        count,
    )


async def test_a_log_is_read_page_by_page_and_filtered(account: Account, sql: asyncpg.Connection) -> None:
    made = await create(account)
    path, user = f"{WORKSPACES}/{made['id']}", await user_of(account)
    await sql.execute("delete from audit_log where workspace_id = $1", made["id"])
    await fill(sql, made["id"], user, 25)
    seen: list[int] = []
    params: dict[str, Any] = {"limit": 10}
    while True:
        page = (await account.http.get(f"{path}/audit", params=params)).json()
        seen += [entry["details"]["n"] for entry in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == list(range(25, 0, -1))

    async def found(**params: Any) -> set[int]:
        return {entry["details"]["n"] for entry in await log(account, path, limit=100, **params)}

    assert await found(action="act_1") == {n for n in range(1, 26) if n % 3 == 1}
    assert await found(action=["act_1", "act_2"]) == {n for n in range(1, 26) if n % 3}
    assert await found(user=user) == {n for n in range(1, 26) if n % 2 == 0}
    since, until = datetime.now(UTC) - timedelta(hours=10.5), datetime.now(UTC) - timedelta(hours=5.5)
    assert await found(**{"from": since.isoformat(), "to": until.isoformat()}) == {15, 16, 17, 18, 19}
    for bad in ({"cursor": "x"}, {"from": "yesterday"}, {"limit": 0}, {"limit": 101}, {"user": 0}):
        problem(await account.http.get(f"{path}/audit", params=bad), 422, "invalid")


@pytest.mark.parametrize("format_", ["csv", "ndjson", "json"])
async def test_a_log_is_exported_whole_or_in_parts(
    account: Account, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    made = await create(account)
    await sql.execute("delete from audit_log where workspace_id = $1", made["id"])
    await fill(sql, made["id"], await user_of(account), 1100)
    path = f"{WORKSPACES}/{made['id']}/audit/export"
    answer = await account.http.get(path, params={"format": format_, "action": ["act_0", "act_1", "act_2"]})
    assert answer.headers["content-disposition"] == f'attachment; filename="audit.{format_}"'
    whole = answer.text
    if format_ == "csv":
        rows = list(csv.DictReader(io.StringIO(whole)))
        assert rows[0]["subject"] == "'=cmd|1"
        numbers = [json.loads(row["details"])["n"] for row in rows]
    else:
        lines = json.loads(whole) if format_ == "json" else [json.loads(line) for line in whole.splitlines()]
        numbers = [line["details"]["n"] for line in lines]
    assert numbers == list(range(1, 1101))
    with monkeypatch.context() as bounded:
        bounded.setenv("ANSWER_BYTES", "20000")
        settings.read.cache_clear()
        texts, following = [], f"{path}?format={format_}&action=act_0&action=act_1&action=act_2"
        while following:
            answer = await account.http.get(following)
            texts.append(answer.text)
            following = answer.headers.get("link", "")[1:].partition(">")[0]
    settings.read.cache_clear()
    assert len(texts) > 1
    if format_ == "json":
        assert [row for text in texts for row in json.loads(text)] == json.loads(whole)
    else:
        assert "".join(texts) == whole
    # That it was taken along is told once for each, not for each part.
    assert len(await log(account, f"{WORKSPACES}/{made['id']}", action="audit_exported")) == 2
    problem(await account.http.get(path, params={"cursor": "nonsense"}), 422, "invalid")
