"""The one event loop of a function's process, and the way from a Lambda event into an ASGI app.

Connections belong to the loop that opened them, so a process has exactly one loop, made once and kept over every
invocation; HTTP events and all others run on it. `asyncio.run` would make a second and close it: never use it here.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from ginnel import emf

if TYPE_CHECKING:
    from mangum.types import ASGI

T = TypeVar("T")
Event = dict[str, Any]
Handler = Callable[[Event, Any], Any]

_TEXT = ["text/", "application/json", "application/problem+json", "image/svg+xml"]
"""What is sent as it is; Mangum sends all else as base64."""


@functools.cache
def loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run something on the process's loop: for a handler of events that are not HTTP."""
    asyncio.set_event_loop(loop())
    return loop().run_until_complete(work)


def serve(
    app: ASGI,
    *,
    first: Callable[[Event], Awaitable[Any]] | None = None,
    otherwise: Callable[[Event], Awaitable[Any]] | None = None,
) -> Handler:
    """Make a Lambda handler: HTTP events (API Gateway v2, Function URL) go to `app`, all others to `otherwise`.

    An HTTP event is shown to `first`, if there is one: what it answers is the answer, None leaves the event to the app.
    """

    def handler(event: Event, context: Any) -> Any:  # noqa: ANN401  # the runtime's own types
        asyncio.set_event_loop(loop())
        if "http" in event.get("requestContext", {}):
            if first is not None and (answer := loop().run_until_complete(_call(first, event))) is not None:
                return answer
            from mangum import Mangum  # noqa: PLC0415  # it brings much that `first` does without

            # Made for each call, for next to nothing: where no loop is set yet, as at import, it would set one of its own.
            # It would also run the ASGI lifespan around every invocation, opening a pool each time.
            return Mangum(app, lifespan="off", text_mime_types=_TEXT)(event, context)
        if otherwise is None:
            raise ValueError(f"this function takes HTTP events only, not {sorted(event)}")
        return loop().run_until_complete(_call(otherwise, event))

    return emf.told(handler)


async def _call(function: Callable[[Event], Awaitable[Any]], event: Event) -> Any:  # noqa: ANN401
    return await function(event)
