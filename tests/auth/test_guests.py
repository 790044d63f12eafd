"""Guests: links before a sign-up, what is kept from those who make them, and what becomes of both."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import db, users
from ginnel.guests import LIFETIME, ending, linking
from tests.conftest import Account, anywhere

from .conftest import COOKIE, Told, problem
from .planted import drain, emptied

Browser = Callable[[], httpx.AsyncClient]
Guest = Callable[[], Awaitable[httpx.AsyncClient]]
GUEST, REGISTER, LINKS = "/api/v1/auth/guest", "/api/v1/auth/register", "/api/v1/links"
PASSWORD = "a rather long password"
TARGET = {"target": "https://example.com/"}


@pytest.fixture
def guest(browser: Browser) -> Guest:
    """Make clients that are signed in as a guest each."""

    async def make() -> httpx.AsyncClient:
        http = browser()
        answer = await http.post(GUEST, headers=anywhere())
        assert answer.status_code == 201, answer.text
        _signed_in(http, answer)
        return http

    return make


def _signed_in(http: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    user: dict[str, Any] = answer.json()["user"]
    return user


def fresh() -> dict[str, str]:
    return {"email": f"{secrets.token_hex(6)}@example.com", "password": PASSWORD}


async def made(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await http.post(LINKS, json={**TARGET, **fields})
    assert answer.status_code == 201, answer.text
    link: dict[str, Any] = answer.json()
    return link


def soon(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


# Beginning


async def test_a_guest_is_signed_in_like_anybody(browser: Browser, told: Told) -> None:
    http = browser()
    answer = await http.post(GUEST, headers=anywhere())
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body.keys() == {"user", "access_token", "token_type", "expires_in"}
    assert (body["user"]["guest"], body["user"]["email"], body["user"]["is_admin"]) == (True, None, False)
    me = await http.get("/api/v1/auth/me", headers={"authorization": f"Bearer {body['access_token']}"})
    assert (me.json()["user"], me.json()["role"]) == (body["user"], "owner")
    assert me.json()["scopes"] == ["links:read", "links:write", "stats:read", "workspace:read"]
    again = await http.post("/api/v1/auth/refresh")
    assert again.json()["user"] == body["user"]


async def test_a_guest_does_not_make_the_browser_forget_its_owner(browser: Browser) -> None:
    http = browser()
    await http.post(REGISTER, json=fresh())
    device = http.cookies["ginnel_device"]
    answer = await http.post(GUEST, headers=anywhere())
    assert [cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")] == [COOKIE]
    assert http.cookies["ginnel_device"] == device


async def test_where_registration_is_not_open_there_are_no_guests(
    browser: Browser, operator: Account, told: Told
) -> None:
    http = browser()
    assert (await http.get("/api/v1/auth/registration")).json() == {"mode": "open", "guests": True}
    try:
        for mode in ("invite", "closed"):
            said = await operator.http.put("/api/v1/admin/registration", json={"mode": mode})
            assert said.json() == {"mode": mode, "guests": False}
            problem(await http.post(GUEST, headers=anywhere()), 403, "guests_off")
    finally:
        await operator.http.put("/api/v1/admin/registration", json={"mode": "open"})
    told(guests="off")
    assert (await http.get("/api/v1/auth/registration")).json() == {"mode": "open", "guests": False}
    problem(await http.post(GUEST, headers=anywhere()), 403, "guests_off")


async def test_few_guests_begin_from_one_place(browser: Browser, told: Told) -> None:
    http = browser()
    place = anywhere()
    network = place["x-forwarded-for"].removesuffix("::7")
    for number in range(5):
        assert (await http.post(GUEST, headers={"x-forwarded-for": f"{network}::{number}"})).status_code == 201
    refused = await http.post(GUEST, headers=place)
    problem(refused, 429, "too_many_requests")
    assert 0 < int(refused.headers["retry-after"]) <= 3600 * 2
    assert (await http.post(GUEST, headers=anywhere())).status_code == 201
    told(guests_address_hour=1000)
    for _ in range(15):
        assert (await http.post(GUEST, headers=place)).status_code == 201
    problem(await http.post(GUEST, headers=place), 429, "too_many_requests")


async def test_few_guests_begin_in_all(browser: Browser, told: Told) -> None:
    told(guests_total=1)
    http = browser()
    answers = [await http.post(GUEST, headers=anywhere()) for _ in range(2)]
    problem(answers[-1], 429, "too_many_requests")


async def test_no_other_site_makes_guests(browser: Browser) -> None:
    for headers in ({"origin": "https://evil.test"}, {"content-type": "text/plain"}, {"sec-fetch-site": "cross-site"}):
        answer = await browser().post(GUEST, headers={**anywhere(), **headers})
        problem(answer, 403, "cross_site")
        assert "set-cookie" not in answer.headers


# Links


async def test_a_guests_link_leads_on_and_says_until_when(guest: Guest, client: httpx.AsyncClient) -> None:
    http = await guest()
    link = await made(http, title="Mine")
    lasts = datetime.fromisoformat(link["expires_at"]) - datetime.fromisoformat(link["created_at"])
    assert lasts == LIFETIME
    visit = await client.get(f"/{link['slug']}")
    assert (visit.status_code, visit.headers["location"]) == (302, TARGET["target"])
    assert [it["id"] for it in (await http.get(LINKS)).json()["items"]] == [link["id"]]
    for path in ("", "/qr", "/history", "/explain"):
        assert (await http.get(f"{LINKS}/{link['id']}{path}")).status_code == 200, path
    assert (await http.get("/api/v1/stats/summary", params={"link": link["id"]})).status_code == 200
    assert (await http.delete(f"{LINKS}/{link['id']}")).status_code == 204


@pytest.mark.parametrize(
    "fields",
    [
        {"slug": "chosen-by-me"},
        {"password": "secret"},
        {"rules": [{"target": "https://example.org/", "conditions": [{"type": "country", "values": ["DE"]}]}]},
        {"variants": [{"target": "https://example.org/", "weight": 100}]},
        {"tags": ["spring"]},
        {"external_id": "order-7"},
        {"max_clicks": 7},
        {"description": "A card"},
        {"image": "https://example.com/a.png"},
        {"expired_target": "https://example.org/"},
        {"forward_path": True},
        {"domain": "other.test"},
        {"expires_at": soon(8)},
    ],
    ids=lambda fields: next(iter(fields)),
)
async def test_what_takes_an_account_is_said_so(guest: Guest, fields: dict[str, Any]) -> None:
    http = await guest()
    answer = await http.post(LINKS, json={**TARGET, **fields})
    assert problem(answer, 403, "guest_not_allowed")["detail"].startswith("Sign up to ")
    assert (await http.get(LINKS)).json()["items"] == []
    link = await made(http)
    if fields.keys() <= {"external_id", "domain"}:
        return
    problem(await http.patch(f"{LINKS}/{link['id']}", json=fields), 403, "guest_not_allowed")
    assert (await http.get(f"{LINKS}/{link['id']}")).json() == link


async def test_a_form_that_says_what_is_so_anyway_is_taken(guest: Guest) -> None:
    http = await guest()
    nothing: dict[str, Any] = {
        "slug": None,
        "rules": [],
        "tags": [],
        "password": None,
        "domain": "go.test",
        "expires_at": None,
    }
    link = await made(http, **nothing, forward_query=True, allow_caching=False)
    assert link["expires_at"]


async def test_a_guest_makes_ten_links_however_quickly(guest: Guest) -> None:
    http = await guest()
    answers = await asyncio.gather(*(http.post(LINKS, json=TARGET) for _ in range(linking.LIMIT + 4)))
    assert sorted(it.status_code for it in answers) == [201] * linking.LIMIT + [403] * 4
    link = next(it.json() for it in answers if it.status_code == 201)
    assert (await http.delete(f"{LINKS}/{link['id']}")).status_code == 204
    problem(await http.post(LINKS, json=TARGET), 403, "guest_not_allowed")


async def test_an_expiry_is_never_longer_than_a_week_from_the_beginning(guest: Guest, sql: asyncpg.Connection) -> None:
    http = await guest()
    link = await made(http, expires_at=soon(2))
    await sql.execute("update links set created_at = created_at - interval '3 days' where id = $1", link["id"])
    path = f"{LINKS}/{link['id']}"
    problem(await http.patch(path, json={"expires_at": soon(5)}), 403, "guest_not_allowed")
    changed = (await http.patch(path, json={"expires_at": soon(3)})).json()
    assert changed["expires_at"] > link["expires_at"]
    ruled = (await http.patch(path, json={"expires_at": None})).json()
    assert datetime.fromisoformat(ruled["expires_at"]) - datetime.fromisoformat(ruled["created_at"]) == LIFETIME


async def test_blocked_hosts_are_blocked_for_guests(guest: Guest, operator: Account) -> None:
    host = f"{secrets.token_hex(6)}.example"
    await operator.http.post("/api/v1/admin/blocked-hosts", json={"host": host})
    answer = await (await guest()).post(LINKS, json={"target": f"https://{host}/"})
    assert answer.status_code == 422


async def test_few_pages_are_fetched_for_a_guest(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "PREVIEWS", 2)
    http = await guest()
    for _ in range(2):
        # A page that is not fetched counts as well.
        answer = await http.get("/api/v1/targets/preview", params={"url": "no address"})
        assert answer.status_code == 422
    problem(await http.get("/api/v1/targets/preview", params={"url": "no address"}), 429, "too_many_requests")
    problem(await http.post(LINKS, json={**TARGET, "fetch_title": True}), 429, "too_many_requests")


# Signing up


async def test_signing_up_keeps_everything(guest: Guest, sql: asyncpg.Connection, client: httpx.AsyncClient) -> None:
    http = await guest()
    me = (await http.get("/api/v1/auth/me")).json()
    ruled, chosen, gone, changed = [
        await made(http),
        await made(http, expires_at=soon(3)),
        await made(http),
        await made(http),
    ]
    await http.delete(f"{LINKS}/{gone['id']}")
    changed = (await http.patch(f"{LINKS}/{changed['id']}", json={"expires_at": soon(1)})).json()
    old = dict(http.headers), http.cookies[COOKIE]
    given = fresh()
    answer = await http.post(REGISTER, json={**given, "name": "Ada"})
    user = _signed_in(http, answer)
    assert (user["id"], user["email"], user["name"], user["guest"]) == (me["user"]["id"], given["email"], "Ada", False)
    now = (await http.get("/api/v1/auth/me")).json()
    assert (now["workspace"], "keys:write" in now["scopes"]) == (me["workspace"], True)
    links = {it["id"]: it for it in (await http.get(LINKS)).json()["items"]}
    assert links.keys() == {ruled["id"], chosen["id"], changed["id"]}
    assert links[ruled["id"]]["expires_at"] is None
    assert links[chosen["id"]]["expires_at"] == chosen["expires_at"]
    assert links[changed["id"]]["expires_at"] == changed["expires_at"]
    assert await sql.fetchval("select count(*) from guest_expiries where link_id = any($1)", list(links)) == 0
    # What the guest was signed in by is over; the new account's password and mail are as anybody's.
    problem(await client.get(LINKS, headers={"authorization": old[0]["authorization"]}), 401, "session_ended")
    assert (await client.post("/api/v1/auth/refresh", headers={"cookie": f"{COOKIE}={old[1]}"})).status_code == 401
    assert (await client.post("/api/v1/auth/login", json=given)).status_code == 200
    assert await sql.fetchval("select count(*) from mail_outbox where recipient = $1", given["email"]) == 1
    assert await sql.fetchval("select guest_until from users where id = $1", user["id"]) is None


async def test_a_link_that_has_expired_leads_on_again(
    guest: Guest, sql: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    http = await guest()
    link = await made(http)
    past = datetime.now(UTC) - timedelta(hours=1)
    await sql.execute("update links set expires_at = $2 where id = $1", link["id"], past)
    await sql.execute("update guest_expiries set expires_at = $2 where link_id = $1", link["id"], past)
    assert (await client.get(f"/{link['slug']}")).status_code == 410
    assert (await http.post(REGISTER, json=fresh())).status_code == 201
    assert (await client.get(f"/{link['slug']}")).status_code == 302


async def test_all_the_rules_of_registering_hold(guest: Guest, account: Account, sql: asyncpg.Connection) -> None:
    http = await guest()
    assert (await http.post(REGISTER, json={**fresh(), "password": "password"})).status_code == 422
    assert (await http.get("/api/v1/auth/me")).json()["user"]["guest"]
    # An address that somebody has proved is claimed once more, as by any registration.
    await sql.execute("update users set email_verified_at = now() where email = $1", account.email)
    answer = await http.post(REGISTER, json={"email": account.email, "password": PASSWORD})
    assert _signed_in(http, answer)["email_verified_at"] is None
    assert await sql.fetchval("select count(*) from users where email = $1", account.email) == 2


async def test_who_is_invited_gets_no_address_that_another_has_proved(
    guest: Guest, account: Account, sql: asyncpg.Connection
) -> None:
    http = await guest()
    user = (await http.get("/api/v1/auth/me")).json()["user"]["id"]
    await sql.execute("update users set email_verified_at = now() where email = $1", account.email)
    wanted = users.Registration(email=account.email, password=PASSWORD)
    with pytest.raises(users.EmailTaken):
        async with db.session() as conn:
            await users.register(conn, wanted, verified=True, guest=user, now=datetime.now(UTC))
    assert (await http.get("/api/v1/auth/me")).json()["user"]["guest"]


async def test_nobody_signs_up_as_two(guest: Guest, sql: asyncpg.Connection) -> None:
    http = await guest()
    answers = await asyncio.gather(*(http.post(REGISTER, json=fresh()) for _ in range(3)))
    codes = sorted(it.status_code for it in answers)
    assert codes[0] == 201
    assert set(codes[1:]) <= {401, 409}, [it.text for it in answers]
    assert {it.json()["code"] for it in answers if it.status_code > 201} <= {"guest_gone", "session_ended"}


async def test_a_guests_links_are_not_lost_by_an_old_token(browser: Browser, guest: Guest) -> None:
    http = await guest()
    await http.post("/api/v1/auth/logout")
    problem(await http.post(REGISTER, json=fresh()), 401, "session_ended")
    # An account's token is nothing to registering.
    other = browser()
    user = _signed_in(other, await other.post(REGISTER, json=fresh()))
    again = _signed_in(other, await other.post(REGISTER, json=fresh()))
    assert again["id"] != user["id"]


async def test_links_that_are_made_while_somebody_signs_up_have_no_limit_then(
    guest: Guest, sql: asyncpg.Connection
) -> None:
    http = await guest()
    signing_up = asyncio.create_task(http.post(REGISTER, json=fresh()))
    answers = [await http.post(LINKS, json=TARGET) for _ in range(linking.LIMIT)]
    _signed_in(http, await signing_up)
    assert {it.status_code for it in answers} <= {201, 401}
    assert {it["expires_at"] for it in (await http.get(LINKS)).json()["items"]} <= {None}


async def test_signing_in_to_another_account_leaves_the_guest_alone(guest: Guest, account: Account) -> None:
    http = await guest()
    await made(http)
    me = (await http.get("/api/v1/auth/me")).json()
    answer = await http.post("/api/v1/auth/login", json={"email": account.email, "password": account.password})
    assert answer.json()["user"]["email"] == account.email
    assert (await http.get("/api/v1/auth/me")).json() == me
    assert (await account.http.get(LINKS)).json()["items"] == []


# Everybody else's eyes


async def test_operators_see_guests_apart(guest: Guest, operator: Account) -> None:
    before = (await operator.http.get("/api/v1/admin/system")).json()["counts"]
    http = await guest()
    me = (await http.get("/api/v1/auth/me")).json()
    user, workspace = me["user"]["id"], me["workspace"]

    async def listed(path: str, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await operator.http.get(f"/api/v1/admin/{path}", params=query)).json()["items"]
        return found

    (guests, others) = (await listed("users", state="guest"), await listed("users"))
    assert (guests[0]["id"], guests[0]["guest"], guests[0]["email"]) == (user, True, None)
    assert not [it for it in others if it["guest"]]
    assert not [it for it in await listed("users", state="unverified") if it["guest"]]
    (theirs, all_others) = (await listed("workspaces", guests=True), await listed("workspaces"))
    assert (theirs[0]["id"], theirs[0]["guest"], theirs[0]["owners"]) == (workspace, True, [])
    assert not [it for it in all_others if it["guest"]]
    after = (await operator.http.get("/api/v1/admin/system")).json()["counts"]
    assert after["guests"] == before["guests"] + 1
    assert (after["users"], after["workspaces"]) == (before["users"], before["workspaces"])
    for deed, proof in (("promote", {"password": operator.password}), ("verify", None)):
        answer = await operator.http.post(f"/api/v1/admin/users/{user}/{deed}", json=proof)
        problem(answer, 409, "of_guest")
    entries = await listed("audit", user=user)
    assert {it["action"] for it in entries} == {"guest_made"}
    assert {it["email"] for it in entries} == {None}
    members = (await http.get(f"/api/v1/workspaces/{workspace}/members")).json()["items"]
    assert [it["email"] for it in members] == [None]


async def test_a_guest_takes_their_data_out(guest: Guest) -> None:
    http = await guest()
    link = await made(http)
    with zipfile.ZipFile(io.BytesIO((await http.get("/api/v1/auth/me/export")).content)) as file:
        (account,) = json.loads(file.read("account.json"))
        links = next(json.loads(file.read(name)) for name in file.namelist() if name.endswith("/links.json"))
        whole = b"".join(file.read(name) for name in file.namelist()).decode()
    assert account["email"] is None
    assert account["guest_until"]
    assert [it["slug"] for it in links] == [link["slug"]]
    assert "guest:" not in whole


# The end


@pytest.fixture(autouse=True)
async def _nobody_is_due(sql: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    await sql.execute("update users set guest_until = now() + interval '14 days' where guest_until is not null")


async def due(sql: asyncpg.Connection, http: httpx.AsyncClient) -> timedelta:
    user = (await http.get("/api/v1/auth/me")).json()["user"]["id"]
    until: datetime = await sql.fetchval("select guest_until from users where id = $1", user)
    return until - datetime.now(UTC)


async def test_a_guest_is_kept_for_a_week_after_the_last_link(guest: Guest, sql: asyncpg.Connection) -> None:
    http = await guest()
    assert timedelta(days=6.9) < await due(sql, http) < timedelta(days=7)
    await made(http, expires_at=soon(2))
    assert timedelta(days=8.9) < await due(sql, http) < timedelta(days=9)
    await made(http)
    assert timedelta(days=13.9) < await due(sql, http) < timedelta(days=14)
    await made(http, expires_at=soon(1))
    assert timedelta(days=13.9) < await due(sql, http) < timedelta(days=14)


async def test_who_does_not_sign_up_is_erased_with_all_they_made(
    guest: Guest, sql: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    http, other = await guest(), await guest()
    link = await made(http, target=f"https://{secrets.token_hex(6)}.example/")
    me = (await http.get("/api/v1/auth/me")).json()
    user, workspace = me["user"]["id"], me["workspace"]
    await sql.execute("update users set guest_until = now() - interval '1 second' where id = $1", user)
    assert await ending.work(0) == 1
    assert await ending.work(0) == 0
    problem(await http.get(LINKS), 401, "session_ended")
    problem(await http.post(REGISTER, json=fresh()), 401, "session_ended")
    assert (await client.get(f"/{link['slug']}")).status_code in {404, 410}
    await drain()
    await emptied()
    assert await sql.fetchval("select count(*) from users where id = $1", user) == 0
    assert await sql.fetchval("select count(*) from guest_expiries where link_id = $1", link["id"]) == 0
    left = await sql.fetch("select target, slug from links where workspace_id = $1", workspace)
    assert {row["target"] for row in left} <= {""}
    assert (await other.get("/api/v1/auth/me")).json()["user"]["guest"]


async def test_a_guest_goes_at_once_who_wants_to(guest: Guest, sql: asyncpg.Connection) -> None:
    http = await guest()
    user = (await http.get("/api/v1/auth/me")).json()["user"]["id"]
    assert (await http.request("DELETE", "/api/v1/auth/me", json={"password": ""})).status_code == 202
    await drain()
    await emptied()
    assert await sql.fetchval("select count(*) from users where id = $1", user) == 0


async def test_no_mail_is_ever_for_a_guest(guest: Guest, sql: asyncpg.Connection) -> None:
    http = await guest()
    for path, body in (("verify/resend", {}), ("email", {**fresh()})):
        problem(await http.post(f"/api/v1/auth/{path}", json=body), 403, "guest_not_allowed")
    assert await sql.fetchval("select count(*) from mail_outbox where recipient like 'guest:%'") == 0
