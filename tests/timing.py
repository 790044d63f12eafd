"""Whether two kinds of requests can be told apart by how long their answers take."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence


async def took(act: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await act()
    return time.perf_counter() - begun


def auc(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how likely a time of the one is longer than a time of the other: 0.5 tells nothing.

    The area under the curve that a guesser by threshold has, which is Mann and Whitney's U over its largest value.
    """
    ranked = sorted([(seconds, 0) for seconds in other] + [(seconds, 1) for seconds in one])
    below, longer = 0, 0
    for _, kind in ranked:
        if kind:
            longer += below
        else:
            below += 1
    return longer / (len(one) * len(other))
