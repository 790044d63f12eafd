from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import postgres
from ginnel.workspaces import emptying
from ginnel.workspaces.writing import LIMIT
from tests.conftest import Account, Claim

from .conftest import problem
from .test_access import Browser
from .test_keys import bearer, make
from .workspaces import WORKSPACES, Register, create, team, user_of, verify

LINKS = "/api/v1/links"


async def patch(account: Account, path: str, version: int | None = None, **fields: Any) -> httpx.Response:
    headers = {} if version is None else {"if-match": f'"{version}"'}
    return await account.http.patch(path, json=fields, headers=headers)


async def test_a_workspace_is_made_and_chosen_by_the_header(account: Account) -> None:
    made = await create(account, "  Newsroom ")
    assert made | {"created_at": None, "updated_at": None} == {
        "id": made["id"],
        "name": "Newsroom",
        "personal": False,
        "role": "owner",
        "members": 1,
        "links": 0,
        "retention_days": None,
        "default_domain": None,
        "require_second_factor": False,
        "link_defaults": dict.fromkeys(
            ["redirect_status", "allow_caching", "forward_query", "forward_path", "tags", "expires_after_days"]
        ),
        "version": 1,
        "created_at": None,
        "updated_at": None,
        "deleted_at": None,
    }
    headers = {"ginnel-workspace": str(made["id"])}
    link = (await account.http.post(LINKS, json={"target": "https://example.com/"}, headers=headers)).json()
    assert (await account.http.get(f"{LINKS}/{link['id']}")).status_code == 404
    assert (await account.http.get(f"{LINKS}/{link['id']}", headers=headers)).status_code == 200
    listed = (await account.http.get(WORKSPACES)).json()["items"]
    assert [(one["name"], one["personal"], one["links"]) for one in listed] == [
        ("Personal", True, 0),
        ("Newsroom", False, 1),
    ]


async def test_a_person_owns_so_many_however_they_are_made(account: Account) -> None:
    answers = await asyncio.gather(
        *(account.http.post(WORKSPACES, json={"name": f"{number}"}) for number in range(LIMIT + 5))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * LIMIT + [409] * 5
    problem(await account.http.post(WORKSPACES, json={"name": "x"}), 409, "too_many_workspaces")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": None},
        {"retention_days": 0},
        {"retention_days": "7"},
        {"retention_days": 10**9},
        {"default_domain": "elsewhere.test"},
        {"link_defaults": {"redirect_status": 303}},
        {"link_defaults": {"expires_after_days": 0}},
        {"link_defaults": {"slug": "x"}},
        {"link_defaults": None},
        {"personal": False},
    ],
)
async def test_bad_settings_are_refused_by_name(account: Account, fields: dict[str, Any]) -> None:
    made = await create(account)
    refused = problem(await patch(account, f"{WORKSPACES}/{made['id']}", **fields), 422, "invalid")
    assert refused["errors"][0]["pointer"].startswith(f"/{next(iter(fields))}")


async def test_settings_are_changed_from_a_version(account: Account) -> None:
    made = await create(account)
    path = f"{WORKSPACES}/{made['id']}"
    changed = await patch(account, path, 1, name="Desk", retention_days=90)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (changed.json()["name"], changed.json()["retention_days"]) == ("Desk", 90)
    problem(await patch(account, path, 1, name="Late"), 412, "version_mismatch")
    assert (await patch(account, path, retention_days=None)).json()["retention_days"] is None
    got = await account.http.get(path)
    assert (got.json()["name"], got.headers["etag"]) == ("Desk", '"3"')


