"""What PostgreSQL tells of itself, and of what is in it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import web

_PATIENCE = "1s"


class Table(web.Output):
    name: Annotated[str, Field(examples=["links"])]
    bytes: Annotated[int, Field(description="With its indexes.", examples=[81920])]
    rows: Annotated[int, Field(description="As PostgreSQL estimates them.", examples=[120])]


class Database(web.Output):
    version: Annotated[str, Field(examples=["17.2"])]
    up_since: datetime
    schema_revision: Annotated[str, Field(description="What the schema is at.", examples=["0015"])]
    bytes: int
    connections: Annotated[int, Field(description="To this database, ours and others'.")]
    max_connections: int
    tables: Annotated[list[Table], Field(description="The ten largest, clicks as one.")]
    partitions: Annotated[list[Table], Field(description="Of clicks: one a month.")]


class Counts(web.Output):
    users: Annotated[int, Field(description="Without guests.")]
    guests: Annotated[int, Field(description="Those who have made links and not signed up.")]
    workspaces: Annotated[int, Field(description="Without guests', of whom each has one.")]
    links: Annotated[int, Field(description="As PostgreSQL estimates them, deleted ones among them.")]
    clicks: Annotated[int, Field(description="As PostgreSQL estimates them.")]


class Due(web.Output):
    due: Annotated[int, Field(description="What should have been sent by now.")]
    oldest_seconds: Annotated[float, Field(description="For how long the oldest has been due; 0 when none is.")]


class Mail(Due):
    waiting: Annotated[int, Field(description="All that is not sent yet, later attempts among it.")]
    failed: Annotated[int, Field(description="What was given up.")]


async def ask(conn: AsyncSession, sql: str, **parameters: Any) -> list[Any] | None:  # noqa: ANN401  # whatever SQL takes
    """Ask for rows; None if that takes too long."""
    try:
        async with conn.begin_nested():
            await conn.execute(text(f"set local statement_timeout = '{_PATIENCE}'"))
            return list(await conn.execute(text(sql), parameters))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return None


async def database(conn: AsyncSession) -> Database | None:
    about, tables, partitions = await ask(conn, _ABOUT), await ask(conn, _TABLES), await ask(conn, _PARTITIONS)
    if about is None or tables is None or partitions is None:
        return None
    (one,) = about
    return Database(
        version=one.version,
        up_since=one.up_since,
        schema_revision=one.revision,
        bytes=one.bytes,
        connections=one.connections,
        max_connections=one.max_connections,
        tables=[Table.model_validate(row) for row in tables],
        partitions=[Table.model_validate(row) for row in partitions],
    )


_ABOUT = """
    select current_setting('server_version') as version, pg_postmaster_start_time() as up_since,
        (select max(version_num) from alembic_version) as revision,
        pg_database_size(current_database()) as bytes,
        (select count(*) from pg_stat_activity where datname = current_database()) as connections,
        current_setting('max_connections')::integer as max_connections
"""
# A table that was never analysed has -1 rows there; then what was counted since the statistics began has to do.
_TABLES = """
    select case when c.relispartition then 'clicks' else c.relname end as name,
        sum(pg_total_relation_size(c.oid))::bigint as bytes,
        sum(coalesce(nullif(c.reltuples, -1), s.n_live_tup))::bigint as rows
    from pg_class c join pg_stat_user_tables s on s.relid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    group by 1 order by 2 desc, 1 limit 10
"""
_PARTITIONS = """
    select c.relname as name, pg_total_relation_size(c.oid) as bytes,
        coalesce(nullif(c.reltuples, -1), s.n_live_tup)::bigint as rows
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_stat_user_tables s on s.relid = c.oid
    where i.inhparent = 'clicks'::regclass order by 1 desc
"""


async def counts(conn: AsyncSession) -> Counts | None:
    found = await ask(conn, _COUNTS)
    return Counts.model_validate(found[0]) if found else None


_COUNTS = """
    select (select count(*) from users where guest_until is null) as users,
        (select count(*) from users where guest_until is not null) as guests,
        (
            (select count(*) from workspaces where deleted_at is null)
            - (select count(*) from users where guest_until is not null)
        ) as workspaces,
        (
            select coalesce(nullif(c.reltuples, -1), s.n_live_tup)::bigint
            from pg_class c join pg_stat_user_tables s on s.relid = c.oid where c.oid = 'links'::regclass
        ) as links,
        (
            select coalesce(sum(coalesce(nullif(c.reltuples, -1), s.n_live_tup)), 0)::bigint
            from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_stat_user_tables s on s.relid = c.oid
            where i.inhparent = 'clicks'::regclass
        ) as clicks
"""


async def deliveries(conn: AsyncSession, now: datetime) -> Due | None:
    """Look at what webhooks are owed."""
    found = await ask(conn, _DELIVERIES, now=now)
    return Due.model_validate(found[0]) if found else None


_DELIVERIES = """
    select count(*) as due, greatest(coalesce(extract(epoch from :now - min(d.due_at)), 0), 0)::float8 as oldest_seconds
    from webhook_deliveries d join webhooks w on w.id = d.webhook_id
    where d.due_at <= :now and w.disabled_at is null
"""


async def mail(conn: AsyncSession, now: datetime) -> Mail | None:
    found = await ask(conn, _MAIL, now=now)
    return Mail.model_validate(found[0]) if found else None


_MAIL = """
    select count(*) filter (where due_at <= :now) as due, count(due_at) as waiting,
        count(*) filter (where due_at is null) as failed,
        greatest(coalesce(extract(epoch from :now - min(due_at)), 0), 0)::float8 as oldest_seconds
    from mail_outbox
"""
