"""Ingestion: from the streams and the outbox into rows and roll-ups, exactly once.

A batch is one transaction, acknowledged after it has committed. Killed anywhere, its entries stay pending and are delivered
again; a row's key and the counting of inserted rows only make that harmless. While PostgreSQL stores a batch, the next one
is read and enriched.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple, TypeVar

import asyncpg

from ginnel import (
    clicks,
    ingestion,
    metrics,
    nowhere,
    observe,
    places,
    postgres,
    recounting,
    redis,
    retention,
    rollups,
    sweeps,
    traces,
)
from ginnel.clicks import Click
from ginnel.ingestion import Row
from ginnel.workspaces import emptying

from . import enrich, poison, referrers, shard, stream
from .shard import Entry
from .stream import Stream

T = TypeVar("T")

_SPILLED = 500
_SPILLED_BYTES = 2_000_000
_HOUR = 3600.0
_TIMEOUT = 30.0
_FEW = 500
_DOMAINS = 10_000
"""Domains whose names are remembered."""
_LINGER = 0.05
"""Seconds that a batch of few clicks is waited after, for more to share the next."""


@dataclass(frozen=True)
class Settings:
    consumer: str = "ingestion"
    """This worker's name in the consumer group: its own, and the same again after a restart."""
    drain_seconds: float = 0.0
    """How long a scheduled run waits for further clicks; 0 ends it when everything is stored."""


class _Line(NamedTuple):
    """A packed click, and when the store that held it took it."""

    packed: bytes
    appended: datetime


class _Batch(NamedTuple):
    entries: list[Entry]
    rows: list[tuple[Row, _Line]]
    unreadable: list[_Line]


