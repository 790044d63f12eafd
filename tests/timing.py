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


SAMPLES = 300
"""Of each kind, in a round."""
ROUNDS = 4
"""Chance alone moves the AUC of 300 samples of each kind by 0.024 (one standard deviation): now and then a round is beyond the
bounds though nothing can be told. Then more samples are taken, and all of them count."""


def tells_nothing(one: Sequence[float], other: Sequence[float]) -> bool:
    """Say whether a guesser has no better chance than another who draws lots, to within a twentieth."""
    return 0.45 <= auc(one, other) <= 0.55  # as the docstring says


def enough(one: Sequence[float], other: Sequence[float]) -> bool:
    """Say whether a round ends here and no other is wanted."""
    return len(one) == len(other) and len(one) % SAMPLES == 0 and tells_nothing(one, other)
