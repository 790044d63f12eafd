"""The fast lane: a visit to a link that is in memory is answered without a task, a scope or a framework.

uvicorn's own parser reads every request, so both lanes agree on what a request is. One that is a GET of a remembered link
which leads somewhere is taken here when its headers are complete; any other goes on to the app, untouched. Visitors send the
same headers over and over, down to the byte: a request whose first line and whose headers were both read before is not read
again. A test sends the same bytes both ways and compares the answers and the clicks.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ginnel import clicks, settings, visits, web
from ginnel.errors import Unavailable
from local import plain
from local.plain import Block, Lead
from redirect.app import refusal

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application, HTTPScope

# Headers of a request that is more than a visit.
_UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
_AHEAD = 16
"""Requests that may wait for the answers before theirs and more still be read."""

# uvicorn's parser keeps what comes of a request for as long as it comes.
_PIECE = 4096
"""Bytes that are read in one go: of the smallest requests, sent ahead, a megabyte would become a hundred."""
_HEAD, _FIELDS = 65_536, 100
"""Bytes, and header fields, after which the end of a request's head is not waited for, beyond the piece in which it begins."""
_WHOLE = 2 * web.MAX_BODY
"""The same for a request with its body; the app refuses longer bodies than half of it."""
_SECONDS = 60.0
"""How long a request may take to come, and a visitor to read on when answers pile up."""


