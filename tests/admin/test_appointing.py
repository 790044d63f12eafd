"""Operators that are made by a command: the first one, another, one who lost their password."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.auth.conftest import problem
from tests.conftest import Account

from .conftest import own_id

ROOT = Path(__file__).parents[2]
PATH = {"PYTHONPATH": "functions:layers/common/python:."}


def appoint(*command: str) -> str:
    done = subprocess.run(  # our own
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | PATH,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = re.search(r"password (\S+)$", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return found[1]


@pytest.mark.parametrize("command", [("local.admin",), ("local.container", "admin")])
async def test_whoever_is_at_the_machine_makes_an_operator(client: httpx.AsyncClient, command: tuple[str, ...]) -> None:
    email = f"{secrets.token_hex(6)}@localhost"
    password = appoint(*command, email)
    answer = await client.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert (answer.status_code, answer.json()["user"]["is_admin"]) == (200, True), answer.text
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await client.get("/api/v1/admin/users", headers=bearer)).status_code == 200


async def test_an_operator_who_lost_the_password_gets_another(
    operator: Account, client: httpx.AsyncClient, sql: asyncpg.Connection
) -> None:
    user = await own_id(operator)
    await sql.execute("update users set disabled_at = now() where id = $1", user)
    password = appoint("local.admin", operator.email)
    problem(await operator.http.get("/api/v1/auth/me"), 401, "session_ended")
    old = {"email": operator.email, "password": operator.password}
    problem(await client.post("/api/v1/auth/login", json=old), 401, "credentials_invalid")
    assert (await client.post("/api/v1/auth/login", json=old | {"password": password})).status_code == 200
    assert await sql.fetchval(
        "select count(*) from audit_log where subject = $1 and action = 'admin_appointed'", f"user:{user}"
    )


async def test_whoever_had_the_account_before_is_out_of_it(account: Account, client: httpx.AsyncClient) -> None:
    """A stranger may have registered with an address that is not theirs."""
    made = await account.http.post("/api/v1/api-keys", json={"name": "x", "scopes": ["links:read"]})
    key = {"authorization": f"Bearer {made.json()['secret']}"}
    assert (await client.get("/api/v1/links", headers=key)).status_code == 200
    appoint("local.admin", account.email)
    problem(await client.get("/api/v1/links", headers=key), 401, "key_invalid")
    problem(await account.http.get("/api/v1/auth/me"), 401, "session_ended")


@pytest.mark.parametrize("email", ["nobody", "straße@example.com", "jörg@localhost"])
def test_what_is_no_address_is_refused_in_words(email: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.admin", email],
        cwd=ROOT,
        env=os.environ | PATH,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"Can't make an administrator of {email}: " in done.stderr
    assert "Traceback" not in done.stderr
