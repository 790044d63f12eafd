"""What a process counts for whoever operates it, since it was started. Where it is told: `/metrics` on a host, EMF on Lambda.

Unlike `observe.counters`, these are not sent to Redis. Counting must cost next to nothing: a visit does it, too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds up to which requests are counted together."""

FAST, APP = "fast", "app"

redirects: Counter[tuple[str, int]] = Counter()
"""Visits that were led on, by the lane that did it and the status."""
lookups: Counter[str] = Counter()
"""Looks for a link that this process had in memory, as `memory`; the others are in `observe.counters`."""
ingested: Counter[str] = Counter()
"""Of ingestion: clicks, batches, buried; lag (milliseconds that the oldest of each batch had waited, all together)."""
requests: Counter[tuple[str, str, int]] = Counter()
"""Answers by method, route and status."""


class Durations:
    """Seconds that something took: how often no more than each of BOUNDS, and all together."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


durations: dict[tuple[str, str], Durations] = {}
"""Of requests, by method and route."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def known(method: str) -> str:
    """Return a method, or for what is none of HTTP's: anybody can make up any number of them."""
    return method if method in _METHODS else "other"


def answered(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count an answer. `route` is a template, never a path; None for what no route has taken, and for visits to links."""
    named = known(method), route or "other"
    requests[*named, status] += 1
    kept = durations.get(named)
    if kept is None:
        kept = durations[named] = Durations()
    kept.add(seconds)
