"""What comes before the first request to a new release: the schema, the default domain, an administrator."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import UTC, datetime

from ginnel import db, migrations, redis, users


def admin() -> str:
    return os.environ.get("ADMIN_EMAIL") or "admin@localhost"


async def prepare(keep: Callable[[str], None] = lambda _: None) -> str | None:
    """See that the stores will do, bring the schema up to date and make the first admin; return a new one's password.

    `keep` gets that password before the account is made: what fails after it can be tried again.
    """
    with contextlib.suppress(redis.RedisError):  # that it is away may end
        await redis.check()
    await redis.close()
    await migrations.prepare()
    async with contextlib.asynccontextmanager(db.transaction)() as conn:
        password = await users.ensure_admin(conn, email=admin(), now=datetime.now(UTC))
        if password:
            keep(password)
    await db.close()
    return password
