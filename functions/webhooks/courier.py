"""One scheduled run: sends, or hands on, what is due, and sees to what time asks for."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import db, observe
from ginnel.errors import Unavailable
from ginnel.links import expiring
from ginnel.webhooks import delivering
from ginnel.webhooks.delivering import Due, Lease

from .queue import Queue

SLOTS = 32
"""Deliveries that one worker makes at once."""
EACH = 4
"""Of them, those to one webhook: a slow one keeps no other waiting."""
QUEUED = timedelta(minutes=15)
"""How long a delivery may take through the queue until it counts as lost there, and is due again."""
_POLL = 0.5
_SWEEP = 30.0
_HOUR = 3600.0
_MESSAGES = 100

_FAREWELL = 1.0
"""Seconds that attempts may still take when the process ends. What is cut off is sent again."""
_turn = asyncio.Lock()


@contextlib.asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """Give one at a time its session: sending takes long, writing it down does not, and one connection will do."""
    async with _turn, contextlib.asynccontextmanager(db.transaction)() as conn:
        yield conn


class Courier:
    def __init__(self, queue: Queue | None) -> None:
        self._queue = queue
        self._running: dict[asyncio.Task[bool], int] = {}
        self._swept = self._forgot = -math.inf

    async def run(self, seconds: float) -> int:
        """Send what is due until `seconds` are over, or for 0, until nothing is; return how many deliveries were made.

        With a queue, how many were put there.
        """
        end = time.monotonic() + seconds
        sent = 0
        try:
            while True:
                await self._tend()
                over = time.monotonic() >= end
                more = 0 if over and seconds else await (self._hand_on() if self._queue else self._begin())
                if over and not self._running and not more:
                    return sent
                sent += more if self._queue else await self._settle()
                if self._queue and not more:
                    await asyncio.sleep(_POLL)
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=_FAREWELL)
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            self._running.clear()

    async def _tend(self) -> None:
        now = time.monotonic()
        if now - self._swept > _SWEEP:
            async with transaction() as conn:
                await expiring.announce_expired(conn, datetime.now(UTC))
            self._swept = now
        if now - self._forgot > _HOUR:
            async with transaction() as conn:
                await delivering.forget(conn)
            self._forgot = now

    async def _begin(self) -> int:
        """Begin to send what is due, as far as there is room; return how much that is."""
        room = SLOTS - len(self._running)
        if not room:
            return 0
        at_work = Counter(self._running.values())
        async with transaction() as conn:
            busy = [webhook for webhook, tasks in at_work.items() if tasks >= EACH]
            leases = await delivering.take(conn, limit=room, each=EACH, busy=busy)
            due = await delivering.claim(conn, leases) if leases else []
        for one in due:
            self._running[asyncio.create_task(send(one))] = one.lease.webhook
        return len(due)

    async def _settle(self) -> int:
        """Wait a little, and see which of those that run have come to an end; return how many were delivered."""
        if not self._running:
            await asyncio.sleep(_POLL)
            return 0
        done, _ = await asyncio.wait(self._running, timeout=_POLL, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            del self._running[task]
        return sum(map(_delivered, done))

    async def _hand_on(self) -> int:
        """Put what is due into the queue; what it does not take is due again soon."""
        assert self._queue  # noqa: S101  # tells the type checker what the caller asked
        async with transaction() as conn:
            leases = await delivering.take(conn, limit=_MESSAGES, each=_MESSAGES, lease=QUEUED)
        if not leases:
            return 0
        try:
            refused = await self._queue.put(leases)
        except Exception:  # noqa: BLE001  # whatever SQS's library raises
            observe.log.exception("queue_failed")
            refused = leases
        if refused:
            await self._give_back(refused)
        return len(leases) - len(refused)

    @staticmethod
    async def _give_back(leases: Sequence[Lease]) -> None:
        async with transaction() as conn:
            await delivering.give_back(conn, leases, wait=timedelta(seconds=delivering.FIRST_DELAY))


async def send(due: Due) -> bool:
    """Make one attempt and write down what came of it; say whether it was delivered."""
    outcome = await delivering.attempt(due, now=datetime.now(UTC))
    try:
        async with transaction() as conn:
            kept = await delivering.finish(conn, due, outcome)
    except Unavailable:
        # Whether it arrived is not written down, so it is sent again: under the same id, by which receivers tell.
        observe.log.warning("delivery_unrecorded", delivery=due.lease.delivery)
        return False
    return kept and outcome.delivered


def _delivered(task: asyncio.Task[bool]) -> bool:
    try:
        return task.result()
    except Exception:  # noqa: BLE001  # an error of ours keeps no other delivery from being made
        observe.log.exception("delivery_failed")
        return False
