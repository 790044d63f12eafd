"""What containers run, one part of an installation each: `python -m local.container credentials|migrate|host|worker|admin`.

Everything comes from the environment, or, as engines hand secrets out, from a file: DATABASE_URL_FILE names one that holds
DATABASE_URL, and so on.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvloop

from ginnel import postgres, redis, settings
from local import address, credentials, health, server, stores
from local.address import NoTunnel
from local.stores import Unreachable

SECRETS = ("DATABASE_URL", "REDIS_URL", "MAIL_URL", "OIDC_CLIENT_SECRET")
"""Read once. JWT_KEYS_FILE is read again when it changes, by `keyring`."""
_PATIENCE = 60.0
"""Seconds that the stores are waited for."""
_KEEP_ALIVE = 75
"""Seconds. A proxy in front keeps its connections less long: one that we close first may be the one it is just using."""


class CannotStart(RuntimeError):  # reads as what it says
    """What is wrong, in words for whoever reads the container's log."""


def main() -> None:
    # The kernel keeps signals without a handler from a container's first process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # One log, whatever wrote it.
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())
    parser = argparse.ArgumentParser(prog="python -m local.container", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    command = parts.add_parser("credentials", help="make passwords and keys, unless they are there")
    command.add_argument("folder", type=Path)
    parts.add_parser("migrate", help="bring the schema up to date and make the first administrator")
    command = parts.add_parser("host", help="answer requests")
    command.add_argument("--redirects-only", action="store_true", help="answer visitors alone")
    command.add_argument("--address", default="0.0.0.0", help="the address to listen on")  # noqa: S104  # a container's own
    command.add_argument("--port", type=int, default=health.PORT)
    parts.add_parser("worker", help="store clicks")
    command = parts.add_parser("admin", help="make somebody an administrator, with a new password")
    command.add_argument("email")
    wanted = parser.parse_args()
    try:
        _run(wanted)
    except (CannotStart, NoTunnel, Unreachable, settings.BadSettings) as error:
        raise SystemExit(f"Ginnel can't start: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _run(wanted: argparse.Namespace) -> None:
    if wanted.part == "credentials":
        credentials.make_for_stores(wanted.folder)
        return
    _read_secrets()
    os.environ["BASE_URL"] = address.base_url()
    for kind in (postgres.Settings, redis.Settings, settings.Site):
        settings.read(kind)
    if wanted.part == "migrate":
        asyncio.run(_migrate())
    elif wanted.part == "admin":
        from local import admin  # noqa: PLC0415  # it brings much that the others do without

        asyncio.run(admin.appoint(wanted.email))
    elif wanted.part == "host":
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(wanted))
    else:
        _work()


def _read_secrets() -> None:
    for name in SECRETS:
        path = os.environ.get(f"{name}_FILE")
        if path and not os.environ.get(name):
            try:
                os.environ[name] = Path(path).read_text().strip()
            except OSError as error:
                raise CannotStart(f"{name}_FILE names {path}, which can't be read: {error.strerror}") from error


async def _migrate() -> None:
    from local import preparation  # noqa: PLC0415  # it brings much that the redirect host does without

    await stores.wait(_PATIENCE, database_needed=True)
    kept_in = os.environ.get("ADMIN_PASSWORD_FILE")
    keep: Callable[[str], None] = (lambda password: credentials.write(Path(kept_in), password)) if kept_in else print
    if await preparation.prepare(keep):
        where = f"in {kept_in}" if kept_in else "the line above"
        print(f"First administrator: {preparation.admin()}; the password is {where}.", flush=True)


async def _serve(wanted: argparse.Namespace) -> None:
    stop = server.on_farewell()
    if wanted.redirects_only:
        from local.redirect_host import app  # noqa: PLC0415  # what it imports reads the environment
    else:
        from local.host import app  # noqa: PLC0415  # as above
    waiting = asyncio.create_task(stores.wait(_PATIENCE))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({waiting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        waiting.cancel()
        return
    await waiting
    site = server.new(app, host=wanted.address, port=wanted.port, keep_alive=_KEEP_ALIVE)
    stopper = asyncio.create_task(server.stop_at(stop, site))
    await site.serve()
    stopper.cancel()


def _work() -> None:
    # Its own, and the same again when this container is started again. What a container that was replaced has left behind,
    # another worker claims half a minute later.
    os.environ["CONSUMER"] = os.environ.get("CONSUMER") or socket.gethostname()
    from local import worker  # noqa: PLC0415  # what it imports reads the environment

    asyncio.run(stores.wait(_PATIENCE))
    worker.run(beat=health.BEAT)


if __name__ == "__main__":
    main()
