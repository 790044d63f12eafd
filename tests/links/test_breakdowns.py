"""What the API says about who followed links: whose, which, compared, as they come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ginnel import cursors, ingestion
from tests.conftest import Account
from tests.links.test_stats import a_row, put

Asker = Any


async def clicked(account: Account, link: int, **fields: Any) -> ingestion.Row:
    me = (await account.http.get("/api/v1/auth/me")).json()
    at = fields.pop("at", datetime.now(UTC) - timedelta(hours=2))
    row = a_row(link, at, workspace_id=me["workspace"], **fields)
    await put([row])
    return row


async def ask(account: Account, what: str, **params: Any) -> Any:
    answer = await account.http.get(f"/api/v1/stats/{what}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_breakdown_says_what_came_most_and_what_is_left(account: Account) -> None:
    link = (await account.link())["id"]
    for country, city in (("GB", "London"), ("GB", "London"), ("CA", "London"), ("DE", None), (None, None)):
        await clicked(account, link, country=country, city=city)
    found = await ask(account, "breakdown", link=link, dimension="country", limit=2)
    assert [(row["value"], row["clicks"]) for row in found["items"]] == [("GB", 2), ("CA", 1)]
    assert found["other"]["clicks"] == 2
    cities = await ask(account, "breakdown", dimension="city")
    assert {row["value"]: row["clicks"] for row in cities["items"]} == {"GB/London": 2, "CA/London": 1, None: 2}


async def test_filters_are_alternatives_of_one_dimension_and_conditions_of_several(account: Account) -> None:
    link = (await account.link())["id"]
    for country, browser in (("GB", "Firefox"), ("DE", "Firefox"), ("DE", "Safari"), (None, "Safari")):
        await clicked(account, link, country=country, browser=browser)

    async def count(*filters: str) -> int:
        return int((await ask(account, "summary", link=link, filter=list(filters)))["clicks"])

    assert await count("country:DE") == 2
    assert await count("country:DE", "country:GB") == 3
    assert await count("country:DE", "browser:Safari") == 1
    assert await count("-country:DE") == 2
    assert await count("country:") == 1
    assert await count("-country:", "-browser:Firefox") == 1
    assert await count("country:XX") == 0


@pytest.mark.parametrize(
    "params",
    [
        {"filter": "planet:Earth"}, {"filter": "country"}, {"filter": ""}, {"filter": "country:\0"}, {"link": 1, "tag": 2},
        {"from": "2025-01-02T00:00:00Z", "to": "2025-01-01T00:00:00Z"}, {"from": "1999-01-01T00:00:00Z"},
        {"filter": ["country:DE"] * 51},
    ],
)  # fmt: skip
async def test_what_can_not_be_asked_is_said(account: Account, params: dict[str, Any]) -> None:
    answer = await account.http.get("/api/v1/stats/summary", params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_tags_and_domains_are_counted_over_their_links(account: Account) -> None:
    tag = (await account.http.post("/api/v1/tags", json={"name": "spring"})).json()
    one, two = [(await account.link(tags=["spring"]))["id"] for _ in range(2)]
    three = (await account.link())["id"]
    for link in (one, two, three):
        await clicked(account, link, visitor=b"the same")
    assert (await ask(account, "summary", tag=tag["id"])) == {"clicks": 2, "visitors": 1, "bots": 0}
    assert (await ask(account, "summary", link=one)) == {"clicks": 1, "visitors": 1, "bots": 0}
    assert (await ask(account, "summary")) == {"clicks": 3, "visitors": 1, "bots": 0}
    assert (await account.http.get("/api/v1/stats/summary", params={"tag": 2**40})).status_code == 404
    assert (await account.http.get("/api/v1/stats/summary", params={"domain": 2**40})).status_code == 404


async def test_a_comparison_counts_the_time_before(account: Account) -> None:
    link = (await account.link())["id"]
    until = datetime(2025, 6, 3, tzinfo=UTC)
    for days in (1, 2, 3):
        await clicked(account, link, at=until - timedelta(days=days))
    span = {
        "link": link,
        "from": (until - timedelta(days=2)).isoformat(),
        "to": until.isoformat(),
        "compare": "previous",
    }
    summary = await ask(account, "summary", **span)
    assert (summary["clicks"], summary["previous"]["clicks"]) == (2, 1)
    series = await ask(account, "series", **span)
    assert [bucket["clicks"] for bucket in series["items"]] == [1, 1]
    assert [bucket["clicks"] for bucket in series["previous"]] == [0, 1]


async def test_the_newest_clicks_come_page_by_page(account: Account) -> None:
    link = (await account.link())["id"]
    at = datetime.now(UTC) - timedelta(hours=1)
    made = [await clicked(account, link, at=at - timedelta(seconds=n // 2)) for n in range(7)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await ask(account, "clicks", link=link, limit=3, **cursor)
        seen += [item["id"] for item in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(seen) == sorted(str(row.id) for row in made)
    assert len(set(seen)) == 7
    assert "visitor" not in page["items"][0]
    id_ = "00000000-0000-0000-0000-000000000000"
    for wrong in ("nonsense", cursors.pack("2025-01-01", id_), cursors.pack("0001-01-01T00:00:00Z", id_), cursors.pack(1, id_),
                   cursors.pack("2025-01-01T00:00:00Z", 7)):  # fmt: skip
        refused = await account.http.get("/api/v1/stats/clicks", params={"cursor": wrong})
        assert refused.json()["errors"][0]["code"] == "cursor_invalid"


@pytest.mark.parametrize("cursor", [cursors.pack("2025-01-01"), cursors.pack("0001-01-01T00:00:00Z"), cursors.pack(7)])
async def test_what_is_no_cursor_of_a_watchers_is_refused(account: Account, cursor: str) -> None:
    refused = await account.http.get("/api/v1/stats/live", params={"cursor": cursor})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "cursor_invalid")


async def test_whoever_asks_again_sees_what_has_come(account: Account) -> None:
    link = (await account.link())["id"]
    before = await ask(account, "live", link=link)
    assert (before["counts"]["clicks"], before["items"]) == (0, [])
    row = await clicked(account, link, at=datetime.now(UTC))
    after = await ask(account, "live", link=link, cursor=before["cursor"])
    assert (after["counts"]["clicks"], [item["id"] for item in after["items"]]) == (1, [str(row.id)])


async def test_sources_are_counted_by_name_and_channel_and_asked_for_like_any_other(account: Account) -> None:
    link = (await account.link())["id"]
    for source, channel, host in (
        ("Google", "search", "google.com"),
        ("Google", "search", "google.de"),
        (None, None, "news.example"),
        (None, "internal", "go.test"),
        ("Instagram", "social", None),
        (None, None, None),
    ):
        await clicked(account, link, source=source, channel=channel, referrer_host=host)
    for of in ({"link": link}, {}):  # the clicks themselves, and the workspace's roll-ups
        by_source = await ask(account, "breakdown", dimension="source", **of)
        assert {row["value"]: row["clicks"] for row in by_source["items"]} == {
            "Google": 2, "Instagram": 1, "go.test": 1, "news.example": 1, None: 1,
        }  # fmt: skip
        by_channel = await ask(account, "breakdown", dimension="channel", **of)
        assert {row["value"]: row["clicks"] for row in by_channel["items"]} == {
            "search": 2, "internal": 1, "referral": 1, "social": 1, None: 1,
        }  # fmt: skip
    for wanted, count in (("source:Google", 2), ("-source:", 5), ("channel:", 1), ("-channel:search", 4)):
        assert (await ask(account, "summary", link=link, filter=wanted))["clicks"] == count
    shown = {(row["source"], row["channel"]) for row in (await ask(account, "clicks", link=link))["items"]}
    assert ("news.example", "referral") in shown
    assert (None, None) in shown


async def test_links_are_told_apart_and_named(account: Account) -> None:
    tag = (await account.http.post("/api/v1/tags", json={"name": "spring"})).json()["id"]
    one, two, three = [await account.link(title=title, tags=["spring"]) for title in ("Sale", None, "Gone")]
    other = await account.link()
    for link, visitor in ((one, "a"), (one, "b"), (one, ""), (two, "a"), (two, "c"), (three, "c"), (other, "d")):
        await clicked(account, link["id"], visitor=f"{visitor} of {tag}".encode() if visitor else None)
    assert (await account.http.delete(f"/api/v1/links/{three['id']}")).status_code == 204

    def row(link: dict[str, Any], clicks: int, visitors: int, *, deleted: bool = False) -> dict[str, Any]:
        shown = {"short_url": link["short_url"], "title": link["title"], "deleted": deleted}
        return {"value": str(link["id"]), "link": shown, "clicks": clicks, "visitors": visitors, "bots": 0}

    found = await ask(account, "breakdown", dimension="link")
    assert found["items"] == [row(one, 3, 2), row(two, 2, 1), row(three, 1, 0, deleted=True), row(other, 1, 1)]
    assert found["other"] == {"clicks": 0, "visitors": 0, "bots": 0}
    first = await ask(account, "breakdown", dimension="link", limit=1)
    assert (first["items"], first["other"]) == ([row(one, 3, 2)], {"clicks": 4, "visitors": 2, "bots": 0})
    tagged = await ask(account, "breakdown", dimension="link", tag=tag)
    assert sum(item["clicks"] for item in tagged["items"]) == (await ask(account, "summary", tag=tag))["clicks"]
    assert str(other["id"]) not in {item["value"] for item in tagged["items"]}
    assert "link" not in (await ask(account, "breakdown", dimension="country"))["items"][0]


async def test_one_link_is_not_told_apart_from_others(account: Account) -> None:
    link = (await account.link())["id"]
    asked = await account.http.get("/api/v1/stats/breakdown", params={"dimension": "link", "link": link})
    assert (asked.status_code, asked.json()["errors"][0]["code"]) == (422, "dimension_unknown")


async def test_links_of_nobodys_tag_are_not_told(account: Account) -> None:
    asked = await account.http.get("/api/v1/stats/breakdown", params={"dimension": "link", "tag": 2**40})
    assert asked.status_code == 404
