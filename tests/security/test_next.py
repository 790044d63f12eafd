"""Where a `next` parameter may lead: nowhere but to this site."""

from __future__ import annotations

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from ginnel import web

ORIGIN = "https://go.test"

# Of what is known to lead browsers, or what decodes before them, to another host.
FOREIGN = [
    "//evil.test", "///evil.test", "////evil.test", "/\\evil.test", "\\/evil.test", "\\\\evil.test", "/\\/evil.test",
    "https://evil.test", "https:/evil.test", "https:evil.test", "HTTPS://evil.test", "http:///evil.test", "://evil.test",
    "javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "mailto:a@evil.test",
    "/\t/evil.test", "/\n/evil.test", "/\r/evil.test", "\t//evil.test", " //evil.test", "\x00//evil.test", "/\x0b/evil.test",
    "/%2fevil.test", "/%2Fevil.test", "/%252fevil.test", "/%25252fevil.test", "/%5cevil.test", "/%5Cevil.test",
    "/%09/evil.test", "/%0d%0aLocation:%20//evil.test", "/%0a/evil.test", "%2f%2fevil.test", "%2F/evil.test",
    "/.//evil.test", "/..//evil.test", "/%2e//evil.test", "/a/..//evil.test", "/a//evil.test", "/./%2fevil.test",
    "@evil.test", "evil.test", ".evil.test", "?//evil.test", "#//evil.test", "//evil.test/..", "blob:https://evil.test",
    "/\uff0fevil.test", "\uff0f\uff0fevil.test", "/\u2215evil.test", "/\u29f8evil.test", "/\u3002evil.test",
    "/\u202e/evil.test", "/\u200b/evil.test", "/\ufeff/evil.test", "/\u2028/evil.test", "/\xa0/evil.test", "/\ud800",
    "//go.test@evil.test", "//go.test.evil.test", "https://go.test@evil.test", "https://go.test.evil.test", "//[::1]",
    "//127.1", "/\r\nset-cookie: a=b", "/a\r\nb", "", " ", "\\", "/" + "a" * 2048,
]  # fmt: skip
OWN = [
    "/", "/app", "/app/links?tag=a%20b&sort=-clicks#top", "/app/@me", "/a/b/c", "/docs?next=//evil.test", "/a%20b", "/a:80",
    "/?a=%2F%2Fb",
]  # fmt: skip


def test_no_known_variant_leads_off_this_site(capsys: pytest.CaptureFixture[str]) -> None:
    led = [wanted for wanted in FOREIGN if web.local_path(wanted, otherwise="/app") != "/app"]
    with capsys.disabled():
        print(f"\n  {len(FOREIGN)} variants of next=: {len(led)} off this site's origin")
    assert not led


@pytest.mark.parametrize("wanted", OWN)
def test_a_path_of_this_site_is_followed(wanted: str) -> None:
    assert web.local_path(wanted) == wanted
    assert ada_url.URL(wanted, ORIGIN).origin == ORIGIN


def test_without_one_there_is_a_default() -> None:
    assert web.local_path(None) == "/"
    assert web.local_path("//evil.test", otherwise="/app") == "/app"


@given(
    wanted=some.text()
    | some.text(alphabet="/\\%25fFcC0adD9.:@?#\t\r\n evil.tsh")
    | some.lists(some.sampled_from(FOREIGN + OWN), max_size=3).map("".join)
)
@example(wanted="/%")
@example(wanted="/%%32%66evil.test")
def test_whatever_is_wanted_a_browser_stays_on_this_site(wanted: str) -> None:
    led = web.local_path(wanted)
    assert ada_url.URL(led, ORIGIN).origin == ORIGIN
    assert led.startswith("/")
    assert not led.startswith(("//", "/\\"))
    assert led.isascii()
    assert led.isprintable()
