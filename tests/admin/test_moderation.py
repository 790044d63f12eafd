"""Links of all workspaces: finding them, and blocking one, or all that a workspace has."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

import asyncpg
import httpx

from ginnel import lookup, postgres, redis, sweeps
from tests.auth.conftest import problem
from tests.conftest import Account, Claim
from tests.faults.processes import listening

from .conftest import own_workspace

URL = "/api/v1/admin/links"
WORKSPACES = "/api/v1/admin/workspaces"
MANY = 20_000


async def found(operator: Account, **params: Any) -> list[int]:
    answer = await operator.http.get(URL, params=params)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def turn(operator: Account, path: str, name: str) -> dict[str, Any]:
    answer = await operator.http.post(f"{path}/{name}", json={"reason": "Phishing"} if name == "block" else None)
    assert answer.status_code == 200, answer.text
    turned: dict[str, Any] = answer.json()
    return turned


async def everywhere(processes: list[Any], slugs: list[str], state: str) -> float:
    """Wait until all processes say the same of all slugs; return the seconds that it took."""
    begun = time.monotonic()
    for process in processes:
        for slug in slugs:
            while (await process.resolve("go.test", slug)).state != state:
                assert time.monotonic() - begun < 1
                await asyncio.sleep(0.002)
    return time.monotonic() - begun


async def test_links_of_all_workspaces_are_found(account: Account, operator: Account, claim: Claim) -> None:
    word, host = secrets.token_hex(6), f"{secrets.token_hex(6)}.example"
    domain = (await claim())["host"]
    by_slug = (await account.link(slug=f"a-{word}-b"))["id"]
    by_target = (await operator.link(f"https://www.{host}:81/{word}"))["id"]
    by_title = (await account.link(title=f"On {word}", domain=domain))["id"]
    rules = [{"target": f"https://{host}/", "conditions": [{"type": "device", "values": ["ios"]}]}]
    by_rule = (await account.link(rules=rules))["id"]
    gone = await account.link(f"https://{host}/{word}")
    await account.http.delete(f"/api/v1/links/{gone['id']}")
    theirs = await own_workspace(account)
    assert await found(operator, search=word.upper()) == [by_title, by_target, by_slug]
    assert await found(operator, search=word, workspace=theirs) == [by_title, by_slug]
    assert await found(operator, host=host) == [by_rule, by_target]
    assert await found(operator, host=f"www.{host}") == [by_target]
    assert await found(operator, domain=domain) == [by_title]
    assert await found(operator, domain="nobodys.example") == []
    assert await found(operator, search=word, blocked=True) == []
    await turn(operator, f"{URL}/{by_slug}", "block")
    assert await found(operator, search=word, blocked=True) == [by_slug]
    first = (await operator.http.get(URL, params={"search": word, "limit": 2})).json()
    rest = await operator.http.get(URL, params={"search": word, "limit": 2, "cursor": first["next_cursor"]})
    assert [one["id"] for one in rest.json()["items"]] == [by_slug]
    assert first["items"][0]["workspace"] == theirs
    for bad in ({"search": "ab"}, {"host": "ex ample"}, {"cursor": "x"}, {"workspace": 0}):
        problem(await operator.http.get(URL, params=bad), 422, "invalid")


async def _leave(connection: asyncpg.Connection, part: str) -> None:
    """Take the many links away again, and have the planner know: other tests' questions would be answered by their plans."""
    await connection.execute("delete from links where slug like $1", f"{part}%")
    await connection.execute("vacuum analyze links")
    await connection.close()


async def test_one_link_among_very_many_is_found(account: Account, operator: Account) -> None:
    part, word = secrets.token_hex(4), secrets.token_hex(6)
    host = f"{word}.example"
    old = await account.link(f"https://{host}/", title=word)
    connection = await postgres.connect(command_timeout=60)
    await connection.execute(
        """
        insert into links (workspace_id, domain_id, slug, slug_key, target, redirect_status, allow_caching, forward_query,
                           forward_path, rules, variants, created_at, updated_at, version)
        select workspace_id, domain_id, $2 || n, $2 || n, 'https://example.com/pages/' || n, 302, false, true, false, '[]',
               '[]', now(), now(), 1
        from links, generate_series(1, $3) n where id = $1
        """,
        old["id"], part, MANY,
    )  # fmt: skip
    await connection.execute("analyze links")
    for asked in ({"search": word}, {"host": host}):
        begun = time.monotonic()
        assert await found(operator, **asked) == [old["id"]]
        print(f"\n{asked}: {1000 * (time.monotonic() - begun):.0f} ms, behind {MANY} newer links")
    assert len(await found(operator, search="pages", limit=100)) == 100
    await _leave(connection, part)


