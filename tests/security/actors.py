"""Who comes: everybody that a route may have to tell from another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

from ginnel import tokens
from tests.conftest import Account, Records, anywhere

from .estate import Tenant, sql, tenant

Headers = dict[str, str]

# What the design says of roles and scopes, said once more: the code's own tables are what is tested.
READ = frozenset({"links:read", "domains:read", "webhooks:read", "stats:read", "workspace:read"})
WRITE = frozenset({"links:write", "domains:write", "webhooks:write", "clicks:write"})
FOR_KEYS = READ | WRITE | {"audit:read"}
MEMBER = READ | WRITE | {"keys:write"}
GUEST = frozenset({"links:read", "links:write", "stats:read", "workspace:read"})
ALL = FOR_KEYS | MEMBER | {"workspace:write"}


class Standing(Enum):
    UNKNOWN = auto()
    """Has nothing that proves who they are: 401."""
    SHUT_OUT = auto()
    """Asks for the workspace that is attacked, which they don't belong to: 404."""
    ELSEWHERE = auto()
    """Acts in a workspace of their own: what is in the other one is 404."""
    INSIDE = auto()


@dataclass
class World:
    """The workspace that is attacked, that of an attacker, and whoever has come so far."""

    accounts: dict[str, Account]
    """By what they send as proof."""
    _register: Callable[[], Awaitable[Account]]
    dns: Records
    page: str
    home: Tenant
    other: Tenant
    _headers: dict[str, Headers] = field(default_factory=dict)

    async def headers(self, name: str) -> Headers:
        if name not in self._headers:
            self._headers[name] = await ACTORS[name].come(self)
        return self._headers[name]

    async def register(self) -> Account:
        account = await _known(self._register)
        self.accounts[account.http.headers["authorization"]] = account
        return account

    def password(self, headers: Headers) -> str:
        """Return the password of who sends these headers; nobody's, if that is no person."""
        account = self.accounts.get(headers.get("authorization", ""))
        return account.password if account else "nobody's"

    async def join(self, role: str) -> Account:
        """Have somebody be a member of the workspace that is attacked, by default in their own one."""
        account = await self.register()
        await sql(
            """
            insert into members (workspace_id, user_id, role, created_at) select $2, id, $3, now() from users
            where email = $1
            """,
            account.email,
            self.home.workspace,
            role,
        )
        return account

    def at_home(self, headers: Headers) -> Headers:
        return {**headers, "ginnel-workspace": str(self.home.workspace)}


async def _known(register: Callable[[], Awaitable[Account]]) -> Account:
    """Register somebody who may invite others: with an address that is proved."""
    account = await register()
    await sql("update users set email_verified_at = now() where email = $1", account.email)
    return account


async def world(register: Callable[[], Awaitable[Account]], dns: Records, page: str) -> World:
    owners = [await _known(register), await _known(register)]
    home, other = [await tenant(owner, dns, page) for owner in owners]
    accounts = {owner.http.headers["authorization"]: owner for owner in owners}
    return World(accounts, register, dns, page, home, other)


def bearer(account: Account) -> Headers:
    return {"authorization": account.http.headers["authorization"]}


async def key(account: Account, workspace: int, scopes: frozenset[str] = FOR_KEYS) -> Headers:
    answer = await account.http.post(
        "/api/v1/api-keys",
        json={"name": "attacker", "scopes": sorted(scopes)},
        headers={"ginnel-workspace": str(workspace)},
    )
    assert answer.status_code == 201, answer.text
    return {"authorization": f"Bearer {answer.json()['secret']}"}


@dataclass(frozen=True)
class Actor:
    standing: Standing
    come: Callable[[World], Awaitable[Headers]]
    scopes: frozenset[str] = frozenset()
    person: bool = True
    operator: bool = False
    guest: bool = False


async def _anonymous(_: World) -> Headers:
    return {}


async def _suspended(world: World) -> Headers:
    account = await world.join("admin")
    await sql("update users set disabled_at = now() where email = $1", account.email)
    return world.at_home(bearer(account))


async def _suspended_key(world: World) -> Headers:
    account = await world.join("admin")
    found = await key(account, world.home.workspace)
    await sql("update users set disabled_at = now() where email = $1", account.email)
    return found


async def _ended(world: World) -> Headers:
    account = await world.join("admin")
    await sql(
        "update sessions set revoked_at = now() where user_id = (select id from users where email = $1)", account.email
    )
    return world.at_home(bearer(account))


async def _expired(world: World) -> Headers:
    account = await world.join("admin")
    session = await sql(
        "select max(s.id) from sessions s join users u on u.id = user_id where email = $1", account.email
    )
    user = await sql("select id from users where email = $1", account.email)
    late = datetime.now(UTC) - tokens.LIFETIME - timedelta(minutes=2)
    return world.at_home({"authorization": f"Bearer {await tokens.issue(user=user, session=session, now=late)}"})


async def _revoked_key(world: World) -> Headers:
    found = await key(world.home.owner, world.home.workspace)
    await _spoil(found, "revoked_at = now()")
    return found


async def _expired_key(world: World) -> Headers:
    found = await key(world.home.owner, world.home.workspace)
    await _spoil(found, "expires_at = now()")
    return found


