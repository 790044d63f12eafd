"""From a slug to its record: the one question that must be answered fast.

A record is kept in this process and in Redis; PostgreSQL is asked when neither has it. A change is told to every process
that listens; one that does not, or can't at the moment, keeps a record for a second. Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

import asyncio
import functools
import math
import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ginnel import hosts, library, metrics, observe, postgres, redis, settings, shards, slugs
from ginnel.errors import Unavailable
from ginnel.hosts import Host
from ginnel.redirects import Record, State, Visit

if TYPE_CHECKING:
    import asyncpg

FRESH = 1.0
"""Seconds that an edit may go unseen by a process that was not told of it."""
KEPT = 300
"""Seconds that a record is kept, here and in Redis: edits are told, and told again (see purge_again)."""
UNKNOWN_KEPT = 5
_SOFT = 0.8
"""The part of its time after which a record is read anew, while visitors still get the old one."""
_RENEWALS = 16
"""Reads at a time above which none is begun for a record that is merely ageing: there is a while left for it."""
CAPACITY = 100_000
"""Records a process holds; each takes about 1 kB."""

CHANNEL = "links"
_EVERYTHING = "*"
"""The message that everything is to be forgotten, where naming each record would take longer than reading it again."""
_HEARTBEAT = 0.25
_AGAIN = 1.0
"""Seconds until PostgreSQL, which was away, is asked for the same link again."""
_MAX_HOST = 253
"""Characters of a domain's name; visitors may send kilobytes, and each would be kept as a name of nothing."""


class Kept:
    """A record in this process, and since when."""

    __slots__ = ("read_at", "record")

    def __init__(self, record: Record, read_at: float) -> None:
        self.record = record
        self.read_at = read_at

    def fresh(self, now: float) -> bool:
        """Say whether it may be used: for a second, or for as long as we would have been told of a change."""
        lifetime = UNKNOWN_KEPT if self.record.state is State.UNKNOWN else KEPT
        return now - self.read_at < (lifetime if now < _told_until else FRESH)

    def young(self, now: float) -> bool:
        """Say whether a link's record may be used and need not be read anew yet."""
        return now - self.read_at < _SOFT * (KEPT if now < _told_until else FRESH)


class _Flight:
    """A read under way, shared by all who ask for the same. `overtaken`: what it brings was changed meanwhile."""

    __slots__ = ("folded", "overtaken", "task")

    def __init__(self, folded: str, task: asyncio.Task[Record]) -> None:
        self.folded, self.task, self.overtaken = folded, task, False


# What leads nowhere is kept apart, so that guessing slugs can't crowd out links.
_links: OrderedDict[str, Kept] = OrderedDict()
_unknown: OrderedDict[str, Kept] = OrderedDict()
_flights: dict[str, _Flight] = {}
_told_until = 0.0
"""Until when we can be sure to have heard of every change (see watch); a monotonic time."""


async def resolve(host: str, slug: str, visit: Visit | None = None) -> Record | None:
    """Find what a slug means on a host; None if nothing ever stood there. Raises Unavailable when no store can tell.

    A visit is appended at once if Redis is asked, has the record, and can tell that it counts: one round trip for both.
    """
    host = canonical(host)
    if len(host) > _MAX_HOST:
        return None
    kept = remembered(host, slug)
    if kept:
        metrics.lookups["memory"] += 1
    record = kept.record if kept else await _read(host, slug, visit)
    return None if record.state is State.UNKNOWN else record


async def domain(host: str) -> Host | None:
    """Find what a host answers by itself; None if it is no domain of ours. Raises Unavailable."""
    record = await resolve(host, hosts.NAME)
    return hosts.read(record) if record else None


def canonical(host: str) -> str:
    """Reduce a Host header to the name that domains are stored by. On one machine every loopback name is the default."""
    name = host.lower().rstrip(".")
    if ":" in name and not name.endswith("]"):
        name = name.rsplit(":", 1)[0].rstrip(".")
    default = settings.site().host
    return default if name in settings.LOOPBACK and default in settings.LOOPBACK else name


