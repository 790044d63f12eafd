"""Nobody who follows a link leaves an address behind: not in PostgreSQL, not in Redis, in no log, in no form."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from ginnel import clicks
from tests.e2e import running
from tests.e2e.running import Running

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
PLANTED = (
    "81.2.69.160", "81.2.69.142", "2001:db8:dead:beef::77", "2a02:8108:1:2:3:4:5:6", "::ffff:203.0.113.88", "203.0.113.199",
)  # fmt: skip
PEER = "127.81.2.69"
"""Whence a connection comes, where no proxy tells of anybody else."""
CLAIMED = "198.51.100.61"
"""What a visitor says of themselves, further left than the trusted proxy's word."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("privacy") / "data"
    with running.up(data, env={"TRUSTED_PROXIES": "1", "LOG_LEVEL": "DEBUG", "METRICS": "true"}) as started:
        yield started


def forms(address: str) -> set[bytes]:
    """List what an address may look like, as text, packed, as a number, hashed, and what these look like in hexadecimal."""
    found = ipaddress.ip_address(address)
    spelt = {address, str(found), found.exploded, address.upper()}
    alike = [found, mapped] if (mapped := getattr(found, "ipv4_mapped", None)) else [found]
    spelt |= {str(one) for one in alike}
    plain = {text.encode() for text in spelt} | {one.packed for one in alike if one.version == 6 or len(alike) == 1}
    digests = {
        made
        for text in plain
        for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "blake2s")
        for made in (hashlib.new(name, text, usedforsecurity=False).digest()[:16],)
    }
    raw = plain | digests
    shown = {form.hex().encode() for form in raw} | {base64.b64encode(form).rstrip(b"=") for form in raw}
    numbers = {str(int(one)).encode() for one in alike}
    # Four bytes are found anywhere by chance: an address of that length is looked for in its other forms.
    return {form.lower() for form in raw | shown | numbers if len(form) > 4 and form != found.packed.hex().encode()} | {
        found.packed.hex().encode()
    }


def leaks(text: bytes, where: str) -> list[tuple[str, str, bytes]]:
    text = text.lower()
    return [(where, who, form) for who, wanted in FORMS.items() for form in wanted if form in text]


FORMS = {address: forms(address) for address in (*PLANTED, PEER, CLAIMED)}


async def everything_in(connection: asyncpg.Connection) -> list[tuple[str, bytes]]:
    """Read all rows of all tables as text: bytea in hexadecimal, inet as it is written."""
    tables = await connection.fetch(
        """
        select oid::regclass::text as name from pg_class
        where relkind = 'r' and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
            and relpersistence <> 't' and relname !~ '^pg_toast'
        """
    )
    found = []
    for name in (row["name"] for row in tables):
        rows = await connection.fetch(f"select t::text as text from {name} t")
        found.append((name, "\n".join(row["text"] for row in rows).encode()))
    return found


async def everything_of(redis: Any) -> list[tuple[str, bytes]]:
    """Read all keys, whatever they hold."""
    found = []
    async for key in redis.scan_iter():
        read: Mapping[bytes, Callable[[bytes], Awaitable[Any]]] = {
            b"string": redis.get,
            b"hash": redis.hgetall,
            b"list": lambda key: redis.lrange(key, 0, -1),
            b"set": redis.smembers,
            b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
            b"stream": redis.xrange,
        }
        found.append((key.decode(errors="replace"), key + b"\n" + _flat(await read[await redis.type(key)](key))))
    return found


