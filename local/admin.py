"""`make admin`: makes somebody an administrator, with a new password that is shown once. Also for one who lost theirs."""

from __future__ import annotations

import argparse
import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from ginnel import db, settings
from ginnel.administration import appointing
from ginnel.errors import Problem
from local import services


def main() -> None:
    parser = argparse.ArgumentParser(prog="admin")
    parser.add_argument("email", help="whom: the address that they sign in with")
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--env-file", type=Path, help="settings for what is not in the environment")
    wanted = parser.parse_args()
    if wanted.env_file:
        from dotenv import load_dotenv  # noqa: PLC0415  # containers have none, nor such a file

        load_dotenv(wanted.env_file)
    try:
        if os.environ.get("DATABASE_URL"):
            asyncio.run(appoint(wanted.email))
            return
        # The embedded servers take no second owner: stop `make up` before, or give it a DATABASE_URL.
        with services.running(wanted.data.resolve(), redis=False) as servers:
            os.environ["DATABASE_URL"] = servers.database_url
            asyncio.run(appoint(wanted.email))
    except (services.ServicesError, settings.BadSettings) as error:
        raise SystemExit(f"\n  Can't make an administrator: {error}\n") from None


async def appoint(email: str) -> None:
    """Make an administrator and show their password."""
    try:
        async with db.session() as conn:
            password = await appointing.appoint(conn, email, now=datetime.now(UTC))
    except Problem as problem:
        said = "; ".join(fault.detail for fault in problem.errors) or problem.detail
        raise SystemExit(f"\n  Can't make an administrator of {email}: {said}\n") from None
    finally:
        await db.close()
    print(f"  Administrator: {email}, password {password}")
    print("  It is shown this once only: keep it.", flush=True)


if __name__ == "__main__":
    main()
