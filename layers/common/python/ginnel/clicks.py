"""Clicks: written down before the visitor is answered, stored exactly once.

A click becomes one line of tab-separated fields. Lines that arrive while a write is under way share the next one (group
commit), as one packed entry of a shard's stream; each waits for its own acknowledgement. While Redis is away the same
bytes go to PostgreSQL's outbox. A click's time and id are fixed when it happens and are its key, so that any number of
deliveries is one row. Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import count
from typing import Any, NamedTuple, cast
from uuid import UUID

import asyncpg
from asyncpg.pgproto import pgproto

from ginnel import observe, postgres, redis, shards
from ginnel.errors import Unavailable
from ginnel.redirects import Record, Visit

STREAM = shards.stream(0)
"""The stream that is always there, whatever the number of shards."""
GROUP = "ingestion"
FIELD = b"lines"

_BATCH = 1000
_QUEUE = 50_000

_BIGINT = 2**63
_CONTROL = bytes([*range(32), 127])


class Click(NamedTuple):
    """A click as it happened, before anything was looked up. `at` is in milliseconds since the epoch, UTC.

    `address` lives only until ingestion has turned it into a place. `private` is the visitor's wish not to be
    recognised (DNT, GPC). `dated` says that `at` is a caller's word, not this host's clock.
    """

    id: UUID
    at: int
    link: int
    workspace: int
    domain: int
    address: str
    user_agent: str
    referrer: str
    language: str
    query: str
    private: bool
    dated: bool

    @classmethod
    def unpack(cls, line: bytes) -> Click:
        """Read a line. Raises ValueError if it isn't one."""
        (
            identifier, at, link, workspace, domain, address, user_agent, referrer, language, query, private, dated,
        ) = line.decode("utf-8", "replace").split("\t")  # fmt: skip
        numbers = (int(link), int(workspace), int(domain))
        if not (min(numbers) >= 0 and max(numbers) < _BIGINT):
            raise ValueError("no such link")
        # asyncpg's own UUID is a uuid.UUID that is read in C.
        return cls(
            pgproto.UUID(identifier), int(at), *numbers,
            address, user_agent, referrer, language, query, private == "1", dated == "1",
        )  # fmt: skip


def pack(  # noqa: PLR0913  # a click's fields, each by name
    *,
    id: bytes,  # noqa: A002  # the field's name
    at: int,
    link: int,
    workspace: int,
    domain: int,
    address: bytes,
    user_agent: bytes,
    referrer: bytes,
    language: bytes,
    query: bytes,
    private: bool,
    dated: bool = False,
) -> bytes:
    """Make a click's line. What a visitor sent is cut to a bounded length and loses its control characters."""
    return _LINE % (
        id, at, led(link, workspace, domain), address,
        said(user_agent=user_agent, referrer=referrer, language=language, query=query, private=private, dated=dated),
    )  # fmt: skip


_LINE = b"%b\t%d\t%b\t%b\t%b"


def led(link: int, workspace: int, domain: int) -> bytes:
    """Make the part of a line that is the same for every click of a link."""
    return b"%d\t%d\t%d" % (link, workspace, domain)


def said(  # noqa: PLR0913  # the fields of a request, each by name
    *, user_agent: bytes, referrer: bytes, language: bytes, query: bytes, private: bool, dated: bool = False
) -> bytes:
    """Make the part of a line that a request says of itself."""
    return b"%b\t%b\t%b\t%b\t%d\t%d" % (
        user_agent[:512].translate(None, _CONTROL), referrer[:1024].translate(None, _CONTROL),
        language[:128].translate(None, _CONTROL), query[:1024].translate(None, _CONTROL), private, dated,
    )  # fmt: skip


def said_in(headers: Mapping[bytes, bytes], query: bytes) -> bytes:
    """Make that part of a visit's line. `headers` by lower-case name; of a repeated one, the first."""
    return said(
        user_agent=headers.get(b"user-agent", b""),
        referrer=headers.get(b"referer", b""),
        language=headers.get(b"accept-language", b""),
        query=query,
        private=headers.get(b"dnt") == b"1" or headers.get(b"sec-gpc") == b"1",
    )


def now(led: bytes, address: bytes, said: bytes) -> bytes:
    """Make the line of a click that happens now."""
    return _LINE % (new_id(), milliseconds(), led, address, said)


