"""A workspace's own domains: claiming, verifying, changing, deleting."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import httpx
import pytest

from ginnel.domains import drafts, verification
from tests.auth.conftest import problem
from tests.conftest import Account, Claim, Records

URL = "/api/v1/domains"
Register = Callable[[], Awaitable[Account]]


def fresh() -> str:
    return f"{secrets.token_hex(6)}.test"


def code(answer: httpx.Response, pointer: str) -> str:
    assert answer.status_code == 422, answer.text
    (found,) = (fault for fault in answer.json()["errors"] if fault["pointer"] == pointer)
    return str(found["code"])


async def test_a_host_is_claimed_and_verified_by_its_txt_record(account: Account, dns: Records) -> None:
    host = fresh()
    made = await account.http.post(URL, json={"host": f"{host.upper()}."})
    assert made.status_code == 201, made.text
    domain, path = made.json(), made.headers["location"]
    assert (domain["host"], domain["verified"]) == (host, False)
    record = domain["verification"]
    assert (record["name"], record["type"]) == (f"_ginnel.{host}", "TXT")
    assert record["value"].startswith("ginnel-verification=")
    answer = await account.http.post(f"{path}/verify")
    assert problem(answer, 422, "verification_failed")["detail"] == (
        f"Expected a TXT record {record['value']} at {record['name']}; the DNS knows no such name yet."
    )
    dns[record["name"]] = [b"v=spf1 -all", b"ginnel-verification=another\x07", *([b"x" * 500] * 5)]
    detail = problem(await account.http.post(f"{path}/verify"), 422, "verification_failed")["detail"]
    assert 'found "v=spf1 -all", "ginnel-verification=another?", "xxx' in detail
    assert detail.endswith(" and 2 more.")
    assert len(detail) < 1000
    dns[record["name"]].append(record["value"].encode())
    verified = await account.http.post(f"{path}/verify")
    assert verified.status_code == 200, verified.text
    assert (verified.json()["verified"], verified.json()["verification"]) == (True, None)
    assert (await account.http.post(f"{path}/verify")).json() == verified.json()
    assert (await account.http.get(path)).json() == verified.json()
    assert (await account.http.get(URL)).json() == {"items": [verified.json()]}


async def test_nothing_stands_on_a_host_before_it_is_verified(account: Account, client: httpx.AsyncClient) -> None:
    host = fresh()
    made = await account.http.post(URL, json={"host": host, "root_target": "https://example.com/"})
    refused = await account.http.post("/api/v1/links", json={"target": "https://example.com/", "domain": host})
    assert code(refused, "/domain") == "domain_unknown"
    for path in ("/", "/x", "/.well-known/assetlinks.json"):
        assert (await client.get(path, headers={"host": host})).status_code == 404
    assert code(await account.http.patch(made.headers["location"], json={"default": True}), "/default") == (
        "domain_unverified"
    )
    assert (
        code(await account.http.post(URL, json={"host": fresh(), "default": True}), "/default") == "domain_unverified"
    )


async def test_of_several_who_claim_a_host_the_first_to_verify_it_has_it(
    account: Account, register: Register, dns: Records
) -> None:
    host = fresh()
    claims = [(one, await one.http.post(URL, json={"host": host})) for one in (account, await register())]
    for _, made in claims:
        assert made.status_code == 201, made.text
    problem(await account.http.post(URL, json={"host": host}), 409, "domain_taken")
    dns[f"_ginnel.{host}"] = [made.json()["verification"]["value"].encode() for _, made in claims]
    answers = await asyncio.gather(*(one.http.post(f"{made.headers['location']}/verify") for one, made in claims))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (late,) = (answer for answer in answers if answer.status_code == 409)
    problem(late, 409, "domain_taken")
    problem(await (await register()).http.post(URL, json={"host": host}), 409, "domain_taken")


async def test_a_claim_does_not_keep_others_from_linking_there(account: Account, register: Register) -> None:
    host = fresh()
    assert (await (await register()).http.post(URL, json={"host": host})).status_code == 201
    await account.link(f"https://{host}/")


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("Go.Example.COM", "go.example.com"),
        ("go.example.com.", "go.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("go", "go"),
        (f"{'a' * 63}.example", f"{'a' * 63}.example"),
    ],
)
def test_a_host_is_kept_in_one_spelling(host: str, kept: str) -> None:
    assert drafts.host(host) == kept


@pytest.mark.parametrize(
    "host",
    [
        "", " ", "go.example.com:8080", "go.example.com/", "https://go.example.com", "go.example.com/x", "a@go.example.com",
        "192.0.2.1", "0xc0000201", "[::1]", "::1", "*.example.com", "-a.example", "a-.example", "a..example", "a_b.example",
        f"{'a' * 64}.example", ".".join(["a" * 40] * 7), "go.example.com?", "go.example.com#", "%67o.example", "go example",
        "go.1", "\x00", "go.test", "GO.TEST.", "localhost",
    ],
)  # fmt: skip
async def test_what_is_no_host_to_be_claimed_is_refused(account: Account, host: str) -> None:
    code(await account.http.post(URL, json={"host": host}), "/host")


async def test_a_stranger_sees_and_touches_no_domain(account: Account, register: Register, claim: Claim) -> None:
    domain, stranger = await claim(), await register()
    path = f"{URL}/{domain['id']}"
    for answer in (
        await stranger.http.get(path),
        await stranger.http.patch(path, json={"root_target": None}),
        await stranger.http.post(f"{path}/verify"),
        await stranger.http.delete(path),
    ):
        problem(answer, 404, "not_found")
    assert (await stranger.http.get(URL)).json() == {"items": []}
    refused = await stranger.http.post("/api/v1/links", json={"target": HOME, "domain": domain["host"]})
    assert code(refused, "/domain") == "domain_unknown"
    problem(await account.http.get(f"{URL}/{2**62}"), 404, "not_found")


HOME = "https://home.example/"


async def test_a_domain_is_changed_by_the_fields_given(account: Account, claim: Claim) -> None:
    domain = await claim(root_target="https://Example.com/a b")
    path = f"{URL}/{domain['id']}"
    assert domain["root_target"] == "https://example.com/a%20b"
    got = await account.http.get(path)
    assert got.headers["etag"] == f'"{domain["version"]}"'
    files = {"apple_app_site_association": {"applinks": {"details": []}}, "assetlinks": [{"relation": ["x"]}]}
    changed = await account.http.patch(
        path, json={"root_target": None, "expired_target": HOME, **files}, headers={"if-match": got.headers["etag"]}
    )
    assert changed.status_code == 200, changed.text
    assert changed.json() == domain | files | {
        "root_target": None,
        "expired_target": HOME,
        "version": domain["version"] + 1,
        "updated_at": changed.json()["updated_at"],
    }
    late = await account.http.patch(path, json={"root_target": HOME}, headers={"if-match": got.headers["etag"]})
    problem(late, 412, "version_mismatch")
    problem(await account.http.delete(path, headers={"if-match": got.headers["etag"]}), 412, "version_mismatch")
    code(await account.http.patch(path, json={}, headers={"if-match": "x"}), "header:if-match")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"root_target": "ftp://x.example/"}, "/root_target"),
        ({"not_found_target": "http://go.test/x"}, "/not_found_target"),
        ({"expired_target": "javascript:1"}, "/expired_target"),
        ({"apple_app_site_association": "text"}, "/apple_app_site_association/dict[str,any]"),
        ({"assetlinks": ["x" * drafts.MAX_DOCUMENT]}, "/assetlinks/list[any]"),
        ({"assetlinks": ["\x00"]}, "/assetlinks"),
        ({"host": "another.test"}, "/host"),
        ({"case_sensitive": None}, "/case_sensitive"),
    ],
)
async def test_a_bad_field_is_named(account: Account, claim: Claim, fields: dict[str, Any], pointer: str) -> None:
    domain = await claim()
    answer = await account.http.patch(f"{URL}/{domain['id']}", json=fields)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith(
        pointer.split("/dict", maxsplit=1)[0].split("/list", maxsplit=1)[0]
    )
    assert (await account.http.get(f"{URL}/{domain['id']}")).json() == domain


async def test_a_domain_may_not_lead_to_itself(account: Account, claim: Claim) -> None:
    host = fresh()
    answer = await account.http.post(URL, json={"host": host, "root_target": f"https://{host}/x"})
    assert code(answer, "/root_target") == "target_own_domain"
    domain = await claim()
    answer = await account.http.patch(f"{URL}/{domain['id']}", json={"root_target": f"https://{domain['host']}/x"})
    assert code(answer, "/root_target") == "target_own_domain"


async def test_the_case_rule_is_settled_by_the_first_link(account: Account, claim: Claim) -> None:
    domain = await claim()
    path = f"{URL}/{domain['id']}"
    assert (await account.http.patch(path, json={"case_sensitive": True})).json()["case_sensitive"]
    links = [await account.link(slug=slug, domain=domain["host"]) for slug in ("Ab", "aB")]
    assert (await account.http.patch(path, json={"case_sensitive": True})).status_code == 200
    problem(await account.http.patch(path, json={"case_sensitive": False}), 409, "domain_in_use")
    for link in links:
        await account.http.delete(f"/api/v1/links/{link['id']}")
    problem(await account.http.patch(path, json={"case_sensitive": False}), 409, "domain_in_use")


async def test_no_link_is_made_by_a_case_rule_that_is_being_changed(account: Account, claim: Claim) -> None:
    for _ in range(5):
        domain = await claim()
        changed, *made = await asyncio.gather(
            account.http.patch(f"{URL}/{domain['id']}", json={"case_sensitive": True}),
            *(
                account.http.post("/api/v1/links", json={"target": HOME, "slug": slug, "domain": domain["host"]})
                for slug in ("Ab", "aB")
            ),
        )
        after = (await account.http.get(f"{URL}/{domain['id']}")).json()["case_sensitive"]
        assert after == (changed.status_code == 200)
        assert sorted(answer.status_code for answer in made) == ([201, 201] if after else [201, 409])


async def test_links_stand_on_the_default_domain_of_their_workspace(account: Account, claim: Claim) -> None:
    first, second = await claim(default=True), await claim()
    assert first["default"]
    assert (await account.link())["domain"] == first["host"]
    assert (await account.http.patch(f"{URL}/{second['id']}", json={"default": True})).json()["default"]
    assert not (await account.http.get(f"{URL}/{first['id']}")).json()["default"]
    assert (await account.link())["short_url"].startswith(f"https://{second['host']}/")
    assert (await account.link(domain="go.test"))["domain"] == "go.test"
    free = await account.http.get("/api/v1/links/available?slug=anything")
    assert free.json()["available"]
    await account.http.patch(f"{URL}/{second['id']}", json={"default": False})
    assert (await account.link())["domain"] == "go.test"


async def test_two_domains_that_are_made_the_default_together_are_not_it_together(
    account: Account, claim: Claim
) -> None:
    made = [await claim() for _ in range(4)]
    answers = await asyncio.gather(
        *(account.http.patch(f"{URL}/{domain['id']}", json={"default": True}) for domain in made)
    )
    assert [answer.status_code for answer in answers] == [200] * 4
    listed = (await account.http.get(URL)).json()["items"]
    assert sum(domain["default"] for domain in listed) == 1


async def test_a_domain_is_given_up_when_its_links_are_deleted(
    account: Account, register: Register, claim: Claim, client: httpx.AsyncClient
) -> None:
    domain = await claim(root_target=HOME)
    path, here = f"{URL}/{domain['id']}", {"host": domain["host"]}
    link = await account.link(domain=domain["host"])
    problem(await account.http.delete(path), 409, "domain_in_use")
    await account.http.delete(f"/api/v1/links/{link['id']}")
    assert (await client.get(f"/{link['slug']}", headers=here)).status_code == 410
    assert (await client.get("/", headers=here)).status_code == 302
    assert (await account.http.delete(path)).status_code == 204
    problem(await account.http.get(path), 404, "not_found")
    assert (await client.get("/", headers=here)).status_code == 404
    other = await register()
    again = await claim(other, host=domain["host"])
    theirs = await other.link(slug=link["slug"], domain=again["host"])
    assert (await client.get(f"/{theirs['slug']}", headers=here)).status_code == 302


async def test_scopes_reach_domains_as_they_say(account: Account, claim: Claim) -> None:
    domain = await claim()
    made = await account.http.post("/api/v1/api-keys", json={"name": "x", "scopes": ["domains:read"]})
    bearer = {"authorization": f"Bearer {made.json()['secret']}"}
    assert (await account.http.get(URL, headers=bearer)).status_code == 200
    assert (await account.http.get("/api/v1/orphans", headers=bearer)).status_code == 200
    for answer in (
        await account.http.post(URL, json={"host": fresh()}, headers=bearer),
        await account.http.patch(f"{URL}/{domain['id']}", json={}, headers=bearer),
        await account.http.post(f"{URL}/{domain['id']}/verify", headers=bearer),
        await account.http.delete(f"{URL}/{domain['id']}", headers=bearer),
        await account.http.get("/api/v1/links", headers=bearer),
    ):
        problem(answer, 403, "scope_missing")


class _Nameserver(asyncio.DatagramProtocol):
    """Answers, or does not, as a nameserver does."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if self.kind == "silent":
            return
        if self.kind == "records":
            long = '"' + "a" * 200 + '" "' + "b" * 200 + '"'
            answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", '"one"', long))
        elif self.kind == "unknown":
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif self.kind == "failing":
            answer.set_rcode(dns.rcode.SERVFAIL)
        self.transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def nameserver(kind: str) -> AsyncIterator[int]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Nameserver(kind), local_addr=("127.0.0.1", 0)
    )
    yield transport.get_extra_info("sockname")[1]
    transport.close()


async def test_the_dns_is_asked_for_whole_records() -> None:
    async with nameserver("records") as port:
        found = await verification.ask("_ginnel.go.example", nameservers=["127.0.0.1"], port=port)
    assert sorted(found) == [b"a" * 200 + b"b" * 200, b"one"]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("unknown", "the DNS knows no such name yet"),
        ("none", "the name has no TXT record"),
        ("failing", "the DNS could not be asked"),
        ("silent", "the DNS did not answer within 4 seconds"),
    ],
)
async def test_what_the_dns_does_not_tell_is_told_in_bounded_time(kind: str, told: str) -> None:
    before = time.monotonic()
    async with nameserver(kind) as port:
        said = await verification.said(
            "_ginnel.go.example", lambda name: verification.ask(name, nameservers=["127.0.0.1"], port=port)
        )
    assert said.values == ()
    assert said.told.startswith(told)
    assert time.monotonic() - before < verification.TIMEOUT + 1
