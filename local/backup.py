"""`make backup`: one consistent copy of everything that PostgreSQL holds, in a file; nothing has to stop for it.

Who clicked before it was asked for is in it: it waits until the worker has stored what was in Redis and the outbox then.
Visitors' salts are left out: a visitor id would be traceable for as long as a back-up is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import asyncpg

from clicks import drain
from ginnel import migrations, postgres, redis, settings, shards
from local import archive, services

LEFT_OUT = ("alembic_version", "visitor_salts")
# The text that PostgreSQL writes depends on these, and it has to be read by another server.
SESSION = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "statement_timeout": "0",
    # The same rows in the same order: then they have the same checksum.
    "synchronize_seqscans": "off",
    "application_name": "ginnel-backup",
}
_PATIENCE = 60.0
"""Seconds that the worker is waited for."""


class CannotBackUp(RuntimeError):
    """Why there is no back-up, in words for the person at the terminal."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="backup")
    parser.add_argument("to", type=Path, help="the file to make")
    parser.add_argument("--data", type=Path, default=Path(".data"), help="the folder of a `make up`")
    parser.add_argument("--env-file", type=Path, help="settings for what is not in the environment")
    wanted = parser.parse_args()
    if wanted.env_file:
        from dotenv import load_dotenv  # noqa: PLC0415  # containers have none, nor such a file

        load_dotenv(wanted.env_file)
    begun = datetime.now(UTC)
    try:
        _refuse_existing(wanted.to)
        with ExitStack() as stack:
            alone = _reach(wanted.data.resolve(), stack)
            manifest, complete = asyncio.run(back_up(wanted.to, alone=alone))
    except (CannotBackUp, services.ServicesError, settings.BadSettings, OSError, asyncpg.PostgresError) as error:
        raise SystemExit(f"\n  Can't back up: {error}\n") from None
    rows, size = sum(table.rows for table in manifest.tables), wanted.to.stat().st_size
    print(f"  {wanted.to}: {rows:,} rows of {len(manifest.tables)} tables, {size:,} bytes, schema {manifest.revision}")
    if complete:
        print(f"  Every click that was answered before {begun:%Y-%m-%d %H:%M:%S} UTC is in it.")


def _refuse_existing(to: Path) -> None:
    if to.exists():
        raise CannotBackUp(f"{to} exists already")


def _reach(data: Path, stack: ExitStack) -> bool:
    """Set the stores' addresses; start the embedded ones unless `make up` runs on them. Say whether that was so."""
    postgres = not os.environ.get("DATABASE_URL")
    if postgres and not any(data.glob("postgres-*")):
        raise CannotBackUp(f"there is no database in {data}")
    redis = not os.environ.get("REDIS_URL") and (postgres or (data / "valkey").exists())
    if not (postgres or redis):
        return False
    try:
        servers = stack.enter_context(services.running(data, postgres=postgres, redis=redis))
        found = (servers.database_url, servers.redis_url)
        alone = True
    except services.InUse:
        found = services.addresses(data)
        alone = False
    for name, url in zip(("DATABASE_URL", "REDIS_URL"), found, strict=True):
        os.environ[name] = os.environ.get(name) or url
    return alone


