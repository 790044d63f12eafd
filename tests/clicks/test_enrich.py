from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicks import enrich
from ginnel import budgets, clicks, redirects
from ginnel.clicks import Click

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SALTS = {NOW.date(): b"salt"}


def click(**fields: Any) -> Click:
    packed = clicks.pack(
        id=clicks.new_id(), at=int(NOW.timestamp() * 1000), link=1, workspace=2, domain=3, address=b"8.8.8.8",
        user_agent=b"x", referrer=b"https://a.test/p", language=b"de", query=b"", private=False,
    )  # fmt: skip
    return Click.unpack(packed)._replace(**fields)


@given(
    texts=st.lists(st.binary(max_size=40), min_size=4, max_size=4),
    address=st.text(max_size=10),
    numbers=st.tuples(*[st.integers(0, 2**62)] * 4),
    private=st.booleans(),
)
def test_whatever_is_packed_is_one_line_and_comes_back(
    texts: list[bytes],
    address: str,
    numbers: tuple[int, int, int, int],
    private: bool,  # noqa: FBT001  # hypothesis gives it by name
) -> None:
    at, link, workspace, domain = numbers
    packed = clicks.pack(
        id=clicks.new_id(), at=at, link=link, workspace=workspace, domain=domain,
        address="".join(c for c in address if c.isascii() and c.isprintable()).encode(), user_agent=texts[0], referrer=texts[1],
        language=texts[2], query=texts[3], private=private,
    )  # fmt: skip
    assert b"\n" not in packed
    back = Click.unpack(packed)
    assert (back.at, back.link, back.workspace, back.domain, back.private) == (at, link, workspace, domain, private)


@given(line=st.binary(max_size=300))
def test_junk_is_no_click_and_raises_only_that(line: bytes) -> None:
    with suppress(ValueError):
        Click.unpack(line)


def test_a_visitor_is_one_for_a_day_and_a_workspace() -> None:
    def visitor(**fields: Any) -> bytes | None:
        return enrich.row(click(**fields), appended=NOW, places=None, salts=SALTS).visitor

    assert visitor() == visitor()
    assert len({visitor(), visitor(address="8.8.4.4"), visitor(user_agent="y"), visitor(workspace=9)}) == 4
    assert visitor() != enrich.row(click(), appended=NOW, places=None, salts={NOW.date(): b"other day"}).visitor


def test_who_asked_not_to_be_recognised_is_not() -> None:
    row = enrich.row(click(private=True), appended=NOW, places=None, salts={})
    assert (row.visitor, row.city, row.referrer_path) == (None, None, None)
    assert row.referrer_host == "a.test"


def test_a_wrong_clock_is_corrected_and_flagged() -> None:
    for skew in (timedelta(days=400), -timedelta(days=400)):
        wrong = click(at=int((NOW + skew).timestamp() * 1000))
        row = enrich.row(wrong, appended=NOW, places=None, salts=SALTS)
        assert (row.at, row.clamped) == (NOW, True)
    assert enrich.row(click(at=2**62), appended=NOW, places=None, salts=SALTS).clamped
    near = enrich.row(click(), appended=NOW + timedelta(minutes=5), places=None, salts=SALTS)
    assert (near.at, near.clamped) == (NOW, False)
    told = click(at=int((NOW - timedelta(days=90)).timestamp() * 1000), dated=True)
    assert not enrich.when(told, NOW)[1]


def line(**headers: str) -> bytes:
    said = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    record = redirects.Record("x", case_sensitive=False, state=redirects.State.LIVE, link=1)
    return clicks.visit(record, said, address=b"8.8.8.8", query=b"a=1", served="v")


@pytest.mark.parametrize(
    "header",
    [
        {"sec_purpose": "prefetch"}, {"sec_purpose": "prefetch;prerender"}, {"sec_purpose": "prefetch;anonymous-client-ip"},
        {"purpose": "prefetch"}, {"purpose": "preview"}, {"x_purpose": "preview"},
        {"x_moz": "prefetch"}, {"sec_purpose": "Prefetch"}, {"purpose": "prerender"},
    ],
)  # fmt: skip
def test_what_nobody_has_asked_for_yet_is_no_persons_click(header: dict[str, str]) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
    made = line(user_agent=firefox, **header)
    row = enrich.row(Click.unpack(made), appended=datetime.now(UTC), places=None, salts=defaultdict(bytes))
    assert (row.bot, row.device, row.browser, row.variant, row.clamped) == ("prefetch", "bot", None, "v", False)
    assert not budgets.spends(made)
    googlebot = Click.unpack(line(user_agent="Googlebot/2.1", **header))
    assert enrich.row(googlebot, appended=NOW, places=None, salts=defaultdict(bytes)).bot == "Googlebot"


@pytest.mark.parametrize("header", [{}, {"sec_purpose": ""}, {"purpose": "shopping"}, {"x_moz": "1"}, {"dnt": "1"}])
def test_what_says_nothing_of_being_ahead_is_a_persons_click(header: dict[str, str]) -> None:
    made = line(user_agent="x", **header)
    assert enrich.row(Click.unpack(made), appended=NOW, places=None, salts=defaultdict(bytes)).bot is None
    assert budgets.spends(made)


def test_the_release_before_reads_what_was_prefetched_as_a_click_of_now() -> None:
    *_, private, dated, served = line(sec_purpose="prefetch", dnt="1").split(b"\t")
    assert (private, dated, served) == (b"1", b"2", b"v")  # it compares both with 1


def test_the_qr_marker_is_seen() -> None:
    assert enrich.row(click(query="a=1&qr=1"), appended=NOW, places=None, salts=SALTS).qr
    for query in ("", "qr=2", "aqr=1", "a=qr=1"):
        assert not enrich.row(click(query=query), appended=NOW, places=None, salts=SALTS).qr


def test_where_a_click_came_from_has_a_name_or_is_called_by_its_host() -> None:
    def came(referrer: str, **known: Any) -> tuple[str | None, str | None]:
        row = enrich.row(click(referrer=referrer, **known), appended=NOW, places=None, salts=SALTS)
        return row.source, row.channel

    assert came("https://www.google.de/") == ("Google", "search")
    assert came("https://t.co/x", private=True) == ("X", "social")
    # Nothing is kept twice: `rollups.DIMENSIONS` reads the host.
    assert came("https://news.example/") == (None, None)
    assert came("") == (None, None)
    instagram = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 339.0.3"
    )
    assert came("", user_agent=instagram) == ("Instagram", "social")
    assert came("https://l.facebook.com/", user_agent=instagram) == ("Facebook", "social")


def test_a_click_from_our_own_pages_is_internal() -> None:
    def channel(referrer: str, domain: int = 3) -> str | None:
        own = {3: frozenset({"go.test", "sho.rt"}), 4: frozenset({"go.test"})}
        return enrich.row(
            click(referrer=referrer, domain=domain), appended=NOW, places=None, salts=SALTS, own=own
        ).channel

    assert channel("https://sho.rt/abc") == channel("https://www.go.test/app/links") == "internal"
    assert channel("https://sho.rt/abc", domain=4) is None
    assert channel("https://notsho.rt/abc") is None
