"""A network that can be told to fail: a proxy in front of a server, switched while connections go through it.

It runs on a thread and a loop of its own, so that a test may block without cutting off the process that it tests.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

T = TypeVar("T")

Address = Path | tuple[str, int]
"""A unix socket's path, or a TCP host and port."""
Way = Literal["pass", "stall", "reset", "refuse", "late"]
"""Stalled, everything is taken and held back; reset, whoever is or comes in is thrown out; refused, nobody listens; late,
each answer comes after `LATENCY`."""

LATENCY = 0.2
_CHUNK = 65_536
_LINGER_NOT = struct.pack("ii", 1, 0)


class Proxy:
    """Listens where it is told to, or on a free port of loopback, and passes on to a server until told otherwise."""

    def __init__(self, server: Callable[[], Address], *, listen: Path | None = None) -> None:
        self._upstream = server
        self._listen = listen
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._way: Way = "pass"
        self._flowing: asyncio.Event
        self._listener: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self.port = 0
        self.accepted = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def turn(self, way: Way) -> None:
        """Fail in this way from now on, until told otherwise."""
        self._do(self._turn(way))

    def cut(self) -> None:
        """End every connection that goes through; new ones are as they were."""
        self._do(self._cut())

    @contextmanager
    def failing(self, way: Way) -> Iterator[None]:
        self.turn(way)
        try:
            yield
        finally:
            self.turn("pass")

    def _do(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _start(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        await self._open()

    async def _open(self) -> None:
        if self._listen:
            self._listen.unlink(missing_ok=True)
            self._listener = await asyncio.start_unix_server(self._welcome, self._listen)
        else:
            # The same port each time: whoever was refused will ask there again.
            self._listener = await asyncio.start_server(self._welcome, "127.0.0.1", self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _turn(self, way: Way) -> None:
        self._way = way
        if way == "stall":
            self._flowing.clear()
        else:
            self._flowing.set()
        if way == "refuse" and self._listener:
            self._listener.close()
            self._listener = None
        if way in ("refuse", "reset"):
            await self._cut()
        if way != "refuse" and self._listener is None:
            await self._open()

    async def _cut(self) -> None:
        for writers in self._connections.values():
            for writer in writers:
                _reset(writer)
        await self._end()

    async def _end(self) -> None:
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stop(self) -> None:
        if self._listener:
            self._listener.close()
        await self._end()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._way == "reset":
            _reset(writer)
            return
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = [writer]
        try:
            await self._flowing.wait()
            address = self._upstream()
            opening = (
                asyncio.open_unix_connection(address)
                if isinstance(address, Path)
                else asyncio.open_connection(*address)
            )
            there, back = await opening
            self._connections[task].append(back)
            await asyncio.gather(self._pump(reader, back, answers=False), self._pump(there, writer, answers=True))
        except OSError:
            pass  # either end has gone, and the other is told below
        except asyncio.CancelledError:
            pass  # cut: streams would log a cancelled connection as an error
        finally:
            for one in self._connections.pop(task):
                one.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        """Pass one direction on. What is late is so by a constant time, however much comes at once."""
        underway: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, data = await underway.get()
                await asyncio.sleep(max(0, due - self._loop.time()))
                await self._flowing.wait()
                if not data:
                    break
                writer.write(data)
                await writer.drain()
            with suppress(OSError):
                writer.close()

        delivering = asyncio.create_task(deliver())
        try:
            while True:
                data = await reader.read(_CHUNK)
                late = LATENCY if answers and self._way == "late" else 0
                underway.put_nowait((self._loop.time() + late, data))
                if not data:
                    break
            await delivering
        finally:
            delivering.cancel()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close without a farewell: by RST, where there is such a thing."""
    if not writer.is_closing():
        ours = writer.get_extra_info("socket")
        if ours.family != socket.AF_UNIX:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        writer.transport.abort()
