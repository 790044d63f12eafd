"""Where people find an installation that was not told: on this machine, or at the tunnel's end."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from http.client import HTTPException
from urllib.request import Request, urlopen

from ginnel import settings

_SECONDS = 30.0


@dataclass(frozen=True)
class Settings:
    tunnel: str | None = None
    """The address of an ngrok agent's API, which knows under what name the tunnel is reached."""
    port: int = 8000
    """Where the front is published on this machine."""


class NoTunnel(RuntimeError):
    """There should be a tunnel, and none is open; the message says what to look at."""


def base_url() -> str:
    """Return BASE_URL; left out, the tunnel's address, if there is to be one, or this machine's. Raises NoTunnel."""
    wanted = settings.read(Settings)
    if given := os.environ.get("BASE_URL"):
        return given
    return _wait_for(wanted.tunnel) if wanted.tunnel else f"http://localhost:{wanted.port}"


def _wait_for(agent: str) -> str:
    deadline = time.monotonic() + _SECONDS
    while True:
        if found := _ask(agent):
            return found
        if time.monotonic() > deadline:
            raise NoTunnel(
                f"TUNNEL says to use a tunnel, but none is open at {agent}. Start with `--profile tunnel`, and see "
                "`docker compose logs tunnel`: as a rule NGROK_AUTHTOKEN is missing or not valid."
            )
        time.sleep(0.5)


def _ask(agent: str) -> str | None:
    try:
        # To any other host's name than this, it doesn't answer.
        asked = Request(f"{agent}/api/tunnels", headers={"host": "localhost"})  # noqa: S310  # the operator's own address
        with urlopen(asked, timeout=5) as answer:  # noqa: S310  # as above
            addresses = [tunnel["public_url"] for tunnel in json.load(answer)["tunnels"]]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
    return next((address for address in addresses if address.startswith("https://")), None)
