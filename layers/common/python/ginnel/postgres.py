"""PostgreSQL without an ORM: the pool of the two hot paths, a redirect's miss and the ingestion of clicks.

Imports next to nothing, so that the redirect function starts quickly. `db` builds the ORM's engine on the same settings.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ginnel import observe, settings
from ginnel.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    database_url: str
    database_pool: int = 10
    """Connections a process may hold, for each of the two pools. 1 on Lambda: an environment serves one request at a time."""
    database_timeout: float = 2.0
    """Seconds that one statement, or one connection attempt, may take."""

    def __post_init__(self) -> None:
        if not self.database_url.startswith(("postgresql://", "postgres://")):
            raise ValueError("DATABASE_URL must begin with postgresql://")


# asyncpg is imported when it is first asked for something: a visit to a link that Redis knows starts without.


@functools.cache
def lost() -> tuple[type[Exception], ...]:
    """List what a connection raises whose server went away, restarted, or cut it while the process was frozen."""
    import asyncpg  # noqa: PLC0415  # as above

    return (
        OSError,
        asyncpg.InterfaceError,
        # What asyncpg says when the connection goes between its own steps.
        asyncpg.InternalClientError,
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
        asyncpg.TooManyConnectionsError,
    )


@functools.cache
def unable() -> tuple[type[Exception], ...]:
    """List what a server says that is there, and can't do at the moment what is asked: full, failing, a standby."""
    import asyncpg  # noqa: PLC0415  # as above

    return (
        asyncpg.InsufficientResourcesError,
        asyncpg.PostgresSystemError,
        asyncpg.ReadOnlySQLTransactionError,
    )


_pool: asyncpg.Pool | None = None


async def connect(**options: Any) -> asyncpg.Connection:  # noqa: ANN401  # asyncpg's own options
    """Open one connection of the caller's own, outside any pool."""
    import asyncpg  # noqa: PLC0415  # see above

    wanted = settings.read(Settings)
    return await asyncpg.connect(
        wanted.database_url,
        **{
            "timeout": wanted.database_timeout,
            "command_timeout": wanted.database_timeout,
            "server_settings": {"timezone": "UTC", "application_name": "ginnel"},
            **options,
        },
    )


async def pool() -> asyncpg.Pool:
    """Return the process's pool, made at first use: never at import, whose state a Lambda snapshot would freeze."""
    global _pool  # noqa: PLW0603  # one pool a process is the point
    if _pool is None:
        import asyncpg  # noqa: PLC0415  # see above

        wanted = settings.read(Settings)
        _pool = asyncpg.create_pool(
            wanted.database_url,
            min_size=0,
            max_size=wanted.database_pool,
            timeout=wanted.database_timeout,
            command_timeout=wanted.database_timeout,
            server_settings={"timezone": "UTC", "application_name": "ginnel"},
            # No statement here leaves session state behind, so the reset query would only double the round trips.
            reset=_no_reset,
        )
    await _pool  # connects nothing yet: min_size is 0
    return _pool


async def _no_reset(_: asyncpg.Connection) -> None:
    return None


async def run(operation: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """Run an operation on a pooled connection, once more on another if the first one turns out to be dead.

    For reads and idempotent writes only. Raises Unavailable when PostgreSQL does not answer, or can't do it now.
    """
    for attempt in (1, 2):
        try:
            async with (await pool()).acquire(timeout=settings.read(Settings).database_timeout) as connection:
                return await operation(connection)
        except TimeoutError as error:
            raise Unavailable from error
        except lost() as error:
            observe.count("postgres_lost")
            if attempt == 2:  # noqa: PLR2004  # the second of two
                raise Unavailable from error
        except unable() as error:
            observe.count("postgres_unable")
            raise Unavailable from error
    raise AssertionError("unreachable")


async def close() -> None:
    global _pool
    if _pool is not None:
        pool_, _pool = _pool, None
        await pool_.close()
