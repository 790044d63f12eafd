"""Rules are asked of whatever a request says: they answer, and the same for the same request."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ginnel import conditions, rules

_NAMES = [b"user-agent", b"accept-language", b"referer", b"cookie", b"dnt", b"x-forwarded-for", b"host"]
_ODD = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"", b"\xff\xfe", b"\x00", b"a" * 70_000, b"https://[::1", b"de;q=9,,;q=", b"http://\xfcml\xe4ut.example/"]
    ),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [
            b"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
            b"de-AT,de;q=0.9,en;q=0.8",
            b"https://news.example/a?b",
        ]
    ),
)
_HEADERS = st.lists(st.tuples(st.sampled_from(_NAMES), _ODD), max_size=12)
_ADDRESSES = st.one_of(
    st.ip_addresses().map(lambda address: str(address).encode()),
    st.sampled_from([b"", b"::ffff:203.0.113.9", b"fe80::1%eth0", b"999.1.1.1", b"\xff"]),
    st.binary(max_size=20),
)
_WORDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8), min_size=1
)
_ZONES = st.sampled_from(["UTC", "Europe/London", "Asia/Kathmandu", "America/St_Johns"])
_CLOCKS = st.sampled_from(["00:00", "02:30", "09:00", "23:59"])
_DAYS = st.lists(st.sampled_from(rules.DAYS), min_size=1, unique=True)


def _condition(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


_CONDITIONS = st.one_of(
    _condition(
        "device", values=st.lists(st.sampled_from(["desktop", "mobile", "tablet", "ios", "android"]), min_size=1)
    ),
    *(_condition(kind, values=_WORDS) for kind in ("os", "browser", "city")),
    _condition("country", values=st.lists(st.sampled_from(["DE", "US"]), min_size=1)),
    _condition("region", values=st.just(["DE-BY"])),
    _condition("continent", values=st.just(["EU"])),
    _condition("language", values=st.lists(st.sampled_from(["de", "de-AT", "en"]), min_size=1)),
    _condition("query", name=st.sampled_from(["a", "qr"])),
    _condition("query", name=st.just("a"), values=_WORDS),
    _condition("referrer", values=st.lists(st.sampled_from(["example", "news.example"]), min_size=1)),
    _condition("address", values=st.lists(st.ip_addresses().map(str), min_size=1)),
    _condition("address", values=st.just(["0.0.0.0/0", "::/0"])),
    _condition("hours", timezone=_ZONES, **{"from": _CLOCKS, "until": _CLOCKS}),
    _condition("days", values=_DAYS, timezone=_ZONES),
    _condition("dates", **{"from": st.just("2025-03-30T01:30:00Z")}),
)
_RULES = st.lists(
    st.fixed_dictionaries(
        {"target": st.just("https://example.com/"), "conditions": st.lists(_CONDITIONS, min_size=1, max_size=3)}
    ),
    min_size=1,
    max_size=8,
)
_ADAPTER: TypeAdapter[Any] = TypeAdapter(conditions.Rules)


def _stored(wanted: list[dict[str, Any]]) -> str | None:
    """Have rules as they are kept, if the API takes them."""
    try:
        return json.dumps(conditions.stored(_ADAPTER.validate_python(wanted)))
    except ValidationError:
        return None


@settings(deadline=None, max_examples=200)
@given(
    wanted=_RULES,
    headers=_HEADERS,
    address=_ADDRESSES,
    query=st.binary(max_size=60),
    at=st.floats(0, 4e9),
    data=st.data(),
)
def test_rules_answer_whatever_a_request_says_and_whatever_the_order_of_its_headers(
    wanted: list[dict[str, Any]],
    headers: list[tuple[bytes, bytes]],
    address: bytes,
    query: bytes,
    at: float,
    data: st.DataObject,
) -> None:
    kept = _stored(wanted)
    if kept is None:
        return
    first: dict[bytes, bytes] = dict(reversed(headers))  # as the app has it: of a repeated one, the first
    mixed = dict(data.draw(st.permutations(list(first.items()))))
    chosen = [
        rules.choose(kept, None, rules.Visitor.of(one, address=address, query=query, at=at), link=1)
        for one in (first, mixed, first)
    ]
    assert chosen[0] == chosen[1] == chosen[2]
    visitor = rules.Visitor.of(first, address=address, query=query, at=at)
    for rule in rules.compiled(kept):
        assert all(isinstance(condition.seen(visitor), str) for condition in rule.conditions)


@settings(deadline=None, max_examples=200)
@given(values=st.lists(st.ip_addresses(), min_size=1, max_size=3), length=st.integers(0, 32), address=st.ip_addresses())
def test_an_address_is_in_a_range_as_the_standard_library_has_it(values: list[Any], length: int, address: Any) -> None:
    import ipaddress  # noqa: PLC0415  # the judge

    networks = [ipaddress.ip_network(f"{value}/{length}", strict=False) for value in values]
    test = rules._KINDS["address"].test({"values": [str(network) for network in networks]})
    visitor = rules.Visitor(at=0, address=str(address))
    seen = getattr(address, "ipv4_mapped", None) or address
    assert test(visitor) == any(seen in network for network in networks)