async def _spoil(headers: Headers, how: str) -> None:
    secret = headers["authorization"].removeprefix("Bearer ")
    assert await sql(f"update api_keys set {how} where key_hash = $1 returning id", tokens.digest(secret))


async def _former(world: World) -> Headers:
    account = await world.join("admin")
    await _leave(world, account)
    return world.at_home(bearer(account))


async def _former_key(world: World) -> Headers:
    account = await world.join("admin")
    found = await key(account, world.home.workspace)
    await _leave(world, account)
    return found


async def _leave(world: World, account: Account) -> None:
    await sql(
        "delete from members where workspace_id = $2 and user_id = (select id from users where email = $1)",
        account.email,
        world.home.workspace,
    )


async def _stranger(world: World) -> Headers:
    return bearer(world.other.owner)


async def _stranger_inside(world: World) -> Headers:
    return world.at_home(bearer(world.other.owner))


async def _stranger_key(world: World) -> Headers:
    return await key(world.other.owner, world.other.workspace)


async def _stranger_key_inside(world: World) -> Headers:
    return world.at_home(await key(world.other.owner, world.other.workspace))


async def _member_elsewhere(world: World) -> Headers:
    return bearer(await world.join("member"))


async def _demoted_key(world: World) -> Headers:
    account = await world.join("member")
    found = await key(account, world.home.workspace)
    await sql(
        "update members set role = 'viewer' where user_id = (select id from users where email = $1) and workspace_id = $2",
        account.email,
        world.home.workspace,
    )
    return found


async def _owner(world: World) -> Headers:
    return bearer(world.home.owner)


async def _guest(world: World) -> Headers:
    answer = await world.home.owner.http.post("/api/v1/auth/guest", headers={"authorization": "", **anywhere()})
    assert answer.status_code == 201, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def _guest_inside(world: World) -> Headers:
    return world.at_home(await _guest(world))


async def _operator_account(world: World) -> Account:
    account = await world.register()
    await sql("update users set is_admin = true where email = $1", account.email)
    return account


async def _operator(world: World) -> Headers:
    return bearer(await _operator_account(world))


async def _operator_inside(world: World) -> Headers:
    return world.at_home(bearer(await _operator_account(world)))


async def _operator_key(world: World) -> Headers:
    account = await _operator_account(world)
    return await key(account, (await account.http.get("/api/v1/auth/me")).json()["workspace"])


def _as(role: str) -> Callable[[World], Awaitable[Headers]]:
    async def come(world: World) -> Headers:
        return world.at_home(bearer(await world.join(role)))

    return come


def _with_scope(scope: str) -> Callable[[World], Awaitable[Headers]]:
    async def come(world: World) -> Headers:
        return await key(world.home.owner, world.home.workspace, frozenset({scope}))

    return come


def _program(standing: Standing, come: Callable[[World], Awaitable[Headers]], scopes: Any = FOR_KEYS) -> Actor:
    return Actor(standing, come, frozenset(scopes), person=False)


ACTORS: dict[str, Actor] = {
    "anonymous": Actor(Standing.UNKNOWN, _anonymous),
    "suspended": Actor(Standing.UNKNOWN, _suspended),
    "suspended's key": _program(Standing.UNKNOWN, _suspended_key),
    "ended session": Actor(Standing.UNKNOWN, _ended),
    "expired token": Actor(Standing.UNKNOWN, _expired),
    "revoked key": _program(Standing.UNKNOWN, _revoked_key),
    "expired key": _program(Standing.UNKNOWN, _expired_key),
    "former member's key": _program(Standing.UNKNOWN, _former_key),
    "former member": Actor(Standing.SHUT_OUT, _former),
    "other tenant, inside": Actor(Standing.SHUT_OUT, _stranger_inside),
    "other tenant's key, inside": _program(Standing.SHUT_OUT, _stranger_key_inside),
    "operator, inside": Actor(Standing.SHUT_OUT, _operator_inside, operator=True),
    "guest, inside": Actor(Standing.SHUT_OUT, _guest_inside, guest=True),
    "guest": Actor(Standing.ELSEWHERE, _guest, GUEST, guest=True),
    "other tenant": Actor(Standing.ELSEWHERE, _stranger, ALL),
    "other tenant's key": _program(Standing.ELSEWHERE, _stranger_key),
    "member, elsewhere": Actor(Standing.ELSEWHERE, _member_elsewhere, ALL),
    "operator": Actor(Standing.ELSEWHERE, _operator, ALL, operator=True),
    "operator's key": _program(Standing.ELSEWHERE, _operator_key),
    "demoted member's key": _program(Standing.INSIDE, _demoted_key, READ),
    "viewer": Actor(Standing.INSIDE, _as("viewer"), READ),
    "member": Actor(Standing.INSIDE, _as("member"), MEMBER),
    "admin": Actor(Standing.INSIDE, _as("admin"), ALL),
    "owner": Actor(Standing.INSIDE, _owner, ALL),
    **{f"key of {scope}": _program(Standing.INSIDE, _with_scope(scope), {scope}) for scope in sorted(FOR_KEYS)},
}
