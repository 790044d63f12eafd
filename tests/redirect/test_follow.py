from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import clicks, postgres, redirects, redis
from ginnel.clicks import Click
from tests.conftest import Account

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def recorded(link: int) -> list[Click]:
    """Return what stands in the stream of this link's clicks, oldest first."""
    entries: Any = await redis.patient().xrange(clicks.STREAM)
    lines = [line for _, fields in entries for line in fields[clicks.FIELD].split(b"\n")]
    return [click for click in map(Click.unpack, lines) if click.link == link]


async def test_a_get_is_redirected_and_recorded(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link("https://example.com/a?b=c#d")
    headers = {
        "user-agent": BROWSER,
        "referer": "https://news.test/x",
        "accept-language": "de-AT",
        "x-forwarded-for": "8.8.8.8",
    }
    answer = await client.get(f"/{link['slug']}", headers=headers)
    assert answer.status_code == 302
    assert answer.headers["location"] == "https://example.com/a?b=c#d"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "referrer-policy" not in answer.headers
    assert "json" not in answer.headers["content-type"]
    (click,) = await recorded(link["id"])
    assert (click.user_agent, click.referrer, click.language) == (BROWSER, "https://news.test/x", "de-AT")
    assert (click.address, click.query, click.private) == ("8.8.8.8", "", False)
    assert abs(click.at / 1000 - datetime.now(UTC).timestamp()) < 60


async def test_a_head_is_answered_alike_and_not_recorded(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link()
    answer = await client.head(f"/{link['slug']}")
    assert (answer.status_code, answer.headers["location"], answer.content) == (302, "https://example.com/", b"")
    assert await recorded(link["id"]) == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_not_allowed(account: Account, client: httpx.AsyncClient, method: str) -> None:
    link = await account.link()
    answer = await client.request(method, f"/{link['slug']}")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) <= {"GET", "HEAD"}


async def test_a_slug_is_found_in_any_case_and_with_a_trailing_slash(
    account: Account, client: httpx.AsyncClient
) -> None:
    slug = f"MiXed-{secrets.token_hex(4)}"
    link = await account.link(slug=slug)
    for spelling in (slug, slug.lower(), slug.upper(), f"{slug}/", slug.replace("M", "%4D")):
        assert (await client.get(f"/{spelling}")).status_code == 302, spelling
    assert len(await recorded(link["id"])) == 5


async def test_a_slug_of_any_script_is_found_encoded(account: Account, client: httpx.AsyncClient) -> None:
    tail = secrets.randbelow(10**9)  # digits go with every script
    for slug in (f"größe-{tail}", f"東京-{tail}", f"🎉-{tail}", f"docs.v2/{tail}"):
        await account.link(slug=slug)
        assert (await client.get(f"/{slug}")).status_code == 302, slug
    assert (await client.get(f"/GRÖSSE-{tail}".upper())).status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "/%",
        "/%zz",
        "/%ff%fe",
        "/%c0%af",
        "/%00",
        "/a%00b",
        "/" + "x" * 65,
        "/" + "x" * 5000,
        "/..%2f..%2fetc",
        "/%0d%0aset-cookie:a",
        "/no-such-link",
    ],
)
async def test_what_names_no_link_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    request = client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = await client.send(request)
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"starts_at": 3600}, 404),
        ({"starts_at": -3600}, 302),
        ({"expires_at": 3600}, 302),
        ({"expires_at": -3600}, 410),
        ({"redirect_status": 301}, 301),
        ({"redirect_status": 307}, 307),
        ({"redirect_status": 308}, 308),
    ],
)
async def test_a_links_status_is_what_its_fields_say(
    account: Account, client: httpx.AsyncClient, fields: dict[str, Any], status: int
) -> None:
    for name in ("starts_at", "expires_at"):
        if name in fields:
            fields = {**fields, name: (datetime.now(UTC) + timedelta(seconds=fields[name])).isoformat()}
    link = await account.link(**fields)
    answer = await client.get(f"/{link['slug']}")
    assert answer.status_code == status
    assert answer.headers["cache-control"] in ("no-store", "private, no-store")
    assert len(await recorded(link["id"])) == (1 if status < 400 else 0)


