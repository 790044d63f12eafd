from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clicks.drain import Drain, Settings
from ginnel import postgres
from tests.conftest import Account

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1"


async def stored(link: int) -> list[Any]:
    drain = Drain(Settings(consumer="test"))
    await drain.run(0)
    await drain.close()
    connection = await postgres.connect()
    rows = await connection.fetch("select * from clicks where link_id = $1 order by at, id", link)
    await connection.close()
    return list(rows)


async def test_a_captured_click_is_stored_with_what_is_known_of_it(account: Account) -> None:
    link = await account.link()
    at = datetime.now(UTC) - timedelta(days=40)
    item = {
        "id": "order-7", "slug": link["slug"].upper(), "at": at.isoformat(), "address": "8.8.8.8",
        "user_agent": PHONE, "referrer": "https://www.shop.test/basket?secret=1",
    }  # fmt: skip
    answer = await account.http.post("/api/v1/clicks", json=[item])
    assert answer.status_code == 202
    assert answer.json() == {"items": [{"id": "order-7", "status": "accepted", "code": None, "detail": None}]}
    (row,) = await stored(link["id"])
    assert abs(row["at"] - at) < timedelta(milliseconds=2)
    assert (row["country"], row["continent"], row["device"], row["os"]) == ("US", "NA", "mobile", "iOS")
    assert (row["referrer_host"], row["referrer_path"]) == ("shop.test", "/basket")
    assert len(row["visitor"]) == 16
    assert "8.8.8.8" not in repr(dict(row))


async def test_the_same_click_sent_again_is_the_same_click(account: Account) -> None:
    link = await account.link()
    item = {"id": "again", "slug": link["slug"]}
    for _ in range(3):
        assert (await account.http.post("/api/v1/clicks", json=[item, item])).status_code == 202
    assert len(await stored(link["id"])) == 1


async def test_each_item_is_judged_by_itself(account: Account, register: Callable[[], Awaitable[Account]]) -> None:
    link = await account.link()
    foreign = await (await register()).link()
    items = [
        {"id": "1", "slug": link["slug"]},
        {"id": "2", "slug": "no-such-link"},
        {"id": "3", "slug": foreign["slug"]},
        {"id": "4", "slug": link["slug"], "at": "2001-01-01T00:00:00Z"},
        {"id": "5", "slug": link["slug"], "domain": "elsewhere.test"},
    ]
    answer = await account.http.post("/api/v1/clicks", json=items)
    assert answer.status_code == 202
    codes = [item["code"] for item in answer.json()["items"]]
    assert codes == [None, "link_unknown", "link_unknown", "out_of_range", "link_unknown"]
    assert len(await stored(link["id"])) == 1
    assert await stored(foreign["id"]) == []


@pytest.mark.parametrize(
    "body",
    [{}, [], [{}], [{"id": "1"}], [{"id": "1", "slug": "a", "address": "nowhere"}], [{"id": "1", "slug": "a"}] * 501],
)
async def test_what_is_no_list_of_clicks_is_a_problem(account: Account, body: Any) -> None:
    answer = await account.http.post("/api/v1/clicks", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
