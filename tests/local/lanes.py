"""Both lanes side by side: the same bytes through uvicorn's own protocol and through ours, on a wire in memory."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ginnel import clicks
from ginnel.clicks import Click

PEER = ("203.0.113.9", 4711)
_DATE = b"Tue, 15 Nov 1994 08:12:31 GMT"


class Wire(asyncio.Transport):
    """A transport in memory that is as strict as uvloop's: it raises when it is written to after its end."""

    def __init__(self, *, room: int | None = None) -> None:
        super().__init__()
        self.sent = bytearray()
        self.protocol: Any = None
        self.closing = self.lost = self.paused = False
        self._room = room
        self._inbox: deque[bytes] = deque()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": PEER, "sockname": ("127.0.0.1", 80)}.get(name, default)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            asyncio.get_running_loop().call_soon(self.lose, None)

    def abort(self) -> None:
        self.sent.clear()
        self.closing = True
        asyncio.get_running_loop().call_soon(self.lose, None)

    def get_write_buffer_size(self) -> int:
        return len(self.sent) if self._room is not None else 0

    def lose(self, error: Exception | None) -> None:
        """End the connection: the peer closed it (None) or it was cut."""
        if not self.lost:
            self.closing = self.lost = True
            self.protocol.connection_lost(error)

    def write(self, data: Any) -> None:
        if self.lost:
            raise RuntimeError("the handler is closed")
        if self.closing:
            return
        full = self._full
        self.sent += data
        if self._full and not full:
            self.protocol.pause_writing()

    @property
    def _full(self) -> bool:
        return self._room is not None and len(self.sent) > self._room

    def drain(self) -> bytes:
        """Read all there is, as a peer who reads again."""
        full, data = self._full, bytes(self.sent)
        self.sent.clear()
        if full and not self.lost:
            self.protocol.resume_writing()
        return data

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False
        asyncio.get_running_loop().call_soon(self._pump)

    def feed(self, chunk: bytes) -> None:
        self._inbox.append(chunk)
        self._pump()

    def _pump(self) -> None:
        while self._inbox and not self.paused and not self.closing:
            self.protocol.data_received(self._inbox.popleft())

    @property
    def unread(self) -> bool:
        return bool(self._inbox) and not self.closing


class Recorder:
    """Stands in for the stream: keeps the lines, and makes those who wait do so for at least one turn of the loop."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.held: asyncio.Event | None = None
        self.error: Exception | None = None

    def append(self, payload: bytes, done: clicks.Done) -> None:
        clicks._in_a_task(self._append(payload), done)

    async def _append(self, payload: bytes) -> None:
        await (self.held.wait() if self.held else asyncio.sleep(0))
        if self.error:
            raise self.error
        self.lines += payload.split(b"\n")

    def taken(self) -> list[tuple[Any, ...]]:
        """Hand over what was recorded, without the two fields that differ each time."""
        lines, self.lines = self.lines, []
        found = map(Click.unpack, lines)
        return [
            (
                c.link,
                c.workspace,
                c.domain,
                c.address,
                c.user_agent,
                c.referrer,
                c.language,
                c.query,
                c.private,
                c.dated,
                c.prefetched,
            )
            for c in found
        ]


@cache
def config() -> uvicorn.Config:
    from local.host import app  # noqa: PLC0415  # not before the environment is made

    made = uvicorn.Config(
        app, ws="none", lifespan="off", access_log=False, log_config=None, server_header=False, proxy_headers=False
    )
    made.load()
    return made


class Connection:
    """One connection to a host of the lane's kind."""

    def __init__(
        self, lane: type[HttpToolsProtocol], *, room: int | None = None, configured: uvicorn.Config | None = None
    ) -> None:
        self.state = ServerState()
        self.state.default_headers = [(b"date", _DATE)]
        self.wire = Wire(room=room)
        self.protocol = lane(configured or config(), self.state, {}, asyncio.get_running_loop())
        self.wire.protocol = self.protocol
        self.protocol.connection_made(self.wire)

    async def quiet(self) -> None:
        """Wait until everything that was sent is dealt with."""
        await until(lambda: not (self.state.tasks or clicks._writer._busy or self.wire.unread), pause=0)

    async def end(self) -> None:
        await self.quiet()
        self.wire.lose(None)
        await self.quiet()


@dataclass(frozen=True)
class Outcome:
    answers: bytes
    closed: bool
    paused: bool
    clicks: list[tuple[Any, ...]]


async def exchange(
    lane: type[HttpToolsProtocol], recorder: Recorder, chunks: Iterable[bytes], *, step: bool = False
) -> Outcome:
    """Send chunks, one after the other has been dealt with (`step`) or all at once; tell what became of them."""
    connection = Connection(lane)
    for chunk in chunks:
        connection.wire.feed(chunk)
        if step:
            await connection.quiet()
    await connection.quiet()
    outcome = Outcome(
        normal(bytes(connection.wire.sent)), connection.wire.closing, connection.wire.paused, recorder.taken()
    )
    await connection.end()
    assert recorder.taken() == []
    return outcome


_ID = re.compile(rb"x-request-id: ([0-9a-f]{16})\r\n")
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Z]")
_LIMIT_LINE = re.compile(rb'^ratelimit: ("\w+");[^\r]+\r$', re.MULTILINE)
_DATE_LINE = re.compile(rb"^date: [^\r]+\r$", re.MULTILINE)


def normal(answers: bytes) -> bytes:
    """Blank the values of date and x-request-id, and how many calls are left; an id stands in a problem's body too."""
    for identifier in _ID.findall(answers):
        answers = answers.replace(identifier, b"-" * 16)
    return _DATE_LINE.sub(b"date: -\r", _LIMIT_LINE.sub(rb"ratelimit: \1\r", answers))


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in _STATUS.findall(answers)]


async def until(reached: Callable[[], bool], *, pause: float = 0.01) -> None:
    async with asyncio.timeout(20):
        while not reached():  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(pause)
