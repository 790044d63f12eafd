"""`make bench-links`: how quickly links are found among a million and made, and what a link's rules cost its visitors.

Starts the real thing on servers of its own in a temporary folder. Prints tables for people and, as its last line, one JSON
object of figures by fixed names.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import making, many, ruled, search
from tests.e2e import running

NAMES = ("search_p99_ms", "create_per_s_core", "rules20_ratio")


async def measure(folder: Path) -> dict[str, Any]:
    figures: dict[str, Any] = dict.fromkeys(NAMES, "-")
    if ruled.missing():
        print(f"  {ruled.missing()} is not installed: rules are not measured")
    else:
        figures |= await ruled.measure(folder)
    with running.up(folder / "data") as live:
        async with making.signed_in(live) as client:
            figures |= await making.measure(live, client)
        filled = await many.fill(live.database_url)
        figures |= await search.measure(live, filled)
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ginnel-bench-") as folder:
        figures = asyncio.run(measure(Path(folder)))
    print(json.dumps(figures))
    sys.exit(0)


if __name__ == "__main__":
    main()
