"""The audit log of the whole installation, and the figures."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ginnel import clicks, counts, figures, observe, redis
from tests.auth.conftest import problem
from tests.conftest import Account

from .conftest import own_id, own_workspace

AUDIT, SYSTEM = "/api/v1/admin/audit", "/api/v1/admin/system"


async def entries(operator: Account, **params: Any) -> list[dict[str, Any]]:
    answer = await operator.http.get(AUDIT, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_what_was_done_is_read_by_whom_where_what_and_when(account: Account, operator: Account) -> None:
    link, workspace = await account.link(), await own_workspace(account)
    path = f"/api/v1/admin/links/{link['id']}"
    await operator.http.post(f"{path}/block", json={"reason": "Phishing"})
    await operator.http.post(f"{path}/unblock")
    subject, by = f"link:{link['id']}", await own_id(operator)
    done = await entries(operator, subject=subject)
    assert [one["action"] for one in done] == ["link_unblocked", "link_blocked", "link_created"]
    assert done[1] | {"id": 0, "at": ""} == {
        "id": 0, "at": "", "action": "link_blocked", "subject": subject, "user": by, "email": operator.email,
        "workspace": workspace, "details": {"reason": "Phishing"},
    }  # fmt: skip
    assert len(await entries(operator, subject=subject, user=by)) == 2
    assert len(await entries(operator, subject=subject, action="link_blocked", workspace=workspace)) == 1
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert await entries(operator, subject=subject, **{"from": later}) == []
    assert len(await entries(operator, subject=subject, to=later)) == 3
    first = (await operator.http.get(AUDIT, params={"subject": subject, "limit": 2})).json()
    rest = await entries(operator, subject=subject, limit=2, cursor=first["next_cursor"])
    assert [one["action"] for one in rest] == ["link_created"]
    problem(await operator.http.get(AUDIT, params={"cursor": "MA"}), 422, "invalid")


async def test_the_figures_tell_what_is_there(account: Account, operator: Account, client: httpx.AsyncClient) -> None:
    link = await account.link()
    await client.get(f"/{link['slug']}")
    answer = await operator.http.get(SYSTEM)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["away"] == []
    assert said["database"]["bytes"] > 0
    assert said["database"]["schema_revision"] >= "0015"
    assert {"links", "users"} <= {table["name"] for table in said["database"]["tables"]}
    assert said["database"]["partitions"][0]["name"].startswith("clicks_20")
    assert said["redis"]["bytes"] > 0
    assert said["redis"]["persisted"] is True
    assert said["clicks"]["entries"] >= 1
    assert said["clicks"]["oldest_seconds"] > 0
    assert said["counts"]["users"] >= 2
    assert said["mail"].keys() == {"due", "waiting", "failed", "oldest_seconds"}


async def test_what_is_away_is_shown_as_away(operator: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise redis.Away("away")

    monkeypatch.setattr(redis, "call", away)
    answer = await operator.http.get(SYSTEM)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["away"] == ["redis", "cache", "events"]
    assert (said["redis"], said["cache"], said["clicks"]["entries"]) == (None, None, None)
    assert said["clicks"]["spilled"] is not None
    assert said["database"]["bytes"] > 0


async def test_a_part_that_takes_too_long_keeps_none_of_the_others(
    operator: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures.database, "_COUNTS", "select pg_sleep(30)")
    said = (await operator.http.get(SYSTEM)).json()
    assert said["away"] == ["counts"]
    assert said["mail"] is not None


async def test_what_processes_count_is_put_together(operator: Account, client: httpx.AsyncClient) -> None:
    told = await counts.tell(Counter())
    _, before = await counts.recent()
    link = await operator.link()
    for _ in range(20):
        await client.get(f"/{link['slug']}")
    observe.count("redis_error", 3)
    told = await counts.tell(told)
    _, after = await counts.recent()
    fresh = after - before
    assert fresh[counts.VISITS] == 20
    assert (fresh["lookup_missed"], fresh["lookup_stored"]) == (1, 1)
    assert fresh["redis_error"] == 3
    assert await counts.tell(told) is told
    said = (await operator.http.get(SYSTEM)).json()
    assert said["cache"]["visits"] == after[counts.VISITS]
    assert said["cache"]["hit_rate"] == max(0, 1 - after["lookup_missed"] / after[counts.VISITS])
    assert said["events"]["redis_error"] == after["redis_error"]


async def test_counts_that_redis_did_not_take_go_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    told = await counts.tell(Counter())
    _, before = await counts.recent()

    async def away(*_: Any) -> None:
        raise redis.Away("away")

    observe.count("purge_delayed", 2)
    with monkeypatch.context() as patched:
        patched.setattr(redis, "call", away)
        assert await counts.tell(told) is told
    await counts.tell(told)
    _, after = await counts.recent()
    assert (after - before)["purge_delayed"] == 2


def test_looking_at_how_many_ids_were_drawn_draws_none() -> None:
    before = clicks.drawn()
    assert [clicks.drawn(), clicks.drawn()] == [before, before]
    clicks.new_id()
    assert clicks.drawn() == before + 1