def _flat(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        value = value.items()
    return b"\n".join(map(_flat, value)) if isinstance(value, Iterable) else str(value).encode()


def visits(watched: Running, made: dict[str, Any]) -> int:
    """Follow links from all planted addresses, in all ways that go well or wrong; return how many clicks that makes."""
    count = 0
    paths = [(f"/{made[kind]['slug']}", kind) for kind in ("plain", "limited", "ruled", "gone", "locked")]
    paths += [(f"/{secrets.token_hex(6)}", "unknown"), ("/%ff%fe", "malformed"), ("/api/v1/nothing", "api")]
    with httpx.Client(base_url=watched.base, timeout=10, headers={"user-agent": FIREFOX}) as http:
        for address in PLANTED:
            for chain in (address, f"{CLAIMED}, {address}"):
                for path, kind in paths:
                    for extra in (
                        {},
                        {"dnt": "1"},
                        {"sec-gpc": "1"},
                        {"sec-purpose": "prefetch"},
                        {"user-agent": "curl/8"},
                    ):
                        headers = {"x-forwarded-for": chain, "referer": "https://news.example/page?who=me"} | extra
                        answer = http.get(path, headers=headers)
                        count += answer.status_code == 302
                        assert answer.status_code < 500, answer.text
                        assert kind not in {"plain", "ruled"} or answer.status_code == 302
            form = {"password": "wrong"}
            assert (
                http.post(f"/{made['locked']['slug']}", data=form, headers={"x-forwarded-for": address}).status_code
                == 401
            )
    near = httpx.HTTPTransport(local_address=PEER)
    with httpx.Client(base_url=watched.base, transport=near, timeout=10) as http:
        for path, _ in paths:
            count += http.get(path).status_code == 302
    with socket.create_connection(("127.0.0.1", watched.port), source_address=(PEER, 0)) as broken:
        broken.sendall(f"GET /x HTTP/1.1\r\nX-Forwarded-For: {PLANTED[0]}\r\nContent-Length: x\r\n\r\n".encode())
        broken.recv(4096)
    return count


async def stored(watched: Running, count: int) -> None:
    """Wait until all clicks are rows, and nothing waits any more."""
    until = time.monotonic() + 30
    async with Redis.from_url(watched.redis_url) as redis:
        while True:
            (row,) = await watched.rows(
                "select (select count(*) from clicks) as rows, (select count(*) from outbox) as spilled"
            )
            streams = [key async for key in redis.scan_iter(_type="stream")]
            waiting = sum([await redis.xlen(key) for key in streams])
            if (row["rows"], row["spilled"], waiting) == (count, 0, 0):
                return
            assert time.monotonic() < until, (row, waiting, count)
            await asyncio.sleep(0.2)


def clicked(watched: Running) -> int:
    """Make links, have them followed and followed elsewhere; return how many clicks that makes."""
    with httpx.Client(base_url=watched.base, timeout=10) as http:
        someone = {"email": "ada@example.com", "password": "correct horse battery"}
        token = http.post("/api/v1/auth/register", json=someone).json()["access_token"]
        http.headers["authorization"] = f"Bearer {token}"

        def make(**fields: Any) -> Any:
            answer = http.post("/api/v1/links", json={"target": "https://example.com/", **fields})
            assert answer.status_code == 201, answer.text
            return answer.json()

        made = {
            "plain": make(),
            "limited": make(max_clicks=10),
            "ruled": make(
                variants=[{"target": f"https://example.com/{name}", "name": name, "weight": 50} for name in "ab"]
            ),
            "gone": make(),
            "locked": make(password="open sesame"),
        }
        assert http.patch(f"/api/v1/links/{made['gone']['id']}", json={"disabled": True}).status_code == 200
        count = visits(watched, made)
        captured = [
            {"id": str(n), "slug": made["plain"]["slug"], "address": address, "user_agent": FIREFOX}
            for n, address in enumerate(PLANTED)
        ]
        answer = http.post("/api/v1/clicks", json=captured)
        assert answer.status_code == 202, answer.text
        accepted: int = sum(item["status"] == "accepted" for item in answer.json()["items"])
        return count + accepted


async def test_no_address_is_left_anywhere(watched: Running) -> None:
    count = await asyncio.to_thread(clicked, watched)
    # What ingestion can't read, or PostgreSQL won't take, is kept for a person to look at.
    async with Redis.from_url(watched.redis_url) as redis:
        await redis.xadd(clicks.STREAM, {clicks.FIELD: _spoilt()})
        await stored(watched, count)
        kept = await everything_of(redis)
    connection = await asyncpg.connect(watched.database_url)
    tables = await everything_in(connection)
    letters = await connection.fetchval("select count(*) from dead_letters")
    private = await connection.fetch("select visitor, city, referrer_path, referrer_host, bot from clicks")
    await connection.close()
    logs = [(str(path), path.read_bytes()) for path in (watched.log, *watched.data.rglob("*.log"))]
    looked = [*tables, *kept, *logs]
    print(f"{count} visits, {letters} dead letters; {len(tables)} tables, {len(kept)} keys, {len(logs)} logs, "
          f"{sum(len(text) for _, text in looked)} bytes, {sum(map(len, FORMS.values()))} forms")  # fmt: skip
    assert letters == 1
    assert "clicks_stored" in watched.said()
    assert [leak for where, text in looked for leak in leaks(text, where)] == []
    people = [row for row in private if row["bot"] is None]
    asked_not_to_be = [row for row in people if row["visitor"] is None]
    # Of each five requests three are a person's, of which two ask not to be recognised.
    assert len(asked_not_to_be) > len(people) / 2
    assert all(row["city"] is row["referrer_path"] is None for row in asked_not_to_be)
    assert {row["referrer_host"] for row in asked_not_to_be} == {"news.example"}
    assert any(row["city"] and row["visitor"] for row in people)


def _spoilt() -> bytes:
    return b"\t".join([b"no uuid", b"0", b"1", b"1", b"1", PLANTED[0].encode(), b"x", b"", b"", b"", b"0", b"0"])


def test_the_search_finds_an_address_in_any_of_its_forms() -> None:
    for address in FORMS:
        packed = ipaddress.ip_address(address).packed
        for text in (address.encode(), b"\\x" + packed.hex().encode(), b"\\x" + address.encode().hex().encode(),
                     hashlib.sha256(address.encode()).hexdigest().encode(), base64.b64encode(address.encode())):  # fmt: skip
            assert leaks(b"before " + text + b" after", "a text"), (address, text)
