"""Windows that slide, in which tries and calls are counted: what there is to know of them, wherever they are counted."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from ginnel import shards


@dataclass(frozen=True, slots=True)
class Window:
    """The present window of so many seconds, of those into which all time is cut."""

    number: int
    seconds: int
    gone: float
    """How much of it is over, from 0 to 1."""

    @classmethod
    def at(cls, moment: float, seconds: int) -> Window:
        number, gone = divmod(moment, seconds)
        return cls(int(number), seconds, gone / seconds)

    @property
    def left(self) -> float:
        """Seconds until the next one."""
        return self.seconds * (1 - self.gone)

    def keys(self, name: str) -> list[str]:
        """Name the counters of this window and of the one before, which lie on one shard."""
        shard, hashed = shards.of(name), digest(name).hex()
        return [shards.key(shard, f"tries:{hashed}:{self.number - back}") for back in (0, 1)]


@dataclass(frozen=True, slots=True)
class Count:
    """What there is to say of a try."""

    allowed: bool
    tries: int
    before: int
    """In the window before."""
    limit: int
    window: Window

    @property
    def left(self) -> int:
        """How many more would be allowed at once."""
        return max(0, math.floor(self.limit - self.tries - self.before * (1 - self.window.gone)))

    @property
    def wait(self) -> int:
        """Seconds until one more is allowed."""
        room = self.limit - 1 - self.tries
        if room >= 0 and self.before > room:
            seconds = (1 - room / self.before - self.window.gone) * self.window.seconds
        elif room >= 0:
            seconds = 0.0
        else:
            # This window has to be over, and a part of the next, in which it is the one before.
            seconds = self.window.left + max(0.0, 1 - (self.limit - 1) / self.tries) * self.window.seconds
        return max(1, math.ceil(seconds))


def digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
