"""Redis or Valkey: one client for requests with strict time-outs behind a breaker, one for the worker's blocking reads.

On a cluster, each node has such clients and a breaker: an operation names the key that it is about. Losing Redis may cost
speed, never truth, so every caller has a way on when it raises.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from ginnel import observe, settings
from ginnel.line import Line, Told
from ginnel.redis_settings import MOST_SHARDS, Settings

if TYPE_CHECKING:
    from ginnel.cluster import Address, Cluster

T = TypeVar("T")

__all__ = [
    "MOST_SHARDS",
    "Away",
    "Redis",
    "RedisError",
    "ResponseError",
    "Settings",
    "answers",
    "append",
    "append_soon",
    "call",
    "check",
    "close",
    "each",
    "keep_line",
    "owner",
    "patient",
    "patiently",
]


_PATIENCE = 10.0
_PATIENCE_APART = 2.0
"""On a cluster, nothing blocks on purpose: one node is not waited for by whom another has something."""


class Away(RedisError):
    """Redis failed so often just now that it isn't asked for a moment."""


def _connect(timeout: float, *, protocol: int | None = None, address: Address | None = None) -> Redis:
    wanted = settings.read(Settings)
    return Redis.from_url(
        wanted.redis_url if address is None else _at(wanted.redis_url, address),
        protocol=protocol,
        socket_timeout=timeout,
        socket_connect_timeout=min(timeout, 5 * wanted.redis_timeout),
        # redis-py's own retries would turn 50 ms into seconds.
        retry=Retry(NoBackoff(), 0),
        # With them, the pool hands out connections that the server has closed.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


def _at(url: str, address: Address) -> str:
    """Name another node of the same cluster, to be spoken to in the same way."""
    host, port = address
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(
        parts._replace(netloc=f"{login}{at}[{host}]:{port}" if ":" in host else f"{login}{at}{host}:{port}")
    )


@functools.cache
def _client() -> Redis:
    return _connect(settings.read(Settings).redis_timeout)


@functools.cache
def patient() -> Redis:
    """Return the client for reads that wait on purpose (the drain's), of the server that REDIS_URL names."""
    return _connect(_PATIENCE)


@functools.cache
def _cluster() -> Cluster:
    return _made_cluster(settings.read(Settings).redis_timeout)


@functools.cache
def _patient_cluster() -> Cluster:
    return _made_cluster(_PATIENCE_APART)


def _made_cluster(timeout: float) -> Cluster:
    from ginnel.cluster import Cluster  # noqa: PLC0415  # most installations have none

    parts = urlsplit(settings.read(Settings).redis_url)
    seed = (parts.hostname or "localhost", parts.port or 6379)
    return Cluster(seed, lambda address: _connect(timeout, address=address))


class Breaker:
    """Stops asking after `limit` failures in a row; tries one call again every `pause` seconds."""

    def __init__(self, *, limit: int = 3, pause: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._pause, self._clock = limit, pause, clock
        self._failures = 0
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._limit and self._clock() < self._open_until

    async def call(self, operation: Callable[[], Awaitable[T]]) -> T:
        if self._failures >= self._limit:
            if self._clock() < self._open_until:
                raise Away("Redis is away")
            self._open_until = self._clock() + self._pause  # the others wait for this one's fate
        try:
            result = await operation()
        except ResponseError:
            # It answered: the command was refused, the server is there.
            self.answered()
            raise
        except (RedisError, OSError, TimeoutError) as error:
            raise self.failed(error) from error
        self.answered()
        return result

    def answered(self) -> None:
        self._failures = 0

    def failed(self, error: Exception) -> Away:
        observe.count("redis_error")
        self._failures += 1
        self._open_until = self._clock() + self._pause
        return Away(type(error).__name__)


_breaker = Breaker()


async def call(operation: Callable[[Redis], Awaitable[T]], key: str | bytes = b"") -> T:
    """Run one quick operation. Raises RedisError (Away when Redis can't be reached) and never waits long.

    All keys of one operation have the same tag; on a cluster, `key` is one of them, and says which node is asked.
    """
    if settings.read(Settings).redis_cluster:
        return await _cluster().call(operation, _packed(key))
    return await _breaker.call(lambda: operation(_client()))


async def patiently(operation: Callable[[Redis], Awaitable[T]], key: str | bytes) -> T:
    """Run an operation that may take its time, such as ingestion's. Raises RedisError or OSError."""
    if settings.read(Settings).redis_cluster:
        return await _patient_cluster().call(operation, _packed(key))
    return await operation(patient())


async def each(operation: Callable[[Redis], Awaitable[T]]) -> list[T]:
    """Run a quick operation on every primary there is. Raises RedisError if one does not answer."""
    if settings.read(Settings).redis_cluster:
        return await _cluster().each(operation)
    return [await call(operation)]


async def owner(key: str | bytes) -> Redis:
    """Return the patient client of the node that has a key just now: for subscriptions."""
    if settings.read(Settings).redis_cluster:
        return await _patient_cluster().client(_packed(key))
    return patient()


def answers(key: str | bytes) -> bool:
    """Say whether it is worth asking the node that has a key; where there is one server only, it always is."""
    return not settings.read(Settings).redis_cluster or _cluster().answers(_packed(key))


def _packed(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key


_line: Line | None = None
_XADD = b"*5\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"


def keep_line() -> None:
    """Give appends a connection of their own: for a process that appends all the time. One request at a time needs none."""
    global _line  # noqa: PLW0603  # one a process
    if not settings.read(Settings).redis_cluster:
        timeout = settings.read(Settings).redis_timeout
        # The older protocol, in which nothing comes unasked for.
        pool = _connect(timeout, protocol=2).connection_pool
        _line = Line(pool.make_connection, timeout)


async def append(stream: bytes, field: bytes, value: bytes) -> bytes:
    """Append an entry of one field to a stream and return its id. Raises RedisError, as `call` does."""
    line = _line
    if line is None:
        identifier: Any = await call(lambda client: client.xadd(stream, {field: value}), stream)
        return identifier  # type: ignore[no-any-return]  # bytes: nothing is decoded
    return await _breaker.call(lambda: line.ask(_xadd(stream, field, value)))


def append_soon(stream: bytes, field: bytes, value: bytes, told: Told) -> bool:
    """Append as `append` does, and tell the id or a RedisError, if there is a line to do it over; say whether there is."""
    line = _line
    if line is None or not line.connected:
        return False

    def heard(reply: object) -> None:
        if isinstance(reply, Exception) and not isinstance(reply, ResponseError):
            reply = _breaker.failed(reply)
        else:
            _breaker.answered()
        told(reply)

    line.send(_xadd(stream, field, value), heard)
    return True


def _xadd(stream: bytes, field: bytes, value: bytes) -> bytes:
    return _XADD % (len(stream), stream, len(field), field, len(value), value)


async def check() -> None:
    """Raise BadSettings if a server won't do: if it may evict keys without a TTL, as the streams of clicks are."""
    if settings.read(Settings).redis_cluster:
        await each(_refuse_eviction)
        return
    await _refuse_eviction(patient())
    with suppress(ResponseError):
        if (await patient().info("cluster")).get("cluster_enabled"):
            raise settings.BadSettings("REDIS_URL names a node of a cluster: REDIS_CLUSTER must be true.")


async def _refuse_eviction(client: Redis) -> None:
    policy = await _eviction_policy(client)
    if policy is None:
        observe.log.warning("eviction_policy_unknown")
    elif policy.startswith("allkeys-"):
        raise settings.BadSettings(
            f"REDIS_URL names a server that would evict waiting clicks when memory is short: its maxmemory-policy is "
            f"{policy}. Set volatile-ttl or noeviction there, or name another server."
        )


async def _eviction_policy(client: Redis) -> str | None:
    # Managed services forbid CONFIG, and some INFO.
    with suppress(ResponseError):
        return str((await client.config_get("maxmemory-policy"))["maxmemory-policy"])
    with suppress(ResponseError, KeyError):
        return str((await client.info("memory"))["maxmemory_policy"])
    return None


async def close() -> None:
    if _line is not None:
        _line.close()
    for make in (_client, patient):
        if make.cache_info().currsize:
            await make().aclose()
            make.cache_clear()
    for made in (_cluster, _patient_cluster):
        if made.cache_info().currsize:
            await made().close()
            made.cache_clear()
