"""Webhooks as their owners make and see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from ginnel import outbound
from ginnel.outbound import Caller
from tests.conftest import Account

from .conftest import KINDS, Hook, Receiver, work

Register = Callable[[], Awaitable[Account]]


async def test_a_webhook_is_made_changed_and_deleted(account: Account, receiver: Receiver) -> None:
    draft = {"url": receiver.peer.url("/a"), "events": ["link.created", "link.created"], "name": "Shop"}
    made = await account.http.post("/api/v1/webhooks", json=draft)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    shown = made.json()
    secret = shown.pop("secret")
    assert secret.startswith("whsec_")
    path = made.headers["location"]
    assert (await account.http.get(path)).json() == shown
    assert (await account.http.get("/api/v1/webhooks")).json() == {"items": [shown]}
    assert (shown["events"], shown["disabled"], shown["failures"]) == (["link.created"], False, 0)
    stale = await account.http.patch(path, json={"name": "x"}, headers={"if-match": '"9"'})
    assert stale.status_code == 412
    changed = await account.http.patch(path, json={"events": KINDS, "disabled": True}, headers={"if-match": '"1"'})
    assert (changed.json()["disabled_because"], changed.json()["version"]) == ("asked", 2)
    assert changed.json()["name"] == "Shop"
    for call in ("test", "deliveries/1/redeliver"):
        refused = await account.http.post(f"{path}/{call}")
        assert (refused.status_code, refused.json()["code"]) == (409, "webhook_disabled")
    enabled = await account.http.patch(path, json={"disabled": False})
    assert (enabled.json()["disabled_at"], enabled.json()["disabled_because"]) == (None, None)
    assert (await account.http.delete(path)).status_code == 204
    assert (await account.http.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("draft", "pointer", "code"),
    [
        ({"url": "http://127.0.0.1/"}, "/url", "address_refused"),
        ({"url": "http://0x7f.1/"}, "/url", "address_refused"),
        ({"url": "http://inside.example/"}, "/url", "address_refused"),
        ({"url": "https://8.8.8.8:8443/"}, "/url", "address_refused"),
        ({"url": "https://a:b@example.com/"}, "/url", "target_userinfo"),
        ({"url": "ftp://example.com/"}, "/url", "target_scheme"),
        ({"events": []}, "/events", "too_short"),
        ({"events": ["link.stolen"]}, "/events/0", "literal_error"),
        ({"secret": "whsec_AAAA"}, "/secret", "extra_forbidden"),
    ],
)
async def test_what_is_wrong_with_a_webhook_is_named(
    account: Account, monkeypatch: pytest.MonkeyPatch, draft: dict[str, Any], pointer: str, code: str
) -> None:
    async def resolve(name: str) -> list[str]:
        return ["10.0.0.1"] if name == "inside.example" else ["8.8.8.8"]

    monkeypatch.setattr(outbound, "public", lambda: Caller(resolve=resolve))
    refused = await account.http.post(
        "/api/v1/webhooks", json={"url": "https://example.com/", "events": ["link.created"], **draft}
    )
    assert refused.status_code == 422
    assert [(it["pointer"], it["code"]) for it in refused.json()["errors"]] == [(pointer, code)]


async def test_an_address_is_judged_when_it_is_changed_too(hook: Hook) -> None:
    refused = await hook.account.http.patch(hook.path, json={"url": "http://169.254.169.254/"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "address_refused")


async def test_a_workspace_has_twenty_at_most(account: Account, receiver: Receiver) -> None:
    draft = {"url": receiver.peer.url(), "events": ["link.created"]}
    statuses = [(await account.http.post("/api/v1/webhooks", json=draft)).status_code for _ in range(21)]
    assert statuses == [201] * 20 + [409]


async def test_a_stranger_sees_and_touches_nothing(hook: Hook, register: Register) -> None:
    await hook.account.http.post(f"{hook.path}/test")
    (delivery,) = await hook.deliveries()
    stranger = (await register()).http
    assert (await stranger.get("/api/v1/webhooks")).json() == {"items": []}
    for answer in (
        await stranger.get(hook.path),
        await stranger.patch(hook.path, json={"name": "mine"}),
        await stranger.delete(hook.path),
        await stranger.post(f"{hook.path}/secret"),
        await stranger.post(f"{hook.path}/test"),
        await stranger.get(f"{hook.path}/deliveries"),
        await stranger.post(f"{hook.path}/deliveries/{delivery['id']}/redeliver"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    # Nor is a delivery found by way of another webhook.
    other = await hook.account.http.post(f"{hook.path}0/deliveries/{delivery['id']}/redeliver")
    assert other.status_code == 404


async def test_a_key_needs_the_scope(hook: Hook, client: httpx.AsyncClient) -> None:
    async def key(*scopes: str) -> dict[str, str]:
        made = await hook.account.http.post("/api/v1/api-keys", json={"name": "k", "scopes": list(scopes)})
        return {"authorization": f"Bearer {made.json()['secret']}"}

    reader, writer = await key("webhooks:read"), await key("webhooks:write", "links:write")
    assert (await client.get(hook.path, headers=reader)).status_code == 200
    assert (await client.get(hook.path, headers=writer)).json()["code"] == "scope_missing"
    assert (await client.post(f"{hook.path}/test", headers=reader)).json()["code"] == "scope_missing"
    assert (await client.post(f"{hook.path}/test", headers=writer)).status_code == 202
    assert (await client.get("/api/v1/targets/preview?url=http://127.0.0.1", headers=reader)).status_code == 403


async def test_deliveries_are_listed_page_by_page(hook: Hook) -> None:
    for _ in range(5):
        await hook.account.http.post(f"{hook.path}/test")
    seen: list[int] = []
    cursor = ""
    while True:
        page = (await hook.account.http.get(f"{hook.path}/deliveries?limit=2{cursor}")).json()
        seen += [it["id"] for it in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)
    for bad in ("x", "MA", "Im5vIg", "e30"):
        refused = await hook.account.http.get(f"{hook.path}/deliveries?cursor={bad}")
        assert refused.json()["errors"][0]["code"] == "cursor_invalid", bad


async def test_a_secret_is_changed_without_a_delivery_being_refused(hook: Hook, receiver: Receiver) -> None:
    rotated = (await hook.account.http.post(f"{hook.path}/secret")).json()
    assert rotated["secret"] != hook.secret
    assert rotated["old_secret_until"]
    assert "secret" not in await hook.shown()
    await hook.account.http.post(f"{hook.path}/test")
    await work()
    for secret in (hook.secret, rotated["secret"]):
        assert [it["type"] for it in receiver.got(secret)] == ["webhook.test"]
