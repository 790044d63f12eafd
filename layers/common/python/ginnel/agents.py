"""What made a request, by the headers in which it describes itself."""

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from ua_parser import Domain, load_lazy_builtins
from ua_parser.regex import Resolver

from ginnel import bots

Device = Literal["desktop", "mobile", "tablet", "tv", "console", "bot", "other"]


class Agent(NamedTuple):
    device: Device = "other"
    os: str | None = None
    """"Windows", "macOS", "Linux" (every distribution), "ChromeOS", "iOS" (iPadOS too), "Android", or a rarer one."""
    browser: str | None = None
    """The family, one name on every platform ("Chrome", "Safari"); or the app that shows the page ("Instagram")."""
    bot: str | None = None


PREFETCH: Final = Agent(device="bot", bot="prefetch")
"""A browser, or an app, that fetches a page before anybody has asked for it."""

_MAX_LANGUAGE: Final = 512


@lru_cache(maxsize=8192)
def parse(user_agent: str) -> Agent:
    """Say what a User-Agent claims to be. A bot has no os or browser: what it poses as says nothing about a person."""
    if (bot := bots.find(user_agent)) is not None:
        return Agent(device="bot", bot=bot)
    claim = bots.claim(user_agent)
    found = _families(claim, Domain.USER_AGENT | Domain.OS)
    app = _APP.search(claim)
    return Agent(
        device=next((device for device, pattern in _DEVICES if pattern.search(claim)), "other"),
        os=_name(found.os.family, _OPERATING_SYSTEMS) if found.os else None,
        browser=_APPS[app[1]] if app else _name(found.user_agent.family, _BROWSERS) if found.user_agent else None,
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
    return names.get(family, family)[: bots.MAX_NAME].strip() or None


# Without the device patterns: they tell models, not what kind of thing it is, and cost as much as the rest.
_families: Final = Resolver((*load_lazy_builtins()[:2], []))


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
    "WeChat Browser": "WeChat",
}

# Apps that show pages themselves and that ua-parser takes for the system's web view, by how they name themselves.
_APPS: Final = {
    "Barcelona": "Threads",
    "BingSapphire": "Bing",
    "Discord": "Discord",
    "GSA": "Google",
    "KAKAOTALK": "KakaoTalk",
    "LinkedInApp": "LinkedIn",
    "MicroMessenger": "WeChat",
    "NAVER": "Naver",
    "Orca-Android": "Facebook Messenger",
    "QQ": "QQ",
    "Quora": "Quora",
    "Reddit": "Reddit",
    "Slack": "Slack",
    "Snapchat": "Snapchat",
    "Teams": "Microsoft Teams",
    "VkClient": "VK",
    "Weibo": "Weibo",
    "XiaoHongShu": "Xiaohongshu",
    "YaApp": "Yandex",
    "Zalo": "Zalo",
}
_APP: Final = re.compile(rf"(?<![\w.-])({'|'.join(_APPS)})(?![a-z])")

_LANGUAGE: Final = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?P<region>[a-z]{2}|\d{3}))?(?:-[a-z\d]{1,8})*"
    r"(?:[ \t]*;[ \t]*q=(?P<weight>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?",
    re.ASCII | re.IGNORECASE,
)