class Drain:
    """One consumer of the streams. Holds one connection to PostgreSQL."""

    def __init__(self, wanted: Settings) -> None:
        self._places = places.known()
        self._stream = Stream(wanted.consumer)
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()
        self._salts: dict[date, bytes] = {}
        self._own: dict[int, frozenset[str]] = {}
        self._tended = -math.inf
        self._outbox_due = -math.inf
        self._report = _Report()

    async def run(self, seconds: float) -> int:
        """Store what comes until `seconds` are over, or for 0, until nothing waits; return how many clicks were new."""
        try:
            return await self._run(time.monotonic() + seconds, until_empty=not seconds)
        except BaseException:
            self._stream.again()  # whatever was taken and not stored comes first the next time
            raise

    async def waiting(self) -> ingestion.Waiting:
        """Look at what is not stored yet. Raises RedisError, or what a connection raises, if either store can't tell."""
        return await self._connected(lambda connection: ingestion.waiting(connection, datetime.now(UTC)))

    async def _run(self, end: float, *, until_empty: bool) -> int:
        self._outbox_due = -math.inf
        stored = 0
        few = False
        batch: _Batch | None = None
        while True:
            spilled, new = await self._tend()
            stored += new
            over = time.monotonic() >= end
            if batch is None:
                if few and not over and not until_empty:
                    # A transaction for each of a trickle's clicks would cost ten times what a shared one does.
                    await asyncio.sleep(_LINGER)
                batch = await self._take(wait=0 if spilled or over else min(1.0, end - time.monotonic()))
            waited = spilled or batch
            few = batch is not None and len(batch.rows) < _FEW
            if batch:
                batch, new = await self._step(batch, ahead=until_empty or not over)
                stored += new
            if over and batch is None and not (waited and until_empty):
                return stored

    async def _step(self, batch: _Batch, *, ahead: bool) -> tuple[_Batch | None, int]:
        """Store a batch, and take the next one meanwhile if wanted."""
        taking = asyncio.create_task(self._take(wait=0)) if ahead else None
        try:
            new = await self._store(batch)
            return await taking if taking else None, new
        except BaseException:
            if taking:
                taking.cancel()
                await asyncio.gather(taking, return_exceptions=True)
            raise

    async def _take(self, *, wait: float) -> _Batch | None:
        entries = await self._stream.take(wait=wait)
        if not entries:
            return None
        if entries[0].deliveries >= stream.LIMIT:
            return _Batch(entries, [], [])  # not touched before that is written down
        return (await self._enrich(_lines(entries)))._replace(entries=entries)

    async def _store(self, batch: _Batch) -> int:
        entries = batch.entries
        if entries[0].deliveries >= stream.LIMIT:
            new = await poison.isolate(
                f"{entries[0].stream}:tried:{entries[0].id.decode()}",
                _lines(entries),
                store=self._store_lines,
                bury=self._bury_line,
            )
        else:
            new = await self._connected(lambda connection: _write(connection, batch))
        await self._stream.done(entries)
        self._report.add(new, since=min(entry.appended for entry in entries))
        return new

    async def _store_lines(self, lines: Sequence[_Line]) -> int:
        batch = await self._enrich(lines)
        return await self._connected(lambda connection: _write(connection, batch))

    async def _bury_line(self, line: _Line, reason: str) -> None:
        await self._connected(lambda connection: _bury(connection, line, reason))

    async def _tend(self) -> tuple[int, int]:
        """See to what is soon enough once a second (the outbox, purges, orphans, deleted workspaces), and to what has its hour.

        Returns how many clicks had spilled, and how many of them were new.
        """
        now = time.monotonic()
        if now - self._tended > _HOUR:
            await self._connected(_tend)
            self._salts.clear()  # with those that are discarded now
            self._tended = now
        if now < self._outbox_due:
            return 0, 0
        try:
            spilled, new = await self._connected(self._drain_outbox)
        except BaseException:
            self._salts.clear()  # those that the transaction made are gone with it
            raise
        if not spilled:
            self._outbox_due = now + 1.0
        with suppress(redis.RedisError):  # they stay there until it is back
            await self._connected(sweeps.purge_again)
            await self._connected(nowhere.store)
        await self._connected(lambda connection: emptying.step(connection, datetime.now(UTC)))
        return spilled, new

    async def _drain_outbox(self, connection: asyncpg.Connection) -> tuple[int, int]:
        async with connection.transaction():
            spilled = await ingestion.take_outbox(connection, limit=_SPILLED, size=_SPILLED_BYTES)
            if not spilled:
                return 0, 0
            key = f"{clicks.STREAM}:tried:outbox:{spilled[0]['id']}"
            if await poison.tried(key) >= stream.LIMIT:
                # Something among them fails again and again: the stream has the means to find it.
                for row in spilled:
                    await shard.put_back(row["payload"], row["created_at"])
                new = 0
            else:
                lines = [_Line(line, row["created_at"]) for row in spilled for line in row["payload"].split(b"\n")]
                try:
                    new = await _write(connection, await self._enrich(lines, connection))
                except poison.NOT_THEIRS:
                    await poison.forget(key)
                    raise
        await poison.forget(key)
        self._report.add(new, since=spilled[0]["created_at"])
        return len(spilled), new

    async def _enrich(self, lines: Iterable[_Line], connection: asyncpg.Connection | None = None) -> _Batch:
        """Make rows. Salts that are not known yet are read, or made, on the given connection or in their own turn."""
        parsed: list[tuple[Click, _Line]] = []
        unreadable: list[_Line] = []
        for line in lines:
            try:
                parsed.append((Click.unpack(line.packed), line))
            except ValueError:
                unreadable.append(line)
        days = {enrich.when(click, line.appended)[0].date() for click, line in parsed}
        domains = {click.domain for click, _ in parsed}
        if days - self._salts.keys() or domains - self._own.keys():

            async def learn(connection: asyncpg.Connection) -> None:
                await self._learn(connection, days, domains)

            await (learn(connection) if connection else self._connected(learn))
        rows = [
            (enrich.row(click, appended=line.appended, places=self._places, salts=self._salts, own=self._own), line)
            for click, line in parsed
        ]
        return _Batch([], rows, unreadable)

    async def _learn(self, connection: asyncpg.Connection, days: set[date], domains: set[int]) -> None:
        """Have ready what clicks of these days, on these domains, are enriched with. Others are forgotten beyond a bound."""
        for day in sorted(self._salts)[:-8]:
            del self._salts[day]
        # In order, so that two workers that make the same ones don't wait for each other.
        for day in sorted(days - self._salts.keys()):
            self._salts[day] = await ingestion.salt(connection, day)
        if len(self._own) > _DOMAINS:
            self._own.clear()
        unknown = sorted(domains - self._own.keys())
        hosts = await ingestion.hosts(connection, unknown) if unknown else {}
        for domain in unknown:
            self._own[domain] = frozenset(map(referrers.plain, hosts[domain]))

    async def _connected(self, operation: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Run an operation that may be repeated: it is, if the connection that was kept turns out to be dead."""
        async with self._turn:
            kept = self._connection
            if kept is not None and not kept.is_closed():
                try:
                    return await operation(kept)
                except postgres.lost():
                    # It was cut while the process was frozen, or the server restarted.
                    observe.count("postgres_lost")
                    kept.terminate()
            self._connection = await postgres.connect(command_timeout=_TIMEOUT)
            try:
                return await operation(self._connection)
            except postgres.lost():
                self._connection.terminate()
                raise

    async def close(self) -> None:
        self._stream.stop()
        if self._connection is not None:
            await self._connection.close()


class _Report:
    """What was stored, logged once a second at most."""

    def __init__(self) -> None:
        self._clicks = 0
        self._lag = 0.0
        self._logged = -math.inf

    def add(self, new: int, *, since: datetime) -> None:
        self._clicks += new
        lag = (datetime.now(UTC) - since).total_seconds()
        self._lag = max(self._lag, lag)
        metrics.ingested.update(clicks=new, batches=1, lag=round(1000 * lag))
        if self._clicks and time.monotonic() - self._logged >= 1:
            observe.log.info("clicks_stored", clicks=self._clicks, lag_ms=round(1000 * self._lag))
            self._clicks, self._lag, self._logged = 0, 0.0, time.monotonic()


async def _tend(connection: asyncpg.Connection) -> None:
    # By the clock of the rows, whatever this host's says: what is past use is deleted.
    now = await connection.fetchval("select now()")
    await ingestion.tend(connection, now)
    await rollups.promote(connection)
    await recounting.even_out(connection)
    await retention.expire(connection, now)


def _lines(entries: Iterable[Entry]) -> list[_Line]:
    return [_Line(line, entry.appended) for entry in entries for line in entry.lines]


async def _write(connection: asyncpg.Connection, batch: _Batch) -> int:
    """Store a batch, all of it or nothing; what can't be stored becomes a dead letter."""
    with traces.span("ingest", traces.CONSUMER) as span:
        new = await _written(connection, batch)
        if span.kept:
            lines = [*(line for _, line in batch.rows), *batch.unreadable]
            lag = datetime.now(UTC) - min(line.appended for line in lines)
            counted = {"ginnel.clicks.new": new, "ginnel.clicks.unreadable": len(batch.unreadable)}
            lag_ms = lag // timedelta(milliseconds=1)
            span.tell({"messaging.batch.message_count": len(lines), "ginnel.lag_ms": lag_ms, **counted})
    return new


async def _written(connection: asyncpg.Connection, batch: _Batch) -> int:
    if not batch.unreadable:
        with suppress(*poison.REFUSED):
            return await ingestion.store(connection, [row for row, _ in batch.rows])
    async with connection.transaction():
        for line in batch.unreadable:
            await _bury(connection, line, "unreadable")
        return await _insert(connection, batch.rows)


async def _insert(connection: asyncpg.Connection, rows: Sequence[tuple[Row, _Line]]) -> int:
    """Insert rows; halve a batch that PostgreSQL refuses until the row that is at fault stands alone."""
    if not rows:
        return 0
    try:
        return await ingestion.store(connection, [row for row, _ in rows])
    except poison.REFUSED as error:
        if len(rows) == 1:
            observe.log.warning("click_buried", error=type(error).__name__)
            await _bury(connection, rows[0][1], type(error).__name__)
            return 0
        middle = len(rows) // 2
        return await _insert(connection, rows[:middle]) + await _insert(connection, rows[middle:])


async def _bury(connection: asyncpg.Connection, line: _Line, reason: str) -> None:
    metrics.ingested["buried"] += 1
    await ingestion.bury(connection, _without_address(line.packed), reason, appended=line.appended)


def _without_address(packed: bytes) -> bytes:
    return b"\t".join(b"" if _is_address(part) else part for part in packed.split(b"\t"))


def _is_address(part: bytes) -> bool:
    try:
        ip_address(part.decode("ascii"))
    except ValueError:
        return False
    return True
