"""One HTTP/1.1 request and its answer, on a connection of their own. `outbound` says where to, and for how long."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import h11

from ginnel import settings
from ginnel.outbound import Limits, Place, Unreachable

_CHUNK: Final = 16 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_GZIP: Final = 31
"""What tells zlib the format."""


@dataclass(frozen=True)
class Answer:
    url: str
    status: int
    headers: Mapping[str, str]
    """Names in lower case; of several with one name, the first."""
    body: bytes
    """Unpacked, and cut to the limit."""
    wanted: bool
    """Whether it is of a media type that is wanted; of others there is no body."""

    @property
    def redirect(self) -> str | None:
        return self.headers.get("location") if self.status in _REDIRECTS else None


async def run(  # noqa: PLR0913  # a request, and what bounds it
    place: Place,
    trust: Callable[[], ssl.SSLContext],
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    limits: Limits,
) -> Answer:
    """Ask a place, at one of the addresses that were found for it. Raises Unreachable."""
    reader, writer = await _connect(place, trust)
    try:
        return await _ask(reader, writer, place, _request(place, method, headers, body), body, limits)
    except (Unreachable, TimeoutError):
        raise
    except OSError:
        raise Unreachable("The connection broke.") from None
    except h11.ProtocolError:
        raise Unreachable("What answers there does not speak HTTP/1.1.") from None
    finally:
        # Not closed politely: who sends without end would keep us waiting.
        writer.transport.abort()


async def _connect(
    place: Place, trust: Callable[[], ssl.SSLContext]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for address in place.addresses:
        try:
            # An address, so that nothing is looked up: the name is for the certificate alone.
            return await asyncio.open_connection(
                str(address),
                place.port,
                limit=2 * _CHUNK,
                ssl=trust() if place.secure else None,
                server_hostname=place.host if place.secure else None,
            )
        except ssl.SSLError:
            raise Unreachable("Its certificate, or its TLS, is not in order.") from None
        except OSError:
            continue  # one of several addresses may be dead, or of a kind that this machine can't reach
    raise Unreachable("Nobody takes the connection.")


def _request(place: Place, method: str, headers: Mapping[str, str], body: bytes) -> h11.Request:
    sent = {
        "host": place.authority,
        "user-agent": f"Ginnel (+{settings.site().origin})",
        "accept-encoding": "gzip",
        "connection": "close",
        **headers,
        **({"content-length": str(len(body))} if body else {}),
    }
    return h11.Request(method=method, target=place.target, headers=list(sent.items()))


async def _ask(  # noqa: PLR0913  # as for run
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    place: Place,
    request: h11.Request,
    body: bytes,
    limits: Limits,
) -> Answer:
    state = h11.Connection(h11.CLIENT)
    writer.write(state.send(request) or b"")
    if body:
        writer.write(state.send(h11.Data(data=body)) or b"")
    writer.write(state.send(h11.EndOfMessage()) or b"")
    await writer.drain()
    head = await _event(state, reader)
    while isinstance(head, h11.InformationalResponse):
        head = await _event(state, reader)
    if not isinstance(head, h11.Response):
        raise Unreachable("It closed the connection without an answer.")
    named: dict[str, str] = {}
    for name, value in head.headers:
        named.setdefault(name.decode("ascii"), value.decode("latin-1"))
    kind = named.get("content-type", "").partition(";")[0].strip().lower()
    wanted = not limits.kinds or kind in limits.kinds
    found = Answer(place.url, head.status_code, named, b"", wanted)
    if not wanted or found.redirect:
        return found
    content = await _body(state, reader, named.get("content-encoding", "").strip().lower(), limits.size)
    return Answer(place.url, head.status_code, named, content, wanted)


async def _body(state: h11.Connection, reader: asyncio.StreamReader, coding: str, size: int) -> bytes:
    unpack = zlib.decompressobj(_GZIP) if coding in {"gzip", "x-gzip"} else None
    content = bytearray()
    read = 0
    while read < size and len(content) < size:
        event = await _event(state, reader)
        if not isinstance(event, h11.Data):
            break
        data = bytes(event.data[: size - read])
        read += len(data)
        try:
            # Never more than there is room for: a small body may unpack to any size.
            content += unpack.decompress(data, size - len(content)) if unpack else data
        except zlib.error:
            break
        if unpack and unpack.eof:
            break
    return bytes(content[:size])


async def _event(state: h11.Connection, reader: asyncio.StreamReader) -> object:
    while (event := state.next_event()) is h11.NEED_DATA:
        state.receive_data(await reader.read(_CHUNK))
    return event
