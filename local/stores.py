"""Waiting for the stores, which may start after what needs them, or be away for a restart."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlsplit

import asyncpg
from redis.exceptions import AuthenticationError

from ginnel import observe, postgres, redis, settings

_PAUSE = 0.5
_REFUSALS = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ClientConfigurationError,
)
"""What waiting doesn't mend: a wrong name or password, a database that is not there, an address that can't be read."""


class Unreachable(RuntimeError):
    """A store doesn't answer, or not to us; the message names the setting that says where it is, and no password."""


async def wait(seconds: float, *, database_needed: bool = False) -> None:
    """Return once a store answers: with either of the two visitors are sent on, and clicks kept. Tell of the other.

    Raises Unreachable after so many seconds, or at once where a store refuses us.
    """
    deadline = time.monotonic() + seconds
    try:
        while True:
            missing = {"postgres": await _postgres(), "redis": await _redis()}
            faults = [fault for fault in missing.values() if fault]
            if len(faults) < len(missing) and not (database_needed and missing["postgres"]):
                for fault in faults:
                    observe.log.warning("store_missing", detail=fault)
                return
            if time.monotonic() >= deadline:
                raise Unreachable(f"{'; '.join(faults)}. Waited for {seconds:.0f} seconds.")
            await asyncio.sleep(_PAUSE)
    finally:
        await redis.close()


async def _postgres() -> str | None:
    wanted = settings.read(postgres.Settings).database_url
    try:
        connection = await postgres.connect()
    except _REFUSALS as error:
        raise Unreachable(f"DATABASE_URL: {_place(wanted)} refuses us: {error}") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return f"DATABASE_URL: no PostgreSQL answers at {_place(wanted)} ({_reason(error)})"
    await connection.close()
    return None


async def _redis() -> str | None:
    wanted = settings.read(redis.Settings).redis_url
    try:
        await redis.each(lambda client: client.ping())
    except (redis.RedisError, OSError) as error:
        cause = error.__cause__ or error
        if isinstance(cause, AuthenticationError):
            raise Unreachable(f"REDIS_URL: {_place(wanted)} refuses us: {cause}") from error
        return f"REDIS_URL: no Redis answers at {_place(wanted)} ({_reason(cause)})"
    return None


def _place(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] or parts.path


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
