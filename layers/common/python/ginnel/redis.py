"""Redis or Valkey: one client for requests with strict time-outs behind a breaker, one for the worker's blocking reads.

Losing Redis may cost speed, never truth, so every caller has a way on when it raises.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from ginnel import observe, settings

T = TypeVar("T")

__all__ = ["Away", "Redis", "RedisError", "ResponseError", "Settings", "append", "call", "close", "patient"]


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


def _connect(timeout: float) -> Redis:
    wanted = settings.read(Settings)
    return Redis.from_url(
        wanted.redis_url,
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


_XADD = b"*5\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"


async def append(stream: bytes, field: bytes, value: bytes) -> bytes:
    """Append an entry of one field to a stream, at half the cost of `xadd`; return its id. Raises RedisError, as `call`."""
    command = _XADD % (len(stream), stream, len(field), field, len(value), value)

    async def ask(client: Redis) -> bytes:
        pool: Any = client.connection_pool
        connection = await pool.get_connection()
        try:
            # redis-py makes a task of each sending, to wait for it with a time-out. The reply's time-out will do.
            connection._writer.write(command)  # noqa: SLF001  # as above
            identifier: bytes = await connection.read_response()
        except ResponseError:
            raise
        except BaseException:
            await connection.disconnect(nowait=True)  # its reply, should it come, must be nobody else's
            raise
        finally:
            await pool.release(connection)
        return identifier

    return await call(ask)


async def close() -> None:
    for make in (_client, patient):
        if make.cache_info().currsize:
            await make().aclose()
            make.cache_clear()
