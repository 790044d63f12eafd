"""Servers on loopback that tests let Ginnel call: the rule that lets it is theirs, the code that calls is the real one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ginnel.outbound import Address, Caller

LOOPBACK = "127.0.0.1"
NAME = "public.example"


@dataclass(frozen=True)
class Request:
    line: str
    headers: dict[str, str]
    body: bytes


Handle = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Peer:
    """A server, and all that it was sent."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", *, host: str = NAME, scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


async def read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in rest)}
    return Request(line, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def answer(
    status: int = 200, body: bytes = b"", *, headers: dict[str, str] | None = None, kind: str = "text/html"
) -> bytes:
    sent = {"content-type": kind, "content-length": str(len(body)), **(headers or {})}
    return (
        f"HTTP/1.1 {status} x\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items()) + "\r\n"
    ).encode() + body


def always(reply: bytes) -> Handle:
    async def handle(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)

    return handle


@asynccontextmanager
async def serving(
    handle: Handle, *, tls: ssl.SSLContext | None = None, also: tuple[str, ...] = ()
) -> AsyncIterator[Peer]:
    """Serve on loopback, and on other addresses of this machine by the same port."""
    peer = Peer()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        peer.connections += 1
        try:
            request = await read(reader)
            peer.requests.append(request)
            await handle(request, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side has had enough, or the test has
        finally:
            writer.close()

    server = await asyncio.start_server(connected, LOOPBACK, 0, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    servers = [server, *[await asyncio.start_server(connected, address, peer.port, ssl=tls) for address in also]]
    try:
        yield peer
    finally:
        for server in servers:
            server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def letting(*peers: Peer, **rest: object) -> Caller:
    """Make a caller for whom these servers, and no others, are public."""
    ports = {peer.port for peer in peers}

    def permits(address: Address, port: int) -> bool:
        return str(address) == LOOPBACK and port in ports

    async def resolve(_: str) -> list[str]:
        return [LOOPBACK]

    return Caller(**{"permits": permits, "resolve": resolve, **rest})  # type: ignore[arg-type]  # each by its name
