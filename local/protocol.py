"""The fast lane: a plain visit to a link that is in memory is answered without a task, a scope or a framework.

uvicorn's own parser reads every request, so both lanes agree on what a request is. One that is a plain GET for a remembered
link is taken here when its headers are complete; any other goes on to the app, untouched. A test sends the same bytes both
ways and compares the answers and the clicks.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from ginnel import clicks, redirects, settings, slugs, visits
from ginnel.errors import Unavailable
from ginnel.redirects import Kept
from redirect.app import refusal

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application, HTTPScope

# Headers of a request that is more than a plain visit.
_UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
_LONGEST = 256
"""Bytes of a host and path worth remembering: a visitor may send kilobytes of either that mean the same link."""
_AHEAD = 16
"""Requests that may wait for the answers before theirs and more still be read."""

_plain: dict[tuple[bytes, bytes], Kept] = {}
"""What was answered plainly, by Host header and path as they were sent."""


class FastLane(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base
        super().connection_made(transport)
        # The same for every request, unless a proxy tells of its visitors.
        self._peer = None if settings.read(visits.Proxies).trusted_proxies else self._address([])
        self._quiet_since: float | None = None

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        if self._take():
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # makes the scope, which the fast lane does without
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def _take(self) -> bool:
        """Answer the request, if it is a plain visit to a link in memory."""
        parser = self.parser
        if (
            not getattr(self.cycle, "response_complete", True)  # None before the first request
            or parser.get_method() != b"GET"
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or self.flow.write_paused
        ):
            return False
        headers = dict(reversed(self.headers))  # of repeated ones the first counts, as in the app
        if not _UNUSUAL.isdisjoint(headers):
            return False
        kept = _find(headers.get(b"host", b""), self.url)
        if kept is None:
            return False
        record = kept.record
        cycle = _Cycle(self, cast("tuple[bytes, bytes]", kept.answer))
        try:
            clicks.submit(
                clicks.visit(
                    record,
                    headers,
                    address=self._address(self.headers) if self._peer is None else self._peer,
                    query=b"",
                ),
                cycle.acknowledged,
            )
        except Unavailable:
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

    # A timer made and cancelled with every request costs a tenth of it. Ours is left alone: when it goes off, it looks since
    # when the connection has been quiet, and goes on for what is left of the time.

    def _unset_keepalive_if_required(self) -> None:
        self._quiet_since = None

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if len(self.pipeline) <= _AHEAD:  # uvicorn reads on with every answer, and what is sent ahead piles up
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._quiet_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._quiet_since is None:
            return  # the next answer sets another
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        super()._unset_keepalive_if_required()


class _Nobody:
    """An event that nobody waits for."""

    def set(self) -> None:
        pass


class _Cycle:
    """A request of the fast lane that waits for its click's acknowledgement; looks like uvicorn's cycle to its protocol."""

    __slots__ = ("_answer", "_protocol", "disconnected", "headers", "keep_alive", "more_body", "response_complete")
    message_event = _Nobody()

    def __init__(self, protocol: FastLane, answer: tuple[bytes, bytes]) -> None:
        self._protocol = protocol
        self._answer = answer
        self.headers = protocol.headers
        self.more_body = False
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False

    def acknowledged(self, error: Exception | None) -> None:
        protocol = self._protocol
        # Of a connection that was lost, only the last request is told.
        if self.disconnected or protocol.transport.is_closing():
            return
        if error is not None:
            protocol.refuse(self, error)
            return
        self.response_complete = True
        status, rest = self._answer
        date = _standing(protocol.server_state.default_headers)
        last = b"" if self.keep_alive else b"connection: close\r\n"
        protocol.transport.write(b"%b%b%b%b\r\n%b\r\n" % (status, date, rest, visits.new_request_id(), last))
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()


_stood: tuple[object, bytes] = ((), b"")


def _standing(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Lay out the headers of every answer (the date), of which uvicorn makes a new list each second."""
    global _stood  # noqa: PLW0603  # the last list and its bytes
    if _stood[0] is not headers:
        _stood = headers, b"".join([b"%b: %b\r\n" % header for header in headers])
    return _stood[1]


def _find(host: bytes, url: bytes) -> Kept | None:
    kept = _plain.get((host, url))
    if kept is not None and kept.fresh(time.monotonic()):
        return kept
    return _compile(host, url)


def _compile(host: bytes, url: bytes) -> Kept | None:
    """Look whether a path is a remembered link whose answer depends on nothing else, and compile that answer."""
    if url[:1] != b"/" or b"?" in url or b"#" in url:
        return None
    slug = slugs.from_path(url[1:])
    # Routes come first, whatever links are older than they.
    if slug is None or slugs.reserved(slug):
        return None
    kept = redirects.remembered(redirects.canonical(host.decode("latin-1")), slug)
    if kept is None or kept.record.starts_at is not None or kept.record.expires_at is not None:
        return None
    answer = redirects.decide(kept.record, b"", 0.0)
    # What can't stand in a header is the app's to refuse.
    if not answer.location or not (answer.location.isascii() and answer.location.isprintable()):
        return None
    lines = "".join(f"{name}: {value}\r\n" for name, value in redirects.headers(answer))
    kept.answer = STATUS_LINE[answer.status], f"{lines}content-length: 0\r\nx-request-id: ".encode("latin-1")
    if len(host) + len(url) <= _LONGEST:
        if len(_plain) >= redirects.CAPACITY:
            _plain.clear()
        _plain[host, url] = kept
    return kept
