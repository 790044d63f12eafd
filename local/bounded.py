"""A connection with an end to everything: uvicorn's own keeps whatever comes of a request, for as long as it comes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ginnel import web

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

_AHEAD = 16
"""Requests that may wait for the answers before theirs and more still be read."""

_PIECE = 4096
"""Bytes that are read in one go: of the smallest requests, sent ahead, a megabyte would become a hundred."""
_HEAD, _FIELDS = 65_536, 100
"""Bytes, and header fields, after which the end of a request's head is not waited for, beyond the piece in which it begins."""
_WHOLE = 2 * web.MAX_BODY
"""The same for a request with its body; the app refuses longer bodies than half of it."""
_FILES, _FILE = b"/api/v1/imports", 2 * web.MAX_FILE
"""The same where bodies are files, which are read as they come."""
_SECONDS = 60.0
"""How long a request may take to come, and a visitor to read on when answers pile up."""


class Bounded(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base
        super().connection_made(transport)
        self.flow = _Flow(self)
        self._quiet_since: float | None = None
        """Since when it is the visitor's turn to say something."""
        self._wait()
        self._stuck: asyncio.TimerHandle | None = None
        self._partial = False
        self._room = 0
        self.later = b""
        """What came and is not read before those that came with it are answered."""
        self._running: RequestResponseCycle | None = None

    def data_received(self, data: bytes) -> None:
        self._read(data)

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
        self._message_begins()
        super().on_message_begin()

    def _message_begins(self) -> None:
        self._quiet_since = None
        self._partial = True
        self._room = _HEAD

    def on_headers_complete(self) -> None:
        self._room = _FILE if self.url.startswith(_FILES) else _WHOLE
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._partial = False
        self._quiet_since = self.loop.time() if self.cycle.response_complete else None

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

    def __init__(self, protocol: Bounded) -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        if not self._protocol.later and len(self._protocol.pipeline) <= _AHEAD:
            super().resume_reading()
