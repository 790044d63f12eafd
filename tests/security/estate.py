"""Two workspaces, and what stands in them: what an attacker has of their own, and what they would like to have."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from ginnel import postgres
from tests.conftest import Account, Records

TARGET = "https://example.com/"


@dataclass
class Tenant:
    """A workspace, its owner, and what was made in it so far, by kind. All that could be read in it bears its mark."""

    owner: Account
    workspace: int
    mark: str
    dns: Records
    page: str
    """The address of a page that may be called."""
    made: dict[str, Any] = field(default_factory=dict)
    _count: int = 0

    def unique(self) -> str:
        self._count += 1
        return f"{self.mark}{self._count}"

    async def thing(self, kind: str) -> Any:
        """Return what a request names one of this kind by, which is made if there is none yet."""
        if kind not in self.made:
            self.made[kind] = await THINGS[kind](self)
        return self.made[kind]

    async def ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        answer = await self.owner.http.request(method, path, **sent)
        assert answer.is_success, (method, path, answer.text)
        found: dict[str, Any] = answer.json()
        return found

    async def make(self, path: str, draft: dict[str, Any]) -> int:
        made: int = (await self.ask("POST", path, json=draft))["id"]
        return made

    async def clear(self) -> None:
        """Forget what was made, and remove that of which a workspace may have few."""
        self.made.clear()
        await sql("delete from webhooks where workspace_id = $1", self.workspace)
        await sql("delete from imports where workspace_id = $1", self.workspace)


async def tenant(owner: Account, dns: Records, page: str) -> Tenant:
    workspace = (await owner.http.get("/api/v1/auth/me")).json()["workspace"]
    return Tenant(owner, workspace, f"mark{secrets.token_hex(6)}n", dns, page)


async def sql(statement: str, *values: Any) -> Any:
    """Run one statement, and return the first column of its first row."""

    async def act(connection: asyncpg.Connection) -> Any:
        return await connection.fetchval(statement, *values)

    return await postgres.run(act)


async def digest(workspace: int) -> str:
    """Sum up all that a workspace has, so that two sums are the same if nothing was changed in between."""

    async def act(connection: asyncpg.Connection) -> str:
        tables = await connection.fetch(
            """
            select c.table_name::text as name from information_schema.columns c
            join information_schema.tables t using (table_schema, table_name)
            where c.column_name = 'workspace_id' and c.table_schema = 'public' and t.table_type = 'BASE TABLE'
                and not exists (select from pg_inherits where inhrelid = quote_ident(table_name)::regclass)
            order by 1
            """
        )
        parts = [
            f"select coalesce(string_agg(md5((to_jsonb(t) - 'last_used_at')::text), '' order by t), '') as sum "
            f'from "{table["name"]}" t where workspace_id = $1'
            for table in tables
        ]
        sums = " union all ".join(parts)
        found: str = await connection.fetchval(f"select md5(string_agg(sum, '/')) from ({sums}) s", workspace)
        return found

    return await postgres.run(act)


async def _link(own: Tenant) -> int:
    name = own.unique()
    draft = {"target": f"{TARGET}{name}", "slug": name, "title": name, "tags": [own.mark], "external_id": name}
    return await own.make("/api/v1/links", draft)


async def _slug(own: Tenant) -> str:
    link = await own.thing("link")
    slug: str = (await own.ask("GET", f"/api/v1/links/{link}"))["slug"]
    return slug


async def _tag(own: Tenant) -> int:
    return await own.make("/api/v1/tags", {"name": own.unique()})


async def _key(own: Tenant) -> int:
    return await own.make("/api/v1/api-keys", {"name": own.unique(), "scopes": ["links:read"]})


async def _domain(own: Tenant) -> int:
    made = await own.ask("POST", "/api/v1/domains", json={"host": f"{own.unique()}.test"})
    proof = made["verification"]
    own.dns[proof["name"]] = [proof["value"].encode()]
    await own.ask("POST", f"/api/v1/domains/{made['id']}/verify")
    identifier: int = made["id"]
    return identifier


async def _host(own: Tenant) -> str:
    domain = await own.thing("domain")
    host: str = (await own.ask("GET", f"/api/v1/domains/{domain}"))["host"]
    return host


async def _orphan(own: Tenant) -> int:
    made: int = await sql(
        "insert into orphans (domain_id, slug, count, first_at, last_at) values ($1, $2, 1, now(), now()) returning id",
        await own.thing("domain"),
        own.unique(),
    )
    return made


async def _import(own: Tenant) -> int:
    """Begin an import that waits for its second part."""
    name = own.unique()
    file = f"target,slug\n{TARGET}{name},{name}\n".encode()
    made = await own.ask("POST", "/api/v1/imports?format=ginnel&more=true", content=file)
    identifier: int = made["id"]
    return identifier


async def _webhook(own: Tenant) -> int:
    draft = {"url": own.page, "events": ["link.created"], "name": own.unique()}
    return await own.make("/api/v1/webhooks", draft)


async def _delivery(own: Tenant) -> int:
    webhook = await own.thing("webhook")
    return await own.make(f"/api/v1/webhooks/{webhook}/test", {})


async def _workspace(own: Tenant) -> int:
    return own.workspace


async def _spare(own: Tenant) -> int:
    """Make one more workspace of the owner's, which may come to harm."""
    return await own.make("/api/v1/workspaces", {"name": own.unique()})


