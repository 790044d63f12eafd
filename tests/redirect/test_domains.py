"""What a domain answers by itself, and how soon a change of it is everywhere."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

import httpx
import pytest

from ginnel import hosts, lookup, postgres
from ginnel.clicks import stream
from ginnel.errors import Unavailable
from tests.conftest import Account, Claim
from tests.faults.processes import listening

HOME, ELSE = "https://home.example/", "https://else.example/"
PAST = "2020-01-01T00:00:00Z"


async def _written() -> int:
    from ginnel import redis  # noqa: PLC0415  # not before the environment is made

    return int(await redis.patient().xlen(stream()))


async def test_another_tenants_links_are_never_seen(account: Account, claim: Claim, client: httpx.AsyncClient) -> None:
    mine, other = await claim(), await claim()
    link = await account.link(slug=f"mine-{secrets.token_hex(4)}", domain=mine["host"])
    path = f"/{link['slug']}"
    for host in (other["host"], "go.test", "unknown.test", "localhost", "192.0.2.1", "", f"{'h' * 300}.test"):
        assert (await client.get(path, headers={"host": host})).status_code == 404, host
    for host in (mine["host"], mine["host"].upper(), f"{mine['host']}:443", f"{mine['host']}."):
        assert (await client.get(path, headers={"host": host})).status_code == 302, host


async def test_the_api_asks_who_somebody_is_and_not_which_host_they_asked(account: Account) -> None:
    link = await account.link()
    answer = await account.http.get(f"/api/v1/links/{link['id']}", headers={"host": "unknown.test"})
    assert answer.status_code == 200
    assert answer.json()["domain"] == "go.test"


async def test_the_installations_own_root_stays_its_page(client: httpx.AsyncClient) -> None:
    for host in ("go.test", "GO.test:80", "go.test."):
        answer = await client.get("/", headers={"host": host})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_where_a_domain_leads_by_itself_is_no_click(claim: Claim, client: httpx.AsyncClient) -> None:
    domain = await claim(root_target=HOME, not_found_target=ELSE)
    before = await _written()
    for path in ("/", "/nothing-here"):
        assert (await client.get(path, headers={"host": domain["host"]})).status_code == 302
    assert await _written() == before


async def test_a_used_up_link_is_led_on_by_its_domain(
    account: Account, claim: Claim, client: httpx.AsyncClient
) -> None:
    domain = await claim(expired_target=ELSE)
    link = await account.link(HOME, domain=domain["host"], max_clicks=1)
    led = [
        (await client.get(f"/{link['slug']}", headers={"host": domain["host"], "user-agent": "a person"})).headers
        for _ in range(3)
    ]
    assert [headers["location"] for headers in led] == [HOME, ELSE, ELSE]
    explained = await account.http.get(f"/api/v1/links/{link['id']}/explain")
    assert (explained.json()["status"], explained.json()["location"]) == (302, ELSE)


async def test_a_domains_change_is_everywhere_within_a_second(
    account: Account, claim: Claim, client: httpx.AsyncClient
) -> None:
    domain = await claim(expired_target=HOME, not_found_target=HOME)
    links = [await account.link(domain=domain["host"], expires_at=PAST) for _ in range(3)]
    paths = [f"/{link['slug']}" for link in links] + ["/nothing-here"]
    here = {"host": domain["host"]}
    async with listening(3) as processes:
        for target in (ELSE, HOME, None):
            for process in processes:
                await process.domain(domain["host"])
            fields = {"expired_target": target, "not_found_target": target}
            changed = await account.http.patch(f"/api/v1/domains/{domain['id']}", json=fields)
            assert changed.status_code == 200
            told = time.monotonic()
            for path in paths:  # this process did it, and knows
                answer = await client.get(path, headers=here)
                assert answer.headers.get("location") == target
            for process in processes:
                while (await process.domain(domain["host"])).expired != target:
                    assert time.monotonic() - told < 1
                    await asyncio.sleep(0.005)
    print(f"\na domain's change was in three other processes within {1000 * (time.monotonic() - told):.0f} ms")


async def test_a_domains_record_survives_being_packed(claim: Claim) -> None:
    domain = await claim(root_target=HOME, assetlinks=[{"é": "\u2028"}], case_sensitive=True)
    record = await postgres.run(lambda connection: lookup.stored(connection, domain["host"], hosts.NAME))
    host = hosts.read(type(record).unpack(record.pack()))
    assert host == hosts.read(record)
    assert (host.domain, host.root, host.key("Ab"), host.apple) == (domain["id"], HOME, "Ab", None)


async def test_a_link_that_is_known_is_answered_though_its_domain_can_not_be_asked(
    account: Account, claim: Claim, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = await claim(expired_target=ELSE, root_target=ELSE)
    link = await account.link(domain=domain["host"], expires_at=PAST)

    async def away(_: str) -> Any:
        raise Unavailable

    monkeypatch.setattr(lookup, "domain", away)
    assert (await client.get(f"/{link['slug']}", headers={"host": domain["host"]})).status_code == 410
    assert (await client.get("/", headers={"host": domain["host"]})).status_code == 503
