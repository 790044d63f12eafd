"""`make replay`: store clicks again that ended as dead letters, once what was wrong with them is mended.

They go into the outbox, from where a worker takes them within a second; what fails again becomes a dead letter again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from dotenv import load_dotenv

from ginnel import ingestion, postgres
from local import services


def main() -> None:
    parser = argparse.ArgumentParser(prog="replay")
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--env-file", type=Path, help="settings for what is not in the environment")
    wanted = parser.parse_args()
    if wanted.env_file:
        load_dotenv(wanted.env_file)
    if os.environ.get("DATABASE_URL"):
        asyncio.run(_replay())
        return
    # The embedded servers take no second owner: replay while `make up` is down, or give it a DATABASE_URL.
    try:
        with services.running(wanted.data.resolve(), redis=False) as servers:
            os.environ["DATABASE_URL"] = servers.database_url
            asyncio.run(_replay())
    except services.ServicesError as error:
        raise SystemExit(f"\n  Can't replay: {error}\n") from None


async def _replay() -> None:
    connection = await postgres.connect(command_timeout=60)
    try:
        print(f"  {await ingestion.replay(connection):,} dead letters are on their way again")
    finally:
        await connection.close()


if __name__ == "__main__":
    main()
