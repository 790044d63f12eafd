"""The ORM's side of PostgreSQL: the engine, and one transaction a request."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends
from sqlalchemy import BigInteger, DateTime, MetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from ginnel import postgres, settings
from ginnel.errors import Problem, Unavailable

if TYPE_CHECKING:
    import asyncpg

    from ginnel import throttle

T = TypeVar("T")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), int: BigInteger}  # noqa: RUF012  # SQLAlchemy reads it from the class


@functools.cache
def engine() -> AsyncEngine:
    wanted = settings.read(postgres.Settings)
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=postgres.connect,
        pool_size=wanted.database_pool,
        max_overflow=0,
        pool_timeout=wanted.database_timeout,
        # A connection cut while the process was frozen, or by a server's restart, is replaced before it is used: a
        # write must never be tried twice.
        pool_pre_ping=True,
    )


@functools.cache
def _sessions() -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine(), expire_on_commit=False)


async def transaction() -> AsyncIterator[AsyncSession]:
    """Give a request its session: committed when the handler returns, rolled back when it raises.

    A Problem whose class says `commits` is a refusal that is itself a fact to be kept, such as a token's replay.
    """
    try:
        async with _sessions()() as session:
            try:
                yield session
            except Problem as problem:
                if problem.commits:
                    await session.commit()
                raise
            except asyncio.CancelledError:
                # Cut off amid a statement, be it the one that begins: nobody knows what the connection is in the middle of.
                await session.invalidate()
                raise
            await session.commit()
            for act in session.info.pop("after_commit", []):
                await act()
    except (PoolTimeoutError, TimeoutError) as error:
        raise Unavailable from error
    except postgres.lost() as error:
        raise Unavailable from error
    except DBAPIError as error:
        away = (*postgres.lost(), *postgres.unable())
        if error.connection_invalidated or isinstance(getattr(error.orig, "__cause__", None), away):
            raise Unavailable from error
        raise


def after_commit(session: AsyncSession, act: Callable[[], Awaitable[Any]]) -> None:
    """Have `act` called once the session's transaction is durable, before the answer leaves."""
    session.info.setdefault("after_commit", []).append(act)


async def pause(session: AsyncSession) -> None:
    """Give the connection back before something slow is waited for; what comes then is another transaction.

    Who is asking is known by now, and that they did is kept: nothing else may have been done yet.
    """
    await session.commit()


def on(session: AsyncSession) -> throttle.Run:
    """Have an operation of asyncpg's run on a session's connection, which is given back: what it did is kept, as by `pause`."""

    async def run(operation: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        raw = await (await session.connection()).get_raw_connection()
        result = await operation(raw.driver_connection)
        await pause(session)
        return result

    return run


session = asynccontextmanager(transaction)
"""The same for what is no request, or outlives its handler: `async with db.session() as conn:`."""


# Without scope="function" FastAPI would commit after the answer has left, and a failed commit would have answered 201.
Conn = Annotated[AsyncSession, Depends(transaction, scope="function")]


async def close() -> None:
    await engine().dispose()
    engine.cache_clear()
    _sessions.cache_clear()
