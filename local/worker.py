"""The schedule of one machine: builds EventBridge's event and calls the same handlers, over and over.

Clicks are stored by runs of a second; beside them, on the same loop, webhooks are told what is due.

Stops on SIGTERM, and, run as a program, when its standard input closes: then whoever started it is gone.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

# A run lasts a second, so that stopping takes no longer; it waits for clicks all the while.
os.environ.setdefault("DRAIN_SECONDS", "1")
# While a run of this one lasts, it sends whatever becomes due; one that ends waits for its slowest receiver first.
os.environ.setdefault("DELIVER_SECONDS", "3600")

from clicks.app import handler
from ginnel import counts, lambdas, settings
from ginnel.observe import log
from ginnel.settings import BadSettings
from local import queue, reports, schedule, tracing
from webhooks.app import Settings, answer

_stopping = threading.Event()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    _stopping.set()


def _watch_parent() -> None:
    # Not by sys.stdin, whose lock a thread must not hold when the interpreter ends.
    while os.read(0, 4096):
        pass
    _stopping.set()


def main() -> None:
    # Ctrl-C reaches the whole terminal group; the parent decides when it is our turn.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch_parent, daemon=True).start()
    run(reports.keep_telling)


def run(*besides: Callable[[], Awaitable[object]], beat: Path | None = None) -> None:
    """Store clicks until SIGTERM comes. `beat` is a file that is touched again and again while this is alive."""
    signal.signal(signal.SIGTERM, _stop)
    # A visitor who waits for an answer goes first.
    os.nice(10)
    # What the imports made stays: looking for garbage among it costs a tenth of the work. Another tenth is looking among the
    # 20,000 objects of a batch before they are done with.
    tracing.begin("ginnel-worker")
    gc.freeze()
    gc.set_threshold(50_000)
    beside = [lambdas.loop().create_task(_again_and_again(work)) for work in (*besides, *_beside())]
    failures = 0
    while not _stopping.is_set():
        if beat:
            beat.touch()
        try:
            handler(schedule.event(datetime.now(UTC)), None)
            failures = 0
        except BadSettings as error:
            raise SystemExit(str(error)) from None
        except Exception:  # noqa: BLE001  # whatever it was, the clicks are still pending: try again
            failures += 1
            log.exception("drain_failed", failures=failures)
            lambdas.run(asyncio.sleep(_pause(failures)))
    lambdas.run(_end(beside))
    lambdas.run(tracing.end())


def _beside() -> Iterator[Callable[[], Awaitable[object]]]:
    """List what is done besides storing clicks."""
    yield counts.keep_telling
    yield lambda: answer(schedule.event(datetime.now(UTC)))
    if url := settings.read(Settings).queue_url:
        yield queue.Polled(url, answer).once


async def _again_and_again(work: Callable[[], Awaitable[object]]) -> None:
    failures = 0
    while True:
        try:
            await work()
            failures = 0
        except Exception:  # noqa: BLE001  # whatever it was, what is due is still written down: try again
            failures += 1
            log.exception("telling_failed", failures=failures)
            await asyncio.sleep(_pause(failures))


def _pause(failures: int) -> float:
    return min(0.1 * 2.0**failures, 5.0)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    main()