async def test_links_go_to_the_default_domain_that_is_verified(
    account: Account, claim: Claim, register: Register
) -> None:
    path = f"{WORKSPACES}/{(await account.http.get('/api/v1/auth/me')).json()['workspace']}"
    first, second = await claim(), await claim()
    theirs = await claim(await register())
    claimed = (await account.http.post("/api/v1/domains", json={"host": f"{secrets.token_hex(6)}.test"})).json()
    for host, code in ((theirs["host"], "domain_unknown"), (claimed["host"], "domain_unverified")):
        refused = problem(await patch(account, path, default_domain=host), 422, "invalid")
        assert refused["errors"][0]["code"] == code
    for domain in (first, second):
        assert (await patch(account, path, default_domain=domain["host"])).json()["default_domain"] == domain["host"]
        assert (await account.link())["domain"] == domain["host"]
    version = (await account.http.get(path)).json()["version"]
    await account.http.patch(f"/api/v1/domains/{first['id']}", json={"default": True})
    now = (await account.http.get(path)).json()
    assert (now["default_domain"], now["version"]) == (first["host"], version + 1)
    assert (await patch(account, path, default_domain=None)).json()["default_domain"] is None
    assert (await account.link())["domain"] == "go.test"


async def test_new_links_are_what_the_workspace_says_where_their_drafts_do_not(account: Account) -> None:
    path = f"{WORKSPACES}/{(await account.http.get('/api/v1/auth/me')).json()['workspace']}"
    before = await account.link(external_id="old")
    defaults = {
        "redirect_status": 301,
        "allow_caching": True,
        "forward_query": False,
        "forward_path": True,
        "tags": ["spring", "campaign"],
        "expires_after_days": 30,
    }
    assert (await patch(account, path, link_defaults=defaults)).json()["link_defaults"] == defaults
    link = await account.link()
    assert (link["redirect_status"], link["allow_caching"], link["forward_query"], link["forward_path"]) == (
        301,
        True,
        False,
        True,
    )
    assert link["tags"] == ["campaign", "spring"]
    age = datetime.fromisoformat(link["expires_at"]) - datetime.fromisoformat(link["created_at"])
    assert age == timedelta(days=30)
    said = await account.link(redirect_status=302, tags=[], expires_at=None, forward_query=True)
    assert (said["redirect_status"], said["tags"], said["expires_at"], said["forward_query"]) == (302, [], None, True)
    later = datetime.now(UTC) + timedelta(days=100)
    begins = await account.link(starts_at=later.isoformat())
    assert datetime.fromisoformat(begins["expires_at"]) == later + timedelta(days=30)
    assert (await account.link(starts_at="9998-01-01T00:00:00Z"))["expires_at"] is None
    # What is there already, or comes from a file, is what it says itself.
    answer = await account.http.post(LINKS, json={"target": "https://example.com/x", "external_id": "old"})
    assert (answer.json()["id"], answer.json()["redirect_status"], answer.json()["tags"]) == (before["id"], 302, [])
    bulk = {"op": "create", "target": "https://example.com/"}
    items = (await account.http.post(f"{LINKS}/bulk", json=[bulk])).json()["items"]
    assert items[0]["link"]["redirect_status"] == 301


ROLES = ("owner", "admin", "member", "viewer")


async def test_who_may_do_what_with_a_workspace(register: Register, sql: asyncpg.Connection) -> None:
    made = await team(register, sql)
    may = {
        ("GET", ""): ROLES,
        ("GET", "/members"): ROLES,
        ("PATCH", ""): ("owner", "admin"),
        ("GET", "/invitations"): ("owner", "admin"),
        ("GET", "/audit"): ("owner", "admin"),
        ("GET", "/audit/export"): ("owner", "admin"),
    }
    for (method, path), roles in may.items():
        for name, account in made.people.items():
            answer = await account.http.request(method, made.path + path, json={} if method == "PATCH" else None)
            wanted = 404 if name == "stranger" else 200 if name in roles else 403
            assert answer.status_code == wanted, (name, method, path, answer.text)
    for name in ("admin", "member", "viewer"):
        answer = await made.people[name].http.delete(made.path, headers={"if-match": '"2"'})
        problem(answer, 403, "role_missing" if name == "admin" else "scope_missing")