def visit(record: Record, headers: Mapping[bytes, bytes], *, address: bytes, query: bytes) -> bytes:
    """Make the line of a visit that happens now. `headers` by lower-case name; of a repeated one, the first."""
    return now(led(record.link, record.workspace, record.domain), address, said_in(headers, query))


def begin(headers: Mapping[bytes, bytes], *, address: bytes, query: bytes) -> Visit:
    """Make all that can be said of a visit that happens now, before its link is known. The arguments are those of `visit`."""
    return Visit(
        before=b"%b\t%d\t" % (new_id(), milliseconds()),
        after=b"\t%b\t%b" % (address, said_in(headers, query)),
        at=time.time(),
    )


_process = b""
_numbers = count()


def new_id() -> bytes:
    """Draw a click's id: 64 bits of this process and 64 of a counter, as a UUID's 32 hexadecimal digits.

    Unlike a random UUID it costs no system call, and rows of one process lie together in the index.
    """
    global _process  # noqa: PLW0603  # drawn at first use, not at import: a Lambda snapshot is restored many times
    if not _process:
        _process = os.urandom(8).hex().encode()
    return b"%b%016x" % (_process, next(_numbers))


Done = Callable[[Exception | None], None]


class Writer:
    """Group commit: one write at a time, shared by everything that came while the last one was under way."""

    def __init__(self, append: Callable[[bytes, Done], None]) -> None:
        self._append = append
        self._waiting: list[tuple[bytes, Done]] = []
        self._busy = False

    def submit(self, line: bytes, done: Done) -> None:
        """Have `done` called once the line is durable, or with what kept it from being. Raises Unavailable when full."""
        if len(self._waiting) >= _QUEUE:
            raise Unavailable
        self._waiting.append((line, done))
        if not self._busy:
            self._busy = True
            asyncio.get_running_loop().call_soon(self._flush)  # whatever else comes in this turn of the loop goes along

    async def write(self, line: bytes) -> None:
        """Return when the line is durable. Raises Unavailable if nothing could take it."""
        future = asyncio.get_running_loop().create_future()

        def done(error: Exception | None) -> None:
            if future.done():
                return  # whoever waited has gone
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self.submit(line, done)
        await future

    def _flush(self) -> None:
        batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
        settle = partial(self._settle, batch)
        try:
            self._append(b"\n".join([line for line, _ in batch]), settle)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait must hear of it, and the next be written
            settle(error)

    def _settle(self, batch: list[tuple[bytes, Done]], error: Exception | None) -> None:
        for _, done in batch:
            try:
                done(error)
            except Exception:  # noqa: BLE001  # one that can't be told must not keep the others from hearing
                observe.log.exception("visitor_untold")
        if self._waiting:
            self._flush()
        else:
            self._busy = False


def _put(payload: bytes, done: Done) -> None:
    """Append, over the line where there is one; `done` is called when it is durable or can't be."""

    def told(reply: object) -> None:
        if isinstance(reply, Exception):
            _in_a_task(_spill(payload), done)
        else:
            done(None)

    if not redis.append_soon(stream().encode(), FIELD, payload, told):
        _in_a_task(append(payload), done)


_tasks: set[asyncio.Task[None]] = set()


def _in_a_task(work: Coroutine[Any, Any, None], done: Done) -> None:
    def ended(task: asyncio.Task[None]) -> None:
        _tasks.discard(task)
        # Cancelled, the process is being stopped.
        done(Unavailable() if task.cancelled() else cast("Exception | None", task.exception()))

    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)  # the loop itself holds it only weakly
    task.add_done_callback(ended)


async def append(payload: bytes) -> None:
    """Put packed lines into the stream, or into the outbox while Redis won't take them."""
    try:
        await redis.append(stream().encode(), FIELD, payload)
    except redis.RedisError:
        await _spill(payload)


async def _spill(payload: bytes) -> None:
    observe.count("clicks_spilled", payload.count(b"\n") + 1)

    async def spill(connection: asyncpg.Connection) -> None:
        await connection.execute("insert into outbox (created_at, payload) values (now(), $1)", payload)

    # Should Redis have stored it after all, the second copy is the same clicks again: harmless.
    await postgres.run(spill)


_turns = count()


