from __future__ import annotations

import asyncio
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import db, tickets
from ginnel.invitations import inviting
from tests.conftest import Account
from tests.mailing import Post, link, text

from .conftest import Told, problem
from .test_access import Browser
from .workspaces import WORKSPACES, Register, create, team, user_of, verify

INVITATIONS = "/api/v1/invitations"


def fresh() -> str:
    return f"{secrets.token_hex(6)}@example.com"


async def invite(account: Account, path: str, email: str, role: str = "member") -> dict[str, Any]:
    answer = await account.http.post(f"{path}/invitations", json={"email": email, "role": role})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def ticket(invitation: dict[str, Any], now: datetime | None = None) -> str:
    """Make the secret that a mail carries, as its template does."""
    async with db.session() as conn:
        at = now or datetime.now(UTC)
        return await tickets.issue(conn, "invitation", lifetime=inviting.LIFETIME, now=at, invitation=invitation["id"])


async def answer_(http: httpx.AsyncClient, secret: str, how: str = "accept") -> httpx.Response:
    return await http.post(f"{INVITATIONS}/{how}", json={"ticket": secret})


@pytest.fixture
async def hosted(account: Account, sql: asyncpg.Connection) -> tuple[Account, str]:
    return await verify(sql, account), f"{WORKSPACES}/{(await create(account, 'Newsroom'))['id']}"


async def test_an_invitation_goes_out_by_mail_and_holds_no_secret(
    hosted: tuple[Account, str], sql: asyncpg.Connection
) -> None:
    owner, path = hosted
    email = fresh()
    made = await invite(owner, path, email.upper().replace("EXAMPLE.COM", "Example.COM"), "viewer")
    rows = await sql.fetch("select template, fields from mail_outbox where lower(recipient) = $1", email)
    assert [(row["template"], json.loads(row["fields"])) for row in rows] == [
        ("invitation", {"invitation": made["id"], "workspace": "Newsroom", "inviter": "", "role": "viewer"})
    ]
    listed = (await owner.http.get(f"{path}/invitations")).json()["items"]
    assert listed == [made]
    problem(await owner.http.post(f"{path}/invitations", json={"email": email}), 409, "already_invited")


async def test_known_and_unknown_addresses_are_answered_alike(hosted: tuple[Account, str], register: Register) -> None:
    owner, path = hosted
    known, unknown = await invite(owner, path, (await register()).email), await invite(owner, path, fresh())
    own = {"id", "email", "created_at", "sent_at", "expires_at"}
    assert {k: v for k, v in known.items() if k not in own} == {k: v for k, v in unknown.items() if k not in own}


async def test_whoever_has_the_address_and_the_mail_comes_in(
    hosted: tuple[Account, str], register: Register, browser: Browser, sql: asyncpg.Connection
) -> None:
    owner, path = hosted
    guest = await register()
    secret = await ticket(await invite(owner, path, guest.email, "admin"))
    shown = (await answer_(browser(), secret, "preview")).json()
    assert shown | {"expires_at": ""} == {
        "workspace": "Newsroom",
        "invited_by": None,
        "email": guest.email,
        "role": "admin",
        "expires_at": "",
    }
    problem(await answer_(browser(), secret), 401, "unauthorized")
    accepted = await answer_(guest.http, secret)
    assert (accepted.status_code, accepted.json()) == (
        200,
        {"workspace": int(path.rpartition("/")[2]), "role": "admin"},
    )
    assert (await guest.http.get(path)).json()["role"] == "admin"
    assert await sql.fetchval("select email_verified_at from users where email = $1", guest.email) is not None
    for how in ("accept", "preview", "decline"):
        problem(await answer_(guest.http, secret, how), 410, "invitation_used")
    problem(await owner.http.post(f"{path}/invitations", json={"email": guest.email}), 409, "already_member")
    assert (await owner.http.get(f"{path}/invitations")).json()["items"] == []


async def test_a_forwarded_mail_lets_nobody_else_in(hosted: tuple[Account, str], register: Register) -> None:
    owner, path = hosted
    guest, other = await register(), await register()
    secret = await ticket(await invite(owner, path, guest.email))
    problem(await answer_(other.http, secret), 403, "invitation_elsewhere")
    problem(await other.http.get(path), 404, "not_found")
    assert (await answer_(guest.http, secret)).status_code == 200


