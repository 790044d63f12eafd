"""A worker in a process of its own, for which a server on loopback is public: `python -m tests.webhooks.worker PORT`."""

from __future__ import annotations

import asyncio
import sys

from ginnel import outbound
from tests.peers import Peer, letting
from webhooks.courier import Courier


def main() -> None:
    caller = letting(Peer(port=int(sys.argv[1])))
    outbound.public = lambda: caller  # type: ignore[assignment]  # a cached function, of which nothing but the call is used
    print("started", flush=True)
    asyncio.run(Courier(None).run(3600))


if __name__ == "__main__":
    main()
