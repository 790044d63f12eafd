"""Where clicks come from, as people call it: "Google", not www.google.co.uk; and by which channel.

The names are in sources.txt. What has none is called by its host, as a referral; nothing is said of who comes without a
referrer, but by an app that shows pages itself and says so in its user agent.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

CHANNELS: Final = ("search", "social", "mail", "chat", "ai", "internal", "referral")
"""What a channel may be, besides none: direct."""

_APP: Final = "app:"
# What "*" stands for: a country's domain, one under it, or a common one.
_ANY_ENDING: Final = re.compile(r"(?:(?:com?|org|net|edu)\.)?[a-z]{2}|com|org|net")


class Source(NamedTuple):
    name: str | None
    channel: str | None


NOT_LISTED: Final = Source(None, None)
INTERNAL: Final = Source(None, "internal")
"""Our own pages, called by their host."""


@lru_cache(maxsize=8192)
def find(host: str | None, app: str | None) -> Source:
    """Name what a referrer's host belongs to; without a referrer, the app (a browser's name) if it is one that has a name.

    NOT_LISTED for all others.
    """
    named = _named()
    if host is None:
        return named.get(f"{_APP}{app}", NOT_LISTED)
    labels = host.split(".")
    for start, label in enumerate(labels):
        rest = ".".join(labels[start + 1 :])
        found = named.get(f"{label}.{rest}") or (_ANY_ENDING.fullmatch(rest) and named.get(f"{label}.*"))
        if found:
            return found
    return NOT_LISTED


@cache
def _named() -> dict[str, Source]:
    return {
        place.replace("_", " ") if place.startswith(_APP) else place: Source(name, channel)
        for channel, name, places in read(Path(__file__).with_name("sources.txt").read_text(encoding="utf-8"))
        for place in places
    }


def read(text: str) -> list[tuple[str, str, list[str]]]:
    """Read the list: channel, name, and the hosts and apps that go by it."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    parts = ([part.strip() for part in line.split("|")] for line in lines)
    return [(channel, name, places.split()) for channel, name, places in parts]
