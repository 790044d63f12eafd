"""The schema's history. `python -m ginnel.migrations` brings a database to its newest version."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ginnel import (
    addresses,
    audit,
    blocking,
    db,
    devices,
    domains,
    erasure,
    factors,
    guests,
    idempotency,
    imports,
    installation,
    keys,
    links,
    mail,
    observe,
    orphans,
    postgres,
    purges,
    sessions,
    shares,
    stats,
    tickets,
    users,
    webhooks,
    workspaces,
)
from ginnel.db import Base
from ginnel.oidc import identities

# The mapped classes register themselves with Base when their modules are imported.
MODELS = (
    addresses, audit, blocking, devices, domains, erasure, factors, guests, idempotency, identities, imports, installation,
    keys, links, mail, orphans, purges, sessions, shares, stats, tickets, users, webhooks, workspaces,
)  # fmt: skip
METADATA = Base.metadata


def mine(name: str | None, kind: str, _: Any) -> bool:  # noqa: ANN401  # Alembic's own shape
    """Say whether Alembic should compare this object: clicks' partitions are made as time goes by."""
    return not (kind == "table" and name and re.fullmatch(r"clicks_\d{4}_\d{2}", name))


def config(connection: Connection) -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def knows(revision: str) -> bool:
    """Say whether a version of the schema is one of this release's, and not of a newer one's."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def is_newest(revision: str) -> bool:
    return revision == _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent))


async def upgrade(revision: str = "head") -> None:
    await _with_connection(lambda connection: command.upgrade(config(connection), revision))


async def prepare() -> None:
    """Bring the schema up to date and the default domain in step with BASE_URL: what a deployment does before traffic.

    What a newer release has made of the schema is left as it is: releases expand first, so that this one can run on it, and
    going back to it must not fail.
    """
    await _with_connection(_advance)
    async with asynccontextmanager(db.transaction)() as conn:
        await domains.ensure_default(conn, now=datetime.now(UTC))


def _advance(connection: Connection) -> None:
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # what was read began a transaction, and Alembic wants its own
    if revision is not None and not knows(revision):
        observe.log.warning("schema_newer", revision=revision)
        return
    command.upgrade(config(connection), "head")


async def downgrade(revision: str) -> None:
    await _with_connection(lambda connection: command.downgrade(config(connection), revision))


async def _with_connection(act: Any) -> None:  # noqa: ANN401  # a callable of Alembic's
    # Migrations may take long: no time-out of a request's applies.
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: postgres.connect(command_timeout=None), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(act)
    finally:
        await engine.dispose()
