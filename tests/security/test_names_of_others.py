"""What is another tenant's is nothing in the fields of a request: as if it were nowhere (T11)."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tests.conftest import Account

from .actors import World
from .estate import TARGET

LINKS = "/api/v1/links"


async def _asked(by: Account, method: str, path: str, **sent: Any) -> tuple[int, str]:
    """Return an answer without what is always another."""
    found = await by.http.request(method, path, **sent)
    try:
        body = found.json()
    except ValueError:
        return found.status_code, found.text
    if isinstance(body, dict):
        body.pop("request_id", None)
        for item in body.get("items", []) if path.endswith("/bulk") else []:
            (item["problem"] or {}).pop("request_id", None)
    return found.status_code, str(body)


# A request, what it names as WHO, and a name of the same length that nobody has.
FIELDS: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", LINKS, {"json": {"target": TARGET, "domain": "WHO"}}, "host"),
    ("GET", LINKS, {"params": {"domain": "WHO"}}, "host"),
    ("GET", f"{LINKS}/export", {"params": {"domain": "WHO"}}, "host"),
    ("GET", f"{LINKS}/available", {"params": {"slug": "free-slug", "domain": "WHO"}}, "host"),
    ("GET", "/api/v1/orphans", {"params": {"domain": "WHO"}}, "host"),
    ("POST", "/api/v1/clicks", {"json": [{"id": "1", "slug": "x", "domain": "WHO"}]}, "host"),
    ("POST", "/api/v1/clicks", {"json": [{"id": "1", "slug": "WHO"}]}, "slug"),
    ("GET", LINKS, {"params": {"search": "WHO"}}, "slug"),
    ("GET", LINKS, {"params": {"tag": "WHO"}}, "slug"),
    ("GET", f"{LINKS}/export", {"params": {"search": "WHO"}}, "slug"),
    ("POST", f"{LINKS}/bulk", {"json": [{"op": "update", "id": "WHO", "title": "taken"}]}, "link"),
    ("POST", f"{LINKS}/bulk", {"json": [{"op": "delete", "id": "WHO"}]}, "link"),
    ("GET", "/api/v1/stats/summary", {"params": {"link": "WHO"}}, "link"),
    ("GET", "/api/v1/stats/clicks/export", {"params": {"link": "WHO"}}, "link"),
]


@pytest.mark.parametrize(("method", "path", "sent", "kind"), FIELDS)
async def test_anothers_name_is_as_nobodys(
    here: World, method: str, path: str, sent: dict[str, Any], kind: str
) -> None:
    theirs = await here.home.thing(kind)
    nobodys = 2**62 if isinstance(theirs, int) else _like(theirs)
    before = await here.home.ask("GET", f"{LINKS}/{await here.home.thing('link')}")
    given, unknown = [await _asked(here.other.owner, method, path, **_with(sent, name)) for name in (theirs, nobodys)]
    assert (given[0], given[1].replace(str(theirs), "WHO")) == (unknown[0], unknown[1].replace(str(nobodys), "WHO"))
    assert here.home.mark not in given[1].replace(str(theirs), "")
    assert await here.home.ask("GET", f"{LINKS}/{await here.home.thing('link')}") == before


def _like(name: str) -> str:
    head, dot, rest = name.partition(".")
    return secrets.token_hex(len(head))[: len(head)] + dot + rest


def _with(sent: Any, name: Any) -> Any:
    if sent == "WHO":
        return name
    if isinstance(sent, dict):
        return {key: _with(value, name) for key, value in sent.items()}
    return [_with(value, name) for value in sent] if isinstance(sent, list) else sent


async def test_anothers_external_id_and_target_find_nothing(here: World) -> None:
    link = await here.home.ask("GET", f"{LINKS}/{await here.home.thing('link')}")
    for draft in (
        {"target": TARGET, "external_id": link["external_id"]},
        {"target": link["target"], "reuse": True},
    ):
        made = await here.other.ask("POST", LINKS, json=draft)
        assert made["id"] != link["id"]
        assert made["slug"] != link["slug"]
    assert await here.home.ask("GET", f"{LINKS}/{link['id']}") == link


async def test_anothers_idempotency_key_is_free(here: World) -> None:
    key = {"idempotency-key": "the-same"}
    draft = {"target": f"{TARGET}{here.home.mark}"}
    theirs = await here.home.ask("POST", LINKS, json=draft, headers=key)
    ours = await here.other.owner.http.post(LINKS, json=draft, headers=key)
    assert ours.status_code == 201
    assert "idempotency-replayed" not in ours.headers
    assert ours.json()["id"] != theirs["id"]


async def test_anothers_cursor_leads_to_nothing_of_theirs(here: World) -> None:
    for _ in range(3):
        here.home.made.clear()
        await here.home.thing("link")
        await here.home.thing("delivery")
        await here.home.thing("orphan")
    await here.other.thing("link")
    webhooks = [f"/api/v1/webhooks/{await one.thing('webhook')}/deliveries" for one in (here.home, here.other)]
    lists = [(LINKS, LINKS), ("/api/v1/orphans", "/api/v1/orphans"), (webhooks[0], webhooks[1])]
    for theirs, ours in lists:
        cursor = (await here.home.ask("GET", theirs, params={"limit": 1})).get("next_cursor")
        if theirs == LINKS:
            assert cursor
        if cursor:
            answered = await here.other.owner.http.get(ours, params={"cursor": cursor})
            assert answered.status_code == 200
            assert here.home.mark not in answered.text


async def test_anothers_file_is_not_continued(here: World) -> None:
    theirs = await here.home.thing("import")
    before = await here.home.ask("GET", f"/api/v1/imports/{theirs}")
    answered = await here.other.owner.http.post(
        f"/api/v1/imports/{theirs}/rows", params={"part": 2}, content=b"https://example.com/,taken\n"
    )
    assert answered.status_code == 404
    assert await here.home.ask("GET", f"/api/v1/imports/{theirs}") == before
