"""A worker in a process of its own that sends by an SMTP server on loopback: `python -m tests.mail.worker PORT`."""

from __future__ import annotations

import asyncio
import sys

from ginnel.mail import smtp
from webhooks.postman import Postman


def main() -> None:
    way = smtp.Smtp(smtp.Server.parse(f"smtp://localhost:{sys.argv[1]}"))
    print("started", flush=True)
    asyncio.run(Postman(way).run(3600))


if __name__ == "__main__":
    main()