async def test_a_link_is_blocked_everywhere_within_a_second(
    account: Account, operator: Account, client: httpx.AsyncClient
) -> None:
    plain = await account.link(redirect_status=301, allow_caching=True)
    other = await account.link()
    path = f"{URL}/{plain['id']}"
    async with listening(2) as processes:
        assert (await client.get(f"/{plain['slug']}")).status_code == 301
        for process in processes:
            assert (await process.resolve("go.test", plain["slug"])).state == "live"
        blocked = await turn(operator, path, "block")
        took = await everywhere(processes, [plain["slug"]], "blocked")
        assert (blocked["blocked"], blocked["blocked_reason"], bool(blocked["blocked_at"])) == (True, "Phishing", True)
        for answer in (await client.get(f"/{plain['slug']}"), await client.get(f"/{plain['slug']}+")):
            assert answer.status_code == 451
            assert answer.headers["cache-control"] == "no-store"
        assert (await client.get(f"/{other['slug']}")).status_code == 302
        await turn(operator, path, "unblock")
        took_back = await everywhere(processes, [plain["slug"]], "live")
        assert (await client.get(f"/{plain['slug']}")).status_code == 301
    print(f"\nblocked in two other processes after {1000 * took:.1f} ms, unblocked after {1000 * took_back:.1f} ms")


async def test_its_owner_sees_the_block_and_cant_get_round_it(
    account: Account, operator: Account, client: httpx.AsyncClient
) -> None:
    link = await account.link(slug=secrets.token_hex(6), title="A")
    path, slug = f"/api/v1/links/{link['id']}", link["slug"]
    await turn(operator, f"{URL}/{link['id']}", "block")
    shown = (await account.http.get(path)).json()
    assert (shown["blocked"], shown["version"]) == (True, link["version"] + 1)
    assert "blocked_reason" not in shown
    stale = await account.http.patch(path, json={"title": "B"}, headers={"if-match": '"1"'})
    problem(stale, 412, "version_mismatch")
    changed = await account.http.patch(path, json={"title": "B", "disabled": False})
    assert (changed.status_code, changed.json()["blocked"]) == (200, True)
    assert (await account.http.post(f"{path}/revert", json={"version": 1})).json()["blocked"] is True
    problem(await account.http.patch(path, json={"slug": f"{slug}-2"}), 409, "link_blocked")
    bulk = [{"op": "update", "id": link["id"], "slug": f"{slug}-2"}]
    (refused,) = (await account.http.post("/api/v1/links/bulk", json=bulk)).json()["items"]
    assert (refused["status"], refused["problem"]["code"]) == (409, "link_blocked")
    await account.http.delete(path)
    again = await account.http.post("/api/v1/links", json={"target": "https://example.com/", "slug": slug})
    problem(again, 409, "slug_taken")
    free = (await account.http.get("/api/v1/links/available", params={"slug": slug})).json()
    assert (free["available"], free["code"]) == (False, "slug_taken")
    assert (await client.get(f"/{slug}")).status_code == 451
    await turn(operator, f"{URL}/{link['id']}", "unblock")
    assert (await client.get(f"/{slug}")).status_code == 410


async def test_a_block_is_in_the_history_without_a_name(account: Account, operator: Account) -> None:
    link = await account.link()
    path = f"{URL}/{link['id']}"
    await turn(operator, path, "block")
    await turn(operator, path, "block")
    await account.http.patch(f"/api/v1/links/{link['id']}", json={"title": "B"})
    await turn(operator, path, "unblock")
    await turn(operator, path, "unblock")
    history = (await account.http.get(f"/api/v1/links/{link['id']}/history")).json()["items"]
    assert [(one["user"], one["changes"]) for one in history[:3]] == [
        (None, {"blocked": {"before": True, "after": False}}),
        ("", {"title": {"before": None, "after": "B"}}),
        (None, {"blocked": {"before": False, "after": True}}),
    ]
    assert len(history) == 4


async def test_a_blocked_links_statistics_remain(
    account: Account, operator: Account, client: httpx.AsyncClient
) -> None:
    link = await account.link()
    await turn(operator, f"{URL}/{link['id']}", "block")
    assert (await client.get(f"/{link['slug']}")).status_code == 451
    summary = await account.http.get("/api/v1/stats/summary", params={"link": link["id"]})
    assert summary.status_code == 200
    problem(await operator.http.post(f"{URL}/999999999/block", json={}), 404, "not_found")


