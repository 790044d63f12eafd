"""What the tests of workspaces share: making one, and putting people into it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from tests.conftest import Account

from .test_access import join

Register = Callable[[], Awaitable[Account]]
WORKSPACES = "/api/v1/workspaces"


async def create(account: Account, name: str = "Newsroom") -> dict[str, Any]:
    answer = await account.http.post(WORKSPACES, json={"name": name})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{WORKSPACES}/{made['id']}"
    return made


async def user_of(account: Account) -> int:
    found: int = (await account.http.get("/api/v1/auth/me")).json()["user"]["id"]
    return found


async def verify(sql: asyncpg.Connection, account: Account) -> Account:
    """Have somebody's address proved, as it takes to invite others."""
    await sql.execute("update users set email_verified_at = now() where email = $1", account.email)
    return account


class Team:
    """A workspace with a person in each role, and a stranger."""

    def __init__(self, path: str, people: dict[str, Account], users: dict[str, int]) -> None:
        self.path, self.people, self.users = path, people, users
        self.workspace = int(path.rpartition("/")[2])

    def member(self, name: str) -> str:
        return f"{self.path}/members/{self.users[name]}"

    async def roles(self) -> dict[str, str]:
        names = {user: name for name, user in self.users.items()}
        items = (await self.people["owner"].http.get(f"{self.path}/members")).json()["items"]
        return {names[item["user"]]: item["role"] for item in items}


async def team(register: Register, sql: asyncpg.Connection, *further: str) -> Team:
    """Make a team; `further` are the roles of others, named by their role and a number: owner2."""
    people = {
        name: await verify(sql, await register())
        for name in ("owner", "admin", "member", "viewer", "stranger", *further)
    }
    made = await create(people["owner"])
    for name, account in people.items():
        if name not in {"owner", "stranger"}:
            await join(sql, account, made["id"], name.rstrip("0123456789"))
    users = {name: await user_of(account) for name, account in people.items()}
    return Team(f"{WORKSPACES}/{made['id']}", people, users)
