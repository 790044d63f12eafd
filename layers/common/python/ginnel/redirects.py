"""From a slug to where it leads: the one question that must be answered fast.

A link is compiled to a `Record`, kept in this process for at most a second and in Redis for a minute; PostgreSQL is asked
when neither has it. Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from dataclasses import astuple, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus

import asyncpg

from ginnel import observe, postgres, redis, settings, slugs

FRESH = 1.0
"""Seconds that an edit may go unseen by a process that was not told of it."""
KEPT = 60
"""Seconds that Redis keeps a record, should the message of an edit be lost."""
UNKNOWN_KEPT = 5
CAPACITY = 100_000
"""Records a process holds; each takes about 1 kB."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


class State(StrEnum):
    LIVE = "live"
    DISABLED = "disabled"
    BLOCKED = "blocked"
    DELETED = "deleted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Record:
    """All that a redirect needs to know of a link. Times are seconds since the epoch."""

    slug_key: str
    case_sensitive: bool
    state: State
    link: int = 0
    workspace: int = 0
    domain: int = 0
    target: str = ""
    status: int = 302
    allow_caching: bool = False
    forward_query: bool = False
    starts_at: float | None = None
    expires_at: float | None = None
    expired_target: str | None = None

    def pack(self) -> bytes:
        return json.dumps(astuple(self), separators=(",", ":")).encode()

    @classmethod
    def unpack(cls, packed: bytes | str) -> Record:
        slug_key, case_sensitive, state, *rest = json.loads(packed)
        return cls(slug_key, case_sensitive, State(state), *rest)


_cache: OrderedDict[str, tuple[float, Record]] = OrderedDict()


async def resolve(host: str, slug: str) -> Record | None:
    """Find what a slug means on a host; None if nothing ever stood there. Raises Unavailable when no store can tell."""
    host = canonical(host)
    keys = _keys(host, slug)
    record = _remembered(keys, slug) or await _shared(keys, slug)
    if record is None:
        record = await _stored(host, slug)
        await _share(f"{host}/{record.slug_key}", record)
    return None if record.state is State.UNKNOWN else record


def canonical(host: str) -> str:
    """Reduce a Host header to the name that domains are stored by. On one machine every loopback name is the default."""
    name = host.lower().rstrip(".")
    if ":" in name and not name.endswith("]"):
        name = name.rsplit(":", 1)[0].rstrip(".")
    default = settings.site().host
    return default if name in _LOOPBACK and default in _LOOPBACK else name


def _keys(host: str, slug: str) -> tuple[str, ...]:
    """List the keys a record may be kept under: only the domain's record knows whether case matters there."""
    exact, folded = f"{host}/{slug}", f"{host}/{slugs.fold(slug)}"
    return (exact,) if exact == folded else (exact, folded)


def _applies(record: Record, slug: str) -> bool:
    return not record.case_sensitive or record.slug_key == slug


def _remembered(keys: tuple[str, ...], slug: str) -> Record | None:
    oldest = time.monotonic() - FRESH
    for key in keys:
        kept = _cache.get(key)
        if kept and kept[0] > oldest and _applies(kept[1], slug):
            _cache.move_to_end(key)
            return kept[1]
    return None


def _remember(key: str, record: Record) -> None:
    _cache[key] = (time.monotonic(), record)
    _cache.move_to_end(key)
    if len(_cache) > CAPACITY:
        _cache.popitem(last=False)


async def _shared(keys: tuple[str, ...], slug: str) -> Record | None:
    try:
        found = await redis.call(lambda client: client.mget([f"link:{{{key}}}" for key in keys]))
    except redis.RedisError:
        return None
    for key, packed in zip(keys, found, strict=True):
        if packed is not None:
            record = Record.unpack(packed)
            if _applies(record, slug):
                _remember(key, record)
                return record
    return None


async def _share(key: str, record: Record) -> None:
    _remember(key, record)
    lifetime = UNKNOWN_KEPT if record.state is State.UNKNOWN else KEPT
    try:
        await redis.call(lambda client: client.set(f"link:{{{key}}}", record.pack(), ex=lifetime))
    except redis.RedisError:
        observe.count("cache_error")


async def purge(host: str, slug_key: str) -> None:
    """Forget a link that was created or changed, here and in Redis; other processes follow within FRESH seconds."""
    key = f"{host}/{slug_key}"
    _cache.pop(key, None)
    try:
        await redis.call(lambda client: client.delete(f"link:{{{key}}}"))
    except redis.RedisError:
        observe.count("cache_error")


