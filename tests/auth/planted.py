"""Somebody who has left words of theirs everywhere, and where these are found: in any column of any table, any key of Redis."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from clicks.drain import Drain, Settings
from ginnel import db, imports, mail, postgres, redis, tickets, web
from ginnel.erasure import working

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Planted:
    """Words that stand nowhere else; `word(name)` draws one."""

    http: httpx.AsyncClient
    words: dict[str, str] = field(default_factory=dict)
    user: int = 0
    workspace: int = 0
    password: str = ""
    slugs: dict[str, str] = field(default_factory=dict)

    def word(self, name: str) -> str:
        return self.words.setdefault(name, f"zq{secrets.token_hex(8)}qz")

    @property
    def email(self) -> str:
        return f"{self.word('email')}@example.com"


async def plant(http: httpx.AsyncClient) -> Planted:
    """Register somebody and have them use everything."""
    it = Planted(http, password=secrets.token_urlsafe(12))
    draft = {"email": it.email, "password": it.password, "name": it.word("name")}
    http.headers["user-agent"] = f"Mozilla/5.0 {it.word('user agent')}"
    signed_in = (await http.post("/api/v1/auth/register", json=draft)).json()
    it.user = signed_in["user"]["id"]
    http.headers["authorization"] = f"Bearer {signed_in['access_token']}"
    it.workspace = (await http.get("/api/v1/auth/me")).json()["workspace"]
    await _links(it)
    await _beside(it)
    await _rows(it)
    await drain()
    await _clicks(it)
    return it


async def _made(it: Planted, path: str, **draft: Any) -> dict[str, Any]:
    answer = await it.http.post(path, json=draft)
    assert answer.status_code in {201, 202}, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _links(it: Planted) -> None:
    def url(name: str) -> str:
        return f"https://example.com/{it.word(name)}"

    link = await _made(
        it,
        "/api/v1/links",
        target=url("target"),
        title=it.word("title"),
        description=it.word("description"),
        image=url("image"),
        tags=[it.word("tag")],
        external_id=it.word("external id"),
        expired_target=url("expired target"),
        rules=[
            {"target": url("rule"), "conditions": [{"type": "query", "name": "q", "values": [it.word("rule's value")]}]}
        ],
        password=secrets.token_urlsafe(12),
        max_clicks=1000,
    )
    await it.http.patch(f"/api/v1/links/{link['id']}", json={"title": it.word("later title"), "password": None})
    await _made(it, f"/api/v1/links/{link['id']}/shares", name=it.word("share's name"))
    gone = await _made(it, "/api/v1/links", target=url("deleted link's target"))
    await it.http.delete(f"/api/v1/links/{gone['id']}")
    it.slugs = {"live": link["slug"], "deleted": gone["slug"]}


async def _beside(it: Planted) -> None:
    await _made(it, "/api/v1/tags", name=it.word("unused tag"))
    await _made(
        it,
        "/api/v1/webhooks",
        url=f"https://example.com/{it.word('webhook')}",
        name=it.word("webhook's name"),
        events=["link.created", "link.updated", "link.clicked"],
    )
    await _made(
        it, "/api/v1/domains", host=f"{it.word('host')}.test", root_target=f"https://example.com/{it.word('root')}"
    )
    await _made(it, "/api/v1/api-keys", name=it.word("key's name"), scopes=["links:read"])
    key = {"idempotency-key": it.word("idempotency key")}
    body = {"target": f"https://example.com/{it.word('idempotent target')}"}
    await it.http.post("/api/v1/links", json=body, headers=key)
    rows = json.dumps(
        [{"target": f"https://example.com/{it.word('imported target')}", "title": it.word("imported title")}]
    )
    begun = await it.http.post("/api/v1/imports", content=rows, headers={"content-type": "application/json"})
    assert begun.status_code == 202, begun.text
    await imports.work(0)
    click = {"slug": it.slugs["live"], "id": it.word("click's id"), "referrer": f"https://{it.word('capture')}.test/"}
    assert (await it.http.post("/api/v1/clicks", json=[click])).status_code == 202


async def _rows(it: Planted) -> None:
    """Leave what other parts leave: mail that waits, tickets, an audited act that names somebody, a host's orphan."""
    now = web.now()
    async with db.session() as conn:
        mail.send(conn, "reset", to=it.email, now=now)
        mail.send(conn, "invitation", to="grace@example.com", now=now, by=it.email)
        await tickets.issue(conn, "reset", user=it.user, now=now, note=it.word("ticket"))
        await tickets.issue(conn, "registration", now=now, email=it.email)

    async def act(connection: asyncpg.Connection) -> None:
        await connection.execute(
            """
            insert into audit_log (at, workspace_id, user_id, action, subject, details)
            values (now(), null, null, 'member_invited', 'invitation:' || $1::text, jsonb_build_object('email', $1::text)),
                (now(), null, $2, 'name_changed', 'user:' || $2::bigint, jsonb_build_object('to', $3::text))
            """,
            it.email,
            it.user,
            it.word("name"),
        )
        await connection.execute(
            """
            insert into orphans (domain_id, slug, count, first_at, last_at)
            select id, $2, 1, now(), now() from domains where workspace_id = $1
            """,
            it.workspace,
            it.word("orphan"),
        )

    await postgres.run(act)