async def test_a_key_reads_its_own_workspace_and_changes_none(account: Account, browser: Browser) -> None:
    other = await create(account)
    own = (await account.http.get("/api/v1/auth/me")).json()["workspace"]
    key = bearer(await make(account, scopes=["workspace:read", "audit:read"]))
    http = browser()
    for path in ("", "/members", "/audit"):
        assert (await http.get(f"{WORKSPACES}/{own}{path}", headers=key)).status_code == 200
        problem(await http.get(f"{WORKSPACES}/{other['id']}{path}", headers=key), 404, "not_found")
    problem(await http.patch(f"{WORKSPACES}/{own}", json={"name": "x"}, headers=key), 403, "scope_missing")
    problem(await http.get(WORKSPACES, headers=key), 403, "sign_in_needed")
    problem(await http.post(WORKSPACES, json={"name": "x"}, headers=key), 403, "sign_in_needed")
    problem(await http.post(f"{WORKSPACES}/{own}/leave", headers=key), 403, "sign_in_needed")
    weak = bearer(await make(account, scopes=["links:read"]))
    problem(await http.get(f"{WORKSPACES}/{own}", headers=weak), 403, "scope_missing")


# Deleting


async def follow(client: httpx.AsyncClient, link: dict[str, Any]) -> int:
    answer = await client.get(f"/{link['slug']}", headers={"host": link["domain"]})
    return answer.status_code


async def test_a_deleted_workspace_leads_nobody_on_until_it_is_restored(
    account: Account, client: httpx.AsyncClient, claim: Claim
) -> None:
    made = await create(account)
    path, headers = f"{WORKSPACES}/{made['id']}", {"ginnel-workspace": str(made["id"])}
    elsewhere = await account.link()
    account.http.headers.update(headers)
    domain = await claim(root_target="https://example.com/root", default=True)
    links = [await account.link(), await account.link(domain="go.test"), await account.link()]
    assert (await account.http.delete(f"{LINKS}/{links[2]['id']}")).status_code == 204
    del account.http.headers["ginnel-workspace"]
    assert [await follow(client, link) for link in [*links, elsewhere]] == [302, 302, 410, 302]
    assert (await client.get("/", headers={"host": domain["host"]})).status_code == 302

    problem(await account.http.delete(path), 428, "precondition_required")
    problem(await account.http.delete(path, headers={"if-match": '"99"'}), 412, "version_mismatch")
    etag = (await account.http.get(path)).headers["etag"]
    assert (await account.http.delete(path, headers={"if-match": etag})).status_code == 204
    assert [await follow(client, link) for link in [*links, elsewhere]] == [410, 410, 410, 302]
    assert (await client.get("/", headers={"host": domain["host"]})).status_code == 404
    for url in (path, f"{path}/members", f"{path}/audit"):
        problem(await account.http.get(url), 404, "not_found")
    problem(await account.http.get(LINKS, headers=headers), 404, "not_found")
    assert (await account.http.get(WORKSPACES)).json()["items"][-1]["deleted_at"]

    restored = await account.http.post(f"{path}/restore")
    assert (restored.status_code, restored.json()["deleted_at"]) == (200, None)
    assert [await follow(client, link) for link in [*links, elsewhere]] == [302, 302, 410, 302]
    assert (await client.get("/", headers={"host": domain["host"]})).status_code == 302
    problem(await account.http.post(f"{path}/restore"), 404, "not_found")


async def test_only_an_owner_restores_and_only_in_time(register: Register, sql: asyncpg.Connection) -> None:
    made = await team(register, sql)
    owner = made.people["owner"].http
    assert (await owner.delete(made.path, headers={"if-match": '"1"'})).status_code == 204
    for name, account in made.people.items():
        seen = [one["id"] for one in (await account.http.get(WORKSPACES)).json()["items"]]
        assert (made.workspace in seen) == (name == "owner")
        if name != "owner":
            problem(await account.http.post(f"{made.path}/restore"), 404, "not_found")
    await sql.execute("update workspaces set deleted_at = now() - interval '30 days' where id = $1", made.workspace)
    problem(await owner.post(f"{made.path}/restore"), 404, "not_found")
    assert made.workspace not in [one["id"] for one in (await owner.get(WORKSPACES)).json()["items"]]