async def test_a_workspace_is_blocked_with_all_it_has_and_led_on_again(
    account: Account, operator: Account, claim: Claim, client: httpx.AsyncClient
) -> None:
    domain = await claim(root_target="https://example.com/root")
    links = [await account.link(), await account.link()]
    slugs = [link["slug"] for link in links]
    elsewhere = await operator.link()
    own = await account.link()
    await turn(operator, f"{URL}/{own['id']}", "block")
    path = f"{WORKSPACES}/{await own_workspace(account)}"
    async with listening(2) as processes:
        await everywhere(processes, slugs, "live")
        assert (await client.get("/", headers={"host": domain["host"]})).status_code == 302
        shown = await turn(operator, path, "block")
        took = await everywhere(processes, slugs, "blocked")
        assert (bool(shown["blocked_at"]), shown["blocked_reason"]) == (True, "Phishing")
        assert (await client.get(f"/{slugs[0]}")).status_code == 451
        assert (await client.get("/", headers={"host": domain["host"]})).status_code == 404
        later = await account.link()
        assert later["blocked"]
        assert (await client.get(f"/{later['slug']}")).status_code == 451
        assert (await client.get(f"/{elsewhere['slug']}")).status_code == 302
        listed = (await account.http.get("/api/v1/links")).json()["items"]
        assert [one["blocked"] for one in listed] == [True] * 4
        await turn(operator, path, "unblock")
        await everywhere(processes, [*slugs, later["slug"]], "live")
        assert (await client.get("/", headers={"host": domain["host"]})).status_code == 302
        assert (await client.get(f"/{own['slug']}")).status_code == 451
    print(f"\na workspace's links blocked in two other processes after {1000 * took:.1f} ms")


async def test_a_workspace_with_very_many_links_is_blocked_within_a_second(
    account: Account, operator: Account, client: httpx.AsyncClient
) -> None:
    part, link = secrets.token_hex(4), await account.link()
    connection = await postgres.connect(command_timeout=60)
    await connection.execute(
        """
        insert into links (workspace_id, domain_id, slug, slug_key, target, redirect_status, allow_caching, forward_query,
                           forward_path, rules, variants, created_at, updated_at, version)
        select workspace_id, domain_id, $2 || n, $2 || n, target, 302, false, true, false, '[]', '[]', now(), now(), 1
        from links, generate_series(1, $3) n where id = $1
        """,
        link["id"], part, MANY,
    )  # fmt: skip
    watched = [f"{part}{number}" for number in range(1, MANY, MANY // 100)]
    path = f"{WORKSPACES}/{await own_workspace(account)}"
    async with listening(2) as processes:
        await everywhere(processes, watched[:5], "live")
        for process in processes:
            for slug in watched:
                assert (await process.resolve("go.test", slug)).state == "live"
        begun = time.monotonic()
        await turn(operator, path, "block")
        took = time.monotonic() - begun
        await everywhere(processes, watched, "blocked")
        print(
            f"\n{MANY} links of a workspace: blocked in {took:.2f} s, everywhere after {time.monotonic() - begun:.2f} s"
        )
        assert (await client.get(f"/{watched[7]}")).status_code == 451
    await _leave(connection, part)


async def test_a_block_while_redis_is_away_is_told_of_later(
    account: Account, operator: Account, monkeypatch: Any
) -> None:
    link = await account.link()
    await lookup.resolve("go.test", link["slug"])
    key = lookup._key(f"go.test/{link['slug']}", f"go.test/{link['slug']}")

    async def away(*_: Any) -> None:
        raise redis.Away("away")

    with monkeypatch.context() as patched:
        patched.setattr(redis, "call", away)
        await turn(operator, f"{WORKSPACES}/{await own_workspace(account)}", "block")
    assert await redis.patient().exists(key)
    connection = await postgres.connect()
    while await sweeps.purge_again(connection):
        pass
    await connection.close()
    assert not await redis.patient().exists(key)


async def test_workspaces_are_found_by_name_owner_and_id(
    account: Account, operator: Account, sql: asyncpg.Connection
) -> None:
    workspace, name = await own_workspace(account), secrets.token_hex(6)
    await sql.execute("update workspaces set name = $2 where id = $1", workspace, f"The {name}")
    await account.link()

    async def ids(**params: Any) -> list[int]:
        answer = await operator.http.get(WORKSPACES, params=params)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert await ids(search=name.upper()) == [workspace]
    assert await ids(search=account.email) == [workspace]
    assert workspace in await ids(search=str(workspace))
    shown = (await operator.http.get(f"{WORKSPACES}/{workspace}")).json()
    assert (shown["owners"], shown["links"], shown["domains"], shown["keys"]) == ([account.email], 1, 0, 0)
    assert [(one["email"], one["role"]) for one in shown["members"]] == [(account.email, "owner")]
    problem(await operator.http.get(f"{WORKSPACES}/999999999"), 404, "not_found")
    problem(await operator.http.post(f"{WORKSPACES}/999999999/block", json={}), 404, "not_found")
