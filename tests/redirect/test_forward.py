from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginnel.redirects import forward


@pytest.mark.parametrize(
    ("target", "query", "location"),
    [
        ("https://e.test/", "a=1", "https://e.test/?a=1"),
        ("https://e.test/?a=1&b=2", "a=9", "https://e.test/?a=9&b=2"),
        ("https://e.test/?a=1&b=2&a=3", "a=8&a=9", "https://e.test/?a=8&a=9&b=2"),
        ("https://e.test/?a=1", "b=2&c", "https://e.test/?a=1&b=2&c"),
        ("https://e.test/", "a=1&a=2&b", "https://e.test/?a=1&a=2&b"),
        ("https://e.test/#top", "a=1", "https://e.test/?a=1#top"),
        ("https://e.test/?x=y#top", "a=%2B+%20", "https://e.test/?x=y&a=%2B+%20#top"),
        ("https://e.test/?a", "a", "https://e.test/?a"),
        ("https://e.test/?a=", "b=", "https://e.test/?a=&b="),
        ("https://e.test/?%61=1", "a=2", "https://e.test/?a=2"),
        ("https://e.test/", "qr=1", "https://e.test/"),
        ("https://e.test/?k=v", "qr=1&a=1", "https://e.test/?k=v&a=1"),
        ("https://e.test/?", "a=1", "https://e.test/?a=1"),
        ("https://e.test/", "&&a=1&&", "https://e.test/?a=1"),
        ("https://e.test/", "a=b=c", "https://e.test/?a=b=c"),
        ("https://e.test/", "u=https://x.test/?y", "https://e.test/?u=https://x.test/?y"),
        ("https://e.test/", "a=|^`{}\\'[]", "https://e.test/?a=|^`{}\\'[]"),
        ("https://e.test/", 'a="<>', "https://e.test/?a=%22%3C%3E"),
        ("https://e.test/", "a=\xe9", "https://e.test/?a=%E9"),
        ("https://e.test/", "a=\r\nset-cookie: x", "https://e.test/?a=%0D%0Aset-cookie:%20x"),
    ],
)
def test_a_query_is_merged_byte_for_byte(target: str, query: str, location: str) -> None:
    assert forward(target, query.encode("latin-1")) == location


queries = st.lists(
    st.tuples(st.text("abcq%2B+é", min_size=1, max_size=3), st.none() | st.text("ab%20+&é", max_size=3)), max_size=5
).map(lambda pairs: "&".join(name if value is None else f"{name}={value}" for name, value in pairs))


@given(own=queries, incoming=st.binary(max_size=40) | queries.map(str.encode))
def test_a_location_is_always_one_line_of_ascii_on_the_same_host(own: str, incoming: bytes) -> None:
    own = own.encode("ascii", "ignore").decode()
    location = forward(f"https://e.test/p?{own}#f", incoming)
    assert location.isascii()
    assert location.isprintable()
    assert " " not in location
    assert location.startswith("https://e.test/p?") or location == "https://e.test/p?#f"
    assert location.endswith("#f")


@given(own=queries, incoming=queries)
def test_every_name_of_the_request_ends_with_the_requests_values(own: str, incoming: str) -> None:
    own, incoming = (text.encode("ascii", "ignore").decode() for text in (own, incoming))
    merged = parse_qsl(forward(f"https://e.test/?{own}", incoming.encode()).partition("?")[2], keep_blank_values=True)
    wanted = [pair for pair in parse_qsl(incoming, keep_blank_values=True) if pair[0] != "qr"]
    names = {name for name, _ in wanted}
    assert sorted(pair for pair in merged if pair[0] in names) == sorted(wanted)
    kept = [pair for pair in parse_qsl(own, keep_blank_values=True) if pair[0] not in names]
    assert [pair for pair in merged if pair[0] not in names] == kept