def stream() -> str:
    """Name the stream for the next write: each shard's in turn, passing over those whose node is known to be away."""
    names = shards.streams()
    if len(names) == 1:
        return names[0]
    first = next(_turns) % len(names)
    return next(filter(redis.answers, names[first:] + names[:first]), names[first])


_writer = Writer(_put)
submit = _writer.submit


async def record(line: bytes) -> None:
    """Return when the click is durable. Raises Unavailable if neither store could take it."""
    await _writer.write(line)


def milliseconds() -> int:
    return time.time_ns() // 1_000_000


class Row(NamedTuple):
    """A click as it is stored. Its fields are the columns of `clicks`, in their order; no address is among them."""

    at: datetime
    id: UUID
    workspace_id: int
    domain_id: int
    link_id: int
    visitor: bytes | None
    country: str | None
    region: str | None
    city: str | None
    continent: str | None
    device: str
    os: str | None
    browser: str | None
    language: str | None
    bot: str | None
    referrer_host: str | None
    referrer_path: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None
    qr: bool
    variant: str | None
    clamped: bool


async def store(connection: asyncpg.Connection, rows: Sequence[Row]) -> int:
    """Insert rows that are not there yet, and count in the roll-ups just those; return how many they were.

    All or nothing, also within the caller's transaction.
    """
    if not rows:
        return 0
    async with connection.transaction():
        rows = await _settled(connection, rows)
        # Also of months that were there before: a partition that was dropped would make each of its clicks look refused.
        months = {(row.at.year, row.at.month) for row in rows}
        await connection.execute(
            "select ensure_clicks_partition(month) from unnest($1::date[]) month",
            [date(year, month, 1) for year, month in sorted(months)],
        )
        # Takes half of what arrays as parameters take here, and PostgreSQL no more.
        await connection.execute("create temporary table if not exists incoming (like clicks) on commit delete rows")
        await connection.copy_records_to_table("incoming", schema_name="pg_temp", columns=Row._fields, records=rows)
        inserted: int = await connection.fetchval(
            """
            with taken as (
                delete from pg_temp.incoming returning *
            ), inserted as (
                insert into clicks (
                    at, id, workspace_id, domain_id, link_id, visitor, country, region, city, continent, device, os,
                    browser, language, bot, referrer_host, referrer_path, utm_source, utm_medium, utm_campaign, utm_term,
                    utm_content, qr, variant, clamped
                )
                select
                    at, id, workspace_id, domain_id, link_id, visitor, country, region, city, continent, device, os,
                    browser, language, bot, referrer_host, referrer_path, utm_source, utm_medium, utm_campaign, utm_term,
                    utm_content, qr, variant, clamped
                from taken
                on conflict do nothing
                returning at, workspace_id, link_id, bot
            ), counted as (
                insert into clicks_hourly as kept (link_id, hour, workspace_id, clicks, bots)
                select link_id, date_trunc('hour', at), min(workspace_id), count(*) filter (where bot is null), count(bot)
                from inserted group by 1, 2 order by 1, 2
                on conflict (link_id, hour) do update
                set clicks = kept.clicks + excluded.clicks, bots = kept.bots + excluded.bots
            )
            select count(*) from inserted
            """
        )
    return inserted


async def _settled(connection: asyncpg.Connection, rows: Sequence[Row]) -> Sequence[Row]:
    """Give each click whose time was corrected the time of its first delivery.

    Its own time can't be its key, and its arrival is another one in the outbox than in the stream, should it be in both.
    """
    arrivals: dict[UUID, datetime] = {}
    for row in rows:
        if row.clamped:
            arrivals.setdefault(row.id, row.at)
    if not arrivals:
        return rows
    ids = sorted(arrivals)  # so that two workers with the same ones don't wait for each other
    kept = await connection.fetch(
        """
        insert into clamped_clicks (id, at) select id, at from unnest($1::uuid[], $2::timestamptz[]) as arrived (id, at)
        on conflict (id) do update set at = clamped_clicks.at returning id, at
        """,
        ids,
        [arrivals[identifier] for identifier in ids],
    )
    times = {row["id"]: row["at"] for row in kept}
    return [row._replace(at=times[row.id]) if row.clamped else row for row in rows]


