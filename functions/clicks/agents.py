"""What made a request, by the headers in which it describes itself."""

import re
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser import Domain, load_lazy_builtins
from ua_parser.regex import Resolver
from ua_parser_rs import UserAgentExtractor

Device = Literal["desktop", "mobile", "tablet", "tv", "console", "bot", "other"]


class Agent(NamedTuple):
    device: Device = "other"
    os: str | None = None
    """"Windows", "macOS", "Linux" (every distribution), "ChromeOS", "iOS" (iPadOS too), "Android", or a rarer one."""
    browser: str | None = None
    """The family, one name on every platform ("Chrome", "Safari"); or the app that shows the page ("Instagram")."""
    bot: str | None = None


# Longer ones are made up. Both engines below are linear in it.
_MAX_USER_AGENT: Final = 1024
_MAX_LANGUAGE: Final = 512
_MAX_NAME: Final = 64


@lru_cache(maxsize=8192)
def parse(user_agent: str) -> Agent:
    """Say what a User-Agent claims to be. A bot has no os or browser: what it poses as says nothing about a person."""
    # RFC 9110 leaves nothing but printable ASCII in it, and names taken from it go into a database.
    claim = re.sub(r"[^ -~]+", " ", user_agent[:_MAX_USER_AGENT])
    if crawler := _crawlers.extract(claim):
        return Agent(device="bot", bot=_bot_name(int(crawler.family)))
    found = _families(claim, Domain.USER_AGENT | Domain.OS)
    return Agent(
        device=next((device for device, pattern in _DEVICES if pattern.search(claim)), "other"),
        os=_name(found.os.family, _OPERATING_SYSTEMS) if found.os else None,
        browser=_name(found.user_agent.family, _BROWSERS) if found.user_agent else None,
    )


@lru_cache(maxsize=1024)
def language(accept_language: str) -> str | None:
    """Return the preferred language and its region, if any ("de", "de-AT"): the first of the highest weight.

    Accept-Language as in RFC 9110, 12.5.4, with tags as in RFC 5646; what is malformed or weighs 0 is passed over.
    """
    best, most = None, 0.0
    for item in accept_language[:_MAX_LANGUAGE].split(","):
        if (match := _LANGUAGE.fullmatch(item.strip(" \t"))) and (weight := float(match["weight"] or 1)) > most:
            region = match["region"]
            best = match["language"].lower() + (f"-{region.upper()}" if region else "")
            most = weight
    return best


def _name(family: str, names: dict[str, str]) -> str | None:
    return names.get(family, family)[:_MAX_NAME].strip() or None


# ua-parser's engine runs the crawler list as well: one pass over all patterns, a hundred times as fast as
# is_crawler(), and it tells which one matched. The list's index takes the place of a family.
_crawlers: Final = UserAgentExtractor(
    (crawler["pattern"], str(index), None, None, None, None) for index, crawler in enumerate(CRAWLER_USER_AGENTS_DATA)
)
# Without the device patterns: they tell models, not what kind of thing it is, and cost as much as the rest.
_families: Final = Resolver((*load_lazy_builtins()[:2], []))


@cache
def _bot_name(index: int) -> str:
    """Name the crawler as its own example does; the list has patterns but no names."""
    crawler = CRAWLER_USER_AGENTS_DATA[index]
    pattern: str = crawler["pattern"]
    matches = (re.search(pattern, example) for example in crawler["instances"])
    name = next((match[0] for match in matches if match), re.sub(r"\\(.)", r"\1", pattern))
    # Some patterns reach from the name to the address behind it: "Spider; +https://…".
    return re.split(r"[;(]", name.strip(" ;("))[0].strip(" /)-.!^$")[:_MAX_NAME]


# First match wins.
_DEVICES: Final[tuple[tuple[Device, re.Pattern[str]], ...]] = (
    # "AFT…" are Fire TV's models, CrKey is Chromecast.
    ("tv", re.compile(r"TV\b|AppleTV|Web0S|NetCast|BRAVIA|CrKey|Roku|VIDAA|; AFT\w")),
    ("console", re.compile(r"PlayStation|Xbox|Nintendo")),
    # Browsers on Android say Mobile on phones only. "Tablet PC" is Windows with a pen.
    ("tablet", re.compile(r"iPad|Tablet(?! PC)|Kindle|PlayBook|^Mozilla(?!.*Mobile).*Android")),
    ("mobile", re.compile(r"Mobi|iPhone|iPod|Android|Windows Phone|BlackBerry|Opera Mini|MIDP|Symbian")),
    ("desktop", re.compile(r"Windows|Macintosh|X11|CrOS|Linux")),
)

_OPERATING_SYSTEMS: Final = {
    "Mac OS": "macOS",
    "Mac OS X": "macOS",
    "Chrome OS": "ChromeOS",
    "ATV OS X": "tvOS",
    "WatchOS": "watchOS",
    "Web0S": "webOS",
    **dict.fromkeys(
        (
            *("Arch Linux", "BackTrack", "CentOS", "Debian", "Fedora", "Gentoo", "Kubuntu", "Linux Mint", "Lubuntu"),
            *("Mageia", "Mandriva", "PCLinuxOS", "Puppy", "Red Hat", "SUSE", "Slackware", "Ubuntu", "openSUSE"),
        ),
        "Linux",
    ),
}

_BROWSERS: Final = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "IE Mobile": "IE",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "iOS WebView",
    "Opera Mobile": "Opera",
}

_LANGUAGE: Final = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?P<region>[a-z]{2}|\d{3}))?(?:-[a-z\d]{1,8})*"
    r"(?:[ \t]*;[ \t]*q=(?P<weight>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?",
    re.ASCII | re.IGNORECASE,
)
