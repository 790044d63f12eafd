"""Who may register, which operators change while everything runs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest

from ginnel import db, installation, installation_settings, settings, tickets
from tests.auth.conftest import problem
from tests.conftest import Account
from tests.mailing import Post

URL = "/api/v1/admin/registration"

pytestmark = pytest.mark.usefixtures("as_found")


async def say(operator: Account, mode: str) -> None:
    answer = await operator.http.put(URL, json={"mode": mode})
    assert (answer.status_code, answer.json()) == (200, {"mode": mode, "guests": mode == "open"}), answer.text


async def join(client: httpx.AsyncClient, email: str, **fields: Any) -> httpx.Response:
    person = {"email": email, "password": secrets.token_urlsafe(12), **fields}
    return await client.post("/api/v1/auth/register", json=person)


def fresh() -> str:
    return f"{secrets.token_hex(6)}@example.com"


async def invitation(email: str) -> str:
    async with db.session() as conn:
        return await tickets.issue(
            conn, "registration", lifetime=installation.INVITED, now=datetime.now(UTC), email=email
        )


async def test_everybody_is_told_who_may_register(operator: Account, client: httpx.AsyncClient) -> None:
    for mode in ("open", "invite", "closed"):
        await say(operator, mode)
        answer = await client.get("/api/v1/auth/registration")
        assert (answer.status_code, answer.json()) == (200, {"mode": mode, "guests": mode == "open"})
    problem(await operator.http.put(URL, json={"mode": "ajar"}), 422, "invalid")


async def test_the_environment_says_it_until_an_operator_does(client: httpx.AsyncClient, monkeypatch: Any) -> None:
    monkeypatch.setenv("REGISTRATION", "closed")
    settings.read.cache_clear()
    try:
        problem(await join(client, fresh()), 403, "registration_closed")
        monkeypatch.setenv("REGISTRATION", "ajar")
        settings.read.cache_clear()
        with pytest.raises(settings.BadSettings, match="open, invite or closed"):
            settings.read(installation_settings.Settings)
    finally:
        monkeypatch.undo()
        settings.read.cache_clear()
    assert (await join(client, fresh())).status_code == 201


async def test_a_closed_door_is_closed_to_all_alike(
    account: Account, operator: Account, client: httpx.AsyncClient
) -> None:
    await say(operator, "closed")
    email = fresh()
    answers = [await join(client, email), await join(client, account.email), await join(client, email, invitation="x")]
    bodies = [problem(answer, 403, "registration_closed") for answer in answers]
    assert len({tuple((k, v) for k, v in body.items() if k != "request_id") for body in bodies}) == 1
    await say(operator, "open")
    assert (await join(client, email)).status_code == 201


async def test_an_invitation_lets_its_address_in_once(operator: Account, client: httpx.AsyncClient) -> None:
    await say(operator, "invite")
    email = fresh()
    secret = await invitation(email)
    problem(await join(client, email), 403, "registration_closed")
    problem(await join(client, email, invitation="wrong"), 400, "ticket_invalid")
    refused = problem(await join(client, fresh(), invitation=secret), 422, "invalid")
    assert refused["errors"][0]["code"] == "not_invited"
    common = await client.post(
        "/api/v1/auth/register", json={"email": email, "password": "password", "invitation": secret}
    )
    assert problem(common, 422, "invalid")["errors"][0]["code"] == "password_common"
    assert (await join(client, email.upper(), invitation=secret)).status_code == 201
    problem(await join(client, email, invitation=secret), 400, "ticket_invalid")


async def test_of_many_who_use_one_invitation_at_once_one_gets_in(
    operator: Account, browser: Callable[[], httpx.AsyncClient]
) -> None:
    await say(operator, "invite")
    email = fresh()
    secret = await invitation(email)
    answers = await asyncio.gather(*(join(browser(), email, invitation=secret) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 7


async def test_an_operators_invitation_is_mailed_and_written_down(operator: Account, sql: asyncpg.Connection) -> None:
    email = fresh()
    answer = await operator.http.post("/api/v1/admin/invitations", json={"email": email})
    assert answer.status_code == 202, answer.text
    mail = await sql.fetchrow("select template, due_at from mail_outbox where recipient = $1", email)
    assert (mail["template"], bool(mail["due_at"])) == ("registration_invitation", True)
    assert await sql.fetchval("select count(*) from audit_log where details->>'email' = $1", email) == 1
    problem(await operator.http.post("/api/v1/admin/invitations", json={"email": "nobody"}), 422, "invalid")


@pytest.mark.parametrize("how", ["preview", "accept", "decline"])
async def test_an_operators_invitation_is_into_no_workspace(
    operator: Account, account: Account, client: httpx.AsyncClient, post: Post, how: str
) -> None:
    await say(operator, "invite")
    email = fresh()
    await operator.http.post("/api/v1/admin/invitations", json={"email": email})
    secret = await post.ticket(email)
    answer = await account.http.post(f"/api/v1/invitations/{how}", json={"ticket": secret})
    problem(answer, 400, "ticket_invalid")
    assert (await join(client, email, invitation=secret)).json()["user"]["email_verified_at"]


async def test_a_change_is_written_down(operator: Account, sql: asyncpg.Connection) -> None:
    await say(operator, "invite")
    await say(operator, "closed")
    done = await sql.fetch(
        "select details from audit_log where action = 'registration_changed' order by id desc limit 1"
    )
    assert done[0]["details"] == '{"mode": "closed", "before": "invite"}'
