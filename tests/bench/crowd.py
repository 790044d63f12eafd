"""Clicks as they come: few links that many follow, addresses from all over, and what browsers and robots send."""

from __future__ import annotations

import random
from itertools import accumulate
from typing import Final

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from ginnel import clicks

LINKS: Final = 10_000
WORKSPACES: Final = 100

_CHROME: Final = (
    "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.{build}.{patch} {kind}Safari/537.36"
)
_DESKTOPS: Final = ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
_MODELS: Final = tuple(
    f"{maker}{number}" for maker in ("SM-S", "SM-A", "Pixel ", "Redmi ", "CPH") for number in range(60)
)
_IPHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {major}_{minor} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
)
_HOSTS: Final = tuple(
    f"{name}.example" for name in ("news", "search", "shop", "forum", "mail", "blog", "social", "wiki")
)
_LANGUAGES: Final = tuple(
    f"{code},{code[:2]};q=0.9,en;q=0.8".encode()
    for code in (
        "en-US",
        "en-GB",
        "de-DE",
        "fr-FR",
        "es-ES",
        "pt-BR",
        "hi-IN",
        "ja-JP",
        "it-IT",
        "nl-NL",
        "pl-PL",
        "tr-TR",
    )
)
# The first octets of address space that the registries have given out, v4 and v6.
_FIRST: Final = tuple(octet for octet in range(1, 224) if octet not in {10, 100, 127, 169, 172, 192, 198, 203})
_SIXES: Final = ("2001:4860", "2a00:1450", "2a02:8108", "2003:e7", "2600:1700", "2601:280", "2409:8a00", "2804:14d")


class Crowd:
    """Draws clicks. The same seed draws the same people, but their ids and times are new."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._links = list(accumulate(1 / rank for rank in range(1, LINKS + 1)))
        self._agents = [self._agent() for _ in range(12_000)]
        self._popular = list(accumulate(1 / (rank + 20) for rank in range(len(self._agents))))
        robots = [instance for robot in CRAWLER_USER_AGENTS_DATA for instance in robot["instances"][:2]]
        self._robots = [robot.encode() for robot in robots]
        self._pages = [self._page() for _ in range(30_000)]

    def lines(self, count: int, at: int) -> list[bytes]:
        """Draw clicks that happened `at`, in milliseconds since the epoch."""
        chance = self._chance
        links = chance.choices(range(1, LINKS + 1), cum_weights=self._links, k=count)
        agents = chance.choices(self._agents, cum_weights=self._popular, k=count)
        return [
            clicks.pack(
                id=clicks.new_id(),
                at=at,
                link=link,
                workspace=link % WORKSPACES + 1,
                domain=1,
                address=self._address(),
                user_agent=chance.choice(self._robots) if chance.random() < 0.08 else agent,
                referrer=chance.choice(self._pages) if chance.random() < 0.5 else b"",
                language=chance.choice(_LANGUAGES),
                query=self._query(),
                private=chance.random() < 0.05,
            )
            for link, agent in zip(links, agents, strict=True)
        ]

    def entries(self, count: int, at: int, *, size: int) -> list[bytes]:
        """Draw clicks packed as the stream holds them, `size` lines an entry."""
        lines = self.lines(count, at)
        return [b"\n".join(lines[start : start + size]) for start in range(0, count, size)]

    def _agent(self) -> bytes:
        chance = self._chance
        match chance.randrange(10):
            case 0 | 1 | 2:
                text = _CHROME.format(
                    system=chance.choice(_DESKTOPS), major=chance.randrange(100, 141), build=0, patch=0, kind=""
                )
            case 3 | 4 | 5:
                system = f"Linux; Android {chance.randrange(9, 16)}; {chance.choice(_MODELS)}"
                text = _CHROME.format(system=system, major=chance.randrange(100, 141), build=0, patch=0, kind="Mobile ")
            case 6 | 7:
                text = _IPHONE.format(major=chance.randrange(14, 19), minor=chance.randrange(8))
                text += f"Version/{chance.randrange(14, 19)}.{chance.randrange(7)} Mobile/15E148 Safari/604.1"
            case 8:
                text = _IPHONE.format(major=chance.randrange(14, 19), minor=chance.randrange(8))
                text += f"Mobile/15E148 Instagram {chance.randrange(200, 350)}.0.0.{chance.randrange(40)}"
            case _:
                major = chance.randrange(100, 141)
                text = f"Mozilla/5.0 ({chance.choice(_DESKTOPS)}; rv:{major}.0) Gecko/20100101 Firefox/{major}.0"
        return text.encode()

    def _page(self) -> bytes:
        chance = self._chance
        return f"https://www.{chance.choice(_HOSTS)}/{chance.randrange(10**5)}/article?from={chance.random()}".encode()

    def _address(self) -> bytes:
        chance = self._chance
        number = chance.getrandbits(64)
        if number % 5:
            first = _FIRST[(number >> 24 & 0xFFFF) % len(_FIRST)]
            return b"%d.%d.%d.%d" % (first, number >> 8 & 255, number >> 40 & 255, number >> 56)
        return b"%s:%x:%x::%x" % (
            _SIXES[number >> 8 & 7].encode(),
            number >> 16 & 0xFFF,
            number >> 32 & 0xFFF,
            number >> 48,
        )

    def _query(self) -> bytes:
        chance = self._chance
        kind = chance.random()
        if kind < 0.75:
            return b""
        if kind < 0.95:
            return b"utm_source=letter%d&utm_medium=mail&utm_campaign=c%d" % (
                chance.randrange(5),
                chance.randrange(200),
            )
        return b"fbclid=%x" % chance.getrandbits(200)
