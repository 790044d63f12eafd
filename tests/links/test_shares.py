"""A share shows a link's numbers to whoever has its address, and to nobody any more once it has ended."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import limits, postgres, settings, shares, tokens
from tests.conftest import Account, anywhere
from tests.links.test_breakdowns import ask, clicked

SHARED = "/api/v1/shared"
QUESTIONS = ("", "/summary", "/series", "/breakdown?dimension=country")


async def share(account: Account, link: int, **draft: Any) -> dict[str, Any]:
    answer = await account.http.post(f"/api/v1/links/{link}/shares", json=draft)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made: dict[str, Any] = answer.json()
    return made


async def sql(statement: str, *values: Any) -> None:
    async def act(connection: asyncpg.Connection) -> None:
        await connection.execute(statement, *values)

    await postgres.run(act)


def plain(answer: httpx.Response) -> tuple[Any, ...]:
    """Leave out what is another in each answer."""
    changing = {"x-request-id", "ratelimit"}
    headers = {name: value for name, value in answer.headers.items() if name not in changing}
    return answer.status_code, {k: v for k, v in answer.json().items() if k != "request_id"}, headers


async def over(client: httpx.AsyncClient, token: str) -> bool:
    """Say whether a share is answered as one that there never was, whatever is asked; else it must answer all."""
    statuses = set()
    for question in QUESTIONS:
        answer, nobodys = [await client.get(f"{SHARED}/{one}{question}") for one in (token, tokens.secret())]
        assert nobodys.status_code == 404
        statuses.add(answer.status_code)
        if answer.status_code != 200:
            assert plain(answer) == plain(nobodys)
    assert len(statuses) == 1
    return statuses == {404}


async def test_whoever_has_the_address_sees_what_its_owner_sees(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link(title="Sale", tags=["secret tag"])
    for country, visitor in (("GB", b"a"), ("GB", b"b"), ("DE", b"a")):
        await clicked(account, link["id"], country=country, visitor=visitor, referrer_path="/private/path")
    await clicked(account, (await account.link())["id"], country="FR")
    made = await share(account, link["id"], name="Printer's", expires_at="2030-01-01T00:00:00Z")
    assert made["url"] == f"http://go.test/app/shared/{made['token']}"
    shown = (await client.get(f"{SHARED}/{made['token']}")).json()
    assert shown == {
        "short_url": link["short_url"], "target": link["target"], "title": "Sale", "since": shown["since"],
        "expires_at": "2030-01-01T00:00:00Z",
    }  # fmt: skip
    assert datetime.fromisoformat(shown["since"]) <= datetime.now(UTC) - timedelta(hours=2)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    span: dict[str, Any] = {"from": shown["since"], "to": until, "filter": "-country:FR"}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("summary", {"compare": "previous"}),
        ("series", {"interval": "hour", "timezone": "Asia/Kathmandu", "compare": "previous"}),
        ("breakdown", {"dimension": "country", "limit": 1}),
    ]
    for what, params in asked:
        answer = await client.get(f"{SHARED}/{made['token']}/{what}", params={**span, **params})
        assert answer.status_code == 200, answer.text
        assert answer.json() == await ask(account, what, link=link["id"], **span, **params)
        assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")
        assert "ratelimit" in answer.headers
        assert "private" not in answer.text
    assert (await client.get(f"{SHARED}/{made['token']}/summary")).json() == {"clicks": 3, "visitors": 2, "bots": 0}


async def test_nothing_else_is_shown(account: Account, client: httpx.AsyncClient) -> None:
    link, other = await account.link(), await account.link()
    await clicked(account, other["id"])
    token = (await share(account, link["id"]))["token"]
    for path in ("clicks", "live", "export", "clicks/export", "shares"):
        assert (await client.get(f"{SHARED}/{token}/{path}")).status_code == 404
    for name in ("link", "tag", "domain"):
        answer = await client.get(f"{SHARED}/{token}/summary", params={name: other["id"]})
        assert answer.json() == {"clicks": 0, "visitors": 0, "bots": 0}
    refused = await client.get(f"{SHARED}/{token}/breakdown", params={"dimension": "referrer_path"})
    assert refused.json()["errors"][0]["code"] == "dimension_unknown"
    assert refused.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize(
    ("fields", "shows"),
    [
        ({}, True), ({"password": "quiet lantern"}, False), ({"starts_at": "2090-01-01T00:00:00Z"}, False),
        ({"starts_at": "2020-01-01T00:00:00Z"}, True),
    ],
)  # fmt: skip
async def test_where_it_leads_is_told_to_those_who_would_be_led_there(
    account: Account, client: httpx.AsyncClient, fields: dict[str, Any], *, shows: bool
) -> None:
    link = await account.link("https://example.com/there", **fields)
    token = (await share(account, link["id"]))["token"]
    answer = await client.get(f"{SHARED}/{token}")
    assert answer.json()["target"] == ("https://example.com/there" if shows else None)
    assert shows or "there" not in answer.text
    await account.http.patch(f"/api/v1/links/{link['id']}", json={"disabled": True})
    assert (await client.get(f"{SHARED}/{token}")).json()["target"] is None


async def test_a_blocked_host_is_not_told(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link("https://www.shared-and-blocked.example/there")
    token = (await share(account, link["id"]))["token"]
    await sql("insert into blocked_hosts (host, created_at) values ('shared-and-blocked.example', now())")
    try:
        assert (await client.get(f"{SHARED}/{token}")).json()["target"] is None
    finally:
        await sql("delete from blocked_hosts where host = 'shared-and-blocked.example'")


async def test_a_secret_is_told_once_and_kept_as_its_digest(account: Account, client: httpx.AsyncClient) -> None:
    link = (await account.link())["id"]
    made = await share(account, link, name="one")
    assert len({(await share(account, link))["token"] for _ in range(5)} | {made["token"]}) == 6
    assert re.fullmatch(r"[\w-]{43}", made["token"])
    listed = await account.http.get(f"/api/v1/links/{link}/shares")
    assert made["token"] not in listed.text
    assert [item["name"] for item in listed.json()["items"]] == [None] * 5 + ["one"]
    assert listed.json()["items"][-1] == {k: v for k, v in made.items() if k not in {"token", "url"}}

    async def read(connection: asyncpg.Connection) -> Any:
        return await connection.fetchrow(
            "select token_hash, s::text as row from link_shares s where id = $1", made["id"]
        )

    row = await postgres.run(read)
    assert row["token_hash"] == tokens.digest(made["token"])
    assert made["token"] not in row["row"]
    assert not await over(client, made["token"])


@pytest.mark.parametrize(
    "token", ["x", "a" * 42, "a" * 44, "%00", "%F0%9F%8E%89", "a" * 5000, "%2e%2e", "a" * 42 + "%0a"]
)
async def test_what_is_no_secret_leads_nowhere(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.get(f"{SHARED}/{token}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


ENDS: dict[str, tuple[str, str | None]] = {
    "expired": ("update link_shares set expires_at = now() where link_id = $1", None),
    "link deleted": ("update links set deleted_at = now() where id = $1", None),
    "link blocked": (
        "update links set blocked_at = now() where id = $1",
        "update links set blocked_at = null where id = $1",
    ),
    "workspace blocked": (
        "update workspaces set blocked_at = now() where id = (select workspace_id from links where id = $1)",
        "update workspaces set blocked_at = null where id = (select workspace_id from links where id = $1)",
    ),
    "workspace deleted": (
        "update workspaces set deleted_at = now() where id = (select workspace_id from links where id = $1)",
        "update workspaces set deleted_at = null where id = (select workspace_id from links where id = $1)",
    ),
}


@pytest.mark.parametrize("how", ENDS)
async def test_a_share_that_has_ended_is_as_none(account: Account, client: httpx.AsyncClient, how: str) -> None:
    link = (await account.link())["id"]
    token = (await share(account, link))["token"]
    assert not await over(client, token)
    ends, undoes = ENDS[how]
    await sql(ends, link)
    assert await over(client, token)
    if undoes:
        await sql(undoes, link)
        assert not await over(client, token)


async def test_a_revoked_share_is_gone_and_others_stay(account: Account, client: httpx.AsyncClient) -> None:
    link, other = (await account.link())["id"], (await account.link())["id"]
    one, two = await share(account, link), await share(account, link)
    path = f"/api/v1/links/{link}/shares/{one['id']}"
    assert (await account.http.delete(f"/api/v1/links/{other}/shares/{one['id']}")).status_code == 404
    assert (await account.http.delete(path)).status_code == 204
    assert (await account.http.delete(path)).status_code == 404
    assert await over(client, one["token"])
    assert not await over(client, two["token"])
    workspace = (await account.http.get("/api/v1/auth/me")).json()["workspace"]
    log = (await account.http.get(f"/api/v1/workspaces/{workspace}/audit", params={"limit": 3})).json()["items"]
    assert [(entry["action"], entry["subject"], entry["details"]) for entry in log] == [
        ("share_revoked", f"share:{one['id']}", {"link": link}),
        ("share_created", f"share:{two['id']}", {"link": link}),
        ("share_created", f"share:{one['id']}", {"link": link}),
    ]


async def test_a_link_has_so_many_shares_and_those_that_have_expired_make_room(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "LIMIT", 2)
    link = (await account.link())["id"]
    for _ in range(2):
        await share(account, link, expires_at="2030-01-01T00:00:00Z")
    answer = await account.http.post(f"/api/v1/links/{link}/shares", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_shares")
    await sql("update link_shares set expires_at = now() where link_id = $1", link)
    assert len((await account.http.get(f"/api/v1/links/{link}/shares")).json()["items"]) == 2
    await share(account, link)
    assert len((await account.http.get(f"/api/v1/links/{link}/shares")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("draft", "pointer"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"), ({"expires_at": "tomorrow"}, "/expires_at"),
        ({"expires_at": 1893456000}, "/expires_at"), ({"name": ""}, "/name"), ({"name": "x" * 101}, "/name"),
        ({"name": "a\nb"}, "/name"), ({"secret": "mine"}, "/secret"),
    ],
)  # fmt: skip
async def test_a_share_that_can_not_be_is_a_problem(account: Account, draft: dict[str, Any], pointer: str) -> None:
    link = (await account.link())["id"]
    answer = await account.http.post(f"/api/v1/links/{link}/shares", json=draft)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_share_outlives_who_made_it(
    account: Account, register: Callable[[], Awaitable[Account]], client: httpx.AsyncClient
) -> None:
    guest = await register()
    workspace = (await account.http.get("/api/v1/auth/me")).json()["workspace"]
    await sql(
        "insert into members (workspace_id, user_id, role, created_at) "
        "select $1, id, 'member', now() from users where email = $2",
        workspace,
        guest.email,
    )
    link = (await account.link())["id"]
    guest.http.headers["ginnel-workspace"] = str(workspace)
    made = await share(guest, link)
    await sql("delete from users where email = $1", guest.email)
    assert not await over(client, made["token"])
    assert (await account.http.get(f"/api/v1/links/{link}/shares")).json()["items"][0]["created_by"] is None


async def test_calls_are_counted_by_address(
    account: Account, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await share(account, (await account.link())["id"]))["token"]
    few, read = limits.Settings(rate_anonymous=5), settings.read
    monkeypatch.setattr(settings, "read", lambda kind: few if kind is limits.Settings else read(kind))
    mine, theirs = anywhere(), anywhere()
    statuses = [(await client.get(f"{SHARED}/{token}/summary", headers=mine)).status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert (await client.get(f"{SHARED}/{tokens.secret()}", headers=mine)).status_code == 429
    assert (await client.get(f"{SHARED}/{token}/summary", headers=theirs)).status_code == 200
