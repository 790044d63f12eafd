"""`make up`: everything on one machine, in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import uvloop
from dotenv import load_dotenv

from ginnel import settings
from local import credentials, dashboard, preparation, reports, server, services
from local.stack import NotBuilt

if TYPE_CHECKING:
    from local.server import Server
    from local.services import Servers

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Settings:
    workers: int = 1
    """Processes that store clicks."""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError("WORKERS must be 1 or more")


class CannotStart(RuntimeError):  # reads as what it says
    """Why `up` gave up, in words for the person at the terminal."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="ginnel")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("up", help="run everything on this machine")
    command.add_argument("--port", type=int, default=8000)
    command.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    command.add_argument("--data", type=Path, default=Path(".data"), help="the folder that keeps everything")
    command.add_argument("--workers", type=int, help="how many processes store clicks (else WORKERS, or 1)")
    command.add_argument("--template", type=Path, help="run this built template's packages under Lambda's emulator")
    command.add_argument("--env-file", type=Path, help="settings for what is not in the environment")
    wanted = parser.parse_args()
    if wanted.env_file:
        load_dotenv(wanted.env_file)
    try:
        workers = settings.read(Settings).workers if wanted.workers is None else wanted.workers
        if workers < 1:
            parser.error("--workers must be 1 or more")
        data, template = wanted.data.resolve(), wanted.template
        raise SystemExit(up(data, host=wanted.host, port=wanted.port, workers=workers, template=template))
    except (CannotStart, services.ServicesError, settings.BadSettings, NotBuilt) as error:
        raise SystemExit(f"\n  Ginnel can't start: {error}\n") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def up(data: Path, *, host: str, port: int, workers: int, template: Path | None = None) -> int:
    """Run until a signal or a fault; return the exit status. Of a built template, its packages run, and no workers of ours."""
    _check_free(host, port)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
        servers = None
        if not all(given.values()):
            print("Starting PostgreSQL and Valkey …", flush=True)
            embedded = services.running(data, postgres=not given["DATABASE_URL"], redis=not given["REDIS_URL"])
            servers = stack.enter_context(embedded)
            os.environ["DATABASE_URL"] = given["DATABASE_URL"] or servers.database_url or ""
            os.environ["REDIS_URL"] = given["REDIS_URL"] or servers.redis_url or ""
        os.environ["BASE_URL"] = os.environ.get("BASE_URL") or f"http://localhost:{port}"
        _find_keys(data, as_text=template is not None)
        # Without a way out, mail is kept where whoever sits here can read it.
        os.environ["MAIL_URL"] = os.environ.get("MAIL_URL") or f"mailbox:{data / 'mail'}"
        password = asyncio.run(preparation.prepare())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            serving = _serve(servers, host=host, port=port, workers=workers, template=template, password=password)
            return runner.run(serving)


def _find_keys(data: Path, *, as_text: bool) -> None:
    """See to it that the environment says where the keys for access tokens are; packages take no file."""
    if not any(os.environ.get(name) for name in ("JWT_KEYS", "JWT_KEYS_FILE", "JWT_KEYS_SECRET")):
        credentials.keep(data / "jwt-keys.json", credentials.signing_keys)
        os.environ["JWT_KEYS_FILE"] = str(data / "jwt-keys.json")
    if as_text and not os.environ.get("JWT_KEYS") and (path := os.environ.get("JWT_KEYS_FILE")):
        os.environ["JWT_KEYS"] = Path(path).read_text()


def _check_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(f"port {port} is not free ({error.strerror}). Try: make up PORT={port + 1}") from error


async def _serve(  # noqa: PLR0913  # each by its name
    servers: Servers | None, *, host: str, port: int, workers: int, template: Path | None, password: str | None
) -> int:
    stop = server.on_farewell()
    site = _site(template, host=host, port=port)
    stopper = asyncio.create_task(server.stop_at(stop, site))
    count = 0 if template else workers
    keepers = [asyncio.create_task(_keep_worker(number)) for number in range(1, count + 1)]
    watch = asyncio.create_task(_watch(site, servers))
    greet = asyncio.create_task(_greet(site, port=port, password=password))
    try:
        await site.serve()
    finally:
        greet.cancel()
        stopper.cancel()
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
    if watch.done():
        print(f"\n  {watch.result()}", file=sys.stderr)
        return 1
    watch.cancel()
    print("\n  Stopped; everything is kept.", flush=True)
    return 0


def _site(template: Path | None, *, host: str, port: int) -> Server:
    """Make the server, of the functions themselves or of a template's packages. What is imported here reads the environment."""
    from local import mailbox  # noqa: PLC0415  # as above

    if template:
        from local.fleet import Site  # noqa: PLC0415  # as above

        site = mailbox.beside(Site(template))
        return server.new(site, host=host, port=port, http="httptools")  # as long as the gateway allows
    from local.host import app  # noqa: PLC0415  # as above

    return server.new(mailbox.beside(app), host=host, port=port)


async def _keep_worker(number: int) -> None:
    """Keep an ingestion worker running: if it dies, start another of its name, which takes up what the last one left."""
    name = os.environ.get("CONSUMER") or "ingestion"
    env = os.environ | {"CONSUMER": name if number == 1 else f"{name}-{number}"}
    pause = 0.1
    while True:
        # Its own session: Ctrl-C at the terminal is ours to pass on. Our end of the pipe closes however we end.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "local.worker", stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=env,
            start_new_session=True,
        )  # fmt: skip
        started = asyncio.get_running_loop().time()
        try:
            await reports.hear(cast("asyncio.StreamReader", process.stdout))
            await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        lived = asyncio.get_running_loop().time() - started
        pause = 0.1 if lived > 10 else min(pause * 2, 5.0)  # noqa: PLR2004  # seconds that show it can live
        await asyncio.sleep(pause)


async def _watch(site: Server, servers: Servers | None) -> str:
    """Stop the site when what it needs is gone; return what that was."""
    parent = os.getppid()
    while True:
        await asyncio.sleep(0.5)
        if servers is not None and servers.poll() is not None:
            site.should_exit = True
            return "The database servers have stopped. Start again with `make up`: everything committed is kept."
        # make, killed by SIGKILL, can't tell us.
        if "MAKELEVEL" in os.environ and os.getppid() != parent:
            site.should_exit = True
            return "make is gone; stopping."


async def _greet(site: Server, *, port: int, password: str | None) -> None:
    from local import mailbox  # noqa: PLC0415  # what it imports reads the environment

    while not site.started:  # noqa: ASYNC110  # uvicorn has a flag, no event
        await asyncio.sleep(0.02)
    base = os.environ["BASE_URL"].rstrip("/")
    print(f"\n  Ginnel is up at {base}\n")
    print(f"    the dashboard          {base}/app{'' if dashboard.built() else ' (not built: see there)'}")
    print(f"    the API, to try        {base}/docs")
    print(f"    the API, to read       {base}/redoc")
    print(f"    is everything there?   {base}/health")
    if mailbox.shown():
        print(f"    mail that it sends     {base}/local/mail")
    elif os.environ["MAIL_URL"].startswith("mailbox:"):
        print(f"    mail is not sent but kept in {os.environ['MAIL_URL'].partition(':')[2]}: set MAIL_URL")
    if not base.endswith(f":{port}"):
        print(f"    listening on           port {port}")
    if password:
        print(f"\n  First administrator: {preparation.admin()}, password {password}")
        print("  It is shown this once only: keep it.")
    print("\n  Ctrl-C stops it; everything is kept.\n", flush=True)


if __name__ == "__main__":
    main()
