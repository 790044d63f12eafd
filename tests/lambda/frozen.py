"""Imports a handler as a snapshot is taken of it, and prints what it would freeze of this one moment.

Our own code's use of a clock or of chance, of a thread or of a connection. What others' code does at import is theirs to
know: it draws names, which may be the same in every process.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

OURS = ("/functions/", "/layers/common/")
WATCHED: list[tuple[Any, tuple[str, ...]]] = [
    (os, ("urandom", "getrandom")),
    (time, ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter")),
    (random, ("_urandom", "random", "sample", "choice", "getrandbits", "shuffle")),
    (threading.Thread, ("start",)),
    (socket.socket, ("connect",)),
    (asyncio, ("new_event_loop", "get_event_loop")),
]

used: list[str] = []


def watched(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        # Through `secrets` or `uuid`, too: whoever of ours called them in the end, not merely imported them.
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and "importlib" not in frame.f_code.co_filename:
            if any(part in frame.f_code.co_filename for part in OURS):
                used.append(f"{name} by {frame.f_code.co_filename}:{frame.f_lineno}")
                break
            frame = frame.f_back
        return real(*args, **options)

    return call


def main() -> None:
    for owner, names in WATCHED:
        for name in names:
            setattr(owner, name, watched(f"{owner.__name__}.{name}", getattr(owner, name)))
    importlib.import_module(sys.argv[1])
    print(json.dumps({"used": used, "threads": threading.active_count()}))


if __name__ == "__main__":
    main()
