"""Sources: what people call the place that a click came from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicks import referrers
from ginnel import agents, sources
from ginnel.sources import CHANNELS, NOT_LISTED, Source

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
WEBVIEW = (
    "Mozilla/5.0 (Linux; Android 14; SM-S928B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.71 "
    "Mobile Safari/537.36"
)
LIST = sources.read((Path(sources.__file__).with_name("sources.txt")).read_text())


@pytest.mark.parametrize(
    ("referrer", "name", "channel"),
    [
        ("https://www.google.com/", "Google", "search"),
        ("https://www.google.co.uk/search?q=x", "Google", "search"),
        ("https://google.de", "Google", "search"),
        ("android-app://com.google.android.googlequicksearchbox/https/www.google.com", "Google", "search"),
        ("https://mail.google.com/mail/u/0", "Gmail", "mail"),
        ("android-app://com.google.android.gm/", "Gmail", "mail"),
        ("https://docs.google.com/document/d/1", "Google Docs", "referral"),
        ("https://gemini.google.com/app", "Gemini", "ai"),
        ("https://chatgpt.com/", "ChatGPT", "ai"),
        ("https://www.perplexity.ai/", "Perplexity", "ai"),
        ("https://www.bing.com/", "Bing", "search"),
        ("https://yandex.com.tr/", "Yandex", "search"),
        ("https://search.yahoo.com/", "Yahoo!", "search"),
        ("https://eur01.safelinks.protection.outlook.com/", "Outlook", "mail"),
        ("https://t.co/abc", "X", "social"),
        ("https://x.com/", "X", "social"),
        ("http://l.facebook.com/l.php", "Facebook", "social"),
        ("https://lm.facebook.com/", "Facebook", "social"),
        ("https://old.reddit.com/r/python", "Reddit", "social"),
        ("https://news.ycombinator.com/item", "Hacker News", "social"),
        ("https://web.whatsapp.com/", "WhatsApp", "chat"),
        ("https://t.me/s/channel", "Telegram", "chat"),
        ("android-app://com.slack/", "Slack", "chat"),
    ],
)
def test_a_referrer_goes_by_its_name(referrer: str, name: str, channel: str) -> None:
    assert sources.find(referrers.parse(referrer)[0], None) == Source(name, channel)


@pytest.mark.parametrize(
    "host",
    ["news.example", "notgoogle.com", "google.evil", "google.com.evil", "mygoogle.de", "nt.co", "co.uk", "com", "here", ""],
)  # fmt: skip
def test_what_only_looks_like_a_name_has_none(host: str) -> None:
    assert sources.find(host, None) is NOT_LISTED


@pytest.mark.parametrize(
    ("user_agent", "browser", "source"),
    [
        (f"{IPHONE} Instagram 339.0.3 (iPhone15,3; iOS 17_5)", "Instagram", Source("Instagram", "social")),
        (f"{IPHONE} [FBAN/FBIOS;FBAV/470.0.0.40.105;FBDV/iPhone15,3]", "Facebook", Source("Facebook", "social")),
        (f"{WEBVIEW} [FB_IAB/FB4A;FBAV/470.0.0.40.105;]", "Facebook", Source("Facebook", "social")),
        (f"{WEBVIEW} [FB_IAB/Orca-Android;FBAV/460;]", "Facebook Messenger", Source("Messenger", "chat")),
        (f"{IPHONE} musical_ly_34.5.0 JsSdk/2.0 BytedanceWebview/d8a21c6", "TikTok", Source("TikTok", "social")),
        (f"{WEBVIEW} trill_2023402040 BytedanceWebview/d8a21c6", "TikTok", Source("TikTok", "social")),
        (f"{IPHONE} [LinkedInApp]/9.29.7293", "LinkedIn", Source("LinkedIn", "social")),
        (f"{WEBVIEW} [LinkedInApp]/4.1.940", "LinkedIn", Source("LinkedIn", "social")),
        (f"{IPHONE} GSA/319.0.638 Safari/604.1", "Google", Source("Google", "search")),
        (f"{WEBVIEW} GSA/15.20", "Google", Source("Google", "search")),
        (f"{IPHONE} Barcelona 339.0", "Threads", Source("Threads", "social")),
        (f"{IPHONE} Twitter for iPhone/10.46", "Twitter", Source("X", "social")),
        (f"{WEBVIEW} Snapchat/12.94", "Snapchat", Source("Snapchat", "social")),
        (f"{WEBVIEW} MMWEBID/1 MicroMessenger/8.0.49", "WeChat", Source("WeChat", "chat")),
        (f"{WEBVIEW} KAKAOTALK/10.8.0 (INAPP)", "KakaoTalk", Source("KakaoTalk", "chat")),
        (f"{WEBVIEW} Line/14.8.0/IAB", "LINE", Source("LINE", "chat")),
        (f"{WEBVIEW} Telegram-Android/10.14.5 (Samsung)", "Telegram", Source("Telegram", "chat")),
        (f"{WEBVIEW} Discord-Android/230", "Discord", Source("Discord", "chat")),
        (f"{IPHONE} Slack/24.05", "Slack", Source("Slack", "chat")),
        (WEBVIEW, "Android WebView", NOT_LISTED),
        (f"{IPHONE[:-14]} Version/17.5 Mobile/15E148 Safari/604.1", "Safari", NOT_LISTED),
    ],
)
def test_an_app_is_known_and_is_the_source_where_no_referrer_is(user_agent: str, browser: str, source: Source) -> None:
    agent = agents.parse(user_agent)
    assert (agent.browser, agent.bot) == (browser, None)
    assert sources.find(None, agent.browser) == source
    assert sources.find("news.example", agent.browser) is NOT_LISTED


def test_the_list_names_each_place_once_and_knows_its_channels() -> None:
    places = [place for _, _, names in LIST for place in names]
    assert len(places) == len(set(places)) > 300
    assert {channel for channel, _, _ in LIST} < set(CHANNELS)
    hosts = [place for place in places if not place.startswith("app:")]
    assert [host for host in hosts if not re.fullmatch(r"(?:[a-z0-9_-]+\.)+(?:[a-z0-9_-]+|\*)", host)] == []
    for channel, name, names in LIST:
        for host in names:
            if not host.startswith("app:"):
                assert sources.find(host.replace("*", "fr"), None) == Source(name, channel), host


@given(
    st.text(max_size=300) | st.from_regex(r"([a-z*]{0,8}\.){0,5}[a-z*]{0,8}", fullmatch=True),
    st.text(max_size=20) | st.none(),
)
def test_no_host_and_no_app_raises(host: str, app: str | None) -> None:
    assert sources.find(host, app).channel in (None, *CHANNELS)
    assert sources.find(None, app).channel in (None, *CHANNELS)
