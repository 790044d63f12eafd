"""The fast lane: a visit to a link that is in memory is answered without a task, a scope or a framework.

uvicorn's own parser reads every request, so both lanes agree on what a request is. One that is a GET of a remembered link
which leads somewhere is taken here when its headers are complete; any other goes on to the app, untouched. Visitors send the
same headers over and over, down to the byte: a request whose first line and whose headers were both read before is not read
again. A test sends the same bytes both ways and compares the answers and the clicks.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from ginnel import clicks, metrics, settings, visits
from ginnel.errors import Unavailable
from local import plain
from local.bounded import Bounded
from local.plain import Block, Lead
from redirect.app import refusal

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application, HTTPScope

# Headers of a request that is more than a visit.
_UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})


class FastLane(Bounded):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base
        super().connection_made(transport)
        # The same for every request, unless a proxy tells of its visitors.
        self._peer: bytes | None = None if settings.read(visits.Proxies).trusted_proxies else self._address([])
        self._fast = _Cycle(self)
        self._at_start = True
        """Whether the parser has read whole requests only, and takes another."""
        self._begun = 0
        self._took: list[tuple[Lead, Block]] = []

    def data_received(self, data: bytes) -> None:
        # Behind a proxy no two visitors send the same.
        may_be_known = self._at_start and self._peer is not None
        line, _, rest = data.partition(b"\r\n")
        if may_be_known and getattr(self.cycle, "response_complete", True):
            known = plain.find(line, rest)
            if known is not None and self._take(*known, cast("bytes", self._peer)):
                self._quiet_since = None
                return
        self._begun = 0
        self._took.clear()
        super().data_received(data)
        if may_be_known and self._took and self._begun == 1 and self._at_start:
            plain.learn(line, rest, self.url, *self._took[0])

    def on_message_begin(self) -> None:
        self._message_begins()
        self._begun += 1
        self._at_start = False
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        if self._answer():
            return
        self._took.clear()
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # makes the scope, which the fast lane does without
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
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
        self._took.append((lead, block))
        return self._take(lead, block, self._address(self.headers) if self._peer is None else self._peer)

    def _take(self, lead: Lead, block: Block, address: bytes) -> bool:
        """Answer as soon as the click is written down; say whether that is on its way."""
        if self.flow.write_paused:
            return False
        cycle = self._fast
        if not cycle.response_complete:  # nobody will tell it any more
            cycle = self._fast = _Cycle(self)
        cycle.begin(lead, block.headers)
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


class _Nobody:
    """An event that nobody waits for."""

    def set(self) -> None:
        pass


class _Cycle:
    """A request of the fast lane that waits for its click's acknowledgement; looks like uvicorn's cycle to its protocol."""

    __slots__ = ("_lead", "_protocol", "disconnected", "headers", "keep_alive", "more_body", "response_complete")
    message_event = _Nobody()

    def __init__(self, protocol: FastLane) -> None:
        self._protocol = protocol
        self.more_body = False
        self.response_complete = True

    def begin(self, lead: Lead, headers: list[tuple[bytes, bytes]]) -> None:
        """Wait for a click. A connection has one request at a time here, so one cycle will do for all of them."""
        self._lead = lead
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
        status, rest = self._lead.answer
        _redirects[self._lead.counted] += 1
        date = _standing(protocol.server_state.default_headers)
        last = _KEEP if self.keep_alive else _CLOSE
        transport.write(b"".join((status, date, rest, visits.new_request_id(), last)))
        if not self.keep_alive:
            transport.close()
        protocol.on_response_complete()


_redirects = metrics.redirects
_KEEP, _CLOSE = b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"
_stood: tuple[object, bytes] = ((), b"")


def _standing(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Lay out the headers of every answer (the date), of which uvicorn makes a new list each second."""
    global _stood  # noqa: PLW0603  # the last list and its bytes
    if _stood[0] is not headers:
        _stood = headers, b"".join([b"%b: %b\r\n" % header for header in headers])
    return _stood[1]