async def _deleted(own: Tenant) -> int:
    workspace = await _spare(own)
    await sql("update workspaces set deleted_at = now() where id = $1", workspace)
    return workspace


async def _user(own: Tenant) -> int:
    """Have one more member."""
    made: int = await sql(
        """
        with made as (
            insert into users (email, name, password_hash, is_admin, created_at)
            values ($2 || '@example.com', $2, '', false, now()) returning id
        )
        insert into members (workspace_id, user_id, role, created_at) select $1, id, 'member', now() from made
        returning user_id
        """,
        own.workspace,
        own.unique(),
    )
    return made


async def _invitation(own: Tenant) -> int:
    draft = {"email": f"{own.unique()}@example.com", "role": "member"}
    return await own.make(f"/api/v1/workspaces/{own.workspace}/invitations", draft)


async def _session(own: Tenant) -> int:
    """Sign the owner in once more."""
    return await _of_owner(
        own,
        "insert into sessions (user_id, user_agent, created_at, last_used_at, expires_at) "
        "select id, $2, now(), now(), now() + interval '1 day' from users where email = $1 returning id",
    )


async def _passkey(own: Tenant) -> int:
    return await _of_owner(
        own,
        "insert into passkeys (user_id, user_handle, name, credential_id, public_key, sign_count, created_at) "
        "select id, 'handle', $2, convert_to($2, 'UTF8'), 'key', 0, now() from users where email = $1 returning id",
    )


async def _identity(own: Tenant) -> int:
    return await _of_owner(
        own,
        "insert into identities (user_id, issuer, subject, created_at) "
        "select id, 'https://provider.example', $2, now() from users where email = $1 returning id",
    )


async def _of_owner(own: Tenant, statement: str) -> int:
    made: int = await sql(statement, own.owner.email, own.unique())
    return made


async def _share(own: Tenant) -> int:
    link = await own.thing("link")
    return await own.make(f"/api/v1/links/{link}/shares", {"name": own.unique()})


async def _token(own: Tenant) -> str:
    """Share a link, and return what its address has."""
    link = await own.thing("link")
    token: str = (await own.ask("POST", f"/api/v1/links/{link}/shares", json={}))["token"]
    return token


async def _blocked(own: Tenant) -> int:
    """Block a host: that is the installation's, whoever asks."""
    made: int = await sql(
        "insert into blocked_hosts (host, reason, created_at) values ($1, 'phishing', now()) returning id",
        f"{own.unique()}.example",
    )
    return made


THINGS: dict[str, Callable[[Tenant], Awaitable[Any]]] = {
    "blocked": _blocked,
    "deleted": _deleted,
    "delivery": _delivery,
    "domain": _domain,
    "host": _host,
    "import": _import,
    "invitation": _invitation,
    "key": _key,
    "identity": _identity,
    "link": _link,
    "orphan": _orphan,
    "passkey": _passkey,
    "session": _session,
    "share": _share,
    "slug": _slug,
    "spare": _spare,
    "tag": _tag,
    "token": _token,
    "user": _user,
    "webhook": _webhook,
    "workspace": _workspace,
}