async def bury(connection: asyncpg.Connection, payload: bytes, error: str, *, appended: datetime) -> None:
    """Keep what can't be stored as a click, for a person to look at. Runs in the caller's transaction.

    Its date is that of the click's arrival: a replay has to come to the same row as the first delivery would have.
    """
    await connection.execute(
        "insert into dead_letters (created_at, payload, error) values ($1, $2, $3)", appended, payload, error
    )


async def replay(connection: asyncpg.Connection) -> int:
    """Have all dead letters that were not yet replayed stored again; return how many they are.

    They go through the outbox: in one transaction, and with the time of their arrival.
    """
    count: int = await connection.fetchval(
        """
        with replayed as (
            update dead_letters set replayed_at = now() where replayed_at is null returning id, created_at, payload
        ), spilled as (
            insert into outbox (created_at, payload) select created_at, payload from replayed order by id
        )
        select count(*) from replayed
        """
    )
    return count


async def take_outbox(connection: asyncpg.Connection, *, limit: int, size: int) -> list[asyncpg.Record]:
    """Remove the oldest (id, created_at, payload) from the outbox, as part of the caller's transaction.

    `limit` many, and fewer once they exceed `size` bytes together.
    """
    rows = await connection.fetch(
        """
        with oldest as (
            select id, octet_length(payload) as size from outbox order by id limit $1 for update skip locked
        ), chosen as (
            select id, sum(size) over (order by id) - size as before from oldest
        )
        delete from outbox using chosen where outbox.id = chosen.id and chosen.before < $2
        returning outbox.id, created_at, payload
        """,
        limit,
        size,
    )
    return sorted(rows, key=lambda row: int(row["id"]))


@dataclass(frozen=True)
class Waiting:
    """What is on its way into the table, and what did not make it. An entry and a spilled payload hold one click or many."""

    entries: int
    spilled: int
    dead_letters: int
    oldest_seconds: float
    """Age of the oldest of those entries and payloads; 0 when none waits."""


async def waiting(connection: asyncpg.Connection, now: datetime) -> Waiting:
    """Look at the streams and the outbox. Raises RedisError when Redis does not answer."""
    entries = 0
    since: list[datetime] = []
    for name in shards.streams():

        async def look(client: redis.Redis, name: str = name) -> tuple[int, Any]:
            return await client.xlen(name), await client.xrange(name, count=1)

        # What is stored is deleted, so whatever is there waits.
        length, first = await redis.call(look, name)
        entries += length
        since += [appended(identifier) for identifier, _ in first]
    row = await connection.fetchrow(
        """
        select (select count(*) from outbox) as spilled, (select min(created_at) from outbox) as since,
            (select count(*) from dead_letters where replayed_at is null) as dead_letters
        """
    )
    since += [row["since"]] if row["since"] else []
    return Waiting(
        entries=entries,
        spilled=row["spilled"],
        dead_letters=row["dead_letters"],
        oldest_seconds=max(0.0, (now - min(since)).total_seconds()) if since else 0.0,
    )


def appended(identifier: bytes) -> datetime:
    """Return when an entry of the stream was made, by its id."""
    return datetime.fromtimestamp(int(identifier.partition(b"-")[0]) / 1000, UTC)


async def salt(connection: asyncpg.Connection, day: date) -> bytes:
    """Return the secret that makes visitor ids of one day; nobody can make them again once it is discarded."""
    kept: bytes = await connection.fetchval(
        """
        insert into visitor_salts (day, salt) values ($1, $2)
        on conflict (day) do update set salt = visitor_salts.salt returning salt
        """,
        day,
        os.urandom(32),
    )
    return kept


async def tend(connection: asyncpg.Connection, now: datetime) -> None:
    """Do the housekeeping that time asks for: partitions ahead, salts and once-only keys that are past use."""
    await connection.execute(
        "select ensure_clicks_partition(($1::date + make_interval(months => n))::date) from generate_series(0, 2) n",
        now.date(),
    )
    await connection.execute("delete from visitor_salts where day < $1::date - 2", now.date())
    await connection.execute("delete from clamped_clicks where at < $1::timestamptz - interval '7 days'", now)
    await connection.execute("delete from captured_clicks where created_at < $1::timestamptz - interval '7 days'", now)
    await connection.execute("delete from idempotency_keys where created_at < $1::timestamptz - interval '1 day'", now)
