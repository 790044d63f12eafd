"""The operator's list of hosts that no link may lead to."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginnel import blocklist, lookup, postgres, redis, sweeps, targets
from tests.auth.conftest import problem
from tests.conftest import Account, Claim
from tests.faults.processes import listening

URL = "/api/v1/admin/blocked-hosts"
MANY = 100_000


def fresh() -> str:
    return f"{secrets.token_hex(6)}.example"


async def block(operator: Account, host: str, **fields: Any) -> int:
    answer = await operator.http.post(URL, json={"host": host, **fields})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def test_nobody_but_an_operator_sees_or_changes_the_list(account: Account, operator: Account) -> None:
    host = fresh()
    made = await operator.http.post(URL, json={"host": f"*.{host.upper()}.", "reason": "Phishing"})
    assert made.status_code == 201, made.text
    assert (made.json()["host"], made.json()["reason"]) == (host, "Phishing")
    problem(await operator.http.post(URL, json={"host": host}), 409, "host_blocked")
    listed = await operator.http.get(URL, params={"search": host[:8]})
    assert listed.json() == {"items": [made.json()], "next_cursor": None}
    path = f"{URL}/{made.json()['id']}"
    for answer in (
        await account.http.get(URL),
        await account.http.post(URL, json={"host": fresh()}),
        await account.http.post(f"{URL}/import", content=b"a.example"),
        await account.http.delete(path),
    ):
        problem(answer, 403, "operator_only")
    key = await operator.http.post("/api/v1/api-keys", json={"name": "x", "scopes": ["links:write", "domains:write"]})
    bearer = {"authorization": f"Bearer {key.json()['secret']}"}
    problem(await operator.http.get(URL, headers=bearer), 403, "operator_only")
    assert (await operator.http.delete(path)).status_code == 204
    problem(await operator.http.delete(path), 404, "not_found")


async def test_the_list_is_read_page_by_page(operator: Account) -> None:
    part = secrets.token_hex(6)
    await operator.http.post(f"{URL}/import", content="\n".join(f"{part}{n}.example" for n in range(5)).encode())
    found, cursor = [], ""
    while True:
        page = (await operator.http.get(URL, params={"limit": 2, "search": part, "cursor": cursor})).json()
        found += [one["host"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == [f"{part}{n}.example" for n in range(5)]
    for bad in ("x", "LTE", "MA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk"):
        problem(await operator.http.get(URL, params={"cursor": bad}), 422, "invalid")


@pytest.mark.parametrize(
    "field",
    [
        lambda url: {"target": url},
        lambda url: {"expired_target": url},
        lambda url: {"image": url},
        lambda url: {"rules": [{"target": url, "conditions": [{"type": "device", "values": ["ios"]}]}]},
        lambda url: {"variants": [{"target": url, "weight": 100}]},
    ],
)
async def test_no_link_is_made_or_changed_that_leads_to_a_blocked_host(
    account: Account, operator: Account, field: Any
) -> None:
    host = fresh()
    await block(operator, host)
    link = await account.link()
    for url in (f"https://{host}/", f"http://a.b.{host.upper()}.:8080/x?y"):
        fields = field(url)
        for answer in (
            await account.http.post("/api/v1/links", json={"target": "https://example.com/", **fields}),
            await account.http.patch(f"/api/v1/links/{link['id']}", json=fields),
        ):
            fault = problem(answer, 422, "invalid")["errors"][0]
            assert fault["code"] == "target_blocked"
            assert fault["pointer"].startswith(f"/{next(iter(fields))}")
    bulk = [{"op": "create", "target": f"https://{host}/"}, {"op": "create", "target": f"https://not-{host}/"}]
    answers = (await account.http.post("/api/v1/links/bulk", json=bulk)).json()["items"]
    assert [answer["status"] for answer in answers] == [422, 201]


async def test_a_domain_does_not_lead_to_a_blocked_host(
    account: Account, operator: Account, claim: Claim, client: httpx.AsyncClient
) -> None:
    host = fresh()
    url = f"https://www.{host}/"
    domain = await claim(root_target=url, not_found_target="https://example.com/", expired_target=url)
    link = await account.link(domain=domain["host"], expires_at="2020-01-01T00:00:00Z")
    here = {"host": domain["host"]}

    async def answers() -> list[int]:
        return [(await client.get(path, headers=here)).status_code for path in ("/", "/x", f"/{link['slug']}")]

    assert await answers() == [302, 302, 302]
    blocked = await block(operator, host)
    assert await answers() == [404, 302, 410]
    refused = await account.http.patch(f"/api/v1/domains/{domain['id']}", json={"not_found_target": url})
    assert problem(refused, 422, "invalid")["errors"][0]["code"] == "target_blocked"
    await operator.http.delete(f"{URL}/{blocked}")
    assert await answers() == [302, 302, 302]


async def test_links_to_a_host_are_blocked_and_led_on_again_with_it(
    account: Account, operator: Account, client: httpx.AsyncClient
) -> None:
    host = fresh()
    plain, below, ruled, elsewhere, own = [
        await account.link(url, **fields)
        for url, fields in (
            (f"https://{host}/", {}),
            (f"https://a.b.{host}/x", {}),
            (
                "https://example.com/",
                {"rules": [{"target": f"https://{host}:8443/", "conditions": [{"type": "device", "values": ["ios"]}]}]},
            ),
            (f"https://not-{host}/", {}),
            (f"https://{host}/own", {}),
        )
    ]

    async def ban(connection: asyncpg.Connection) -> None:
        await connection.execute("update links set blocked_at = now() where id = $1", own["id"])

    await postgres.run(ban)
    await lookup.purge("go.test", own["slug"])
    links = [plain, below, ruled, elsewhere, own]

    async def answers() -> list[int]:
        return [(await client.get(f"/{link['slug']}")).status_code for link in links]

    async def shown() -> list[bool]:
        return [(await account.http.get(f"/api/v1/links/{link['id']}")).json()["blocked"] for link in links]

    assert await answers() == [302, 302, 302, 302, 451]
    async with listening(2) as processes:
        for process in processes:
            for link in links:
                await process.resolve("go.test", link["slug"])
        blocked = await block(operator, host)
        assert await answers() == [451, 451, 451, 302, 451]
        assert await shown() == [True, True, True, False, True]
        changed = await account.http.patch(f"/api/v1/links/{plain['id']}", json={"title": "Still mine"})
        assert (changed.status_code, changed.json()["blocked"]) == (200, True)
        await _all_say(processes, [plain, below, ruled], "blocked")
        below_it = await block(operator, f"b.{host}")
        await operator.http.delete(f"{URL}/{blocked}")
        assert await answers() == [302, 451, 302, 302, 451]
        await operator.http.delete(f"{URL}/{below_it}")
        assert await answers() == [302, 302, 302, 302, 451]
        assert await shown() == [False, False, False, False, True]
        await _all_say(processes, [plain, below, ruled], "live")


async def _all_say(processes: list[Any], links: list[dict[str, Any]], state: str) -> None:
    begun = time.monotonic()
    for process in processes:
        for link in links:
            while (await process.resolve("go.test", link["slug"])).state != state:
                assert time.monotonic() - begun < 1
                await asyncio.sleep(0.005)


async def test_a_list_is_imported_line_by_line(account: Account, operator: Account) -> None:
    part = secrets.token_hex(6)
    link = await account.link(f"https://b{part}.example/")
    await block(operator, f"known{part}.example")
    lines = [
        "\ufeff# a list", "", f"a{part}.example", f"0.0.0.0 b{part}.example  # reported",
        f"127.0.0.1\tc{part}.example d{part}.example", f"known{part}.example", f"A{part}.EXAMPLE.", "127.0.0.1 localhost",
        "::1 ip6-localhost", f"*.e{part}.example", "com", "https://x.example/", "ex ample.example", "a\x00b.example",
        f"{part}.example:80", f"b\u00fccher{part}.example",
    ]  # fmt: skip
    answer = await operator.http.post(
        f"{URL}/import?reason=Weekly", content="\r\n".join(lines).encode(), headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["added"], said["known"], said["rejected"]) == (6, 1, 5)
    assert [(line["line"], line["code"]) for line in said["lines"]] == [
        (11, "host_too_wide"),
        *((number, "host_invalid") for number in range(12, 16)),
    ]
    listed = (await operator.http.get(URL, params={"search": part, "limit": 100})).json()["items"]
    assert {one["host"].replace(part, "") for one in listed} >= {
        f"{name}.example" for name in ("a", "b", "c", "d", "e")
    }
    assert (await account.http.get(f"/api/v1/links/{link['id']}")).json()["blocked"]
    again = await operator.http.post(f"{URL}/import", content="\n".join(lines).encode())
    assert again.json()["added"] == 0


async def test_a_long_list_is_imported_at_once(operator: Account) -> None:
    part = secrets.token_hex(4)
    body = "\n".join(f"{part}{number}.example" for number in range(40_000)) + "\n" + "x\n" * 2000
    begun = time.monotonic()
    answer = await operator.http.post(f"{URL}/import", content=body.encode())
    assert answer.status_code == 200, answer.text
    print(f"\n{len(body)} bytes with 40,000 hosts were imported in {time.monotonic() - begun:.1f} s")
    assert (answer.json()["added"], answer.json()["rejected"]) == (40_000, 2000)
    assert len(answer.json()["lines"]) == blocklist.REJECTED
    connection = await postgres.connect(command_timeout=30)
    while await sweeps.purge_again(connection):
        pass
    await connection.execute("delete from blocked_hosts where host like $1", f"{part}%")
    await connection.close()
    too_long = await operator.http.post(f"{URL}/import", content=b"a.example\n" * 200_000)
    problem(too_long, 413, "body_too_large")


async def test_many_links_to_one_host_are_blocked_within_a_second(
    account: Account, operator: Account, client: httpx.AsyncClient
) -> None:
    host, part = fresh(), secrets.token_hex(4)
    link = await account.link(f"https://{host}/")
    connection = await postgres.connect(command_timeout=120)
    await connection.execute(
        """
        insert into links (workspace_id, domain_id, slug, slug_key, target, redirect_status, allow_caching, forward_query,
                           forward_path, rules, variants, created_at, updated_at, version)
        select workspace_id, domain_id, $2 || n, $2 || n, 'https://www' || n % 100 || '.' || $4 || '/pages/' || n, 302,
               false, true, false, '[]', '[]', now(), now(), 1
        from links, generate_series(1, $3) n where id = $1
        """,
        link["id"], part, MANY, host,
    )  # fmt: skip
    await connection.execute("analyze links")
    watched = [f"{part}{number}" for number in range(1, MANY, MANY // 100)]
    async with listening(2) as processes:
        for process in processes:
            for slug in watched:
                assert (await process.resolve("go.test", slug)).state == "live"
        begun = time.monotonic()
        blocked = await block(operator, host)
        took = time.monotonic() - begun
        for process in processes:
            for slug in watched:
                while (await process.resolve("go.test", slug)).state != "blocked":
                    assert time.monotonic() - begun < 10
                    await asyncio.sleep(0.005)
        print(f"\n{MANY} links to a host: blocked in {took:.2f} s, everywhere after {time.monotonic() - begun:.2f} s")
        assert (await client.get(f"/{watched[7]}")).status_code == 451
        begun = time.monotonic()
        await operator.http.delete(f"{URL}/{blocked}")
        print(f"and unblocked in {time.monotonic() - begun:.2f} s")
        assert (await client.get(f"/{watched[7]}")).status_code == 302
    await connection.execute("delete from links where slug like $1", f"{part}%")
    await connection.close()


async def test_a_host_that_is_blocked_while_redis_is_away_is_told_of_later(
    account: Account, operator: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = fresh()
    link = await account.link(f"https://{host}/")
    await lookup.resolve("go.test", link["slug"])
    key = lookup._key(f"go.test/{link['slug']}", f"go.test/{link['slug']}")

    async def away(*_: Any) -> None:
        raise redis.Away("away")

    with monkeypatch.context() as patched:
        patched.setattr(redis, "call", away)
        await block(operator, host)
    assert await redis.patient().exists(key)
    connection = await postgres.connect()
    while await sweeps.purge_again(connection):
        pass
    await connection.close()
    assert not await redis.patient().exists(key)


_LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
_HOSTS = st.one_of(
    st.lists(_LABEL, min_size=1, max_size=6).map(".".join),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
)
_URLS = st.builds(
    lambda scheme, host, dot, port, rest: f"{scheme}://{host}{dot}{port}{rest}",
    st.sampled_from(["http", "https"]), _HOSTS, st.sampled_from(["", "."]), st.sampled_from(["", ":81"]),
    st.sampled_from(["/", "", "/a.b/c", "?q=http://x.test/", "#a", "/:80@x"]),
)  # fmt: skip


@given(st.lists(_URLS, min_size=4, max_size=4))
async def test_the_database_and_the_functions_see_the_same_hosts(urls: list[str]) -> None:
    normal = []
    for url in urls:
        try:
            normal.append(targets.normalise(url, own_hosts=()))
        except targets.BadTarget:
            normal.append("https://example.com/")

    async def ask(connection: asyncpg.Connection) -> list[str]:
        found: list[str] = await connection.fetchval(
            "select target_hosts($1, $2, jsonb_build_array(jsonb_build_object('target', $3::text)), "
            "jsonb_build_array(jsonb_build_object('target', $4::text)))",
            *normal,
        )
        return found

    assert set(await postgres.run(ask)) == {host for url in normal for host in targets.hosts(url)}
