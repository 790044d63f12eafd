"""`make restore`: put a back-up into a database, and bring it up to this release's schema.

The file is read to its end before anything is touched. A database in which there is anything is refused, unless told.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import asyncpg
from alembic.util import CommandError

from ginnel import migrations, postgres, settings
from local import archive, backup, services

GAP = 1_000_000
"""Numbers that each sequence skips. Those given after the back-up may still be about, in Redis or in somebody's token, and
must never mean something else."""


class CannotRestore(RuntimeError):
    """Why nothing was restored, in words for the person at the terminal."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="restore")
    parser.add_argument("file", type=Path, help="what `make backup` made")
    parser.add_argument("--data", type=Path, default=Path(".data"), help="the folder of a `make up`")
    parser.add_argument("--env-file", type=Path, help="settings for what is not in the environment")
    parser.add_argument("--replace", action="store_true", help="throw away what is in the database")
    wanted = parser.parse_args()
    if wanted.env_file:
        from dotenv import load_dotenv  # noqa: PLC0415  # containers have none, nor such a file

        load_dotenv(wanted.env_file)
    try:
        with archive.reading(wanted.file) as (file, manifest), ExitStack() as stack:
            _refuse_newer(manifest)
            if not os.environ.get("DATABASE_URL"):
                servers = stack.enter_context(services.running(wanted.data.resolve(), redis=False))
                os.environ["DATABASE_URL"] = servers.database_url
            asyncio.run(restore(file, manifest, replace=wanted.replace))
    except (CannotRestore, archive.BadArchive, services.ServicesError, settings.BadSettings) as error:
        raise SystemExit(f"\n  Can't restore: {error}\n") from None
    except (OSError, asyncpg.PostgresError, CommandError) as error:
        raise SystemExit(f"\n  The restore failed, and what is in the database is not whole: {error}\n") from None


def _refuse_newer(manifest: archive.Manifest) -> None:
    if not migrations.knows(manifest.revision):
        raise CannotRestore(
            f"the file was made by a newer release (schema {manifest.revision}): restore it with that one"
        )


async def restore(file: ZipFile, manifest: archive.Manifest, *, replace: bool) -> None:
    connection = await postgres.connect(command_timeout=None, server_settings=backup.SESSION)
    try:
        await _make_room(connection, replace=replace)
        await migrations.upgrade(manifest.revision)
        async with connection.transaction():
            await _load(connection, file, manifest)
        await migrations.upgrade()
        await connection.execute("analyze")
    finally:
        await connection.close()
    rows = sum(table.rows for table in manifest.tables)
    print(f"  {rows:,} rows of {len(manifest.tables)} tables are as they were at {manifest.taken_at}")


async def _make_room(connection: asyncpg.Connection, *, replace: bool) -> None:
    """See that the database has no rows and nobody at work, and take down whatever empty schema it has."""
    busy = await connection.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'ginnel'"
    )
    if busy:
        raise CannotRestore(f"Ginnel is at work on this database ({busy} connections): stop it first")
    checks = await connection.fetch(
        """
        select relname::text as name, format('select exists (select from %I)', relname) as query from pg_class
        where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition
            and relname <> 'alembic_version'
        order by 1
        """
    )
    full = [row["name"] for row in checks if await connection.fetchval(row["query"])]
    if full and not replace:
        raise CannotRestore(
            f"the database is not empty ({', '.join(full)} have rows). Restore into another one, or, to throw away "
            "what is in it, say REPLACE=yes"
        )
    if await connection.fetchval("select to_regclass('alembic_version')") is not None:
        await migrations.downgrade("base")


async def _load(connection: asyncpg.Connection, file: ZipFile, manifest: archive.Manifest) -> None:
    for month in manifest.months:
        await connection.execute("select ensure_clicks_partition($1::date)", date.fromisoformat(month))
    for table in manifest.tables:
        # A migration may have made rows of its own; those in the file are what became of them.
        await connection.execute(await connection.fetchval("select format('delete from %I', $1::text)", table.name))
    for table in manifest.tables:
        source = archive.chunks(file, table)
        status = await connection.copy_to_table(table.name, source=source, columns=table.columns)
        if status != f"COPY {table.rows}":
            raise CannotRestore(f"{table.name}: {status}, where {table.rows} rows are in the file")
    for sequence in manifest.sequences:
        await connection.execute(
            "select setval(pg_get_serial_sequence(quote_ident($1), $2), $3)",
            sequence.table,
            sequence.column,
            sequence.last + GAP,
        )


if __name__ == "__main__":
    main()