class FastLane(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base
        super().connection_made(transport)
        self.flow = _Flow(self)
        # The same for every request, unless a proxy tells of its visitors.
        self._peer: bytes | None = None if settings.read(visits.Proxies).trusted_proxies else self._address([])
        self._quiet_since: float | None = None
        """Since when it is the visitor's turn to say something."""
        self._wait()
        self._stuck: asyncio.TimerHandle | None = None
        self._fast = _Cycle(self)
        self._at_start = True
        """Whether the parser has read whole requests only, and takes another."""
        self._partial = False
        self._room = 0
        self.later = b""
        """What came and is not read before those that came with it are answered."""
        self._running: RequestResponseCycle | None = None
        self._begun = 0
        self._took: tuple[Lead, Block] | None = None

    def data_received(self, data: bytes) -> None:
        # Behind a proxy no two visitors send the same.
        may_be_known = self._at_start and self._peer is not None
        line, _, rest = data.partition(b"\r\n")
        if may_be_known and getattr(self.cycle, "response_complete", True):
            known = plain.find(line, rest)
            if known is not None and self._take(*known, cast("bytes", self._peer)):
                self._quiet_since = None
                return
        self._read(data)
        took, begun = self._took, self._begun
        self._took, self._begun = None, 0
        if took and may_be_known and begun == 1 and self._at_start:
            plain.learn(line, rest, self.url, *took)

    def _read(self, data: bytes) -> None:
        """Read data piece by piece, for as long as not too many requests wait."""
        for start in range(0, len(data), _PIECE):
            if start and self.transport.is_closing():
                return
            if len(self.pipeline) > _AHEAD:
                self.later = data[start:]
                break
            piece = data[start : start + _PIECE]
            self._room -= len(piece)
            if self._partial and (self._room < 0 or len(self.headers) > _FIELDS):
                self.send_400_response("Request too long.")
            else:
                super().data_received(piece)
        if self._partial and self._quiet_since is None:
            self._wait()

    def on_message_begin(self) -> None:
        self._begun += 1
        self._quiet_since = None
        self._at_start = False
        self._partial = True
        self._room = _HEAD
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        self._room = _WHOLE
        if self._answer():
            return
        self._took = None
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # makes the scope, which the fast lane does without
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._partial = False
        self._quiet_since = self.loop.time() if self.cycle.response_complete else None
        self._at_start = self.parser.should_keep_alive() and not self.parser.should_upgrade()

    def _answer(self) -> bool:
        """Answer the request that was just read, if it is a visit to a link in memory."""
        parser = self.parser
        if (
            not getattr(self.cycle, "response_complete", True)  # None before the first request
            or parser.get_method() != b"GET"
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
        ):
            return False
        headers = dict(reversed(self.headers))  # of repeated ones the first counts, as in the app
        if not _UNUSUAL.isdisjoint(headers):
            return False
        lead = plain.read(headers.get(b"host", b""), self.url)
        if lead is None:
            return False
        block = Block(self.headers, headers, lead.query)
        self._took = lead, block
        return self._take(lead, block, self._address(self.headers) if self._peer is None else self._peer)

    def _take(self, lead: Lead, block: Block, address: bytes) -> bool:
        """Answer as soon as the click is written down; say whether that is on its way."""
        if self.flow.write_paused:
            return False
        cycle = self._fast
        if not cycle.response_complete:  # nobody will tell it any more
            cycle = self._fast = _Cycle(self)
        cycle.begin(lead.answer, block.headers)
        try:
            clicks.submit(clicks.now(lead.led, address, block.said), cycle.acknowledged)
        except Unavailable:
            cycle.response_complete = True
            return False
        self.cycle = cast("RequestResponseCycle", cycle)
        return True

    def _address(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        forwarded = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
        return visits.address(self.client[0] if self.client else "", forwarded)

    def refuse(self, fast: _Cycle, error: Exception) -> None:
        """Let the app say that the click could not be written down."""
        scope = {"type": "http", "method": "GET", "headers": fast.headers}
        cycle = RequestResponseCycle(
            scope=cast("HTTPScope", scope),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=fast.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.more_body = False
        if self.cycle is cast("RequestResponseCycle", fast):  # else others have come after it, and wait their turn
            self.cycle = cycle
        self._start_asgi_task(cycle, cast("ASGI3Application", refusal(error)))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    # A timer made and cancelled with every request costs a tenth of it. Ours is left alone: when it goes off, it looks since
    # when the connection has been quiet, and goes on for what is left of the time.

    def _unset_keepalive_if_required(self) -> None:
        pass

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            if self.flow.read_paused:
                self.flow.resume_reading()
            if self.pipeline:
                self._start_asgi_task(*self.pipeline.pop())
                if self.later and len(self.pipeline) <= _AHEAD:
                    later, self.later = self.later, b""
                    self._read(later)
                    self._took, self._begun = None, 0  # it did not come alone
                return
        self._wait()

    def _wait(self) -> None:
        """Wait for the visitor: for a request, for the rest of one, or for them to read the last answer."""
        self._quiet_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._quiet_since is None:
            return  # the next answer sets another
        unread = self.transport.get_write_buffer_size() > 0
        patience = _SECONDS if self._partial or unread else self.timeout_keep_alive
        left = self._quiet_since + patience - self.loop.time()
        if left > 0:
            again = min(left, self.timeout_keep_alive)  # by then it may be quiet in another way
            self.timeout_keep_alive_task = self.loop.call_later(again, self.timeout_keep_alive_handler)
        elif unread:
            self.transport.abort()  # to close it would be to wait for them still
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        super()._unset_keepalive_if_required()
        if self._stuck is not None:
            self._stuck.cancel()
        if self._running is not None:
            self._running.disconnected = True  # of those that were pipelined, uvicorn tells the last one only


class _Flow(FlowControl):
    """uvicorn's reads on with every answer, and with every body that is read; what is sent ahead piles up."""

    def __init__(self, protocol: FastLane) -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        if not self._protocol.later and len(self._protocol.pipeline) <= _AHEAD:
            super().resume_reading()


class _Nobody:
    """An event that nobody waits for."""

    def set(self) -> None:
        pass


class _Cycle:
    """A request of the fast lane that waits for its click's acknowledgement; looks like uvicorn's cycle to its protocol."""

    __slots__ = ("_answer", "_protocol", "disconnected", "headers", "keep_alive", "more_body", "response_complete")
    message_event = _Nobody()

    def __init__(self, protocol: FastLane) -> None:
        self._protocol = protocol
        self.more_body = False
        self.response_complete = True

    def begin(self, answer: tuple[bytes, bytes], headers: list[tuple[bytes, bytes]]) -> None:
        """Wait for a click. A connection has one request at a time here, so one cycle will do for all of them."""
        self._answer = answer
        self.headers = headers
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False

    def acknowledged(self, error: Exception | None) -> None:
        protocol = self._protocol
        transport = protocol.transport
        # Of a connection that was lost, only the last request is told.
        if self.disconnected or transport.is_closing():
            return
        self.response_complete = True
        if error is not None:
            protocol.refuse(self, error)
            return
        status, rest = self._answer
        date = _standing(protocol.server_state.default_headers)
        last = _KEEP if self.keep_alive else _CLOSE
        transport.write(b"".join((status, date, rest, visits.new_request_id(), last)))
        if not self.keep_alive:
            transport.close()
        protocol.on_response_complete()


_KEEP, _CLOSE = b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"
_stood: tuple[object, bytes] = ((), b"")


def _standing(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Lay out the headers of every answer (the date), of which uvicorn makes a new list each second."""
    global _stood  # noqa: PLW0603  # the last list and its bytes
    if _stood[0] is not headers:
        _stood = headers, b"".join([b"%b: %b\r\n" % header for header in headers])
    return _stood[1]