async def _clicks(it: Planted) -> None:
    async with httpx.AsyncClient(transport=it.http._transport, base_url="http://go.test") as visitor:
        place = f"/{it.slugs['live']}?utm_campaign={it.word('campaign')}"
        headers = {"user-agent": FIREFOX, "referer": f"https://{it.word('referrer')}.test/a"}
        assert (await visitor.get(place, headers=headers)).status_code == 302
    await drain()


async def drain() -> None:
    worker = Drain(Settings(consumer="tests"))
    try:
        await worker.run(0)
    finally:
        await worker.close()


async def emptied(steps: int = 1000) -> int:
    """Work erasures off as a minute later; return in how many steps."""
    from datetime import timedelta  # noqa: PLC0415  # this alone

    for number in range(steps):
        if await working.step(web.now() + timedelta(minutes=1)) is None:
            return number
    raise AssertionError("it goes on for ever")


async def found(words: dict[str, str]) -> Counter[str]:
    """Look for words everywhere; count by word's name and table, or by `redis`."""
    places: Counter[str] = Counter()
    connection = await postgres.connect(command_timeout=60)
    tables = await connection.fetch(
        """
        select c.oid::regclass::text as name from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1
        """
    )
    for table in tables:
        for (row,) in await connection.fetch(f"select row_to_json(t)::text from {table['name']} t"):
            places.update(f"{name} in {table['name']}" for name, word in words.items() if word in row.lower())
            # What is kept as bytes, such as packed clicks, JSON shows in hexadecimal.
            hexed = {name: word.encode().hex() for name, word in words.items()}
            places.update(f"{name} in {table['name']}" for name, word in hexed.items() if word in row)
    await connection.close()
    async for key in redis.patient().scan_iter(count=1000):
        content = key + await _content(key)
        places.update(
            f"{name} in redis {key.decode()}" for name, word in words.items() if word.encode() in content.lower()
        )
    return places


async def _content(key: bytes) -> bytes:
    client: Any = redis.patient()
    kind = (await client.type(key)).decode()
    read: dict[str, Any] = {
        "string": lambda: client.get(key),
        "hash": lambda: client.hgetall(key),
        "list": lambda: client.lrange(key, 0, -1),
        "set": lambda: client.smembers(key),
        "zset": lambda: client.zrange(key, 0, -1),
        "stream": lambda: client.xrange(key),
    }
    if kind == "none":  # its time was over meanwhile
        return b""
    value = await read[kind]()
    return value if isinstance(value, bytes) else repr(value).encode()