@pytest.mark.parametrize("how", ["accept", "preview", "decline"])
async def test_what_is_over_says_so(hosted: tuple[Account, str], register: Register, how: str) -> None:
    owner, path = hosted
    guest = await register()
    for nothing in ("", "x", secrets.token_urlsafe(32), "x" * 128):
        problem(await answer_(guest.http, nothing, how), 400, "ticket_invalid")
    made = await invite(owner, path, guest.email)
    old = await ticket(made, datetime.now(UTC) - timedelta(days=8))
    problem(await answer_(guest.http, old, how), 410, "invitation_expired")
    secret = await ticket(made)
    assert (await owner.http.delete(f"{path}/invitations/{made['id']}")).status_code == 204
    problem(await answer_(guest.http, secret, how), 410, "invitation_revoked")
    problem(await owner.http.delete(f"{path}/invitations/{made['id']}"), 404, "not_found")
    problem(await owner.http.post(f"{path}/invitations/{made['id']}/resend"), 404, "not_found")
    secret = await ticket(await invite(owner, path, guest.email))
    version = (await owner.http.get(path)).headers["etag"]
    await owner.http.delete(path, headers={"if-match": version})
    problem(await answer_(guest.http, secret, how), 410, "invitation_revoked")


async def test_no_is_an_answer_for_which_nobody_signs_in(hosted: tuple[Account, str], browser: Browser) -> None:
    owner, path = hosted
    email = fresh()
    secret = await ticket(await invite(owner, path, email))
    assert (await answer_(browser(), secret, "decline")).status_code == 204
    problem(await answer_(browser(), secret, "decline"), 410, "invitation_used")
    assert (await owner.http.get(f"{path}/invitations")).json()["items"] == []
    await invite(owner, path, email)


async def test_one_of_many_acceptances_succeeds(hosted: tuple[Account, str], register: Register) -> None:
    owner, path = hosted
    guest = await register()
    made = await invite(owner, path, guest.email)
    given = [await ticket(made) for _ in range(5)] * 5
    answers = await asyncio.gather(*(answer_(guest.http, secret) for secret in given))
    counts = [answer.status_code for answer in answers]
    print(f"25 acceptances by 5 mails at once: {counts.count(200)} success, {counts.count(410)} told that it was used")
    assert sorted(counts) == [200] + [410] * 24


