"""One connection to Redis for commands that a process sends all the time."""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import Callable
from typing import Any

import hiredis
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import ResponseError

Told = Callable[[Any], None]
"""Called once with a command's reply, or with the exception that came in its place."""


class Line(asyncio.Protocol):
    """A connection of one's own for commands that come packed; their replies come in the same order.

    redis-py makes it and logs it in; but the tasks, locks and timers that it spends on a command cost ten times what the
    command does. A connection on which a reply is overdue is never used again.
    """

    _GRACE = 0.005
    """Seconds that an overdue reply is given which may lie here already, unread because this process was held up."""

    def __init__(self, make_connection: Callable[[], Any], timeout: float) -> None:
        """`make_connection` makes a connection of redis-py's, `timeout` is in seconds."""
        self._make_connection = make_connection
        self._timeout = timeout
        self._turn = asyncio.Lock()
        self._connection: Any = None
        self._transport: asyncio.Transport | None = None
        self._replies = hiredis.Reader()
        self._asked: deque[tuple[float, Told]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def connected(self) -> bool:
        return self._transport is not None

    def send(self, command: bytes, told: Told) -> None:
        """Send a command on a line that is connected."""
        self._transport.write(command)  # type: ignore[union-attr]  # the caller has looked
        loop = asyncio.get_running_loop()
        self._asked.append((loop.time() + self._timeout, told))
        if self._timer is None:
            self._timer = loop.call_later(self._timeout, self._look)

    async def ask(self, command: bytes) -> Any:  # noqa: ANN401  # whatever the command's reply is
        """Send a command, over a new connection if need be, and return its reply."""
        await self.connect()
        future = asyncio.get_running_loop().create_future()

        def told(reply: object) -> None:
            if future.done():
                return  # whoever asked has gone; the reply is taken off the line all the same
            if isinstance(reply, Exception):
                future.set_exception(reply)
            else:
                future.set_result(reply)

        self.send(command, told)
        return await future

    async def connect(self) -> None:
        async with self._turn:
            if self._transport is not None:
                return
            made = self._make_connection()
            await made.connect()
            self._replies = hiredis.Reader(protocolError=Lost, replyError=ResponseError)
            self._connection, self._transport = made, made._writer.transport  # noqa: SLF001  # its own ways cost
            self._transport.set_protocol(self)
            if self._transport.is_closing():  # and we would not be told
                self._end(Lost("Redis closed the connection"))
                raise Lost("Redis closed the connection")

    def data_received(self, data: bytes) -> None:
        try:
            self._replies.feed(data)
            while (reply := self._replies.gets()) is not False:
                if not self._asked:
                    raise Lost("Redis said what nobody asked")  # noqa: TRY301  # as bad as what nobody understands
                _, told = self._asked.popleft()
                told(reply)
        except Lost as error:
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or Lost("Redis closed the connection"))

    def _look(self, *, again: bool = False) -> None:
        """See whether a reply is overdue."""
        self._timer = None
        if not self._asked:
            return  # the next command sets another timer
        loop = asyncio.get_running_loop()
        left = self._asked[0][0] - loop.time()
        if left > 0:
            self._timer = loop.call_later(left, self._look)
        elif again:
            self._end(TimeoutError("Redis did not answer in time"))
        else:
            self._timer = loop.call_later(self._GRACE, functools.partial(self._look, again=True))

    def _end(self, error: Exception) -> None:
        transport, self._transport = self._transport, None
        if transport is None:
            return
        transport.abort()
        self._connection._close()  # noqa: SLF001  # there is no other way that needs no task
        asked, self._asked = self._asked, deque()
        for _, told in asked:
            told(error)

    def close(self) -> None:
        self._end(Lost("closed"))
