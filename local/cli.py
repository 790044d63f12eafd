"""`make up`: everything on one machine, in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
import uvloop
from dotenv import load_dotenv

from ginnel import db, migrations, redis, settings, users
from local import services
from local.stack import NotBuilt

if TYPE_CHECKING:
    from local.services import Servers

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Settings:
    workers: int = 1
    """Processes that store clicks."""
    fast_lane: bool = True
    """Whether visits are answered before the framework sees them."""

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
        os.environ["JWT_KEYS"] = os.environ.get("JWT_KEYS") or _keys(data / "jwt-keys.json")
        password = asyncio.run(_prepare())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            serving = _serve(servers, host=host, port=port, workers=workers, template=template, password=password)
            return runner.run(serving)


def _check_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(f"port {port} is not free ({error.strerror}). Try: make up PORT={port + 1}") from error


def _keys(path: Path) -> str:
    """Read the keys that sign access tokens, made at the first start."""
    if not path.exists():
        secret = urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
        key = {"kty": "oct", "alg": "HS256", "kid": secrets.token_hex(4), "k": secret}
        half = path.with_suffix(".new")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"keys": [key]}, file)
        half.rename(path)
    return path.read_text()


async def _prepare() -> str | None:
    """See that the stores will do, bring the schema up to date and make the first admin; return a new one's password."""
    with contextlib.suppress(redis.RedisError):  # that it is away may end
        await redis.check()
    await redis.close()
    await migrations.prepare()
    async with contextlib.asynccontextmanager(db.transaction)() as conn:
        password = await users.ensure_admin(conn, email=_admin(), now=datetime.now(UTC))
    await db.close()
    return password


def _admin() -> str:
    return os.environ.get("ADMIN_EMAIL") or "admin@localhost"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to us: uvicorn would raise them again, and end the process before the servers have stopped."""
        yield


async def _serve(  # noqa: PLR0913  # each by its name
    servers: Servers | None, *, host: str, port: int, workers: int, template: Path | None, password: str | None
) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    app, http = _site(template)
    # What was imported stays: walking through it again would hold visitors up for a tenth of a second each time.
    gc.collect()
    gc.freeze()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=http,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )
    server = _Server(config)
    stopper = asyncio.create_task(_stop(server, stop))
    count = 0 if template else workers
    keepers = [asyncio.create_task(_keep_worker(number)) for number in range(1, count + 1)]
    watch = asyncio.create_task(_watch(server, servers))
    greet = asyncio.create_task(_greet(server, port=port, password=password))
    try:
        await server.serve()
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


def _site(template: Path | None) -> tuple[Any, Any]:
    """Return the app and uvicorn's protocol for it. What is imported here reads the environment."""
    if template:
        from local.fleet import Site  # noqa: PLC0415  # as above

        return Site(template), "httptools"  # a request may be as long as the gateway allows
    from local.bounded import Bounded  # noqa: PLC0415  # as above
    from local.host import app  # noqa: PLC0415  # as above
    from local.protocol import FastLane  # noqa: PLC0415  # as above

    return app, FastLane if settings.read(Settings).fast_lane else Bounded


async def _stop(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    # A server that is told to stop while it starts would leave what it has started behind.
    while not server.started:  # noqa: ASYNC110  # uvicorn has a flag, no event
        await asyncio.sleep(0.02)
    server.should_exit = True


async def _keep_worker(number: int) -> None:
    """Keep an ingestion worker running: if it dies, start another of its name, which takes up what the last one left."""
    name = os.environ.get("CONSUMER") or "ingestion"
    env = os.environ | {"CONSUMER": name if number == 1 else f"{name}-{number}"}
    pause = 0.1
    while True:
        # Its own session: Ctrl-C at the terminal is ours to pass on. Our end of the pipe closes however we end.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "local.worker", stdin=subprocess.PIPE, cwd=ROOT, env=env, start_new_session=True
        )
        started = asyncio.get_running_loop().time()
        try:
            await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        lived = asyncio.get_running_loop().time() - started
        pause = 0.1 if lived > 10 else min(pause * 2, 5.0)  # noqa: PLR2004  # seconds that show it can live
        await asyncio.sleep(pause)


async def _watch(server: uvicorn.Server, servers: Servers | None) -> str:
    """Stop the server when what it needs is gone; return what that was."""
    parent = os.getppid()
    while True:
        await asyncio.sleep(0.5)
        if servers is not None and servers.poll() is not None:
            server.should_exit = True
            return "The database servers have stopped. Start again with `make up`: everything committed is kept."
        # make, killed by SIGKILL, can't tell us.
        if "MAKELEVEL" in os.environ and os.getppid() != parent:
            server.should_exit = True
            return "make is gone; stopping."


async def _greet(server: uvicorn.Server, *, port: int, password: str | None) -> None:
    while not server.started:  # noqa: ASYNC110  # uvicorn has a flag, no event
        await asyncio.sleep(0.02)
    base = os.environ["BASE_URL"].rstrip("/")
    print(f"\n  Ginnel is up at {base}\n")
    print(f"    the API, to try        {base}/docs")
    print(f"    the API, to read       {base}/redoc")
    print(f"    is everything there?   {base}/health")
    if not base.endswith(f":{port}"):
        print(f"    listening on           port {port}")
    if password:
        print(f"\n  First administrator: {_admin()}, password {password}")
        print("  It is shown this once only: keep it.")
    print("\n  Ctrl-C stops it; everything is kept.\n", flush=True)


if __name__ == "__main__":
    main()
