"""What was answered plainly, as it was sent, to the byte: request lines by host, and the headers that came with them.

What stands here was read by uvicorn's parser before. Everything is bounded, whatever visitors think of sending.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from ginnel import clicks, lookup, metrics, redirects, slugs
from ginnel.lookup import Kept
from ginnel.redirects import Answer

_LINE, _BLOCK = 256, 1024
"""Bytes of a request line or a host, and of headers or an answer, worth remembering: there may be any number of each for the
same link, and kilobytes long, as targets are."""
_BLOCKS = 4096


class Lead:
    """Where a request leads: the answer's bytes before and after the date, and the link's part of a click.

    `lasts` says that the same request line leads there for as long as the record in memory is fresh.
    """

    __slots__ = ("answer", "counted", "kept", "lasts", "led", "query")

    def __init__(self, kept: Kept, answer: Answer, query: bytes) -> None:
        record = kept.record
        lines = "".join(f"{name}: {value}\r\n" for name, value in redirects.headers(answer))
        self.kept = kept
        self.query = query
        self.lasts = not query and record.starts_at is None and record.expires_at is None
        self.led = clicks.led(record.link, record.workspace, record.domain)
        self.counted = metrics.FAST, int(answer.status)
        self.answer = STATUS_LINE[answer.status], f"{lines}content-length: 0\r\nx-request-id: ".encode("latin-1")


class Block:
    """The headers of a request, and what they say: their host, and the visitor's part of a click."""

    __slots__ = ("headers", "host", "said")

    def __init__(self, headers: list[tuple[bytes, bytes]], first: Mapping[bytes, bytes], query: bytes) -> None:
        """`first` are the headers by name; of repeated ones, the first counts."""
        self.headers = headers
        self.host = first.get(b"host", b"")
        self.said = clicks.said_in(first, query)


_leads: dict[tuple[bytes, bytes], Lead] = {}
_blocks: dict[bytes, Block] = {}


def find(line: bytes, rest: bytes) -> tuple[Lead, Block] | None:
    """Recognise a request that was read before, by its first line and the rest of it. A record that ages is looked at."""
    block = _blocks.get(rest)
    if block is None:
        return None
    lead = _leads.get((block.host, line))
    return (lead, block) if lead is not None and lead.kept.young(time.monotonic()) else None


def read(host: bytes, url: bytes) -> Lead | None:
    """Look where a GET leads, if it is to a link in memory."""
    lead = _leads.get((host, _line(url)))
    return lead if lead is not None and lead.kept.young(time.monotonic()) else _compile(host, url)


def learn(line: bytes, rest: bytes, url: bytes, lead: Lead, block: Block) -> None:
    """Remember a request that came alone and whole: `rest` is all that came after its first line."""
    if not lead.lasts or line != _line(url) or len(line) > _LINE or len(rest) > _BLOCK:
        return
    if len(block.host) > _LINE or len(lead.answer[1]) > _BLOCK:
        return
    if len(_leads) >= lookup.CAPACITY:
        _leads.clear()
    _leads[block.host, line] = lead
    if len(_blocks) >= _BLOCKS:
        _blocks.clear()
    _blocks[rest] = block


def _line(url: bytes) -> bytes:
    return b"GET %b HTTP/1.1" % url


def _compile(host: bytes, url: bytes) -> Lead | None:
    if url[:1] != b"/" or b"#" in url:
        return None
    path, _, query = url.partition(b"?")
    slug = slugs.from_path(path[1:])
    # Routes come first, whatever links are older than they.
    if slug is None or slugs.reserved(slug):
        return None
    kept = lookup.remembered(lookup.canonical(host.decode("latin-1")), slug)
    if kept is None:
        return None
    answer = redirects.decide(kept.record, query, time.time())
    if answer.limited or kept.record.personal:
        return None  # whether it holds, and for whom, the app must ask
    # What can't stand in a header is the app's to refuse.
    sound = answer.location and answer.location.isascii() and answer.location.isprintable()
    return Lead(kept, answer, query) if sound else None
