"""Alembic's entry: runs the migrations over asyncpg, one transaction each, under one lock."""

from __future__ import annotations

import time

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
# Two hosts that start together must not both migrate. Who waits asks again and again: an index that is being built beside
# the traffic would wait for a statement that is under way, and that one for the lock.
while not connection.scalar(text("select pg_try_advisory_lock(7461)")):
    connection.commit()
    time.sleep(0.2)
# A migration that can't get its lock must not stop the traffic.
connection.execute(text("set lock_timeout = '5s'"))
connection.commit()
try:
    run(connection)
finally:
    connection.execute(text("select pg_advisory_unlock(7461)"))
    connection.commit()