async def test_an_expired_link_may_lead_elsewhere(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link(expires_at="2020-01-01T00:00:00Z", expired_target="https://example.com/over")
    answer = await client.get(f"/{link['slug']}")
    assert (answer.status_code, answer.headers["location"]) == (302, "https://example.com/over")


async def test_only_a_permanent_redirect_may_be_kept(account: Account, client: httpx.AsyncClient) -> None:
    kept = await account.link(redirect_status=301, allow_caching=True)
    asked = await account.link(redirect_status=302, allow_caching=True)
    assert (await client.get(f"/{kept['slug']}")).headers["cache-control"] == "private, max-age=90"
    assert (await client.get(f"/{asked['slug']}")).headers["cache-control"] == "private, no-store"


async def test_a_change_is_seen_by_the_next_visitor(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link("https://example.com/old")
    path, api = f"/{link['slug']}", f"/api/v1/links/{link['id']}"
    assert (await client.get(path)).headers["location"] == "https://example.com/old"
    await account.http.patch(api, json={"target": "https://example.com/new"})
    assert (await client.get(path)).headers["location"] == "https://example.com/new"
    await account.http.patch(api, json={"disabled": True})
    assert (await client.get(path)).status_code == 410
    await account.http.patch(api, json={"disabled": False})
    assert (await client.get(path)).status_code == 302
    moved = f"moved-{secrets.token_hex(4)}"
    assert (await client.get(f"/{moved}")).status_code == 404
    await account.http.patch(api, json={"slug": moved})
    assert (await client.get(f"/{moved}")).status_code == 302
    assert (await client.get(path)).status_code == 404
    await account.http.delete(api)
    assert (await client.get(f"/{moved}")).status_code == 410


async def test_a_blocked_link_says_so(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link()

    async def block(connection: asyncpg.Connection) -> None:
        await connection.execute("update links set blocked_at = now() where id = $1", link["id"])

    await postgres.run(block)
    assert (await client.get(f"/{link['slug']}")).status_code == 451


async def test_another_host_has_none_of_our_links(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link()
    for host in ("elsewhere.test", "", "go.test.elsewhere.test", "[::1]", "a:b:c"):
        answer = await client.get(f"/{link['slug']}", headers={"host": host})
        assert answer.status_code == 404, host
    assert (await client.get(f"/{link['slug']}", headers={"host": "GO.TEST:8000"})).status_code == 302


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("", "text/html"),
        ("application/json", "application/problem+json"),
        ("application/problem+json", "application/problem+json"),
        ("text/html, application/json", "text/html"),
    ],
)
async def test_a_refusal_is_a_page_or_a_problem(client: httpx.AsyncClient, accept: str, kind: str) -> None:
    answer = await client.get("/no-such-link", headers={"accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["vary"] == "accept, accept-language"
    assert "script" not in answer.text


async def test_who_asks_not_to_be_tracked_is_marked(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link()
    for header in ("dnt", "sec-gpc"):
        await client.get(f"/{link['slug']}", headers={header: "1"})
    await client.get(f"/{link['slug']}", headers={"dnt": "0"})
    assert [click.private for click in await recorded(link["id"])] == [True, True, False]


async def test_what_a_visitor_sends_can_not_break_a_line(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link(forward_query=False)
    headers: Any = {"user-agent": b"a\tb\xff" + b"x" * 2000, "referer": b"https://x.test/\x7f" + b"y" * 5000}
    await client.get(f"/{link['slug']}", headers=headers)
    (click,) = await recorded(link["id"])
    assert click.user_agent.startswith("ab")
    assert len(click.user_agent) <= 512
    assert len(click.referrer) <= 1024


async def test_a_link_made_after_it_was_looked_for_is_found_at_once(
    account: Account, client: httpx.AsyncClient
) -> None:
    for _ in range(20):
        slug = f"later-{secrets.token_hex(4)}"
        assert (await client.get(f"/{slug.upper()}")).status_code == 404
        await account.link(slug=slug)
        assert (await client.get(f"/{slug.upper()}")).status_code == 302


async def test_case_matters_on_a_domain_that_says_so(client: httpx.AsyncClient, account: Account) -> None:
    link = await account.link()
    host = f"{secrets.token_hex(4)}.test"

    async def prepare(connection: asyncpg.Connection) -> None:
        domain = await connection.fetchval(
            "insert into domains (host, case_sensitive, verified_at, created_at, workspace_id)"
            " select $1, true, now(), now(), workspace_id from links where id = $2 returning id",
            host,
            link["id"],
        )
        await connection.execute(
            "update links set domain_id = $1, slug = 'Ab', slug_key = 'Ab' where id = $2", domain, link["id"]
        )

    await postgres.run(prepare)
    for _ in range(2):  # from the database, then from the caches
        assert (await client.get("/Ab", headers={"host": host})).status_code == 302
        assert (await client.get("/ab", headers={"host": host})).status_code == 404
        assert (await client.get("/AB", headers={"host": host})).status_code == 404
    made = await account.http.post(
        "/api/v1/links", json={"target": "https://example.com/", "slug": "ab", "domain": host}
    )
    assert made.status_code == 201, made.text
    assert (await client.get("/ab", headers={"host": host})).status_code == 302


async def test_a_record_survives_being_packed() -> None:
    record = redirects.Record(
        "k", case_sensitive=True, state=redirects.State.LIVE, link=1, target="https://example.com/ü", starts_at=1.5
    )
    assert redirects.Record.unpack(record.pack()) == record
