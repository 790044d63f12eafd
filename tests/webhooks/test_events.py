"""What is told: each thing that happens, once, and nothing that did not."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from ginnel import ingestion, postgres
from ginnel.ingestion import Row
from ginnel.links import expiring
from tests.conftest import Account

from .conftest import Hook, Receiver, work


async def test_what_happens_to_a_link_is_told(hook: Hook, receiver: Receiver) -> None:
    link = await hook.account.link("https://example.com/a", tags=["x"])
    path = f"/api/v1/links/{link['id']}"
    await hook.account.http.patch(path, json={"title": "T"})
    await hook.account.http.post(f"{path}/revert", json={"version": 1})
    await hook.account.http.delete(path)
    assert await work() == 4
    told = receiver.got(hook.secret)
    by_type = {it["type"]: it["data"] for it in told}
    assert sorted(it["type"] for it in told) == ["link.created", "link.deleted", "link.updated", "link.updated"]
    assert by_type["link.created"] == link
    assert (by_type["link.deleted"]["id"], by_type["link.deleted"]["version"]) == (link["id"], 3)
    assert len(set(receiver.ids())) == 4
    assert {it["state"] for it in await hook.deliveries()} == {"delivered"}


async def test_many_at_once_are_told_one_by_one(hook: Hook, receiver: Receiver) -> None:
    items: list[dict[str, Any]] = [{"op": "create", "target": f"https://example.com/{number}"} for number in range(10)]
    items.append({"op": "create", "target": "nonsense"})
    await hook.account.http.post("/api/v1/links/bulk", json=items)
    await work()
    targets = sorted(it["data"]["target"] for it in receiver.got(hook.secret))
    assert targets == [f"https://example.com/{number}" for number in range(10)]


async def test_what_was_refused_is_not_told(hook: Hook, receiver: Receiver) -> None:
    link = await hook.account.link()
    path = f"/api/v1/links/{link['id']}"
    assert (await hook.account.http.patch(path, json={"title": "x"}, headers={"if-match": '"9"'})).status_code == 412
    taken = await hook.account.http.post("/api/v1/links", json={"target": "https://a.example", "slug": link["slug"]})
    assert taken.status_code == 409
    clash = [{"op": "update", "id": link["id"], "slug": "a b"}, {"op": "delete", "id": link["id"], "if_version": 9}]
    await hook.account.http.post("/api/v1/links/bulk", json=clash)
    await work()
    assert [it["type"] for it in receiver.got(hook.secret)] == ["link.created"]


async def test_nobody_is_told_of_what_they_did_not_ask_for(hook: Hook, receiver: Receiver) -> None:
    await hook.account.http.patch(hook.path, json={"events": ["link.deleted"]})
    link = await hook.account.link()
    await hook.account.http.patch(hook.path, json={"disabled": True, "events": ["link.updated"]})
    await hook.account.http.patch(f"/api/v1/links/{link['id']}", json={"title": "x"})
    assert await work() == 0
    assert receiver.peer.requests == []


def clicked(link: dict[str, Any], workspace: int, **fields: Any) -> Row:
    given = dict.fromkeys(Row._fields) | {
        "at": datetime.now(UTC), "id": uuid4(), "workspace_id": workspace, "domain_id": 1, "link_id": link["id"],
        "device": "desktop", "country": "DE", "qr": False, "clamped": False, "visitor": b"v" * 8, "referrer_path": "/secret",
    }  # fmt: skip
    return Row(**(given | fields))  # type: ignore[arg-type]  # each of its own type


async def test_clicks_are_told_together_and_once(hook: Hook, receiver: Receiver) -> None:
    link = await hook.account.link()
    connection = await postgres.connect()
    workspace = await connection.fetchval("select workspace_id from links where id = $1", link["id"])
    rows = [clicked(link, workspace) for _ in range(230)] + [clicked(link, random.randrange(10**9, 2**60))]
    assert await ingestion.store(connection, rows) == 231
    assert await ingestion.store(connection, rows[:50]) == 0  # delivered again by the stream
    assert await ingestion.store(connection, [*rows[:50], clicked(link, workspace)]) == 1
    rolled_back = connection.transaction()
    await rolled_back.start()
    await ingestion.store(connection, [clicked(link, workspace)])
    await rolled_back.rollback()
    await connection.close()
    await work()
    told = [it["data"]["clicks"] for it in receiver.got(hook.secret) if it["type"] == "link.clicked"]
    assert sorted(map(len, told)) == [1, 30, 100, 100]
    ids = [click["id"] for clicks in told for click in clicks]
    assert len(set(ids)) == 231
    assert set(map(str, (row.id for row in rows[:230]))) <= set(ids)
    (one,) = (clicks[0] for clicks in told if len(clicks) == 1)
    assert one["link"] == {"id": link["id"], "slug": link["slug"], "domain": "go.test"}
    assert (one["country"], one["device"]) == ("DE", "desktop")
    assert not {"address", "visitor", "referrer_path", "user_agent"} & one.keys()
    assert b"/secret" not in b"".join(request.body for request in receiver.peer.requests)


async def test_an_expiry_is_told_once_and_another_one_again(
    hook: Hook, receiver: Receiver, account: Account, conn: Any
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    link = await account.link(expires_at=soon.isoformat())
    never = await account.link()
    await account.link(expires_at=(datetime.now(UTC) - timedelta(days=1)).isoformat())  # before anybody asked
    for at in (soon - timedelta(seconds=1), soon, soon + timedelta(hours=1)):
        await expiring.announce_expired(conn, at)
    later = soon + timedelta(days=1)
    await conn.commit()
    await account.http.patch(f"/api/v1/links/{link['id']}", json={"expires_at": later.isoformat()})
    for at in (later - timedelta(seconds=1), later, later):
        await expiring.announce_expired(conn, at)
    await conn.commit()
    await work()
    expired = [it["data"]["id"] for it in receiver.got(hook.secret) if it["type"] == "link.expired"]
    assert expired == [link["id"]] * 2
    assert never["id"] not in expired