@pytest.mark.parametrize("ending", ["revoke", "decline"])
async def test_an_acceptance_and_another_end_at_once_agree(
    hosted: tuple[Account, str], register: Register, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setitem(inviting.MAILS, "address", 50)
    owner, path = hosted
    guest = await register()
    member = f"{path}/members/{await user_of(guest)}"
    won = 0
    for _ in range(16):
        made = await invite(owner, path, guest.email)
        secret = await ticket(made)
        other = (
            owner.http.delete(f"{path}/invitations/{made['id']}")
            if ending == "revoke"
            else answer_(owner.http, await ticket(made), "decline")
        )
        accepted, ended = await asyncio.gather(answer_(guest.http, secret), other)
        assert (accepted.status_code, ended.status_code) in {(200, 404), (200, 410), (410, 204)}
        joined = (await guest.http.get(path)).status_code == 200
        assert joined == (accepted.status_code == 200)
        won += joined
        if joined:
            assert (await owner.http.delete(member)).status_code == 204
    print(f"an acceptance and a {ending} at once: {won} of 16 accepted, none both")


async def test_who_has_proved_no_address_invites_nobody(account: Account, sql: asyncpg.Connection) -> None:
    path = f"{WORKSPACES}/{(await create(account))['id']}"
    email = fresh()
    problem(await account.http.post(f"{path}/invitations", json={"email": email}), 403, "email_unverified")
    made = await invite(await verify(sql, account), path, email)
    await sql.execute("update users set email_verified_at = null where email = $1", account.email)
    problem(await account.http.post(f"{path}/invitations/{made['id']}/resend"), 403, "email_unverified")
    assert await sql.fetchval("select count(*) from mail_outbox where recipient = $1", email) == 1


async def test_names_that_anybody_chooses_make_no_links_in_strangers_mail(
    account: Account, sql: asyncpg.Connection, post: Post
) -> None:
    await sql.execute("update users set name = $2 where email = $1", account.email, "Post ” office@evil.example now")
    made = await create(await verify(sql, account), "Your parcel waits: http://evil.example/a")
    email = fresh()
    await invite(account, f"{WORKSPACES}/{made['id']}", email)
    (mail,) = await post.to(email)
    assert mail["Subject"] == "You are invited to a workspace at http://go.test"
    said = " ".join(text(mail).split())
    assert "“Post ' office@ evil. example now” invites you to the workspace" in said
    assert "“Your parcel waits: http:// evil. example/ a” at" in said
    assert link(mail).startswith("http://go.test/app/invitation#ticket=")


async def test_nobody_invites_above_themselves(register: Register, sql: asyncpg.Connection) -> None:
    made = await team(register, sql)
    wanted = {"owner": 201, "admin": 201, "member": 201, "viewer": 201}
    for role, status in wanted.items():
        answer = await made.people["owner"].http.post(f"{made.path}/invitations", json={"email": fresh(), "role": role})
        assert answer.status_code == status
    for by, code in (("admin", "role_missing"), ("member", "scope_missing"), ("viewer", "scope_missing")):
        body = {"email": fresh(), "role": "owner"}
        problem(await made.people[by].http.post(f"{made.path}/invitations", json=body), 403, code)
    problem(
        await made.people["stranger"].http.post(f"{made.path}/invitations", json={"email": fresh()}), 404, "not_found"
    )
    own = (await made.people["owner"].http.get("/api/v1/auth/me")).json()["workspace"]
    body = {"email": fresh(), "role": "owner"}
    problem(await made.people["owner"].http.post(f"{WORKSPACES}/{own}/invitations", json=body), 403, "role_missing")


async def test_what_somebody_invited_ends_with_their_right_to(register: Register, sql: asyncpg.Connection) -> None:
    made = await team(register, sql, "owner2")
    second = made.people["owner2"]
    for role in ("owner", "admin"):
        await invite(second, made.path, fresh(), role)

    async def open_roles() -> list[str]:
        items = (await made.people["owner"].http.get(f"{made.path}/invitations")).json()["items"]
        return sorted(item["role"] for item in items)

    assert await open_roles() == ["admin", "owner"]
    await made.people["owner"].http.patch(made.member("owner2"), json={"role": "admin"})
    assert await open_roles() == ["admin"]
    await made.people["owner"].http.delete(made.member("owner2"))
    assert await open_roles() == []


async def test_an_address_gets_few_mails_a_day(
    register: Register, monkeypatch: pytest.MonkeyPatch, sql: asyncpg.Connection
) -> None:
    monkeypatch.setitem(inviting.MAILS, "address", 3)
    monkeypatch.setitem(inviting.MAILS, "workspace", 6)
    email = fresh()
    sent = []
    for _ in range(2):
        owner = await verify(sql, await register())
        path = f"{WORKSPACES}/{(await create(owner))['id']}"
        answer = await owner.http.post(f"{path}/invitations", json={"email": email})
        sent.append(answer.status_code)
        if answer.status_code == 201:
            for _ in range(2):
                again = await owner.http.post(f"{path}/invitations/{answer.json()['id']}/resend")
                sent.append(again.status_code)
    assert sent == [201, 202, 202, 429]
    assert await sql.fetchval("select count(*) from mail_outbox where recipient = $1", email) == 3
    statuses = [(await owner.http.post(f"{path}/invitations", json={"email": fresh()})).status_code for _ in range(6)]
    assert statuses == [201] * 5 + [429]
    refused = await owner.http.post(f"{path}/invitations", json={"email": fresh()})
    problem(refused, 429, "too_many_requests")
    assert int(refused.headers["retry-after"]) > 0


async def test_an_invitation_that_nobody_took_is_in_no_ones_way(
    hosted: tuple[Account, str], sql: asyncpg.Connection
) -> None:
    owner, path = hosted
    email = fresh()
    made = await invite(owner, path, email)
    await sql.execute("update invitations set expires_at = now() where id = $1", made["id"])
    again = await invite(owner, path, email)
    assert [one["id"] for one in (await owner.http.get(f"{path}/invitations")).json()["items"]] == [again["id"]]
    await sql.execute("update invitations set expires_at = now() where id = $1", again["id"])
    resent = (await owner.http.post(f"{path}/invitations/{again['id']}/resend")).json()
    assert datetime.fromisoformat(resent["expires_at"]) > datetime.now(UTC) + timedelta(days=6)


async def test_a_workspace_has_a_bounded_number_of_open_invitations(
    hosted: tuple[Account, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, path = hosted
    monkeypatch.setattr(inviting, "LIMIT", 3)
    answers = await asyncio.gather(*(owner.http.post(f"{path}/invitations", json={"email": fresh()}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3


@pytest.mark.parametrize("mode", ["open", "invite"])
async def test_whoever_registers_by_the_mail_is_a_member_with_a_proved_address(
    hosted: tuple[Account, str], browser: Browser, post: Post, told: Told, mode: str
) -> None:
    told(registration=mode)
    owner, path = hosted
    email = fresh()
    await invite(owner, path, email, "viewer")
    secret = await post.ticket(email)
    http = browser()
    body = {"email": email, "password": secrets.token_urlsafe(12), "invitation": secret}
    answer = await http.post("/api/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["user"]["email_verified_at"]
    http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    assert (await http.get(path)).json()["role"] == "viewer"
    problem(await browser().post("/api/v1/auth/register", json=body), 400, "ticket_invalid")
    problem(await answer_(http, secret), 410, "invitation_used")
    assert len(await post.to(email)) == 1
