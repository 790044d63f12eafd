"""A container's health check, which has no curl: `python -m local.health` asks the host, `… FILE` looks at a worker's beat.

It says whether the process is alive, not whether its stores are: an engine replaces what is unhealthy, and a host that still
sends visitors on while a store is away is worth keeping. `/health` tells of the stores.
"""

from __future__ import annotations

import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

PORT = 8000
BEAT = Path("/tmp/beat")  # noqa: S108  # the one folder of a container that can be written to, and nobody else's
_OLD = 60.0
"""Seconds: a batch of clicks may take half as long when PostgreSQL is slow."""


def answers() -> bool:
    connection = HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request("GET", "/robots.txt")
        return connection.getresponse().status == 200  # noqa: PLR2004  # OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def beats(file: Path) -> bool:
    return file.exists() and time.time() - file.stat().st_mtime < _OLD


if __name__ == "__main__":
    sys.exit(not (beats(Path(sys.argv[1])) if sys.argv[1:] else answers()))
