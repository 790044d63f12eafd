"""`make rebuild`: count the clicks of some days anew, mend the roll-ups by that, and say how far they were off.

Those who store clicks wait for a day at a time, so that it may be done at work. Exits with 1 where anything was off.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from dotenv import load_dotenv

from ginnel import postgres, recounting
from local import services


def main() -> None:
    parser = argparse.ArgumentParser(prog="rebuild")
    parser.add_argument("first", type=date.fromisoformat, help="the first day (UTC), such as 2026-03-01")
    parser.add_argument("last", type=date.fromisoformat, help="the last day")
    parser.add_argument("--link", type=int, help="the id of the only link whose roll-ups are counted")
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--env-file", type=Path, help="settings for what is not in the environment")
    wanted = parser.parse_args()
    if wanted.last < wanted.first:
        parser.error(f"{wanted.last} is before {wanted.first}")
    if wanted.env_file:
        load_dotenv(wanted.env_file)
    try:
        with ExitStack() as stack:
            if not os.environ.get("DATABASE_URL"):
                os.environ["DATABASE_URL"] = _embedded(wanted.data.resolve(), stack)
            off = asyncio.run(_rebuild(wanted.first, wanted.last, wanted.link))
    except services.ServicesError as error:
        raise SystemExit(f"\n  Can't count anew: {error}\n") from None
    sys.exit(1 if off else 0)


def _embedded(data: Path, stack: ExitStack) -> str:
    """Return the address of a folder's PostgreSQL, which is started if it is not at work."""
    try:
        return stack.enter_context(services.running(data, redis=False)).database_url
    except services.InUse:
        return services.addresses(data)[0]


async def _rebuild(first: date, last: date, link: int | None) -> int:
    """Print the rows that were off; return how many."""
    connection = await postgres.connect(command_timeout=None)
    try:
        changed = await recounting.rebuild(connection, first, last + timedelta(days=1), link=link)
    finally:
        await connection.close()
    for table, rows in changed.items():
        print(f"  {table}: {rows:,} rows differed")
    print(f"  {sum(changed.values()):,} differences from {first} to {last}")
    return sum(changed.values())


if __name__ == "__main__":
    main()
