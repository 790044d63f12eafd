"""Ingestion: from the stream and the outbox into rows and roll-ups, exactly once.

A batch is one transaction, acknowledged after it has committed. Killed anywhere, its entries stay pending and are delivered
again; a row's key and the counting of inserted rows only make that harmless.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import asyncpg

from ginnel import clicks, observe, postgres, redis
from ginnel.clicks import FIELD, GROUP, STREAM, Click, Row

from . import enrich
from .places import Places, default_database

_ENTRIES = 200
"""Stream entries a batch, each up to a thousand clicks."""
_CLICKS = 10_000
_ABANDONED = 30.0
"""Seconds after which an entry that another consumer took, and never acknowledged, is taken over."""
_EVERY = 5.0
_TIMEOUT = 30.0

Entry = tuple[bytes, dict[bytes, bytes] | None]
"""A stream entry: its id, and its fields unless it was deleted meanwhile."""


@dataclass(frozen=True)
class Settings:
    geoip_db: str | None = None
    """A City database in MaxMind's format; left out, the layer's or the one that came with the installation."""
    consumer: str = "ingestion"
    """This worker's name in the consumer group: its own, and the same again after a restart."""
    drain_seconds: float = 0.0
    """How long a scheduled run waits for further clicks; 0 ends it when everything is stored."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A packed click, and when the store that held it took it."""

    packed: bytes
    appended: datetime