async def _stored(host: str, slug: str) -> Record:
    folded = slugs.fold(slug)

    async def read(connection: asyncpg.Connection) -> asyncpg.Record | None:
        return await connection.fetchrow(
            """
            select d.id as domain, d.case_sensitive, l.id as link, l.workspace_id as workspace, l.slug_key, l.target,
                   l.redirect_status, l.allow_caching, l.forward_query, l.starts_at, l.expires_at, l.expired_target,
                   l.disabled_at, l.blocked_at, l.deleted_at
            from domains d
            left join links l
                on l.domain_id = d.id and l.slug_key = case when d.case_sensitive then $2 else $3 end
            where d.host = $1
            """,
            host,
            slug,
            folded,
        )

    row = await postgres.run(read)
    if row is None:
        return Record(folded, case_sensitive=False, state=State.UNKNOWN)
    if row["link"] is None:
        key = slug if row["case_sensitive"] else folded
        return Record(key, case_sensitive=row["case_sensitive"], state=State.UNKNOWN)
    return Record(
        slug_key=row["slug_key"],
        case_sensitive=row["case_sensitive"],
        state=_state(row),
        link=row["link"],
        workspace=row["workspace"],
        domain=row["domain"],
        target=row["target"],
        status=row["redirect_status"],
        allow_caching=row["allow_caching"],
        forward_query=row["forward_query"],
        starts_at=_seconds(row["starts_at"]),
        expires_at=_seconds(row["expires_at"]),
        expired_target=row["expired_target"],
    )


def _state(row: Any) -> State:  # noqa: ANN401  # asyncpg's Record is untyped
    if row["blocked_at"]:
        return State.BLOCKED
    if row["deleted_at"]:
        return State.DELETED
    return State.DISABLED if row["disabled_at"] else State.LIVE


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a visitor is told: a redirect with its location, or a refusal whose reason is `code`."""

    status: int
    location: str = ""
    code: str = ""
    cache: str = "private, no-store"


def decide(record: Record | None, query: bytes, now: float) -> Answer:
    """Say what a visitor gets at a moment. `now` is seconds since the epoch, `query` the raw query string."""
    if record is None or (record.starts_at is not None and now < record.starts_at):
        return Answer(404, code="not_found")
    if record.state is State.BLOCKED:
        return Answer(451, code="link_blocked")
    if record.state is not State.LIVE:
        return Answer(410, code=f"link_{record.state}")
    if record.expires_at is not None and now >= record.expires_at:
        if record.expired_target:
            return Answer(302, location=record.expired_target)
        return Answer(410, code="link_expired")
    location = forward(record.target, query) if record.forward_query and query else record.target
    if record.allow_caching and record.status in (301, 308):
        return Answer(record.status, location, cache="private, max-age=90")
    return Answer(record.status, location)


_VISIBLE = range(0x21, 0x7F)
_UNSAFE = {byte: f"%{byte:02X}".encode() for byte in range(256) if byte not in _VISIBLE or byte in b'"<>#'}


def forward(target: str, query: bytes) -> str:
    """Merge a request's query string into a target's, byte for byte.

    A name that the target has too is replaced where it stands, by all of the request's values; other names follow in
    their order; a valueless one stays so; the fragment is kept. Our own marker `qr` is not passed on.
    """
    incoming = [(_name(part), part) for part in _safe(query).split("&") if part and _name(part) != "qr"]
    if not incoming:
        return target
    bare, hash_, fragment = target.partition("#")
    base, _, own = bare.partition("?")
    merged: list[str] = []
    placed: set[str] = set()
    for part in filter(None, own.split("&")):
        name = _name(part)
        theirs = [p for n, p in incoming if n == name]
        if not theirs:
            merged.append(part)
        elif name not in placed:
            merged.extend(theirs)
            placed.add(name)
    merged.extend(part for name, part in incoming if name not in placed)
    return f"{base}?{'&'.join(merged)}{hash_}{fragment}"


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])


def _safe(query: bytes) -> str:
    """Escape the bytes that have no place in a Location header; everything else is left as it came."""
    if any(byte in _UNSAFE for byte in query):
        query = b"".join(_UNSAFE.get(byte, bytes((byte,))) for byte in query)
    return query.decode("ascii")
