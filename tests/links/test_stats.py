from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ginnel import ingestion, postgres
from tests.conftest import Account


def a_row(link: int, at: datetime, **fields: Any) -> ingestion.Row:
    defaults: dict[str, Any] = dict.fromkeys(ingestion.Row._fields)
    known = {"at": at, "id": uuid.uuid4(), "workspace_id": 1, "domain_id": 1, "link_id": link, "device": "desktop"}
    return ingestion.Row(**(defaults | known | {"qr": False, "clamped": False} | fields))


async def put(rows: list[ingestion.Row]) -> int:
    connection = await postgres.connect()
    try:
        return await ingestion.store(connection, rows)
    finally:
        await connection.close()


async def test_people_and_bots_are_counted_apart(account: Account) -> None:
    link = (await account.link())["id"]
    at = datetime.now(UTC) - timedelta(hours=1)
    rows = [
        a_row(link, at, visitor=b"a"), a_row(link, at, visitor=b"a"), a_row(link, at, visitor=b"b"), a_row(link, at),
        a_row(link, at, visitor=b"c", bot="Googlebot"),
    ]  # fmt: skip
    assert await put(rows) == 5
    answer = await account.http.get("/api/v1/stats/summary", params={"link": link})
    assert answer.json() == {"clicks": 4, "visitors": 2, "bots": 1}
    assert (await account.http.get(f"/api/v1/links/{link}")).json()["clicks"] == 4


async def test_storing_a_row_again_changes_nothing(account: Account) -> None:
    link = (await account.link())["id"]
    rows = [a_row(link, datetime.now(UTC)) for _ in range(10)]
    assert await put(rows) == 10
    assert await put(rows + rows[:3]) == 0
    assert await put([*rows, a_row(link, datetime.now(UTC))]) == 1
    assert (await account.http.get(f"/api/v1/links/{link}")).json()["clicks"] == 11


async def test_a_click_of_any_year_has_a_partition(account: Account) -> None:
    link = (await account.link())["id"]
    years = [datetime(year, 2, 28, 23, 59, 59, 999999, tzinfo=UTC) for year in (2019, 2024, 2031)]
    assert await put([a_row(link, at) for at in years]) == 3
    answer = await account.http.get(
        "/api/v1/stats/summary", params={"link": link, "from": "2019-01-01T00:00:00Z", "to": "2032-01-01T00:00:00Z"}
    )
    assert answer.json()["clicks"] == 3


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("interval", ["hour", "day", "week", "month"])
async def test_a_series_has_no_holes_and_adds_up(account: Account, zone: str, interval: str) -> None:
    link = (await account.link())["id"]
    # Both changes of the clock lie within.
    since, until = datetime(2025, 3, 1, 5, 30, tzinfo=UTC), datetime(2025, 11, 9, 17, 45, tzinfo=UTC)
    if interval == "hour":
        since = datetime(2025, 10, 1, 5, 30, tzinfo=UTC)
    chance = random.Random(f"{zone}{interval}")  # a test's, repeatable
    span = (until - since).total_seconds()
    edges = [since, until - timedelta(microseconds=1), since - timedelta(seconds=1), until]
    times = edges + [since + timedelta(seconds=chance.uniform(0, span)) for _ in range(300)]
    await put([a_row(link, at, bot="b" if chance.random() < 0.2 else None) for at in times])
    question = {"link": link, "from": since.isoformat(), "to": until.isoformat()}
    whole = (await account.http.get("/api/v1/stats/summary", params=question)).json()
    answer = await account.http.get("/api/v1/stats/series", params={**question, "interval": interval, "timezone": zone})
    buckets = answer.json()["items"]
    assert whole["clicks"] + whole["bots"] == 302
    assert sum(bucket["clicks"] for bucket in buckets) == whole["clicks"]
    assert sum(bucket["bots"] for bucket in buckets) == whole["bots"]
    starts = [datetime.fromisoformat(bucket["start"]) for bucket in buckets]
    assert starts == sorted(set(starts))
    assert starts[0] <= since < starts[1]
    assert starts[-1] < until
    local = [start.astimezone(ZoneInfo(zone)) for start in starts]
    if interval != "hour":
        # A zone may skip the hour in which a day would begin; none of these does.
        assert {(start.hour, start.minute) for start in local} == {(0, 0)}
    if interval == "week":
        assert {start.weekday() for start in local} == {0}
    if interval == "month":
        assert {start.day for start in local} == {1}


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"timezone": "Mars/Olympus"}, "query:timezone"),
        ({"timezone": "localtime"}, "query:timezone"),
        ({"timezone": "Factory"}, "query:timezone"),
        ({"interval": "fortnight"}, "query:interval"),
        ({"interval": "minute", "from": "2020-01-01T00:00:00Z"}, "query:interval"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "query:to"),
        ({"from": "yesterday"}, "query:from"),
        ({"from": "0001-01-01T00:00:00Z"}, "query:from"),
        ({"link": "x"}, "query:link"),
        ({"link": str(2**63)}, "query:link"),
    ],
)
async def test_an_impossible_question_is_a_problem(account: Account, params: dict[str, str], pointer: str) -> None:
    link = (await account.link())["id"]
    answer = await account.http.get("/api/v1/stats/series", params={"link": link, **params})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
