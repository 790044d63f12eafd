"""`make up LAMBDA=1`: the packages of `make build` as AWS runs them, with what stands before and beside them there.

Each function has up to `MOST` environments under Lambda's own emulator, frozen whenever they have nothing to do; the
template's routes and schedules lead to them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from ginnel import places, web
from ginnel.observe import log
from local import emulator, host, schedule, stack
from local.emulator import Artefact, Instance
from local.gateway import Gateway

MOST = 4
"""Environments of one function; what comes beyond waits, where AWS would make another."""

_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
"""Seconds between a schedule's runs, which are a minute on AWS; and after failures in a row."""


class Fleet:
    def __init__(self, functions: Iterable[stack.Function], log_file: Path) -> None:
        emulator.find()
        self._folder = Path(tempfile.mkdtemp(prefix="ginnel-fleet-"))
        self._functions = {function.name: function for function in functions}
        self._artefacts: dict[str, Artefact] = {
            name: emulator.unpack(function, self._folder) for name, function in self._functions.items()
        }
        self._idle: dict[str, list[Instance]] = {name: [] for name in self._functions}
        self._turns = {name: asyncio.Semaphore(MOST) for name in self._functions}
        self._all: set[Instance] = set()
        self._log = log_file.open("ab")
        self._threads = ThreadPoolExecutor(MOST * len(self._functions))
        self._running: set[asyncio.Task[Any]] = set()

    async def invoke(self, name: str, event: dict[str, Any]) -> Any:  # noqa: ANN401  # whatever the function answers
        """Invoke a function. Whoever gives up waiting doesn't end the invocation, as on AWS."""
        task = asyncio.create_task(self._invoke(name, event))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _invoke(self, name: str, event: dict[str, Any]) -> Any:  # noqa: ANN401  # as above
        async with self._turns[name]:
            instance = self._take(name)
            try:
                answer = await asyncio.get_running_loop().run_in_executor(self._threads, instance.invoke, event)
                instance.freeze()
            except (OSError, IndexError):  # the emulator has ended, or the function has under it
                self._drop(instance)
                return {"errorMessage": "the environment has ended", "errorType": "Runtime.ExitError"}
            self._idle[name].append(instance)
            return answer

    def _take(self, name: str) -> Instance:
        """Thaw the environment that was used last, or start another: from this thread, with which it ends."""
        while self._idle[name]:
            instance = self._idle[name].pop()
            try:
                instance.thaw()
            except (OSError, IndexError):
                self._drop(instance)
            else:
                return instance
        made = Instance(self._artefacts[name], self._variables(name), self._log)
        self._all.add(made)
        return made

    def _variables(self, name: str) -> dict[str, str]:
        """Return a function's variables: those that the template leaves to a stack's parameters are this process's own."""
        declared = self._functions[name].variables
        values = {key: os.environ.get(key) if value is None else value for key, value in declared.items()}
        # The layer may be empty; this machine's own installation has a database.
        values["GEOIP_DB"] = os.environ.get("GEOIP_DB") or str(places.default_database() or "")
        return {key: value for key, value in values.items() if value}

    def _drop(self, instance: Instance) -> None:
        self._all.discard(instance)
        instance.stop()

    async def keep_schedule(self, name: str) -> None:
        """Invoke a function as its schedule does, over and over."""
        pause = _PAUSE
        while True:
            answer = await self.invoke(name, schedule.event(datetime.now(UTC)))
            failed = isinstance(answer, dict) and "errorMessage" in answer
            if failed:
                log.warning("schedule_failed", function=name, error=answer.get("errorType"))
            pause = min(2 * pause, _LONGEST_PAUSE) if failed else _PAUSE
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Let what is under way end, and then everything."""
        if self._running:
            await asyncio.wait(self._running, timeout=10)
        for instance in list(self._all):
            self._drop(instance)
        self._threads.shutdown(wait=False)
        self._log.close()
        shutil.rmtree(self._folder)


class Site:
    """The whole as visitors see it: pages come from where CloudFront has them, all else through the gateway.

    Raises NotBuilt when the template, its packages or the emulator are not here.
    """

    def __init__(self, template: Path) -> None:
        # A run of the drain lasts a second, so that stopping takes no longer; it waits for clicks all the while.
        os.environ.setdefault("DRAIN_SECONDS", "1")
        os.environ.setdefault("DELIVER_SECONDS", "1")
        self._functions = stack.read(template)
        # The emulator tells of each invocation, which is too much for a terminal.
        log_file = template.resolve().parent / "functions.log"
        print(f"What the functions log goes to {log_file}", flush=True)
        self._fleet = Fleet(self._functions, log_file)
        self._gateway = Gateway((route for it in self._functions for route in it.routes), self._fleet.invoke)
        self._pages: ASGIApp = host.app.pages
        self._paths = {path.split("/")[1] for path, _ in web.routes(host.app.pages)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        app = self._pages if scope["path"].split("/")[1] in self._paths else self._gateway
        await app(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        keepers = [asyncio.create_task(self._fleet.keep_schedule(it.name)) for it in self._functions if it.scheduled]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for keeper in keepers:
            keeper.cancel()
        await self._fleet.close()
        await send({"type": "lifespan.shutdown.complete"})
