"""Redis or Valkey: one client for requests with strict time-outs behind a breaker, one for the worker's blocking reads.

Losing Redis may cost speed, never truth, so every caller has a way on when it raises.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import hiredis
from redis.asyncio import Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from ginnel import observe, settings

T = TypeVar("T")

__all__ = [
    "Away",
    "Redis",
    "RedisError",
    "ResponseError",
    "Settings",
    "append",
    "call",
    "close",
    "keep_line",
    "patient",
]


@dataclass(frozen=True)
class Settings:
    redis_url: str
    redis_timeout: float = 0.05
    """Seconds that a request may wait for Redis before it goes on without."""

    def __post_init__(self) -> None:
        if not self.redis_url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("REDIS_URL must begin with redis://, rediss:// or unix://")


class Away(RedisError):
    """Redis failed so often just now that it isn't asked for a moment."""


def _connect(timeout: float, *, protocol: int | None = None) -> Redis:
    wanted = settings.read(Settings)
    return Redis.from_url(
        wanted.redis_url,
        protocol=protocol,
        socket_timeout=timeout,
        socket_connect_timeout=min(timeout, 5 * wanted.redis_timeout),
        # redis-py's own retries would turn 50 ms into seconds.
        retry=Retry(NoBackoff(), 0),
        # With them, the pool hands out connections that the server has closed.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


@functools.cache
def _client() -> Redis:
    return _connect(settings.read(Settings).redis_timeout)


@functools.cache
def patient() -> Redis:
    """Return the client for reads that wait on purpose (the drain's)."""
    return _connect(10.0)


class Breaker:
    """Stops asking after `limit` failures in a row; tries one call again every `pause` seconds."""

    def __init__(self, *, limit: int = 3, pause: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._pause, self._clock = limit, pause, clock
        self._failures = 0
        self._open_until = 0.0

    async def call(self, operation: Callable[[], Awaitable[T]]) -> T:
        if self._failures >= self._limit:
            if self._clock() < self._open_until:
                raise Away("Redis is away")
            self._open_until = self._clock() + self._pause  # the others wait for this one's fate
        try:
            result = await operation()
        except ResponseError:
            # It answered: the command was refused, the server is there.
            self._failures = 0
            raise
        except (RedisError, OSError, TimeoutError) as error:
            observe.count("redis_error")
            self._failures += 1
            self._open_until = self._clock() + self._pause
            raise Away(type(error).__name__) from error
        self._failures = 0
        return result


_breaker = Breaker()


async def call(operation: Callable[[Redis], Awaitable[T]]) -> T:
    """Run one quick operation. Raises RedisError (Away when Redis can't be reached) and never waits long."""
    return await _breaker.call(lambda: operation(_client()))


class Line:
    """A connection of one's own for commands that come packed, one at a time.

    redis-py makes it and logs it in; but the tasks, locks and timers that it spends on a command cost ten times what the
    command does. A connection whose reply was not read is never used again.
    """

    def __init__(self) -> None:
        self._free = asyncio.Lock()
        self._connection: Connection | None = None
        self._replies = hiredis.Reader()

    async def ask(self, command: bytes) -> Any:  # noqa: ANN401  # whatever the command's reply is
        async with self._free:
            connection = await self._connected()
            try:
                async with asyncio.timeout(settings.read(Settings).redis_timeout):
                    connection._writer.write(command)  # type: ignore[union-attr]  # noqa: SLF001  # redis-py's ways cost
                    reply = await self._reply(connection)
            except BaseException:
                await self.close()
                raise
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def _reply(self, connection: Connection) -> Any:  # noqa: ANN401  # as above
        while (reply := self._replies.gets()) is False:
            data = await connection._reader.read(4096)  # type: ignore[union-attr]  # noqa: SLF001  # as above
            if not data:
                raise Lost("Redis closed the connection")
            self._replies.feed(data)
        return reply

    async def _connected(self) -> Connection:
        kept = self._connection
        if kept is not None and kept._reader is not None and not kept._reader.at_eof():  # noqa: SLF001  # as above
            return kept
        await self.close()
        # The older protocol, in which nothing comes unasked for.
        pool: Any = _connect(settings.read(Settings).redis_timeout, protocol=2).connection_pool
        made: Any = pool.make_connection()
        await made.connect()
        self._connection, self._replies = made, hiredis.Reader(protocolError=Lost, replyError=ResponseError)
        return made  # type: ignore[no-any-return]  # redis-py's makers are untyped

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)


_line: Line | None = None
_XADD = b"*5\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"


def keep_line() -> None:
    """Give appends a connection of their own: for a process that appends all the time. One request at a time needs none."""
    global _line  # noqa: PLW0603  # one a process
    _line = Line()


async def append(stream: bytes, field: bytes, value: bytes) -> bytes:
    """Append an entry of one field to a stream and return its id. Raises RedisError, as `call` does."""
    line = _line
    if line is None:
        identifier: Any = await call(lambda client: client.xadd(stream, {field: value}))
        return identifier  # type: ignore[no-any-return]  # bytes: nothing is decoded
    command = _XADD % (len(stream), stream, len(field), field, len(value), value)
    return await _breaker.call(lambda: line.ask(command))


async def refuse_eviction(client: Redis) -> None:
    """Raise BadSettings if this server may evict keys without a TTL, as the stream of clicks is one."""
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
        await _line.close()
    for make in (_client, patient):
        if make.cache_info().currsize:
            await make().aclose()
            make.cache_clear()
