"""`make tunnel`: what `make up` runs, at an address that the whole world can reach for as long as it runs.

The ngrok agent connects out to its service and passes on to us what comes there; the address it is given is BASE_URL.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from dotenv import load_dotenv

from local import processes

ROOT = Path(__file__).parent.parent
_PATIENCE = 30.0
"""Seconds within which the agent must have an address."""
# What the agent needs to know: where its settings are, who we are, and by which way it gets out. Our secrets are not its.
_FOR_AGENT = re.compile(r"PATH|HOME|XDG_.+|NGROK_.+|(HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_.+", re.IGNORECASE)


class NoTunnel(RuntimeError):
    """Why there is none, in words for the person at the terminal."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="tunnel")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--env-file", type=Path, help="settings for what is not in the environment")
    wanted = parser.parse_args()
    if wanted.env_file:
        load_dotenv(wanted.env_file)
    up = ["up", "--port", str(wanted.port), "--data", str(wanted.data)]
    up += ["--env-file", str(wanted.env_file)] if wanted.env_file else []
    try:
        raise SystemExit(asyncio.run(run(_agent_found(), wanted.port, up)))
    except NoTunnel as error:
        raise SystemExit(f"\n  There is no tunnel: {error}\n") from None


def _agent_found() -> str:
    if not os.environ.get("NGROK_AUTHTOKEN"):
        raise NoTunnel(
            "NGROK_AUTHTOKEN is not set. A free account at https://ngrok.com has one, at "
            "https://dashboard.ngrok.com/get-started/your-authtoken: put it into .env."
        )
    found = shutil.which("ngrok")
    if not found:
        raise NoTunnel("there is no ngrok on the PATH. Get its agent, version 3, from https://ngrok.com/download.")
    return found


async def run(program: str, port: int, up: list[str]) -> int:
    """Keep the agent and the host up until a signal comes or one of them ends; return the exit status."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        # Sessions of their own: Ctrl-C at the terminal is ours to pass on, to the host first.
        command = [program, "http", str(port), "--log", "stdout", "--log-format", "json"]
        env = {name: value for name, value in os.environ.items() if _FOR_AGENT.fullmatch(name)}
        agent = await _started(command, env, stack, output=PIPE)
        log = _Log()
        following = asyncio.create_task(log.follow(agent))
        stopping = asyncio.create_task(stop.wait())
        connecting = asyncio.create_task(_address(log, port))
        await asyncio.wait({connecting, following, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.done():
            return 0
        if not connecting.done():
            connecting.cancel()
            raise NoTunnel(log.reason())
        env = {**os.environ, "BASE_URL": connecting.result(), "TRUSTED_PROXIES": "1"}
        host = await _started([sys.executable, "-m", "local.cli", *up], env, stack)
        serving = asyncio.create_task(host.wait())
        await asyncio.wait({serving, following, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if following.done() and not serving.done() and not stopping.done():
            await _ended(host)
            raise NoTunnel(f"the agent is gone: {log.reason()}")
        return await _ended(host)


async def _started(
    command: list[str], env: dict[str, str], stack: contextlib.AsyncExitStack, *, output: int | None = None
) -> Process:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=env,
        stdout=output,
        stderr=STDOUT if output else None,
        start_new_session=True,
        preexec_fn=processes.dying_with_us(signal.SIGTERM),
    )
    stack.push_async_callback(_ended, process)
    return process


async def _ended(process: Process) -> int:
    """Tell a process to end, unless it has; the host takes its time to store what waits."""
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 60)
        except TimeoutError:
            process.kill()
    return await process.wait()


class _Log:
    """What the agent says: a JSON object a line, but for its last words."""

    def __init__(self) -> None:
        self.api = "127.0.0.1:4040"
        """Where its own API is: there, unless that is taken."""
        self._complaints: list[str] = []

    async def follow(self, agent: Process) -> None:
        """Read until it ends: one that nobody reads would stand still."""
        if agent.stdout is None:
            raise AssertionError("the agent was started without a pipe")
        async for line in agent.stdout:
            self._heard(line.decode(errors="replace").strip())

    def _heard(self, line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            said = {"err": line.removeprefix("ERROR:")}
        if not isinstance(said, dict):
            return
        if said.get("msg") == "starting web service":
            self.api = str(said.get("addr") or self.api)
        complaint = str(said.get("err") or "").strip()
        if complaint not in {"", "nil", "<nil>"}:
            self._complaints = [*self._complaints[-20:], complaint]

    def reason(self) -> str:
        """Say in a line why it ended: its first complaint, with its code, and without the token that it quotes."""
        if not self._complaints:
            return "it ended without a word"
        first = self._complaints[0].splitlines()[0]
        codes = re.findall(r"ERR_NGROK_\d+", " ".join(self._complaints))
        reason = f"{first} ({codes[0]})" if codes and codes[0] not in first else first
        return reason.replace(os.environ.get("NGROK_AUTHTOKEN") or "\0", "…")


async def _address(log: _Log, port: int) -> str:
    """Ask the agent which address leads to this port."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        for tunnel in await asyncio.to_thread(_tunnels, log.api):
            url, leads = str(tunnel.get("public_url")), str(tunnel.get("config", {}).get("addr"))
            if url.startswith("https://") and leads.endswith(f":{port}"):
                return url
        await asyncio.sleep(0.1)
    raise NoTunnel(f"the agent has no address after {_PATIENCE:.0f} s")


def _tunnels(api: str) -> list[dict[str, dict[str, object]]]:
    # Not by a proxy: it is on this machine.
    try:
        with build_opener(ProxyHandler({})).open(f"http://{api}/api/tunnels", timeout=5) as answer:
            tunnels: list[dict[str, dict[str, object]]] = json.load(answer).get("tunnels", [])
    except (OSError, ValueError):
        return []  # it is still starting
    return tunnels


if __name__ == "__main__":
    main()
