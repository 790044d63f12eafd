"""Requests for slugs that lead nowhere, on their way to being told as orphans.

They are counted in a hash in Redis, which ingestion empties into PostgreSQL. A host that lives on gathers them and sends them
once a second; elsewhere, as on Lambda, each is one call on the way of a 404. Whoever guesses slugs fills nothing: there is a
bound wherever they are kept. They are worth less than clicks: what can't be kept now is let go. Imports neither the ORM nor
pydantic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ginnel import library, observe, redis, shards

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")

_KEY = shards.key(0, "nowhere")
_TAKEN = shards.key(0, "nowhere:taken")
_GATHERED = 1000
"""Different names that a process keeps until they are sent."""
_WAITING = 20_000
"""Different names that Redis keeps until they are stored."""
KEPT = 10_000
"""Orphans of a domain: those that were asked for last."""
_EVERY = 1.0

_gathered: dict[bytes, int] | None = None
"""What was not sent yet, by domain and slug; None where nobody would send it later."""


async def note(domain: int, slug: str) -> None:
    """Count a request for a slug, as its domain compares it, on which there is nothing."""
    name = b"%d/%b" % (domain, slug.encode())
    if _gathered is None:
        await _send({name: 1})
    elif name in _gathered:
        _gathered[name] += 1
    elif len(_gathered) < _GATHERED:
        _gathered[name] = 1


async def keep_sending() -> None:
    """Send what is gathered, again and again until cancelled, and then once more."""
    global _gathered  # noqa: PLW0603  # one sender a process
    _gathered = {}
    try:
        while True:
            await asyncio.sleep(_EVERY)
            gathered, _gathered = _gathered, {}
            await _send(gathered)
    finally:
        gathered, _gathered = _gathered, None
        await _send(gathered)


async def _send(counted: dict[bytes, int]) -> None:
    if not counted:
        return
    args: list[str | bytes | float] = [_WAITING]
    for name, count in counted.items():
        args += [name, count]
    try:
        await redis.call(lambda client: library.call(client, "nowhere", [_KEY], args), _KEY)
    except redis.RedisError:
        observe.count("orphans_let_go", sum(counted.values()))


async def store(connection: asyncpg.Connection) -> int:
    """Store what Redis has counted, of each domain the newest; return how many slugs they were. Raises RedisError."""
    if not await _patiently(lambda client: client.exists(_KEY, _TAKEN)):
        return 0
    async with connection.transaction():
        # Of two workers, one: the hash that is being stored must be counted once.
        if not await connection.fetchval("select pg_try_advisory_xact_lock(7465)"):
            return 0
        counted = await _patiently(_take)
        if counted:
            await _write(connection, counted)
            # Should the commit fail, these are lost; the other way round, they might be counted twice.
            await _patiently(lambda client: client.delete(_TAKEN))
    return len(counted)


async def _patiently(operation: Callable[[redis.Redis], Awaitable[T]]) -> T:
    try:
        return await redis.patiently(operation, _KEY)
    except OSError as error:  # which a connection to PostgreSQL raises too
        raise redis.Away(type(error).__name__) from error


async def _take(client: redis.Redis) -> dict[bytes, bytes]:
    """Put the hash aside, unless one is left that was put aside before, and read it."""
    if not await client.exists(_TAKEN):
        try:
            await client.rename(_KEY, _TAKEN)
        except redis.ResponseError:
            return {}  # there is none
    found: Any = await client.hgetall(_TAKEN)
    return dict(found)


async def _write(connection: asyncpg.Connection, counted: Mapping[bytes, bytes]) -> None:
    named = [name.decode().split("/", 1) for name in counted]
    domains = [int(domain) for domain, _ in named]
    await connection.execute(
        """
        insert into orphans as kept (domain_id, slug, count, first_at, last_at)
        select domain_id, slug, counted, now(), now()
        from unnest($1::bigint[], $2::text[], $3::bigint[]) as new (domain_id, slug, counted)
        where exists (select from domains where id = domain_id)
        order by domain_id, slug
        on conflict (domain_id, slug) do update set count = kept.count + excluded.count, last_at = excluded.last_at
        """,
        domains,
        [slug for _, slug in named],
        [int(count) for count in counted.values()],
    )
    await connection.execute(
        """
        delete from orphans o
        using (select distinct domain_id from unnest($1::bigint[]) as new (domain_id)) of, lateral (
            select last_at, id from orphans where domain_id = of.domain_id order by last_at desc, id desc offset $2 limit 1
        ) first
        where o.domain_id = of.domain_id and (o.last_at, o.id) <= (first.last_at, first.id)
        """,
        domains,
        KEPT,
    )
