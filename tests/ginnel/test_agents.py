"""Agents: what User-Agent and Accept-Language are read as, over real headers and over junk."""

# ruff: noqa: E501  # user agents are long, and a table of them reads best a line each

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginnel.agents import Agent, Device, language, parse

STRINGS = Path(__file__).parents[2].parent / "shared" / "data" / "strings" / "blns.json"

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "device", "os", "browser"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36", "desktop", "Windows", "Chrome"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "desktop", "Windows", "Edge"),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Tablet PC 2.0)", "desktop", "Windows", "IE"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", "desktop", "macOS", "Safari"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "desktop", "Linux", "Firefox"),
        (f"Mozilla/5.0 (X11; Fedora; Linux x86_64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36", "desktop", "Linux", "Chrome"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/126.0.0.0 Safari/537.36", "desktop", "ChromeOS", "Chrome"),
        (f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", "mobile", "iOS", "Safari"),
        (f"{IPHONE} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", "mobile", "iOS", "Chrome"),
        (f"{IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15", "mobile", "iOS", "Firefox"),
        (f"{IPHONE} Mobile/15E148 Instagram 339.0.3.12.91 (iPhone15,3; iOS 17_5; en_GB; en; scale=3.00)", "mobile", "iOS", "Instagram"),
        (f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/470.0.0.40.105;FBDV/iPhone15,3;FBSN/iOS;FBSV/17.5]", "mobile", "iOS", "Facebook"),
        (f"{IPHONE} Version/17.5 Mobile/15E148 Snapchat/12.94.0.41 (like Safari/8618.2.12.10.9, panda)", "mobile", "iOS", "Snapchat"),
        (f"{IPHONE} Mobile/15E148 [Pinterest/iOS]", "mobile", "iOS", "Pinterest"),
        (f"{IPHONE} Mobile/15E148 Twitter for iPhone/10.46", "mobile", "iOS", "Twitter"),
        (f"{IPHONE} Mobile/15E148", "mobile", "iOS", "iOS WebView"),
        ("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", "tablet", "iOS", "Safari"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36", "mobile", "Android", "Chrome"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/126.0.0.0 Safari/537.36", "tablet", "Android", "Chrome"),
        (f"Mozilla/5.0 (Linux; Android 8.1.0; CUBOT_X18_Plus) {WEBKIT} Chrome/99.0 Mobile Safari/537.36", "mobile", "Android", "Chrome"),
        (f"Mozilla/5.0 (Linux; Android 14; SM-S928B; wv) {WEBKIT} Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36", "mobile", "Android", "Android WebView"),
        (f"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-G991B) {WEBKIT} SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36", "mobile", "Android", "Samsung Internet"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "mobile", "Android", "Firefox"),
        ("Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0", "tablet", "Android", "Firefox"),
        ("Dalvik/2.1.0 (Linux; U; Android 9; SM-G960F Build/PPR1.180610.011)", "mobile", "Android", "Android"),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10", "mobile", None, "Opera Mini"),
        (f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {WEBKIT} 76.0.3809.146/6.0 TV Safari/537.36", "tv", "Tizen", "Safari"),
        (f"Mozilla/5.0 (Web0S; Linux/SmartTV) {WEBKIT} Chrome/79.0.3945.79 Safari/537.36 WebAppManager", "tv", "webOS", "Chrome"),
        (f"Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7633; wv) {WEBKIT} Version/4.0 Chrome/98.0.4758.102 Mobile Safari/537.36", "tv", "Android", "Android WebView"),
        ("Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15", "console", None, "Safari"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) {WEBKIT} Chrome/48.0 Safari/537.36 Edge/20.02", "console", "Windows", "Edge"),
        ("Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 (KHTML, like Gecko) NF/6.0.2.21.3", "console", None, None),
    ],
)  # fmt: skip
def test_people_are_told_by_device_system_and_browser(user_agent: str, device: Device, os: str, browser: str) -> None:
    assert parse(user_agent) == Agent(device=device, os=os, browser=browser, bot=None)


@pytest.mark.parametrize("user_agent", ["", " ", "\x00", "-", "something else"])
def test_who_says_nothing_is_no_bot(user_agent: str) -> None:
    assert parse(user_agent) == Agent(device="other", os=None, browser=None, bot=None)


@pytest.mark.parametrize(
    ("user_agent", "bot"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        (f"{IPHONE} Version/17.5 Mobile Safari/604.1 (compatible; Googlebot/2.1)", "Googlebot"),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "bingbot"),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "facebookexternalhit"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slackbot"),
        ("TelegramBot (like TwitterBot)", "TelegramBot"),
        ("WhatsApp/2.23.20.0 A", "WhatsApp"),
        ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "AhrefsBot"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.32.3", "python-requests"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/126.0 Safari/537.36", "HeadlessChrome"),
        ("Spider; +https://www.spider.com", "Spider"),
    ],
)
def test_bots_are_named(user_agent: str, bot: str) -> None:
    assert parse(user_agent) == Agent(device="bot", os=None, browser=None, bot=bot)