async def back_up(to: Path, *, alone: bool) -> tuple[archive.Manifest, bool]:
    """Write the file; say also whether all clicks that were answered by now are in it.

    `alone`: no worker runs that would store what waits, so this does.
    """
    connection = await postgres.connect(command_timeout=None, server_settings=SESSION)
    try:
        # Migrations take the same lock, alone: none changes a table that is being read.
        await connection.execute("select pg_advisory_lock_shared(7461)")
        revision = await _revision(connection)
        if alone and migrations.is_newest(revision):
            await _store_what_waits()
        complete = await _all_stored(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            with archive.writing(to) as file:
                return await _write(connection, file, revision), complete
    finally:
        await connection.close()
        await redis.close()


async def _revision(connection: asyncpg.Connection) -> str:
    if await connection.fetchval("select to_regclass('alembic_version')") is None:
        raise CannotBackUp("the database has no schema of Ginnel's")
    revision: str | None = await connection.fetchval("select version_num from alembic_version")
    if revision is None:
        raise CannotBackUp("the database has no schema of Ginnel's")
    return revision


async def _store_what_waits() -> None:
    worker = drain.Drain(settings.read(drain.Settings))
    try:
        await worker.run(0)
    finally:
        await worker.close()


async def _all_stored(connection: asyncpg.Connection) -> bool:
    """Wait until what is on its way at this moment is stored; False, and a word about it, if that can't be known.

    The outbox first: what fails there again and again goes into a stream, at its end.
    """
    if not os.environ.get("REDIS_URL"):
        print("  REDIS_URL is not set: clicks that wait in Redis are not waited for.", file=sys.stderr)
        return False
    end = time.monotonic() + _PATIENCE
    last = await connection.fetchval("select max(id) from outbox")
    while await connection.fetchval("select exists (select from outbox where id <= $1)", last):
        if not await _pause(end):
            return False
    try:
        for name in [*shards.streams(), *shards.left_over()]:
            newest = await _newest(name)
            while newest and await _waits(name, newest):
                if not await _pause(end):
                    return False
    except (redis.RedisError, OSError) as error:
        print(f"  Redis does not answer ({error}): clicks that wait there are not in the back-up.", file=sys.stderr)
        return False
    return True


async def _newest(name: str) -> bytes | None:
    entries: Any = await redis.patiently(lambda client: client.xrevrange(name, count=1), name)
    return entries[0][0] if entries else None


async def _waits(name: str, newest: bytes) -> bool:
    # What is stored is deleted.
    return bool(await redis.patiently(lambda client: client.xrange(name, max=newest, count=1), name))


async def _pause(end: float) -> bool:
    if time.monotonic() < end:
        await asyncio.sleep(0.05)
        return True
    print("  What waits in Redis and the outbox was not stored in a minute: does a worker run?", file=sys.stderr)
    return False


async def _write(connection: asyncpg.Connection, file: ZipFile, revision: str) -> archive.Manifest:
    """Copy all tables. The connection's transaction sees one moment, however long this takes."""
    taken_at = await connection.fetchval("select now()")
    tables = [await _copy(connection, file, row) for row in await _tables(connection)]
    months = await connection.fetch(
        """
        select to_date(right(c.relname, 7), 'YYYY_MM') as month
        from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass('clicks') order by 1
        """
    )
    # Of all that is read here, only these numbers are the latest ones: never less than those in the rows.
    sequences = await connection.fetch(
        """
        select c.relname as table, a.attname as column,
            coalesce(pg_sequence_last_value(pg_get_serial_sequence(quote_ident(c.relname), a.attname)::regclass), 0) as last
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and a.attidentity <> ''
        order by 1, 2
        """
    )
    manifest = archive.Manifest(
        revision=revision,
        taken_at=taken_at.isoformat(),
        server=await connection.fetchval("show server_version"),
        months=[row["month"].isoformat() for row in months],
        tables=tables,
        sequences=[archive.Sequence(**row) for row in sequences],
    )
    archive.finish(file, manifest)
    return manifest


async def _tables(connection: asyncpg.Connection) -> list[Any]:
    """List the tables, each after those that it refers to, with their columns and the query that reads them whole."""
    found = await connection.fetch(
        """
        select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns,
            format('select %s from %I', string_agg(quote_ident(a.attname), ', ' order by a.attnum), c.relname) as query,
            array(
                select distinct p.relname::text from pg_constraint k join pg_class p on p.oid = k.confrelid
                where k.conrelid = c.oid and k.contype = 'f' and p.oid <> c.oid
            ) as parents
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            and a.attgenerated = '' and c.relname <> all ($1::text[])
        group by c.oid, c.relname order by c.relname
        """,
        LEFT_OUT,
    )
    by_name = {row["name"]: row for row in found}
    order = TopologicalSorter({name: row["parents"] for name, row in by_name.items()}).static_order()
    return [by_name[name] for name in order]


async def _copy(connection: asyncpg.Connection, file: ZipFile, row: Any) -> archive.Table:  # noqa: ANN401  # a record
    digest = hashlib.sha256()
    name: str = row["name"]
    with file.open(f"{name}.copy", "w", force_zip64=True) as member:

        async def write(data: bytes) -> None:
            digest.update(data)
            member.write(data)

        status: str = await connection.copy_from_query(row["query"], output=write)
    return archive.Table(name, row["columns"], rows=int(status.split()[1]), sha256=digest.hexdigest())


if __name__ == "__main__":
    main()
