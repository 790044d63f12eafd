"""Emptying the tables of somebody who was erased, some rows a transaction: whoever does so may die, and another goes on.

Which tables there are, the catalogue says: one that is added later is emptied too, if a link, a workspace or a person can be
found in it by an index or a foreign key. Runs beside the ingestion of clicks, and after it: what visitors did before the
erasure is stored first, so that nothing comes after it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ginnel import db, hosts, ingestion, observe, redis
from ginnel.errors import Unavailable

from .tables import named

if TYPE_CHECKING:
    import asyncpg

_ROWS = 2000
_LINKS = 200
"""Whose rows are looked for at once."""
_ENTRIES = 20_000
"""Of the audit log, looked at in one transaction."""
_TIMEOUT = 30.0
_LOOK = 1.0
"""Seconds between two looks for work where there was none."""
_LONGEST = 50.0
_SETTLED = timedelta(seconds=5)
"""After which every visit that came before is a click that waits, or is stored."""
_KEPT = timedelta(days=30)
"""How long nobody else can have the slug of a link that was deleted (see links.REUSABLE_AFTER). Then `emptying` takes it."""


class _Job(NamedTuple):
    id: int
    user: int
    email: str
    name: str
    workspaces: list[int]
    audited: int


async def work(seconds: float) -> int:
    """Erase until `seconds` are over, or for 0, until nobody waits for it; return how many rows that took."""
    begun = time.monotonic()
    done = 0
    while True:
        count = await step(datetime.now(UTC))
        done += count or 0
        left = begun + (seconds or (0 if count is None else _LONGEST)) - time.monotonic()
        if left <= 0:
            return done
        if count is None:
            await asyncio.sleep(min(_LOOK, left))


async def step(now: datetime) -> int | None:
    """Do some of what is to be done; return how many rows it took, None if there is nothing to do at the moment."""
    try:
        async with db.session() as conn:
            # The driver's own, with statements that may take their time, on the one connection that imports use, too.
            connection: Any = (await (await conn.connection()).get_raw_connection()).driver_connection
            async with connection.transaction():
                job = await _next(connection, now)
                return None if job is None else await _some(connection, job, now)
    except (redis.RedisError, Unavailable):
        return None  # the erasure waits


async def _next(connection: asyncpg.Connection, now: datetime) -> _Job | None:
    """Choose the erasure that has waited longest. Nobody else works on it before this transaction has ended."""
    row = await connection.fetchrow(
        """
        select id, user_id, email, name, workspaces, audited, requested_at from erasures
        order by worked_at limit 1 for update skip locked
        """
    )
    if row is None:
        return None
    since = now - row["requested_at"] - _SETTLED
    if since < timedelta() or (await ingestion.waiting(connection, now)).oldest_seconds >= since.total_seconds():
        return None
    return _Job(*list(row.values())[:6])


async def _some(connection: asyncpg.Connection, job: _Job, now: datetime) -> int:
    stages: Sequence[Callable[[asyncpg.Connection, _Job, datetime], Awaitable[int]]] = (
        _links, _domains, _imports, _of_workspaces, _unlink, _audit,
    )  # fmt: skip
    for stage in stages:
        if count := await stage(connection, job, now):
            await connection.execute("update erasures set worked_at = $2 where id = $1", job.id, now)
            return count
    await _finish(connection, job)
    observe.log.info("user_erased", user=job.user)
    return 1


async def _links(connection: asyncpg.Connection, job: _Job, now: datetime) -> int:
    """Empty what belongs to some links, and then the links: what is left of them is that their slugs are taken."""
    links: list[int] = await connection.fetchval(
        """
        select array(
            (select id from links where workspace_id = any($1) and deleted_at is null limit $2)
            union all
            (select id from links where workspace_id = any($1) and deleted_at is not null and target <> '' limit $2)
            limit $2
        )
        """,
        job.workspaces,
        _LINKS,
    )
    if not links:
        return 0
    count = 0
    for statement in await _found_by(connection, "link_id"):
        count += await _run(connection, statement, links)
    if count >= _ROWS:
        return count  # there may be more
    # A visitor of the last moments has had them read once more, as they were.
    await connection.execute(
        """
        insert into purges (created_at, host, slug_key)
        select $2, d.host, l.slug_key from links l join domains d on d.id = l.domain_id where l.id = any($1)
        """,
        links,
        now,
    )
    # Nobody can have had a link on a workspace's own domain but the workspace, and the domain goes, too.
    gone = await _run(
        connection,
        """
        delete from links l using domains d
        where l.id = any($1) and d.id = l.domain_id
            and (d.workspace_id is not null or l.slug_key like '~%' or l.deleted_at < $2)
        """,
        links,
        now - _KEPT,
    )
    kept = await _run(
        connection,
        """
        update links set slug = slug_key, target = '', title = null, description = null, image = null, starts_at = null,
            expires_at = null, expired_target = null, max_clicks = null, password_hash = null, rules = '[]', variants = '[]',
            external_id = null, imported_clicks = 0, created_by = null, created_at = $2, updated_at = $2,
            archived_at = null, disabled_at = null, blocked_at = null, deleted_at = coalesce(deleted_at, $2), version = 1
        where id = any($1)
        """,
        links,
        now,
    )
    return count + gone + kept


async def _domains(connection: asyncpg.Connection, job: _Job, now: datetime) -> int:
    domains: list[int] = await connection.fetchval(
        "select array(select id from domains where workspace_id = any($1))", job.workspaces
    )
    if not domains:
        return 0
    for statement in await _found_by(connection, "domain_id"):
        if count := await _run(connection, statement, domains):
            return count
    await connection.execute(
        "insert into purges (created_at, host, slug_key) select $2, host, $3 from domains where id = any($1)",
        domains,
        now,
        hosts.NAME,
    )
    return await _run(connection, "delete from domains where id = any($1)", domains)


async def _of_workspaces(connection: asyncpg.Connection, job: _Job, _: datetime) -> int:
    for statement in await _found_by(connection, "workspace_id"):
        if count := await _run(connection, statement, job.workspaces):
            return count
    return 0


async def _imports(connection: asyncpg.Connection, job: _Job, _: datetime) -> int:
    """Empty imports, which go with their workspace or their person: by themselves their rows would go all at once."""
    for statement in (
        """
        delete from import_rows where (import_id, number) in (
            select r.import_id, r.number from import_rows r join imports i on i.id = r.import_id
            where i.user_id = $1 or i.workspace_id = any($2) limit $3
        )
        """,
        """
        delete from import_claims where (import_id, name) in (
            select c.import_id, c.name from import_claims c join imports i on i.id = c.import_id
            where i.user_id = $1 or i.workspace_id = any($2) limit $3
        )
        """,
    ):
        if count := await _run(connection, statement, job.user, job.workspaces, _ROWS):
            return count
    return 0


async def _unlink(connection: asyncpg.Connection, job: _Job, _: datetime) -> int:
    """Forget who has made what lives on, as its foreign keys would, in one go."""
    statements = await connection.fetch(
        """
        select format('update %s set %I = null where ctid = any(array(select ctid from %s where %I = $1 limit $2))',
            c.conrelid::regclass, a.attname, c.conrelid::regclass, a.attname) as statement
        from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        where c.contype = 'f' and c.confrelid = 'users'::regclass and c.confdeltype = 'n'
        """
    )
    for row in statements:
        if count := await _run(connection, row["statement"], job.user, _ROWS):
            return count
    return 0


async def _audit(connection: asyncpg.Connection, job: _Job, _: datetime) -> int:
    """Leave of the audit log's entries that something was done, and when; their number leads to nobody any more."""
    upto = await connection.fetchval(
        "select max(id) from (select id from audit_log where id > $1 order by id limit $2) as next",
        job.audited,
        _ENTRIES,
    )
    if upto is None:
        return 0
    await _run(
        connection,
        """
        update audit_log set details = '{}', subject = case when lower(subject) ~ $3 then 'user' else subject end
        where id > $1 and id <= $2 and (
            workspace_id = any($6) and details <> '{}' or lower(subject || ' ' || details::text) ~ $3
            or $4 <> '' and (user_id = $5 or subject = 'user:' || $5::bigint) and position($4 in lower(details::text)) > 0
        )
        """,
        job.audited,
        upto,
        named(job.email),
        job.name.lower(),
        job.user,
        job.workspaces,
    )
    await connection.execute("update erasures set audited = $2 where id = $1", job.id, upto)
    return 1


