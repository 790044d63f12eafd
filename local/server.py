"""uvicorn as every host here runs it: under our own signals, on connections that have an end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import uvicorn

from ginnel import settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

KEEP_ALIVE = 5
"""Seconds for which a visitor's connection is kept between two requests."""


@dataclass(frozen=True)
class Settings:
    fast_lane: bool = True
    """Whether visits are answered before the framework sees them."""


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to us: uvicorn would raise them again, and end the process before its children have stopped."""
        yield


def collect_seldom() -> None:
    """Keep the garbage collector out of visitors' way: walking through all that lives holds them up for a tenth of a second.

    What was imported stays, and is never looked at again. What the ORM keeps of its statements is as much once more, so that
    all of it is to be looked at after a thousand lists of links, and not after eighty.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def new(
    app: ASGIApp, *, host: str, port: int, keep_alive: int = KEEP_ALIVE, http: Literal["httptools"] | None = None
) -> Server:
    """Make a server; whatever the process is to import should have been imported.

    `http` is uvicorn's own protocol, in place of ours that knows short ways and bounds.
    """
    from local.bounded import Bounded  # noqa: PLC0415  # what these import reads the environment
    from local.protocol import FastLane  # noqa: PLC0415  # as above

    collect_seldom()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=http or (FastLane if settings.read(Settings).fast_lane else Bounded),
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=keep_alive,
        timeout_graceful_shutdown=10,
    )
    return Server(config)


def on_farewell() -> asyncio.Event:
    """Return what is set when the process is asked to end; from now on it doesn't end by itself."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def stop_at(stop: asyncio.Event, server: Server) -> None:
    await stop.wait()
    # A server that is told to stop while it starts would leave what it has started behind.
    while not server.started:  # noqa: ASYNC110  # uvicorn has a flag, no event
        await asyncio.sleep(0.02)
    server.should_exit = True
