"""Campaigns: UTM parameters out of raw query strings."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicks.campaigns import NONE, Utm, utm

STRINGS = Path(__file__).parents[2].parent / "shared" / "data" / "strings" / "blns.json"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "utm_source=news&utm_medium=email&utm_campaign=spring&utm_term=shoes&utm_content=top",
            Utm(source="news", medium="email", campaign="spring", term="shoes", content="top"),
        ),
        ("a=1&utm_source=news&b", Utm(source="news")),
        ("utm_campaign=spring+sale%202026", Utm(campaign="spring sale 2026")),
        ("utm_campaign=%E6%98%A5", Utm(campaign="春")),
        ("utm_campaign=春", Utm(campaign="春")),
        ("utm_source=a%26b%3Dc", Utm(source="a&b=c")),
        ("UTM_Source=News", Utm(source="News")),
        ("utm_source=&utm_source=%20&utm_source=a&utm_source=b", Utm(source="a")),
        ("utm_source=a=b", Utm(source="a=b")),
        ("utm_source=a%00b%0d%0ac", Utm(source="a b c")),
        ("utm_source=%ff%zz%", Utm(source="\ufffd%zz%")),
        (f"utm_source={'a' * 300}", Utm(source="a" * 255)),
        ("utm_source", NONE),
        ("utm_id=1&utm_=2&utm=3&source=4&xutm_source=5&utm__source=6", NONE),
        ("", NONE),
    ],
)
def test_the_five_parameters_are_read(query: str, expected: Utm) -> None:
    assert utm(query) == expected


def check(found: Utm) -> None:
    for value in found:
        assert value is None or (0 < len(value) <= 255 and value == value.strip())
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", value or "")


@given(
    st.text() | st.text().map("utm_source={}&utm_term=x".format) | st.binary().map(lambda b: f"utm_term=%{b.hex('%')}")
)
def test_no_query_raises_or_spoils_the_answer(query: str) -> None:
    check(utm(query))


@pytest.mark.skipif(not STRINGS.exists(), reason="the naughty strings are not beside this checkout")
def test_no_naughty_query_raises_or_spoils_the_answer() -> None:
    for naughty in json.loads(STRINGS.read_text()):
        check(utm(naughty))
        check(utm(f"utm_source={naughty}&utm_medium=x"))


def test_a_huge_query_is_cut() -> None:
    assert utm("&".join(["a=b"] * 10**6 + ["utm_source=x"])) == NONE
    check(utm("utm_source=" + "%41" * 10**6))