async def _finish(connection: asyncpg.Connection, job: _Job) -> None:
    # What others have put down the address for, such as invitations.
    for statement in await _naming(connection):
        await _run(connection, statement, job.email)
    for statement, *values in (
        ("delete from tickets where lower(data::text) ~ $1", named(job.email)),
        ("delete from mail_outbox where lower(recipient || ' ' || fields::text) ~ $1", named(job.email)),
        ("delete from users where id = $1", job.user),
        (
            "delete from workspaces w where id = any($1) and not exists (select from links l where l.workspace_id = w.id)",
            job.workspaces,
        ),
        ("delete from erasures where id = $1", job.id),
    ):
        await _run(connection, statement, *values)


async def _found_by(connection: asyncpg.Connection, column: str) -> list[str]:
    """List the statements that delete the rows of given links, domains or workspaces: $1 are their ids."""
    rows = await connection.fetch(
        """
        select format('delete from %s where ctid = any(array(select ctid from %s where %I = any($1) limit %s))',
            c.oid::regclass, c.oid::regclass, a.attname, $2::integer) as statement
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = $1 and not a.attisdropped
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
            and c.relname not in ('links', 'domains', 'members', 'audit_log')
            and exists (select from pg_index i where i.indrelid = c.oid and i.indkey[0] = a.attnum)
        order by c.relname
        """,
        column,
        _ROWS,
    )
    return [row["statement"] for row in rows]


async def _naming(connection: asyncpg.Connection) -> list[str]:
    """List the statements that delete the rows that name an e-mail address, but for accounts: $1 is the address."""
    rows = await connection.fetch(
        """
        select format('delete from %s where %I = $1::citext', c.oid::regclass, a.attname) as statement
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'citext'::regtype and not a.attisdropped
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attname = 'email'
            and c.relname <> 'users'
        order by c.relname
        """
    )
    return [row["statement"] for row in rows]


async def _run(connection: asyncpg.Connection, statement: str, *values: Any) -> int:  # noqa: ANN401  # asyncpg's own
    """Execute a statement, which may take longer than what a visitor waits for; return how many rows it took."""
    status: str = await connection.execute(statement, *values, timeout=_TIMEOUT)
    return int(status.rsplit(maxsplit=1)[-1])
