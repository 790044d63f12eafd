"""What a deployment does before traffic: brings the schema up to date, and refuses a Redis that would lose clicks.

CloudFormation runs it as a custom resource that the other functions depend on, and waits for the answer at an address that
comes with the event. By hand (`{}`), it also makes the first administrator; and with `{"admin": "ada@example.com"}` it makes an
administrator of whom it names, with a new password. Passwords are in the answer and nowhere else. Being run twice, or twice
at once, is harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ginnel import db, lambdas, migrations, observe, postgres, redis, settings, users
from ginnel.errors import Problem
from ginnel.lambdas import Event

from . import answer


@dataclass(frozen=True)
class Settings:
    admin_email: str | None = None
    """The first administrator's address."""


# Not read before an event asks for it: a fault in them is an answer, for which CloudFormation would wait in vain otherwise.
NEEDS = (Settings, postgres.Settings, redis.Settings, settings.Site)

_SHARE = 0.9
"""Of the time that an invocation has: the rest is for saying that it was not enough."""


def handler(event: Event, context: Any) -> Any:  # noqa: ANN401  # the runtime's own types
    seconds = _SHARE * context.get_remaining_time_in_millis() / 1000
    if "ResponseURL" in event:
        return answer.send(event, fault=_fault(event, seconds))
    if event.keys() == {"admin"} and isinstance(event["admin"], str):
        return lambdas.run(_appoint(event["admin"], seconds))
    if event:
        raise ValueError(f"neither CloudFormation's event nor {{}}: {sorted(event)}")
    return lambdas.run(_by_hand(seconds))


def _fault(event: Event, seconds: float) -> str | None:
    """Do what CloudFormation asks for; return what was in the way."""
    if event["RequestType"] == "Delete":
        return None  # the data is the database's to keep
    try:
        lambdas.run(_prepare(seconds))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the answer
        observe.log.exception("not_prepared")
        return _said(error)
    return None


def _said(error: BaseException) -> str:
    # Others' messages may quote rows and addresses. What lies at the root of one is its kind.
    if isinstance(error, settings.BadSettings | Problem):
        return str(error)
    root = error
    while root.__cause__ and not isinstance(root, TimeoutError):
        root = root.__cause__
    return f"{type(root).__name__}: see the log of this function"


async def _prepare(seconds: float) -> None:
    async with _within(seconds):
        await _check_redis()
        await migrations.prepare()


async def _by_hand(seconds: float) -> dict[str, str]:
    wanted = settings.read(Settings)
    async with _within(seconds):
        await _check_redis()
        await migrations.prepare()
        if wanted.admin_email is None:
            return {}
        async with contextlib.asynccontextmanager(db.transaction)() as conn:
            password = await users.ensure_admin(conn, email=wanted.admin_email, now=datetime.now(UTC))
        return {"admin": wanted.admin_email, "password": password} if password else {}


async def _appoint(email: str, seconds: float) -> dict[str, str]:
    from ginnel.administration import appointing  # noqa: PLC0415  # seldom wanted, unlike all else here

    async with _within(seconds), contextlib.asynccontextmanager(db.transaction)() as conn:
        return {"admin": email, "password": await appointing.appoint(conn, email, now=datetime.now(UTC))}


async def _check_redis() -> None:
    with contextlib.suppress(redis.RedisError):  # that it is away may end
        await redis.check()


@contextlib.asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    """Bound the time, and leave no connection behind: the next event is a release away."""
    try:
        async with asyncio.timeout(seconds):
            yield
    finally:
        await redis.close()
        await db.close()
