from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from ginnel import postgres
from tests.conftest import Account

Register = Callable[[], Awaitable[Account]]


async def test_a_link_is_made_on_a_random_slug(account: Account) -> None:
    link = await account.link("https://Example.com/a b")
    assert link["target"] == "https://example.com/a%20b"
    assert len(link["slug"]) == 8
    assert link["short_url"] == f"http://go.test/{link['slug']}"
    assert (link["clicks"], link["version"], link["redirect_status"]) == (0, 1, 302)


async def test_a_link_is_read_changed_and_deleted(account: Account) -> None:
    link = await account.link(slug=_slug("life"), tags=["b", "a"], title="First")
    path = f"/api/v1/links/{link['id']}"
    got = await account.http.get(path)
    assert got.json() == link
    assert got.headers["etag"] == '"1"'
    changed = await account.http.patch(path, json={"title": None, "tags": ["c"], "redirect_status": 301})
    assert changed.status_code == 200
    assert (changed.json()["title"], changed.json()["tags"], changed.json()["version"]) == (None, ["c"], 2)
    assert (await account.http.delete(path)).status_code == 204
    assert (await account.http.get(path)).status_code == 404
    assert (await account.http.delete(path)).status_code == 404


async def test_a_stranger_sees_and_touches_nothing(account: Account, register: Register) -> None:
    link = await account.link()
    stranger = await register()
    path = f"/api/v1/links/{link['id']}"
    for answer in (
        await stranger.http.get(path),
        await stranger.http.patch(path, json={"title": "mine"}),
        await stranger.http.delete(path),
        await stranger.http.get(f"/api/v1/stats/summary?link={link['id']}"),
        await stranger.http.get(f"/api/v1/stats/series?link={link['id']}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await stranger.http.get("/api/v1/links")).json() == {"items": [], "next_cursor": None}


async def test_without_a_token_nothing_is_answered(client: Any) -> None:
    for method, path in (("POST", "/api/v1/links"), ("GET", "/api/v1/links"), ("GET", "/api/v1/links/1")):
        answer = await client.request(method, path, json={"target": "https://example.com"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_every_bad_field_is_named_at_once(account: Account) -> None:
    draft = {
        "target": "javascript:alert(1)",
        "slug": "a b",
        "redirect_status": 418,
        "starts_at": "yesterday",
        "tags": ["x" * 65],
        "surprise": 1,
    }
    answer = await account.http.post("/api/v1/links", json=draft)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {error["pointer"] for error in problem["errors"]} == {
        "/target", "/slug", "/redirect_status", "/starts_at", "/tags/0", "/surprise",
    }  # fmt: skip
    assert problem["code"] == "invalid"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert (await account.http.get("/api/v1/links")).json()["items"] == []


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("target", "javascript:alert(1)", "target_scheme"),
        ("target", "data:text/html,x", "target_scheme"),
        ("target", "https://go.test/other", "target_own_domain"),
        ("target", "https://GO.TEST./other", "target_own_domain"),
        ("target", "https://example.com/\r\nSet-Cookie: a=b", "target_characters"),
        ("target", "https://example.com/\x00", "target_characters"),
        ("target", "https://user:pw@example.com/", "target_userinfo"),
        ("target", "https://exa mple.com/", "target_invalid"),
        ("target", "", "target_invalid"),
        ("target", "https://example.com/" + "x" * 9000, "target_too_long"),
        ("target", 7, "string_type"),
        ("target", None, "string_type"),
        ("expired_target", "http://go.test/", "target_own_domain"),
        ("slug", "api", "slug_reserved"),
        ("slug", "Docs", "slug_reserved"),
        ("slug", "api/v1/links", "slug_reserved"),
        ("slug", "a/../b", "slug_invalid"),
        ("slug", "x" * 65, "slug_too_long"),
        ("slug", "\u0440\u0430ypal", "slug_mixed_scripts"),
        ("slug", "", "slug_invalid"),
        ("domain", "elsewhere.test", "domain_unknown"),
        ("title", "a\x00b", "value_error"),
        ("title", "x" * 257, "too_long"),
        ("starts_at", "2026-01-01T00:00:00", "timezone_aware"),
        ("expires_at", "9999-12-31T23:59:59Z", "value_error"),
    ],
)
async def test_a_bad_value_is_refused_with_its_reason(account: Account, field: str, value: Any, code: str) -> None:
    answer = await account.http.post("/api/v1/links", json={"target": "https://example.com/", field: value})
    assert answer.status_code == 422, answer.text
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(f"/{field}", code)]
    assert (await account.http.get("/api/v1/links")).json()["items"] == []


async def test_an_expiry_before_the_start_is_refused(account: Account) -> None:
    link = await account.link(starts_at="2027-01-01T00:00:00Z")
    draft = {
        "target": "https://example.com/",
        "starts_at": "2027-01-02T00:00:00Z",
        "expires_at": "2027-01-01T00:00:00Z",
    }
    for answer in (
        await account.http.post("/api/v1/links", json=draft),
        await account.http.patch(f"/api/v1/links/{link['id']}", json={"expires_at": "2026-12-31T00:00:00+00:00"}),
    ):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/expires_at"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"target": "https://example.com/\\ud800"}']
)
async def test_a_body_that_is_no_link_is_a_problem(account: Account, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await account.http.post("/api/v1/links", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_without_end_is_cut_off(account: Account) -> None:
    answer = await account.http.post(
        "/api/v1/links", content=b" " * (1024 * 1024 + 1), headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_taken_slug_is_a_conflict_whatever_its_case(account: Account, register: Register) -> None:
    slug = _slug("Taken")
    await account.link(slug=slug)
    stranger = await register()
    answer = await stranger.http.post("/api/v1/links", json={"target": "https://example.com/", "slug": slug.upper()})
    assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")
    mine = await account.link()
    answer = await account.http.patch(f"/api/v1/links/{mine['id']}", json={"slug": slug})
    assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")
    assert (await account.http.get(f"/api/v1/links/{mine['id']}")).json() == mine


async def test_of_many_at_once_one_gets_the_slug(account: Account) -> None:
    draft = {"target": "https://example.com/", "slug": _slug("race")}
    answers = await asyncio.gather(*(account.http.post("/api/v1/links", json=draft) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


async def test_a_deleted_links_slug_is_its_workspaces_for_thirty_days(
    account: Account, register: Register, client: httpx.AsyncClient
) -> None:
    slug, stranger = _slug("gone"), await register()
    first = await account.link("https://example.com/1", slug=slug)
    await account.http.delete(f"/api/v1/links/{first['id']}")
    assert (await client.get(f"/{slug}")).status_code == 410
    draft = {"target": "https://example.com/2", "slug": slug}
    assert (await stranger.http.post("/api/v1/links", json=draft)).json()["code"] == "slug_taken"
    second = await account.link(**draft)
    assert second["id"] != first["id"]
    assert (await client.get(f"/{slug}")).headers["location"] == "https://example.com/2"
    await account.http.delete(f"/api/v1/links/{second['id']}")
    connection = await postgres.connect()
    await connection.execute("update links set deleted_at = now() - interval '31 days' where id = $1", second["id"])
    await connection.close()
    third = await stranger.link(**draft)
    assert (await client.get(f"/{slug}")).headers["location"] == "https://example.com/2"
    assert (await account.http.get(f"/api/v1/links/{third['id']}")).status_code == 404


async def test_a_write_with_an_old_version_is_refused(account: Account) -> None:
    link = await account.link()
    path = f"/api/v1/links/{link['id']}"
    first = await account.http.patch(path, json={"title": "a"}, headers={"if-match": '"1"'})
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    for answer in (
        await account.http.patch(path, json={"title": "b"}, headers={"if-match": '"1"'}),
        await account.http.delete(path, headers={"if-match": '"1"'}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch")
    assert (await account.http.patch(path, json={"title": "c"}, headers={"if-match": "nonsense"})).status_code == 422
    assert (await account.http.delete(path, headers={"if-match": "*"})).status_code == 204


async def test_of_many_writers_from_one_version_one_wins(account: Account) -> None:
    path = f"/api/v1/links/{(await account.link())['id']}"
    answers = await asyncio.gather(
        *(account.http.patch(path, json={"title": str(n)}, headers={"if-match": '"1"'}) for n in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9


async def test_the_same_key_makes_one_link(account: Account) -> None:
    draft = {"target": "https://example.com/once"}
    headers = {"idempotency-key": "order-1"}
    answers = await asyncio.gather(
        *(account.http.post("/api/v1/links", json=draft, headers=headers) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 9
    assert len((await account.http.get("/api/v1/links")).json()["items"]) == 1
    other = await account.http.post("/api/v1/links", json={"target": "https://example.com/two"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_refused_request_leaves_its_key_free(account: Account) -> None:
    headers = {"idempotency-key": "order-2"}
    bad = await account.http.post("/api/v1/links", json={"target": "https://go.test/"}, headers=headers)
    good = await account.http.post("/api/v1/links", json={"target": "https://example.com/"}, headers=headers)
    assert (bad.status_code, good.status_code) == (422, 201)


async def test_a_key_of_another_workspace_is_another_key(account: Account, register: Register) -> None:
    stranger = await register()
    draft, headers = {"target": "https://example.com/"}, {"idempotency-key": "same"}
    mine = await account.http.post("/api/v1/links", json=draft, headers=headers)
    theirs = await stranger.http.post("/api/v1/links", json=draft, headers=headers)
    assert mine.json()["id"] != theirs.json()["id"]


async def test_a_list_is_walked_by_its_cursor(account: Account) -> None:
    made = [(await account.link())["id"] for _ in range(7)]
    seen: list[int] = []
    cursor = ""
    while True:
        page = (
            await account.http.get("/api/v1/links", params={"limit": 3, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [link["id"] for link in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize(
    "params", [{"cursor": "%%%"}, {"cursor": "bm8"}, {"limit": 0}, {"limit": 101}, {"search": "a\x00"}]
)
async def test_a_bad_question_is_a_problem(account: Account, params: dict[str, Any]) -> None:
    answer = await account.http.get("/api/v1/links", params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"query:{next(iter(params))}"


async def test_search_looks_into_slug_target_and_title(account: Account) -> None:
    await account.link("https://example.com/needle")
    await account.link(title="A Needle in the hay")
    await account.link(slug=_slug("needle"))
    await account.link("https://example.com/100%25_sure", title="percent")
    found = (await account.http.get("/api/v1/links", params={"search": "NEEDLE"})).json()["items"]
    assert len(found) == 3
    assert [link["title"] for link in (await account.http.get("/api/v1/links?search=%25_sure")).json()["items"]] == []
    assert len((await account.http.get("/api/v1/links", params={"search": "%25_sure"})).json()["items"]) == 1


async def test_tags_and_the_archive_narrow_a_list(account: Account) -> None:
    link = await account.link(tags=["Spring"])
    await account.link()
    tagged = (await account.http.get("/api/v1/links?tag=spring")).json()["items"]
    assert [item["id"] for item in tagged] == [link["id"]]
    await account.http.patch(f"/api/v1/links/{link['id']}", json={"archived": True})
    assert len((await account.http.get("/api/v1/links")).json()["items"]) == 1
    assert [item["id"] for item in (await account.http.get("/api/v1/links?archived=true")).json()["items"]] == [
        link["id"]
    ]


async def test_under_the_api_nothing_is_a_slug(client: Any) -> None:
    for path in ("/api", "/api/v1", "/api/v2/links", "/api/v1/nothing"):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path


def _slug(stem: str) -> str:
    import secrets  # noqa: PLC0415  # one use

    return f"{stem}-{secrets.token_hex(4)}"
