"""Rules and variants: what is refused, what is kept, and that `explain` and the redirect agree."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ginnel.clicks import Click
from tests.conftest import Account
from tests.redirect.test_follow import recorded
from tests.redirect.test_semantics import FACEBOOK, FIREFOX, GOOGLE, IPAD, IPHONE, MAC, PIXEL

HOME = "https://home.example/"
ELSE = "https://else.example/"


def rule(*conditions: dict[str, Any], target: str = ELSE, **fields: Any) -> dict[str, Any]:
    return {"target": target, "conditions": list(conditions), **fields}


GERMAN = {"type": "language", "values": ["de"]}
MOBILE = {"type": "device", "values": ["mobile"]}


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"rules": [rule()]}, "/rules/0/conditions", "too_short"),
        ({"rules": [rule({"type": "colour"})]}, "/rules/0/conditions/0", "union_tag_invalid"),
        ({"rules": [rule({"type": "country", "values": ["XX"]})]}, "values/0", "country_unknown"),
        ({"rules": [rule({"type": "country", "values": []})]}, "values", "too_short"),
        ({"rules": [rule({"type": "region", "values": ["ZZ-1"]})]}, "values/0", "region_unknown"),
        ({"rules": [rule({"type": "region", "values": ["DE"]})]}, "values/0", "region_unknown"),
        ({"rules": [rule({"type": "continent", "values": ["Europe"]})]}, "values/0", "literal_error"),
        ({"rules": [rule({"type": "language", "values": ["german"]})]}, "values/0", "string_pattern_mismatch"),
        ({"rules": [rule({"type": "address", "values": ["10.0.0.0/99"]})]}, "values/0", "address_invalid"),
        ({"rules": [rule({"type": "address", "values": ["host"]})]}, "values/0", "address_invalid"),
        ({"rules": [rule({"type": "referrer", "values": ["https://a.example/"]})]}, "values/0", "host_invalid"),
        ({"rules": [rule({"type": "days", "values": ["monday"], "timezone": "UTC"})]}, "values/0", "literal_error"),
        (
            {"rules": [rule({"type": "days", "values": ["mon"], "timezone": "Mars/One"})]},
            "timezone",
            "timezone_unknown",
        ),
        ({"rules": [rule({"type": "days", "values": ["mon"]})]}, "timezone", "missing"),
        (
            {"rules": [rule({"type": "hours", "from": "9", "until": "17:00", "timezone": "UTC"})]},
            "from",
            "string_pattern_mismatch",
        ),
        (
            {"rules": [rule({"type": "hours", "from": "09:00", "until": "24:00", "timezone": "UTC"})]},
            "until",
            "string_pattern_mismatch",
        ),
        (
            {"rules": [rule({"type": "hours", "from": "09:00", "until": "09:00", "timezone": "UTC"})]},
            "",
            "not_in_order",
        ),
        ({"rules": [rule({"type": "dates"})]}, "", "missing"),
        (
            {"rules": [rule({"type": "dates", "from": "2026-02-02T00:00:00Z", "until": "2026-02-01T00:00:00Z"})]},
            "",
            "not_in_order",
        ),
        ({"rules": [rule(GERMAN, target="ftp://x.example/")]}, "/rules/0/target", "target_scheme"),
        ({"rules": [rule(GERMAN, target="http://go.test/x")]}, "/rules/0/target", "target_own_domain"),
        (
            {"rules": [rule({"type": "country", "values": ["DE"]}, {"type": "country", "values": ["FR"]})]},
            "/rules/0/conditions/1",
            "contradicts",
        ),
        (
            {"rules": [rule({"type": "country", "values": ["DE"]}, {"type": "region", "values": ["FR-75"]})]},
            "/rules/0/conditions/1",
            "contradicts",
        ),
        ({"rules": [rule(GERMAN, MOBILE), rule(MOBILE, GERMAN)]}, "/rules/1", "never_reached"),
        ({"rules": [rule(GERMAN)] * 51}, "/rules", "too_long"),
        ({"variants": [{"target": ELSE, "weight": 99}]}, "/variants", "weights_sum"),
        ({"variants": [{"target": ELSE, "weight": 60}, {"target": HOME, "weight": 60}]}, "/variants", "weights_sum"),
        ({"variants": [{"target": ELSE, "weight": 0}]}, "/variants/0/weight", "greater_than_equal"),
        ({"variants": [{"target": "http://go.test/x", "weight": 100}]}, "/variants/0/target", "target_own_domain"),
        ({"image": "javascript:alert(1)"}, "/image", "target_scheme"),
        ({"password": "abc"}, "/password", "too_short"),
    ],
)
async def test_what_can_not_be_is_refused_by_name(
    account: Account, fields: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await account.http.post("/api/v1/links", json={"target": HOME, **fields})
    assert answer.status_code == 422, answer.text
    found = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert any(pointer in p and (c == code or c.endswith(code)) for p, c in found), found


async def test_rules_are_kept_as_they_are_meant_and_can_be_changed(account: Account) -> None:
    rules = [
        rule(
            {"type": "country", "values": ["de", "AT"]},
            {"type": "hours", "from": "22:00", "until": "06:00", "timezone": "Europe/Berlin"},
            name="night",
        )
    ]
    link = await account.link(HOME, rules=rules, variants=[{"target": ELSE, "weight": 100, "name": "b"}])
    rules[0]["conditions"][0]["values"] = ["DE", "AT"]
    assert link["rules"] == rules
    assert link["variants"] == [{"target": ELSE, "weight": 100, "name": "b"}]
    changed = await account.http.patch(f"/api/v1/links/{link['id']}", json={"rules": []})
    assert (changed.json()["rules"], len(changed.json()["variants"])) == ([], 1)


async def test_variants_share_visitors_out_and_each_keeps_its_own(account: Account, client: httpx.AsyncClient) -> None:
    variants = [{"target": ELSE, "weight": 80, "name": "big"}, {"target": HOME, "weight": 20}]
    link = await account.link("https://never.example/", variants=variants)
    seen: dict[str, str] = {}
    for number in range(400):
        address = f"10.1.{number // 250}.{number % 250}"
        for _ in range(2):
            answer = await client.get(f"/{link['slug']}", headers={"x-forwarded-for": address, "user-agent": FIREFOX})
            assert seen.setdefault(address, answer.headers["location"]) == answer.headers["location"]
    shares = Counter(seen.values())
    assert 280 <= shares[ELSE] <= 360  # 320 expected, 8 the standard deviation
    assert Counter(click.served for click in await recorded(link["id"])) == {
        "big": 2 * shares[ELSE],
        "variant 2": 2 * shares[HOME],
    }


def test_a_click_that_no_rule_led_has_the_line_of_older_releases() -> None:
    line = b"0" * 32 + b"\t1\t1\t1\t1\t\t\t\t\t\t0\t0"
    assert Click.unpack(line).served == ""
    assert Click.unpack(line + b"\tnight").served == "night"
    with pytest.raises(ValueError, match="later release"):
        Click.unpack(line + b"\tnight\tx")


# Explain

agents = st.sampled_from(["", IPHONE, PIXEL, FIREFOX, MAC, IPAD, GOOGLE, FACEBOOK, "curl/8", "Bröwser 1"])
languages = st.sampled_from(["", "de", "de-AT, en;q=0.5", "en-GB", "fr;q=0.2, de;q=0.1", "*"])
addresses = st.sampled_from(["8.8.8.8", "192.0.2.1", "2001:db8::1", "81.2.69.142", ""])
queries = st.sampled_from(["", "ref=a", "ref=b&x", "x=1", "ref"])
referrers = st.sampled_from(["", "https://news.example/x", "https://a.news.example/", "nonsense"])
some_conditions = st.sampled_from(
    [
        GERMAN,
        MOBILE,
        {"type": "device", "values": ["ios", "desktop"]},
        {"type": "os", "values": ["Windows", "Android"]},
        {"type": "browser", "values": ["safari"]},
        {"type": "country", "values": ["US", "GB"]},
        {"type": "continent", "values": ["EU"]},
        {"type": "query", "name": "ref"},
        {"type": "query", "name": "ref", "values": ["a"]},
        {"type": "referrer", "values": ["news.example"]},
        {"type": "address", "values": ["192.0.2.0/24", "2001:db8::/32"]},
        {"type": "days", "values": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "timezone": "Asia/Tokyo"},
        {"type": "dates", "until": "2001-01-01T00:00:00Z"},
    ]
)
some_rules = st.lists(
    st.lists(some_conditions, min_size=1, max_size=3, unique_by=str),
    max_size=5,
    unique_by=lambda c: str(sorted(map(str, c))),
)
visitors = st.tuples(agents, languages, addresses, queries, referrers)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    wanted=some_rules,
    variants=st.sampled_from([[], [50, 50], [1, 99]]),
    extra=st.sampled_from(
        [{}, {"password": "open sesame"}, {"description": "d"}, {"expires_at": "2020-01-01T00:00:00Z"}]
    ),
    seen=st.lists(visitors, min_size=1, max_size=5),
)
async def test_explain_and_the_redirect_always_agree(
    account: Account, client: httpx.AsyncClient, wanted: Any, variants: Any, extra: Any, seen: Any
) -> None:
    rules = [rule(*conditions, target=f"{ELSE}{number}") for number, conditions in enumerate(wanted)]
    shares = [{"target": f"{HOME}{number}", "weight": weight} for number, weight in enumerate(variants)]
    link = await account.link(HOME, rules=rules, variants=shares, **extra)
    for agent, language, address, query, referrer in seen:
        headers = {"user-agent": agent.encode(), "accept-language": language.encode(), "referer": referrer.encode()}
        headers["x-forwarded-for"] = address.encode()
        visit = await client.get(f"/{link['slug']}?{query}", headers=headers)
        described = {"user_agent": agent, "accept_language": language, "referrer": referrer, "query": query}
        # What is no address is the peer's.
        described["address"] = address or "127.0.0.1"
        answer = await account.http.get(f"/api/v1/links/{link['id']}/explain", params=described)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["status"], told["location"]) == (visit.status_code, visit.headers.get("location"))
        served = [rule["name"] for rule in told["rules"] if rule["outcome"] == "served"]
        assert served == ([told["served"]] if served else [])
        for one in told["rules"]:
            assert (one["outcome"] == "no match") == (
                not all(condition["holds"] for condition in one["conditions"])
            ) or one["outcome"] == "not reached"


async def test_explain_says_what_each_condition_saw(account: Account) -> None:
    link = await account.link(HOME, rules=[rule({"type": "country", "values": ["DE"]}), rule(MOBILE, name="phones")])
    answer = await account.http.get(
        f"/api/v1/links/{link['id']}/explain",
        params={"country": "AT", "user_agent": PIXEL, "at": "2026-01-01T00:00:00Z"},
    )
    told = answer.json()
    assert (told["served"], told["location"], told["status"]) == ("phones", ELSE, 302)
    first, second = told["rules"]
    assert (first["outcome"], first["conditions"][0]["visitor"], first["conditions"][0]["holds"]) == (
        "no match",
        "AT",
        False,
    )
    assert (second["outcome"], second["conditions"][0]["visitor"]) == ("served", "android, mobile")


async def test_explain_knows_of_passwords_budgets_and_other_tenants(account: Account, register: Any) -> None:
    link = await account.link(HOME, password="open sesame")
    path = f"/api/v1/links/{link['id']}/explain"
    assert (await account.http.get(path)).json()["code"] == "password_required"
    assert (await account.http.get(path, params={"password_given": True})).json()["location"] == HOME
    stranger = await register()
    assert (await stranger.http.get(path)).status_code == 404
    assert (await account.http.get(path, params={"colour": "red"})).status_code == 422
    assert (await account.http.get(path, params={"query": "a b"})).status_code == 422