class Drain:
    """One consumer of the stream. Holds one connection to each store."""

    def __init__(self, wanted: Settings) -> None:
        path = Path(wanted.geoip_db) if wanted.geoip_db else default_database()
        self._places = Places(path) if path else None
        self._consumer = wanted.consumer
        self._connection: asyncpg.Connection | None = None
        self._salts: dict[date, bytes] = {}
        # What this consumer took before it last died is read again first.
        self._own_pending = True
        self._looked = -math.inf
        self._tended = -math.inf

    async def run(self, seconds: float) -> int:
        """Store what there is, and go on waiting for more until `seconds` are over; return how many clicks were new."""
        end = time.monotonic() + seconds
        stored = 0
        while True:
            taken, new = await self._batch(wait=max(0.0, min(1.0, end - time.monotonic())))
            stored += new
            if not taken and time.monotonic() >= end:
                return stored

    async def _batch(self, *, wait: float) -> tuple[int, int]:
        """Store one batch of each source; return how many clicks were taken, and how many of them were new."""
        kept = self._connection is not None and not self._connection.is_closed()
        try:
            return await self._attempt(wait=wait)
        except postgres.LOST:
            if not kept:
                raise
            # The connection was cut while the process was frozen, or the server restarted: doing it again is harmless.
            observe.count("postgres_lost")
            return await self._attempt(wait=wait)

    async def _attempt(self, *, wait: float) -> tuple[int, int]:
        connection = await self._connected()
        try:
            looked = await self._look(connection)
            entries = await self._entries(wait=0 if looked[0] else wait)
            taken, new = await self._store_entries(connection, entries)
        except BaseException as error:
            self._salts.clear()  # those that the transaction made are gone with it
            self._own_pending = True  # what was taken and not stored comes first the next time
            if isinstance(error, postgres.LOST):
                connection.terminate()
            raise
        return looked[0] + taken, looked[1] + new

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await postgres.connect(command_timeout=_TIMEOUT)
        return self._connection

    async def _look(self, connection: asyncpg.Connection) -> tuple[int, int]:
        """See to the outbox (once a second is soon enough) and to what time asks for."""
        now = time.monotonic()
        if now - self._tended > 3600:  # noqa: PLR2004  # an hour
            await clicks.tend(connection, datetime.now(UTC))
            self._tended = now
        await self._prepare_salts(connection, {datetime.now(UTC).date()})
        async with connection.transaction():
            packed = await clicks.take_outbox(connection, 50)
            lines = [_Line(line, created) for created, payload in packed for line in payload.split(b"\n")]
            return len(lines), await self._store(connection, lines)

    async def _entries(self, *, wait: float) -> list[Entry]:
        """Take entries: our own unacknowledged ones, then abandoned ones, then new ones."""
        client = redis.patient()
        try:
            if self._own_pending:
                entries = _of_stream(await client.xreadgroup(GROUP, self._consumer, {STREAM: "0"}, count=_ENTRIES))
                self._own_pending = bool(entries)
                if entries:
                    return entries
            if time.monotonic() - self._looked > _EVERY:
                self._looked = time.monotonic()
                claimed = await client.xautoclaim(
                    STREAM, GROUP, self._consumer, min_idle_time=int(_ABANDONED * 1000), count=_ENTRIES
                )
                if claimed[1]:
                    self._looked = -math.inf  # there may be more
                    return cast("list[Entry]", claimed[1])
            block = max(1, int(wait * 1000)) if wait else None
            return _of_stream(
                await client.xreadgroup(GROUP, self._consumer, {STREAM: ">"}, count=_ENTRIES, block=block)
            )
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            await self._make_group()
            return await self._entries(wait=wait)
        except (redis.RedisError, OSError):
            # The outbox is drained all the same; don't spin while Redis is away.
            observe.count("redis_error")
            await asyncio.sleep(wait)
            return []

    async def _make_group(self) -> None:
        try:
            await redis.patient().xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _store_entries(self, connection: asyncpg.Connection, entries: Sequence[Entry]) -> tuple[int, int]:
        if not entries:
            return 0, 0
        lines = [
            _Line(line, datetime.fromtimestamp(int(identifier.split(b"-")[0]) / 1000, UTC))
            for identifier, fields in entries
            for line in (fields or {}).get(FIELD, b"").split(b"\n")
            if line
        ]
        new = 0
        async with connection.transaction():
            for start in range(0, len(lines), _CLICKS):
                new += await self._store(connection, lines[start : start + _CLICKS])
        identifiers = [identifier for identifier, _ in entries]
        async with redis.patient().pipeline(transaction=False) as pipe:
            pipe.xack(STREAM, GROUP, *identifiers)
            pipe.xdel(STREAM, *identifiers)
            await pipe.execute()
        return len(lines), new

    async def _store(self, connection: asyncpg.Connection, lines: Sequence[_Line]) -> int:
        """Store lines in the running transaction; what is no click becomes a dead letter."""
        rows: list[tuple[Row, _Line]] = []
        parsed: list[tuple[Click, _Line]] = []
        for line in lines:
            try:
                parsed.append((Click.unpack(line.packed), line))
            except ValueError as error:
                await clicks.bury(connection, _without_address(line.packed), f"unreadable: {error}"[:200])
        days = {enrich.when(click, line.appended)[0].date() for click, line in parsed}
        await self._prepare_salts(connection, days)
        for click, line in parsed:
            made = enrich.row(click, appended=line.appended, places=self._places, salts=self._salts)
            rows.append((made, line))
        return await self._insert(connection, rows)

    async def _insert(self, connection: asyncpg.Connection, rows: Sequence[tuple[Row, _Line]]) -> int:
        """Insert rows; halve a batch that PostgreSQL refuses until the row that is at fault stands alone."""
        if not rows:
            return 0
        try:
            async with connection.transaction():
                return await clicks.store(connection, [row for row, _ in rows])
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if len(rows) == 1:
                observe.log.warning("click_refused", error=type(error).__name__)
                await clicks.bury(connection, _without_address(rows[0][1].packed), type(error).__name__)
                return 0
            middle = len(rows) // 2
            return await self._insert(connection, rows[:middle]) + await self._insert(connection, rows[middle:])

    async def _prepare_salts(self, connection: asyncpg.Connection, days: set[date]) -> None:
        for day in sorted(self._salts.keys() - days)[:-8]:
            del self._salts[day]
        # In order, so that two workers that make the same ones don't wait for each other.
        for day in sorted(days - self._salts.keys()):
            self._salts[day] = await clicks.salt(connection, day)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


def _of_stream(reply: Any) -> list[Entry]:  # noqa: ANN401  # redis-py types every shape a reply may have
    return list(reply[0][1]) if reply else []


def _without_address(packed: bytes) -> bytes:
    return b"\t".join(b"" if _is_address(part) else part for part in packed.split(b"\t"))


def _is_address(part: bytes) -> bool:
    try:
        ip_address(part.decode("ascii"))
    except ValueError:
        return False
    return True
