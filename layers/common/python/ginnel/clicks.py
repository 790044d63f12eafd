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
from collections.abc import Callable, Coroutine, Mapping
from functools import cache, partial
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

from ginnel import observe, postgres, redis, shards
from ginnel.errors import Unavailable
from ginnel.redirects import Record, Visit

if TYPE_CHECKING:
    import asyncpg

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
    recognised (DNT, GPC). `dated` says that `at` is a caller's word, not this host's clock. `served` is the name of the rule
    or the variant that led on; the line of a click that none did goes without. `prefetched` says that nobody has asked for it
    yet, which stands in the line where others say whether they are dated: the release before reads it as not.
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
    served: str = ""
    prefetched: bool = False

    @classmethod
    def unpack(cls, line: bytes) -> Click:
        """Read a line. Raises ValueError if it isn't one."""
        (
            identifier, at, link, workspace, domain, address, user_agent, referrer, language, query, private, dated, *rest,
        ) = line.decode("utf-8", "replace").split("\t")  # fmt: skip
        if len(rest) > 1:
            raise ValueError("of a later release")
        numbers = (int(link), int(workspace), int(domain))
        if not (min(numbers) >= 0 and max(numbers) < _BIGINT):
            raise ValueError("no such link")
        return cls(
            _uuid()(identifier), int(at), *numbers, address, user_agent, referrer, language, query,
            private == "1", dated == "1", rest[0] if rest else "", dated == _AHEAD,
        )  # fmt: skip


@cache
def _uuid() -> type[UUID]:
    """Return asyncpg's own UUID: a uuid.UUID that is read in C. Whoever only writes clicks starts without asyncpg."""
    from asyncpg.pgproto import pgproto  # noqa: PLC0415  # as above

    kind: type[UUID] = pgproto.UUID
    return kind


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
_AHEAD = "2"


def led(link: int, workspace: int, domain: int) -> bytes:
    """Make the part of a line that is the same for every click of a link."""
    return b"%d\t%d\t%d" % (link, workspace, domain)


def said(  # noqa: PLR0913  # the fields of a request, each by name
    *, user_agent: bytes, referrer: bytes, language: bytes, query: bytes, private: bool, dated: int = False
) -> bytes:
    """Make the part of a line that a request says of itself. `dated` is 2 for what was prefetched."""
    return b"%b\t%b\t%b\t%b\t%d\t%d" % (
        user_agent[:512].translate(None, _CONTROL), referrer[:1024].translate(None, _CONTROL),
        language[:128].translate(None, _CONTROL), query[:1024].translate(None, _CONTROL), private, dated,
    )  # fmt: skip


def said_in(headers: Mapping[bytes, bytes], query: bytes) -> bytes:
    """Make that part of a visit's line. `headers` by lower-case name; of a repeated one, the first."""
    # Said by a browser, or an app, that fetches a page before anybody has asked for it. The first is in
    # https://wicg.github.io/nav-speculation/prefetch.html, the others are older.
    ahead = headers.get(b"sec-purpose") or headers.get(b"purpose") or headers.get(b"x-purpose") or headers.get(b"x-moz")
    return said(
        user_agent=headers.get(b"user-agent", b""),
        referrer=headers.get(b"referer", b""),
        language=headers.get(b"accept-language", b""),
        query=query,
        private=headers.get(b"dnt") == b"1" or headers.get(b"sec-gpc") == b"1",
        dated=2 if ahead and ahead.lower().startswith((b"prefetch", b"prerender", b"preview")) else 0,
    )


def now(led: bytes, address: bytes, said: bytes) -> bytes:
    """Make the line of a click that happens now."""
    return _LINE % (new_id(), milliseconds(), led, address, said)


def visit(record: Record, headers: Mapping[bytes, bytes], *, address: bytes, query: bytes, served: str = "") -> bytes:
    """Make the line of a visit that happens now. `headers` by lower-case name; of a repeated one, the first."""
    line = now(led(record.link, record.workspace, record.domain), address, said_in(headers, query))
    return b"%b\t%b" % (line, served.encode()) if served else line


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


_looks = count()


def drawn() -> int:
    """Return how many ids this process has drawn: how many visits it had. That costs visits nothing; looking draws one."""
    return next(_numbers) - next(_looks)


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
