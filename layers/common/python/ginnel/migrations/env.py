"""Alembic's entry: runs the migrations over asyncpg, one transaction each, under one lock."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection

from ginnel.migrations import METADATA, mine


def run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=METADATA, include_name=mine, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("run migrations by `make migrate`")
# Two hosts that start together must not both migrate; a migration that can't get its lock must not stop the traffic.
connection.execute(text("select pg_advisory_lock(7461)"))
connection.execute(text("set lock_timeout = '5s'"))
connection.commit()
try:
    run(connection)
finally:
    connection.execute(text("select pg_advisory_unlock(7461)"))
    connection.commit()
