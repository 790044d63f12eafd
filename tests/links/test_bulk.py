"""Many links at once, each for itself; links that are there already; slugs that are free."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Account
from tests.links.test_links import Register

HOME = "https://example.com/"


async def bulk(account: Account, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await account.http.post("/api/v1/links/bulk", json=list(items))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    assert len(found) == len(items)
    return found


def new(slug: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"op": "create", "target": HOME, **({"slug": slug} if slug else {}), **fields}


def word() -> str:
    return f"w-{secrets.token_hex(6)}"


async def test_a_hundred_links_are_made_and_lead_on(account: Account, client: httpx.AsyncClient) -> None:
    items = [new(target=f"{HOME}{number}", tags=[f"t{number % 3}"], title=f"n{number}") for number in range(100)]
    made = await bulk(account, *items)
    assert [one["status"] for one in made] == [201] * 100
    for number, one in enumerate(made):
        link = one["link"]
        assert (link["target"], link["tags"], link["title"]) == (f"{HOME}{number}", [f"t{number % 3}"], f"n{number}")
    assert len({one["link"]["slug"] for one in made}) == 100
    visit = await client.get(f"/{made[42]['link']['slug']}")
    assert visit.headers["location"] == f"{HOME}42"
    alone = (await account.http.get(f"/api/v1/links/{made[7]['link']['id']}")).json()
    assert alone == made[7]["link"]
    assert (await account.http.post("/api/v1/links/bulk", json=[new()] * 101)).status_code == 422


async def test_what_is_wrong_with_one_keeps_none_of_the_others(account: Account, register: Register) -> None:
    mine, taken, twice = await account.link(), word(), word()
    stranger = await register()
    theirs = await stranger.link(slug=taken)
    results = await bulk(
        account,
        new(word()),
        new(taken),
        new(twice, title="first"),
        new(twice, title="second"),
        new(target="ftp://example.com/", title="x" * 257),
        new(target="http://go.test/loop"),
        new(domain="unknown.example"),
        new(rules=[{"target": HOME, "conditions": [{"type": "country", "values": ["XX"]}]}]),
        {"op": "update", "id": mine["id"], "title": "changed"},
        {"op": "update", "id": mine["id"], "title": "late", "if_version": 1},
        {"op": "update", "id": theirs["id"], "title": "mine now"},
        {"op": "update", "id": mine["id"], "slug": taken},
        {"op": "delete", "id": theirs["id"]},
        {"op": "delete", "id": mine["id"], "if_version": 2},
        {"op": "delete", "id": mine["id"]},
        {"op": "vanish"},
        {},
        new(word()),
    )
    codes = [one["status"] if one["problem"] is None else one["problem"]["code"] for one in results]
    assert codes == [
        201, "slug_taken", 201, "slug_taken", "invalid", "invalid", "invalid", "invalid",
        200, "version_mismatch", "not_found", "slug_taken", "not_found", 204, "not_found", "invalid", "invalid", 201,
    ]  # fmt: skip
    pointers = [error["pointer"] for error in results[4]["problem"]["errors"]]
    assert pointers == ["/title", "/target"]
    assert results[7]["problem"]["errors"][0]["pointer"].startswith("/rules/0/conditions/0")
    assert results[2]["link"]["title"] == "first"
    assert (await stranger.http.get(f"/api/v1/links/{theirs['id']}")).json() == theirs


async def test_an_edit_in_bulk_reaches_the_next_visitor(account: Account, client: httpx.AsyncClient) -> None:
    made = await bulk(account, *(new() for _ in range(5)))
    for one in made:
        await client.get(f"/{one['link']['slug']}")
    changes = [{"op": "update", "id": one["link"]["id"], "target": f"{HOME}new"} for one in made[:4]]
    await bulk(account, *changes, {"op": "delete", "id": made[4]["link"]["id"]})
    visits = [await client.get(f"/{one['link']['slug']}") for one in made]
    assert [visit.headers.get("location") for visit in visits] == [f"{HOME}new"] * 4 + [None]
    assert visits[4].status_code == 410


async def test_a_limit_counts_from_the_first_click_of_a_link_made_in_bulk(
    account: Account, client: httpx.AsyncClient
) -> None:
    (made,) = await bulk(account, new(max_clicks=1))
    agent = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    visits = [await client.get(f"/{made['link']['slug']}", headers=agent) for _ in range(2)]
    assert [visit.status_code for visit in visits] == [302, 410]


async def test_sent_twice_with_a_key_it_is_done_once(account: Account) -> None:
    items, headers = [new(), new()], {"idempotency-key": word()}
    first = await account.http.post("/api/v1/links/bulk", json=items, headers=headers)
    again = await account.http.post("/api/v1/links/bulk", json=items, headers=headers)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await account.http.get("/api/v1/links")).json()["items"]) == 2


# Links that are there already


async def test_an_external_id_names_one_link_whatever_is_sent_again(account: Account, register: Register) -> None:
    draft = {"target": HOME, "external_id": "order-7", "title": "a"}
    first = await account.http.post("/api/v1/links", json=draft)
    again = await account.http.post("/api/v1/links", json={**draft, "title": "b", "target": f"{HOME}b"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert (again.json()["title"], again.json()["target"], again.json()["version"]) == ("b", f"{HOME}b", 2)
    other = await (await register()).http.post("/api/v1/links", json=draft)
    assert other.status_code == 201
    await account.http.delete(f"/api/v1/links/{first.json()['id']}")
    third = await account.http.post("/api/v1/links", json=draft)
    assert (third.status_code, third.json()["id"] != first.json()["id"]) == (201, True)


async def test_of_many_at_once_with_an_external_id_there_is_one(account: Account) -> None:
    draft = {"target": HOME, "external_id": "race"}
    answers = await asyncio.gather(*(account.http.post("/api/v1/links", json=draft) for _ in range(20)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]


async def test_an_external_id_twice_in_one_call_is_one_link(account: Account) -> None:
    first, second = await bulk(account, new(external_id="x", title="a"), new(external_id="x", title="b"))
    assert (first["status"], second["status"]) == (201, 200)
    assert first["link"]["id"] == second["link"]["id"]
    assert second["link"]["title"] == "b"


async def test_a_link_is_reused_only_if_it_leads_everybody_to_the_same_target(account: Account) -> None:
    target = f"{HOME}{word()}"
    for fields in ({"password": "open sesame"}, {"expires_at": "2099-01-01T00:00:00Z"}, {"max_clicks": 3}):
        await account.link(target, **fields)
    wanted = {"target": target, "reuse": True}
    first = await account.http.post("/api/v1/links", json=wanted)
    again = await account.http.post("/api/v1/links", json=wanted)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    slug = word()
    chosen = await account.http.post("/api/v1/links", json={**wanted, "slug": slug})
    assert (chosen.status_code, chosen.json()["slug"]) == (201, slug)


# Slugs


async def test_a_slug_is_said_to_be_free_or_why_it_is_not(account: Account, register: Register) -> None:
    async def ask(slug: str, **further: Any) -> dict[str, Any]:
        answer = await account.http.get("/api/v1/links/available", params={"slug": slug, **further})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    slug = word()
    assert await ask(slug) == {"slug": slug, "available": True, "code": None, "suggestions": []}
    theirs = await (await register()).link(slug=slug)
    taken = await ask(slug.upper(), title="Spring Sale & more")
    assert (taken["available"], taken["code"], len(taken["suggestions"])) == (False, "slug_taken", 3)
    for suggestion in taken["suggestions"]:
        assert (await ask(suggestion))["available"]
    assert taken["suggestions"][0].startswith("spring-sale-more") or taken["suggestions"][0].startswith(slug)
    for bad, code in (("api", "slug_reserved"), ("a b", "slug_invalid"), ("x" * 65, "slug_too_long")):
        told = await ask(bad)
        assert (told["available"], told["code"]) == (False, code)
        assert len(told["suggestions"]) == 3
    assert theirs["slug"] == slug
    answer = await account.http.get("/api/v1/links/available", params={"slug": "a", "domain": "unknown.example"})
    assert answer.json()["errors"][0]["code"] == "domain_unknown"


# Versions


async def test_every_version_is_kept_with_what_it_changed(account: Account) -> None:
    link = await account.link(HOME, title="one", tags=["a"], password="open sesame")
    path = f"/api/v1/links/{link['id']}"
    await account.http.patch(path, json={"title": "two", "tags": ["b"]})
    await account.http.patch(path, json={"target": f"{HOME}3", "password": None})
    items = (await account.http.get(f"{path}/history")).json()["items"]
    assert [item["version"] for item in items] == [3, 2, 1]
    assert items[0]["changes"] == {
        "protected": {"before": True, "after": False},
        "target": {"before": HOME, "after": f"{HOME}3"},
    }
    assert items[1]["changes"] == {
        "tags": {"before": ["a"], "after": ["b"]},
        "title": {"before": "one", "after": "two"},
    }
    assert items[2]["changes"]["target"] == {"before": None, "after": HOME}
    assert {item["user"] for item in items} == {items[0]["user"]}
    assert "argon2" not in str(items)


async def test_a_version_can_be_had_again(account: Account, client: httpx.AsyncClient, register: Register) -> None:
    first = await account.link(
        HOME,
        slug=word(),
        title="one",
        rules=[{"target": f"{HOME}r", "conditions": [{"type": "device", "values": ["ios"]}]}],
    )
    path = f"/api/v1/links/{first['id']}"
    changed = {"target": f"{HOME}2", "slug": word(), "title": None, "rules": [], "disabled": True, "tags": ["x"]}
    assert (await account.http.patch(path, json=changed)).status_code == 200
    assert (await client.get(f"/{changed['slug']}")).status_code == 410
    reverted = await account.http.post(f"{path}/revert", json={"version": 1}, headers={"if-match": '"2"'})
    assert reverted.status_code == 200, reverted.text
    same = {k: v for k, v in reverted.json().items() if k not in {"version", "updated_at"}}
    assert same == {k: v for k, v in first.items() if k not in {"version", "updated_at"}}
    assert reverted.json()["version"] == 3
    assert (await client.get(f"/{first['slug']}")).headers["location"] == HOME
    assert (await account.http.post(f"{path}/revert", json={"version": 9})).status_code == 404
    assert (
        await account.http.post(f"{path}/revert", json={"version": 1}, headers={"if-match": '"1"'})
    ).status_code == 412
    stranger = await register()
    assert (await stranger.http.post(f"{path}/revert", json={"version": 1})).status_code == 404
    assert (await stranger.http.get(f"{path}/history")).status_code == 404


# Lists


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sort=st.sampled_from(["-created_at", "created_at", "-updated_at", "slug"]), limit=st.integers(1, 4))
async def test_a_list_in_any_order_has_every_link_once(account: Account, sort: str, limit: int) -> None:
    known = (await account.http.get("/api/v1/links", params={"limit": 100})).json()["items"]
    if not known:
        made = await bulk(account, *(new(word(), title=f"{number}") for number in range(9)))
        await account.http.patch(f"/api/v1/links/{made[3]['link']['id']}", json={"title": "changed"})
    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        params: dict[str, str | int] = {"sort": sort, "limit": limit, **({"cursor": cursor} if cursor else {})}
        page = (await account.http.get("/api/v1/links", params=params)).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len({link["id"] for link in seen}) == 9
    keys = {
        "-created_at": lambda link: -link["id"],
        "created_at": lambda link: link["id"],
        "-updated_at": lambda link: (-_microseconds(link["updated_at"]), -link["id"]),
        "slug": lambda link: (link["slug"], link["id"]),
    }
    assert seen == sorted(seen, key=keys[sort])


def _microseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1_000_000)


async def test_a_cursor_is_of_one_order(account: Account) -> None:
    await bulk(account, new(), new())
    page = (await account.http.get("/api/v1/links", params={"limit": 1, "sort": "slug"})).json()
    answer = await account.http.get("/api/v1/links", params={"cursor": page["next_cursor"]})
    assert answer.json()["errors"][0]["code"] == "cursor_invalid"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("spring", {"a"}),
        ("SPRING", {"a"}),
        ("landing", {"b"}),
        ("Überschrift", {"c"}),
        ("news", {"d"}),
        ("ne", set()),
        ("tx", {"e"}),
        ("find-sp", {"a"}),
        ("fi", {"a", "b", "c", "d", "e"}),
        ("100%", {"f"}),
        ("nothing of the kind", set()),
    ],
)
async def test_search_looks_where_it_says(account: Account, search: str, found: set[str]) -> None:
    own = secrets.token_hex(4)
    slugs = {
        name: f"find-{text}-{own}" for name, text in (("a", "spring"), ("b", "x"), ("c", "y"), ("d", "z"), ("e", "w"))
    }
    fields: dict[str, dict[str, Any]] = {
        "b": {"target": f"{HOME}landing/page"},
        "c": {"title": "Eine überschrift"},
        "d": {"tags": ["The News"]},
        "e": {"tags": ["tx"]},
    }
    items = [new(slug, **fields.get(name, {})) for name, slug in slugs.items()]
    made = await bulk(account, *items, new(f"other-{own}", title="100% off"))
    names = {one["link"]["id"]: name for one, name in zip(made, [*slugs, "f"], strict=True)}
    answer = await account.http.get("/api/v1/links", params={"search": search})
    assert {names[link["id"]] for link in answer.json()["items"]} == found