def check(agent: Agent) -> None:
    assert agent.device in get_args(Device)
    assert (agent.device == "bot") == (agent.bot is not None)
    for value in agent:
        assert value is None or (0 < len(value) <= 64 and value.isprintable())


@given(st.text() | st.text().map(f"{IPHONE} {{}}".format) | st.text().map("HbbTV/1.1.1 (;{};2013;)".format))
def test_no_user_agent_raises_or_spoils_the_answer(user_agent: str) -> None:
    check(parse(user_agent))
    assert language(user_agent) is None or len(language(user_agent) or "") <= 7


@pytest.mark.skipif(not STRINGS.exists(), reason="the naughty strings are not beside this checkout")
def test_no_naughty_user_agent_raises_or_spoils_the_answer() -> None:
    for naughty in json.loads(STRINGS.read_text()):
        check(parse(naughty))
        check(parse(f"Mozilla/5.0 ({naughty}) Firefox/127.0"))
        language(naughty)


@pytest.mark.parametrize("user_agent", ["x" * 10**6, "Mozilla/5.0 " + "(" * 10**6, "Android" * 10**5, "é" * 10**6])
def test_a_huge_user_agent_is_cut(user_agent: str) -> None:
    check(parse(user_agent))


@pytest.mark.parametrize(
    ("accept_language", "preferred"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
        ("en;q=0.5, fr;q=0.9", "fr"),
        ("en;q=0.8, fr;q=0.8", "en"),
        ("EN-gb", "en-GB"),
        ("zh-Hant-TW, zh;q=0.5", "zh-TW"),
        ("zh-yue-HK", "zh-HK"),
        ("sr-Latn", "sr"),
        ("es-419", "es-419"),
        ("de-CH-1996", "de-CH"),
        ("de-1996", "de"),
        ("en-a-bbb-x-a-ccc", "en"),
        ("haw", "haw"),
        ("*", None),
        ("*, de;q=0.5", "de"),
        ("de;q=0, en;q=0.001", "en"),
        ("de;q=0.000", None),
        ("de ; q=0.4 ,\ten\t;\tq=0.5", "en"),
        (", ,de,,", "de"),
        ("de;q=1.000, en;q=1.001", "de"),
        ("de;q=2, en", "en"),
        ("de;q=-1, e, en_GB, x-klingon, i-default, 12, de--at", None),
        ("dé", None),
        ("de\x00", None),
        ("", None),
        ("en" * 1000, None),
        (f"{'fr;q=0.1,' * 10_000}de", "fr"),
    ],
)
def test_the_preferred_language_is_the_first_of_the_highest_weight(accept_language: str, preferred: str | None) -> None:
    assert language(accept_language) == preferred
