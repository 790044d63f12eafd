"""What workers have counted, told to the host that keeps them: a line of JSON a second, over the worker's standard output."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

from ginnel import metrics, observe

_EVERY = 1.0

EVENTS: Counter[str] = Counter()
INGESTED: Counter[str] = Counter()
"""`observe.counters` and `metrics.ingested` of this host's workers, together; of those that have ended, too."""


async def keep_telling() -> None:
    """Print what this process has counted since it was started, again and again until cancelled."""
    while True:
        await asyncio.sleep(_EVERY)
        print(json.dumps([observe.counters, metrics.ingested]), flush=True)


async def hear(worker: asyncio.StreamReader) -> None:
    """Add up what a worker tells until it ends."""
    before: list[Counter[str]] = [Counter(), Counter()]
    async for line in worker:
        told = [Counter(part) for part in json.loads(line)]
        for sums, now, earlier in zip((EVENTS, INGESTED), told, before, strict=True):
            sums.update(now - earlier)
        before = told
