"""Referrers: which host and path a Referer header amounts to."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicks.referrers import parse

STRINGS = Path(__file__).parents[2].parent / "shared" / "data" / "strings" / "blns.json"


@pytest.mark.parametrize(
    ("referrer", "host", "path"),
    [
        ("https://t.co/", "t.co", "/"),
        ("https://t.co", "t.co", "/"),
        ("https://www.Example.com:8443/a/b?token=secret#part", "example.com", "/a/b"),
        ("https://user:secret@example.com/a", "example.com", "/a"),
        ("https://news.example.com./", "news.example.com", "/"),
        ("https://www.com/", "www.com", "/"),
        ("https://bücher.example/straße", "xn--bcher-kva.example", "/stra%C3%9Fe"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "/"),
        ("http://[2001:db8::1]/x", "[2001:db8::1]", "/x"),
        ("http://0x7f.1/", "127.0.0.1", "/"),
        ("android-app://com.google.android.gm/", "com.google.android.gm", "/"),
        ("android-app://com.slack", "com.slack", "/"),
        ("android-app://com.Example.App/https/example.com", "com.example.app", "/https/example.com"),
        ("https://example.com/<script>", "example.com", "/%3Cscript%3E"),
        ("https://example.com/\r\nx", "example.com", "/x"),
        (f"https://example.com/{'a' * 9000}", "example.com", "/" + "a" * 254),
    ],
)
def test_a_referrer_is_its_host_and_path(referrer: str, host: str, path: str) -> None:
    assert parse(referrer) == (host, path)


@pytest.mark.parametrize(
    "referrer",
    [
        *(
            "",
            " ",
            "-",
            "example.com",
            "/path",
            "about:blank",
            "about:client",
            "null",
            "javascript:alert(1)",
            "data:,x",
        ),
        *("file:///etc/passwd", "ftp://example.com/", "ios-app://123/", "android-app:", "android-app:///x", "https://"),
        *("https://[::1", "https://a b/", "https://a%00b/", "\ud800", "https://example.com/\ud800"),
        *(f"https://{'a' * 250}.com/", f"android-app://{'a' * 254}/"),
    ],
)
def test_what_is_no_page_or_app_is_no_referrer(referrer: str) -> None:
    assert parse(referrer) == (None, None)


def check(referrer: str) -> None:
    host, path = parse(referrer)
    if host is None or path is None:
        assert host is path is None
        return
    assert re.fullmatch(r"[!-~]{1,253}", host)
    assert re.fullmatch(r"[!-~]{1,255}", path)
    assert host == host.lower()
    assert not set(path) & set("?#")


@given(st.text() | st.text().map("https://example.com/{}".format) | st.text().map("android-app://{}/x".format))
def test_no_referrer_raises_or_spoils_the_answer(referrer: str) -> None:
    check(referrer)


@pytest.mark.skipif(not STRINGS.exists(), reason="the naughty strings are not beside this checkout")
def test_no_naughty_referrer_raises_or_spoils_the_answer() -> None:
    for naughty in json.loads(STRINGS.read_text()):
        for referrer in (naughty, f"https://example.com/{naughty}", f"https://{naughty}/", f"android-app://{naughty}"):
            check(referrer)
