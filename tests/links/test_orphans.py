"""Requests that led nowhere: counted on the way, stored by ingestion, listed to whom the domain belongs."""

from __future__ import annotations

import asyncio
import importlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import nowhere, postgres, redis
from tests.auth.conftest import problem
from tests.conftest import Account, Claim

# The package's name is a keyword.
events: Any = importlib.import_module("tests.lambda.events")
_lambda: Any = importlib.import_module("tests.lambda.conftest")
stores, functions = _lambda.stores, _lambda.functions

URL = "/api/v1/orphans"
Register = Callable[[], Awaitable[Account]]


async def _stored() -> int:
    connection = await postgres.connect()
    try:
        return await nowhere.store(connection)
    finally:
        await connection.close()


async def _listed(account: Account, **query: Any) -> list[dict[str, Any]]:
    answer = await account.http.get(URL, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_what_led_nowhere_is_listed_with_counts(
    account: Account, register: Register, claim: Claim, client: httpx.AsyncClient
) -> None:
    domain = await claim(not_found_target="https://example.com/")
    here = {"host": domain["host"]}
    link = await account.link(domain=domain["host"])
    for path, times in (("/Spring", 2), ("/spring/", 1), ("/summer", 1), ("/%ff", 1), ("/summer+", 1)):
        for _ in range(times):
            await client.get(path, headers=here)
    await client.head("/spring", headers=here)
    await client.post("/spring", headers=here)
    await client.get(f"/{link['slug']}", headers=here)
    await client.get("/spring", headers={"host": "unknown.test"})
    assert await _stored() >= 2
    found = await _listed(account, sort="-count")
    assert [(orphan["domain"], orphan["slug"], orphan["count"]) for orphan in found] == [
        (domain["host"], "spring", 3),
        (domain["host"], "summer", 1),
    ]
    await client.get("/summer", headers=here)
    await _stored()
    again = await _listed(account)
    assert [(orphan["slug"], orphan["count"]) for orphan in again] == [("summer", 2), ("spring", 3)]
    assert again[0]["first_at"] == found[1]["first_at"] < again[0]["last_at"]
    assert await _listed(account, domain="another.test") == []
    assert await _listed(await register()) == []
    # A link there, and it is no orphan any more.
    await account.link(slug="Spring", domain=domain["host"])
    assert [orphan["slug"] for orphan in await _listed(account)] == ["summer"]


@pytest.mark.parametrize("sort", ["-count", "-last_at"])
async def test_pages_follow_one_another(account: Account, claim: Claim, client: httpx.AsyncClient, sort: str) -> None:
    domain = await claim()
    for number in range(5):
        for _ in range(number % 3 + 1):
            await client.get(f"/o{number}", headers={"host": domain["host"]})
    await _stored()
    whole = await _listed(account, sort=sort)
    pages, cursor = [], None
    while True:
        answer = (await account.http.get(URL, params={"sort": sort, "limit": 2, "cursor": cursor or ""})).json()
        pages += answer["items"]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert pages == whole
    assert len(pages) == 5
    for bad in ("x", "W10", "WyItY291bnQiLCAiYSIsIDFd"):
        problem(await account.http.get(URL, params={"sort": sort, "cursor": bad}), 422, "invalid")


async def test_those_of_the_shared_domain_are_the_operators(
    account: Account, operator: Account, client: httpx.AsyncClient
) -> None:
    slug = f"nowhere-{secrets.token_hex(5)}"
    await client.get(f"/{slug}")
    await _stored()
    assert slug not in {orphan["slug"] for orphan in await _listed(account)}
    (orphan,) = (one for one in await _listed(operator, domain="go.test", limit=100) if one["slug"] == slug)
    problem(await account.http.delete(f"{URL}/{orphan['id']}"), 404, "not_found")
    assert (await operator.http.delete(f"{URL}/{orphan['id']}")).status_code == 204
    problem(await operator.http.delete(f"{URL}/{orphan['id']}"), 404, "not_found")


async def test_they_are_counted_on_lambda_too(account: Account, claim: Claim, functions: Any) -> None:
    domain = await claim()
    for _ in range(3):
        event = events.at("/lost")
        event["headers"]["host"] = domain["host"]
        assert (await functions.redirect.call(event))["statusCode"] == 404
    await functions.clicks.call(events.load("scheduled"))
    assert [(orphan["slug"], orphan["count"]) for orphan in await _listed(account)] == [("lost", 3)]


async def test_a_host_gathers_them_and_sends_them_once_a_second(claim: Claim, client: httpx.AsyncClient) -> None:
    domain = await claim()
    await _stored()
    sending = asyncio.create_task(nowhere.keep_sending())
    await asyncio.sleep(0)
    for number in range(nowhere._GATHERED + 100):
        await nowhere.note(domain["id"], f"guess-{number}")
    await client.get("/guess-7", headers={"host": domain["host"]})
    assert await redis.patient().hlen(nowhere._KEY) == 0
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    counted = await redis.patient().hgetall(nowhere._KEY)
    assert len(counted) == nowhere._GATHERED
    assert counted[b"%d/guess-7" % domain["id"]] == b"2"
    assert await _stored() == nowhere._GATHERED


async def test_who_guesses_slugs_fills_nothing(account: Account, claim: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    domain = await claim()
    await _stored()
    monkeypatch.setattr(nowhere, "_WAITING", 50)
    monkeypatch.setattr(nowhere, "KEPT", 30)
    for number in range(100):
        await nowhere.note(domain["id"], f"g{number}")
    await nowhere.note(domain["id"], "g7")  # one that is known is counted all the same
    assert await redis.patient().hlen(nowhere._KEY) == 50
    assert 0 < await redis.patient().ttl(nowhere._KEY) <= 86400
    assert await _stored() == 50
    assert len(await _listed(account, limit=100)) == 30
    await nowhere.note(domain["id"], "newest")
    await _stored()
    found = await _listed(account, limit=100)
    assert len(found) == 30
    assert found[0]["slug"] == "newest"


async def test_what_was_put_aside_by_a_worker_that_died_is_stored_once(account: Account, claim: Claim) -> None:
    domain = await claim()
    await _stored()
    await nowhere.note(domain["id"], "first")
    await redis.patient().rename(nowhere._KEY, nowhere._TAKEN)
    await nowhere.note(domain["id"], "second")
    await _stored()
    await _stored()
    assert {orphan["slug"]: orphan["count"] for orphan in await _listed(account)} == {"first": 1, "second": 1}


async def test_two_workers_count_them_once(account: Account, claim: Claim) -> None:
    domain = await claim()
    for _ in range(10):
        await nowhere.note(domain["id"], "lost")
        await asyncio.gather(*(_stored() for _ in range(4)))
    assert [orphan["count"] for orphan in await _listed(account)] == [10]


async def test_those_of_a_domain_that_is_gone_are_let_go(claim: Claim) -> None:
    await nowhere.note(2**40, "lost")
    await _stored()

    async def count(connection: asyncpg.Connection) -> int:
        return int(await connection.fetchval("select count(*) from orphans where domain_id = $1", 2**40))

    assert await postgres.run(count) == 0