def remembered(host: str, slug: str) -> Kept | None:
    """Return what this process knows of a slug on a (canonical) host, if it is fresh; have it read anew before it is not."""
    now = time.monotonic()
    for name in _names(host, slug):
        for cache in (_links, _unknown):
            kept = cache.get(name)
            if kept and kept.fresh(now) and _applies(kept.record, slug):
                cache.move_to_end(name)
                if cache is _links and not kept.young(now):
                    _renew(host, slug, now)
                return kept
    return None


def _renew(host: str, slug: str, now: float) -> None:
    # Not where nobody tells us of changes, as on Lambda: what is begun there is frozen with the answer.
    if now < _told_until and len(_flights) < _RENEWALS:
        _flight(host, slug)


def _names(host: str, slug: str) -> tuple[str, ...]:
    """List the names a record may be kept under: only the domain's record knows whether case matters there."""
    exact, folded = f"{host}/{slug}", f"{host}/{slugs.fold(slug)}"
    return (exact,) if exact == folded else (exact, folded)


def _applies(record: Record, slug: str) -> bool:
    return not record.case_sensitive or record.slug_key == slug


def _remember(name: str, record: Record, read_at: float) -> None:
    cache, capacity = (_unknown, CAPACITY // 10) if record.state is State.UNKNOWN else (_links, CAPACITY)
    gone = [cache.pop(name)] if name in cache else []
    cache[name] = Kept(record, read_at)
    if len(cache) > capacity:
        gone.append(cache.popitem(last=False)[1])
    for kept in gone:
        kept.read_at = -math.inf  # whoever holds it still would not be told of a change


async def _read(host: str, slug: str, visit: Visit | None) -> Record:
    observe.count("lookup_missed")
    try:
        # Shielded: one visitor who hangs up must not take the answer from the others.
        return await asyncio.shield(_flight(host, slug, visit).task)
    except Unavailable:
        if kept := remembered(host, slug):  # its time was over, and is prolonged now
            return kept.record
        raise


def _flight(host: str, slug: str, visit: Visit | None = None) -> _Flight:
    """Ask the stores, once for all who ask at the same time; the first one's visit may be appended by the way."""
    names = _names(host, slug)
    flight = _flights.get(names[0])
    if flight is None:
        flight = _flights[names[0]] = _Flight(names[-1], asyncio.create_task(_fetch(host, slug, names, visit)))
        mine, started = flight, time.monotonic()

        def land(task: asyncio.Task[Record]) -> None:
            if _flights.get(names[0]) is mine:
                del _flights[names[0]]
            if task.cancelled() or mine.overtaken:
                return
            if task.exception() is None:
                _remember(f"{host}/{task.result().slug_key}", task.result(), started)
            else:
                _prolong(names)

        flight.task.add_done_callback(land)
    return flight


def _prolong(names: tuple[str, ...]) -> None:
    """Keep what can't be read anew for a while more, if we would be told of a change: there is none that we weren't."""
    now = time.monotonic()
    for name in names:
        if (kept := _links.get(name)) and now < _told_until:
            kept.read_at = max(kept.read_at, now + _AGAIN - _SOFT * KEPT)


async def _fetch(host: str, slug: str, names: tuple[str, ...], visit: Visit | None) -> Record:
    token = os.urandom(8).hex().encode()
    keys = [_key(name, names[-1]) for name in names]
    try:
        for _ in range(_PATIENCE):
            found = await _taken(shards.of(names[-1]), keys, token, slug, visit)
            if found is None:
                break
            if found:
                record = Record.unpack(found)
                if _applies(record, slug):
                    return record
                break
            await asyncio.sleep(_PAUSE)  # another process reads it just now
    except (redis.RedisError, ValueError):
        return await _stored(host, slug)
    record = await _stored(host, slug)
    await _share(_key(f"{host}/{record.slug_key}", names[-1]), token, record)
    return record


async def _taken(shard: int, keys: list[str], token: bytes, slug: str, visit: Visit | None) -> bytes | None:
    """Return the packed record; nothing if another process has a lease on it, None if this one has now."""
    found: bytes | None
    if visit is None:
        found = await redis.call(lambda client: library.call(client, "take", keys, [token]), keys[0])
        return found
    stream = shards.stream(shard)
    args: list[str | bytes | float] = [token, slug, visit.at, visit.before, visit.after]
    found, appended = await redis.call(lambda client: library.call(client, "visit", [stream, *keys], args), stream)
    visit.appended = bool(appended)
    return found


async def _share(key: str, token: bytes, record: Record) -> None:
    lifetime = UNKNOWN_KEPT if record.state is State.UNKNOWN else KEPT
    try:
        await redis.call(lambda client: library.call(client, "fill", [key], [token, record.pack(), lifetime]), key)
    except redis.RedisError:
        observe.count("cache_error")


def _key(name: str, folded: str) -> str:
    """Name a record in Redis. Both names of a slug are of the same shard."""
    return shards.key(shards.of(folded), f"link:{name}")


_PATIENCE = 20
_PAUSE = 0.005


async def purge(host: str, slug_key: str) -> None:
    """Forget a link that was created or changed: here, in Redis, and in every process that listens."""
    await purge_all([(host, slug_key)])


async def purge_all(changed: Sequence[tuple[str, str]]) -> None:
    """Forget several, by host and slug key."""
    for name in changed:
        forget(*name)
    try:
        await tell(changed)
    except redis.RedisError:
        observe.count("purge_delayed")  # until it is told again
    finally:
        for name in changed:
            forget(*name)  # what a visitor may just have read out of Redis


async def tell(changed: Sequence[tuple[str, str]]) -> None:
    """Remove records from Redis, then tell those who listen: whoever reads a link again because of it finds no old one."""
    await remove(changed)
    if changed:
        await _publish([f"{host}/{slug_key}" for host, slug_key in changed])


async def tell_all() -> None:
    """Have every process that listens, and this one, read everything again. What is removed from Redis before is not found."""
    _forget_all()
    await _publish([_EVERYTHING])


async def remove(changed: Sequence[tuple[str, str]]) -> None:
    """Remove records from Redis; who has read them keeps them."""
    keys: dict[int, list[str]] = {}
    for host, slug_key in changed:
        folded = f"{host}/{slugs.fold(slug_key)}"
        keys.setdefault(shards.of(folded), []).append(_key(f"{host}/{slug_key}", folded))

    async def delete(client: redis.Redis, names: list[str]) -> None:
        await client.delete(*names)

    for names in keys.values():
        await redis.call(functools.partial(delete, names=names), names[0])


async def _publish(messages: Sequence[str]) -> None:
    async def publish(client: redis.Redis) -> None:
        async with client.pipeline(transaction=False) as pipeline:
            for message in messages:
                pipeline.publish(CHANNEL, message)
            await pipeline.execute()

    await redis.call(publish, CHANNEL)


def forget(host: str, slug_key: str) -> None:
    """Forget a link in this process."""
    name, folded = f"{host}/{slug_key}", f"{host}/{slugs.fold(slug_key)}"
    for cache in (_links, _unknown):
        if kept := cache.pop(name, None):
            kept.read_at = -math.inf  # for whoever holds it still
    for exact, flight in list(_flights.items()):
        if flight.folded == folded:
            flight.overtaken = True
            del _flights[exact]


async def watch() -> None:
    """Listen for changes until cancelled, so that what is kept may be used for longer than a second.

    A ping's answer comes after every change that was told before it: from its sending we are sure for another second.
    """
    global _told_until  # one subscription a process
    mine = asyncio.current_task()
    # redis-py may answer a call that was cancelled, and nobody cancels twice.
    while not (mine and mine.cancelling()):
        try:
            async with (await redis.owner(CHANNEL)).pubsub() as subscription:
                await subscription.subscribe(CHANNEL)
                pinged: float | None = None
                while not (mine and mine.cancelling()):
                    message = await subscription.get_message(timeout=_HEARTBEAT)
                    kind = message["type"] if message else ""
                    if kind == "subscribe":
                        _forget_all()  # what changed before was not told to us
                    elif kind == "message" and message["data"] == _EVERYTHING.encode():
                        _forget_all()
                    elif kind == "message":
                        host, _, slug_key = message["data"].decode(errors="replace").partition("/")
                        forget(host, slug_key)
                    elif kind == "pong" and pinged is not None:
                        _told_until, pinged = pinged + FRESH, None
                    if pinged is None and time.monotonic() > _told_until - FRESH + _HEARTBEAT:
                        pinged = time.monotonic()
                        await subscription.ping()
        except Exception as error:  # noqa: BLE001  # whatever it is, a process must not be deaf from then on
            observe.log.warning("watch_lost", error=type(error).__name__)
            await asyncio.sleep(_HEARTBEAT)


def _forget_all() -> None:
    for cache in (_links, _unknown):
        for kept in cache.values():
            kept.read_at = -math.inf
        cache.clear()
    for flight in _flights.values():
        flight.overtaken = True
    _flights.clear()


async def _stored(host: str, slug: str) -> Record:
    observe.count("lookup_stored")
    return await postgres.run(lambda connection: stored(connection, host, slug))


async def stored(connection: asyncpg.Connection, host: str, slug: str) -> Record:
    """Compile what PostgreSQL has on a slug of a (canonical) host."""
    if slug == hosts.NAME:
        return await hosts.compiled(connection, host)
    folded = slugs.fold(slug)
    row = await connection.fetchrow(
        """
        select d.id as domain, d.case_sensitive, l.id as link, l.workspace_id as workspace, l.slug_key, l.target,
               l.redirect_status, l.allow_caching, l.forward_query, l.starts_at, l.expires_at, l.expired_target,
               l.max_clicks, l.disabled_at, l.deleted_at is not null or exists (
                   select from workspaces w where w.id = l.workspace_id and w.deleted_at is not null
               ) as deleted,
               l.blocked_at is not null or exists (
                   select from blocked_hosts b
                   where b.host = any(target_hosts(l.target, l.expired_target, l.rules, l.variants))
               ) or exists (
                   select from workspaces w where w.id = l.workspace_id and w.blocked_at is not null
               ) as blocked, l.forward_path, l.password_hash, l.title,
               l.description, l.image, nullif(l.rules, '[]')::text as rules, nullif(l.variants, '[]')::text as variants
        from domains d
        left join links l
            on l.domain_id = d.id and l.slug_key = case when d.case_sensitive then $2 else $3 end
        where d.host = $1 and d.verified_at is not null and d.deleted_at is null
        """,
        host,
        slug,
        folded,
    )
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
        max_clicks=row["max_clicks"],
        rules=row["rules"],
        variants=row["variants"],
        lock=_lock(row["password_hash"]),
        card=_card(row),
        forward_path=row["forward_path"] or None,
    )


def _lock(password_hash: str | None) -> str | None:
    if password_hash is None:
        return None
    from ginnel import locks  # noqa: PLC0415  # few links need it, and every cold start would pay

    return locks.make(password_hash)


def _card(row: Any) -> str | None:  # noqa: ANN401  # asyncpg's Record is untyped
    if row["description"] is None and row["image"] is None:
        return None
    from ginnel import cards  # noqa: PLC0415  # as above

    return cards.make(row["title"], row["description"], row["image"])


def _state(row: Any) -> State:  # noqa: ANN401  # asyncpg's Record is untyped
    if row["blocked"]:
        return State.BLOCKED
    if row["deleted"]:
        return State.DELETED
    return State.DISABLED if row["disabled_at"] else State.LIVE


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