async def test_a_personal_workspace_is_not_deleted_left_or_handed_over(account: Account, register: Register) -> None:
    own = (await account.http.get("/api/v1/auth/me")).json()["workspace"]
    path = f"{WORKSPACES}/{own}"
    problem(await account.http.delete(path, headers={"if-match": '"1"'}), 409, "workspace_personal")
    problem(await account.http.post(f"{path}/leave"), 409, "last_owner")
    other = await user_of(await register())
    problem(await account.http.post(f"{path}/transfer", json={"user": other}), 409, "workspace_personal")


async def test_what_a_workspace_had_is_deleted_for_good_after_its_grace(
    account: Account, client: httpx.AsyncClient, claim: Claim, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await create(account)
    kept = await account.link()
    account.http.headers["ginnel-workspace"] = str(made["id"])
    await claim()
    await make(account)
    for number in range(12):
        link = await account.link(tags=[f"tag {number}"], max_clicks=9)
    await account.http.post("/api/v1/webhooks", json={"url": "https://example.com/hook", "events": ["link.created"]})
    await account.http.post("/api/v1/imports", content=b"target\nhttps://example.com/\n")
    await verify(sql, account)
    invited = await account.http.post(f"{WORKSPACES}/{made['id']}/invitations", json={"email": "grace@example.org"})
    assert invited.status_code == 201, invited.text
    del account.http.headers["ginnel-workspace"]
    await sql.execute(
        """
        insert into clicks (at, id, workspace_id, domain_id, link_id, device, qr, clamped)
        select now(), gen_random_uuid(), $1, 1, $2, 'desktop', false, false from generate_series(1, 25)
        """,
        made["id"],
        link["id"],
    )
    await sql.execute(
        "insert into clicks_hourly (link_id, hour, workspace_id, clicks, bots) values ($1, now(), $2, 25, 0)",
        link["id"],
        made["id"],
    )
    version = (await account.http.get(f"{WORKSPACES}/{made['id']}")).json()["version"]
    deleted = await account.http.delete(f"{WORKSPACES}/{made['id']}", headers={"if-match": f'"{version}"'})
    assert deleted.status_code == 204
    monkeypatch.setattr(emptying, "_ROWS", 10)
    monkeypatch.setattr(emptying, "_LINKS", 5)

    async def empty(at: datetime) -> int:
        steps = 0
        while await postgres.run(lambda connection: emptying.step(connection, at)):
            steps += 1
        return steps

    await empty(datetime.now(UTC) + timedelta(days=29))  # what other tests have left
    assert len(await rows_of(sql, made["id"])) > 8
    assert await empty(datetime.now(UTC) + timedelta(days=30, minutes=1)) > 6
    assert await rows_of(sql, made["id"]) == {}
    assert await sql.fetchval("select count(*) from clicks where link_id = $1", link["id"]) == 0
    assert await follow(client, kept) == 302
    assert await sql.fetchval("select action from audit_log where workspace_id = $1 order by id desc", made["id"]) == (
        "workspace_emptied"
    )


async def rows_of(sql: asyncpg.Connection, workspace: int) -> dict[str, int]:
    """Count what any table has of a workspace, except for the audit log."""
    tables = await sql.fetch(
        """
        select c.table_name from information_schema.columns c join information_schema.tables t using (table_name)
        where c.column_name = 'workspace_id' and c.table_schema = 'public' and t.table_type = 'BASE TABLE'
        and c.table_name <> 'audit_log'
        """
    )
    counts = {"workspaces": await sql.fetchval("select count(*) from workspaces where id = $1", workspace)}
    for (table,) in tables:
        counts[table] = await sql.fetchval(f"select count(*) from {table} where workspace_id = $1", workspace)
    return {table: count for table, count in counts.items() if count}


async def test_what_is_about_no_workspace_works_whatever_the_header_says(account: Account) -> None:
    account.http.headers["ginnel-workspace"] = "999999999"
    problem(await account.http.get(LINKS), 404, "not_found")
    made = await create(account)
    assert (await account.http.get(f"{WORKSPACES}/{made['id']}")).status_code == 200
    assert len((await account.http.get(WORKSPACES)).json()["items"]) == 2
