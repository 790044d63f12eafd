"""Links with a maximum number of clicks: counted exactly, people only, whatever comes at once or dies in between."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from clicks.drain import Drain, Settings
from ginnel import budgets, clicks, postgres, settings
from ginnel.budgets import Budget
from tests.conftest import Account

PERSON = {"user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"}
BOT = {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
ELSEWHERE = "https://example.com/over"


async def left(account: Account, link: int) -> Any:
    got = (await account.http.get(f"/api/v1/links/{link}")).json()
    (listed,) = [item for item in (await account.http.get("/api/v1/links")).json()["items"] if item["id"] == link]
    assert listed == got
    return got["clicks_left"]


async def change(account: Account, link: int, **fields: Any) -> Any:
    answer = await account.http.patch(f"/api/v1/links/{link}", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


@asynccontextmanager
async def stored() -> AsyncIterator[asyncpg.Connection]:
    """Store every click that waits; give a connection to look at them with."""
    drain = Drain(Settings(consumer="tests"))
    try:
        await drain.run(0)
    finally:
        await drain.close()
    connection = await postgres.connect()
    yield connection
    await connection.close()


async def rows(link: int) -> tuple[int, int]:
    """Count a link's stored clicks: people's and bots'."""
    async with stored() as connection:
        query = "select count(*) filter (where bot is null), count(bot) from clicks where link_id = $1"
        people, bots = await connection.fetchrow(query, link)
    return people, bots


async def used(link: int) -> int:
    async with stored() as connection:
        count: int = await connection.fetchval("select used from link_budgets where link_id = $1", link)
    return count


async def test_what_is_prefetched_leads_on_and_takes_no_click(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link(max_clicks=2)
    for header in (
        {"sec-purpose": "prefetch"},
        {"purpose": "preview"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
    ):
        assert (await client.get(f"/{link['slug']}", headers=PERSON | header)).status_code == 302
    assert (await client.get(f"/{link['slug']}", headers=PERSON)).status_code == 302
    assert await left(account, link["id"]) == 1
    assert await rows(link["id"]) == (1, 4)


@pytest.mark.parametrize("limit", [1, 3])
async def test_of_fifty_at_once_one_gets_the_last_click(
    account: Account, client: httpx.AsyncClient, limit: int
) -> None:
    for _ in range(5):
        link = await account.link(max_clicks=limit)
        path = f"/{link['slug']}"
        for _ in range(limit - 1):
            assert (await client.get(path, headers=PERSON)).status_code == 302
        answers = await asyncio.gather(*(client.get(path, headers=PERSON) for _ in range(50)))
        assert Counter(answer.status_code for answer in answers) == {302: 1, 410: 49}
        assert await left(account, link["id"]) == 0
        assert await rows(link["id"]) == (limit, 0)
        assert await used(link["id"]) == limit


async def test_a_used_up_link_says_so(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link(max_clicks=1)
    assert (link["max_clicks"], link["clicks_left"]) == (1, 1)
    path = f"/{link['slug']}"
    assert (await client.get(path, headers=PERSON)).status_code == 302
    answer = await client.get(path, headers={**PERSON, "accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (410, "link_used_up")
    assert answer.headers["cache-control"] == "no-store"
    page = await client.get(path, headers=PERSON)
    assert "used up" in page.text
    assert await rows(link["id"]) == (1, 0)


async def test_an_unlimited_link_has_no_clicks_left_to_tell(account: Account) -> None:
    link = await account.link()
    assert (link["max_clicks"], link["clicks_left"]) == (None, None)
    assert await left(account, link["id"]) is None


async def test_bots_are_redirected_while_it_lasts_and_take_nothing(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link(max_clicks=1)
    path = f"/{link['slug']}"
    assert [(await client.get(path, headers=BOT)).status_code for _ in range(3)] == [302] * 3
    assert await left(account, link["id"]) == 1
    assert (await client.get(path, headers=PERSON)).status_code == 302
    assert (await client.get(path, headers=BOT)).status_code == 410
    assert await rows(link["id"]) == (1, 3)


async def test_a_head_shows_what_stands_and_takes_nothing(account: Account, client: httpx.AsyncClient) -> None:
    link = await account.link(max_clicks=1)
    path = f"/{link['slug']}"
    assert [(await client.head(path, headers=PERSON)).status_code for _ in range(3)] == [302] * 3
    assert (await client.get(path, headers=PERSON)).status_code == 302
    assert (await client.head(path, headers=PERSON)).status_code == 410
    assert await rows(link["id"]) == (1, 0)


async def test_a_used_up_link_may_lead_elsewhere_where_clicks_are_counted_and_cost_nothing(
    account: Account, client: httpx.AsyncClient
) -> None:
    link = await account.link(max_clicks=2, expired_target=ELSEWHERE)
    path = f"/{link['slug']}"
    answers = [await client.get(path, headers=PERSON) for _ in range(5)]
    assert [answer.headers["location"] == ELSEWHERE for answer in answers] == [False, False, True, True, True]
    assert {answer.status_code for answer in answers} == {302}
    assert (await client.head(path)).headers["location"] == ELSEWHERE
    assert (await rows(link["id"]), await used(link["id"])) == ((5, 0), 2)


async def test_after_its_expiry_a_link_takes_nothing_from_its_budget(
    account: Account, client: httpx.AsyncClient
) -> None:
    link = await account.link(max_clicks=2, expired_target=ELSEWHERE, expires_at="2020-01-01T00:00:00Z")
    assert (await client.get(f"/{link['slug']}", headers=PERSON)).headers["location"] == ELSEWHERE
    assert (await rows(link["id"]), await used(link["id"])) == ((1, 0), 0)


@pytest.mark.parametrize("status", [301, 308])
async def test_a_limited_redirect_is_never_kept_by_browsers(
    account: Account, client: httpx.AsyncClient, status: int
) -> None:
    link = await account.link(max_clicks=5, redirect_status=status, allow_caching=True)
    for method in ("GET", "HEAD"):
        answer = await client.request(method, f"/{link['slug']}", headers=PERSON)
        assert (answer.status_code, answer.headers["cache-control"]) == (status, "private, no-store")


async def test_a_limit_that_comes_later_counts_the_clicks_before_it(
    account: Account, client: httpx.AsyncClient
) -> None:
    link = await account.link()
    path = f"/{link['slug']}"
    for headers in (PERSON, PERSON, PERSON, BOT):
        assert (await client.get(path, headers=headers)).status_code == 302
    assert await rows(link["id"]) == (3, 1)
    assert (await change(account, link["id"], max_clicks=4))["clicks_left"] == 1
    assert (await client.get(path, headers=PERSON)).status_code == 302
    assert (await client.get(path, headers=PERSON)).status_code == 410
    # Taken away, clicks go on; set again, what was spent and what was clicked since are both remembered.
    assert (await change(account, link["id"], max_clicks=None))["clicks_left"] is None
    assert (await change(account, link["id"], max_clicks=5))["clicks_left"] == 1
    await change(account, link["id"], max_clicks=None)
    for _ in range(3):
        assert (await client.get(path, headers=PERSON)).status_code == 302
    assert await rows(link["id"]) == (7, 1)
    assert (await change(account, link["id"], max_clicks=9))["clicks_left"] == 2


async def test_lowering_a_limit_uses_a_link_up_and_raising_it_opens_it_again(
    account: Account, client: httpx.AsyncClient
) -> None:
    link = await account.link(max_clicks=10)
    path = f"/{link['slug']}"
    for _ in range(3):
        assert (await client.get(path, headers=PERSON)).status_code == 302
    for limit, remaining, status in ((2, 0, 410), (3, 0, 410), (4, 1, 302), (4, 0, 410), (5, 1, 302)):
        assert (await change(account, link["id"], max_clicks=limit))["clicks_left"] == remaining
        assert (await client.get(path, headers=PERSON)).status_code == status, limit
    # A change of anything else leaves the budget alone, and a click is no change.
    changed = await change(account, link["id"], title="x")
    assert (changed["clicks_left"], changed["version"]) == (0, 7)


@pytest.mark.parametrize("value", [0, -1, 10**12 + 1, 2**63, 10**400, 1.5, 5.0, True, "5", "", [], {}])
async def test_what_is_no_number_of_clicks_is_refused(account: Account, value: Any) -> None:
    link = await account.link()
    for answer in (
        await account.http.post("/api/v1/links", json={"target": "https://example.com/", "max_clicks": value}),
        await account.http.patch(f"/api/v1/links/{link['id']}", json={"max_clicks": value}),
    ):
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/max_clicks"]
    assert (await account.link(max_clicks=10**12))["clicks_left"] == 10**12


STEPS = st.lists(
    st.tuples(st.sampled_from(["people", "bots", "head"]), st.integers(1, 6))
    | st.tuples(st.just("limit"), st.none() | st.integers(1, 12)),
    max_size=12,
)


@effort(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, first=st.none() | st.integers(1, 8))
async def test_whatever_happens_to_a_limit_the_count_is_as_told(
    account: Account, client: httpx.AsyncClient, steps: list[tuple[str, Any]], first: int | None
) -> None:
    link = await account.link(max_clicks=first)
    path = f"/{link['slug']}"
    limit, spent, people, bots = first, 0, 0, 0
    for step, value in steps:
        lasts = limit is None or spent < limit
        if step == "limit":
            assert await rows(link["id"]) == (people, bots)  # the clicks it has had are known by then
            if limit is None and value is not None:
                spent = max(spent, people)
            limit = value
            shown = await change(account, link["id"], max_clicks=limit)
            assert shown["clicks_left"] == (None if limit is None else max(0, limit - spent))
        elif step == "people":
            answers = await asyncio.gather(*(client.get(path, headers=PERSON) for _ in range(value)))
            served = value if limit is None else min(value, max(0, limit - spent))
            assert Counter(a.status_code for a in answers) == Counter({302: served, 410: value - served})
            people += served
            spent += served if limit is not None else 0
        else:
            method = "GET" if step == "bots" else "HEAD"
            answers = [await client.request(method, path, headers=BOT) for _ in range(value)]
            assert {a.status_code for a in answers} == {302 if lasts else 410}
            bots += value if step == "bots" and lasts else 0
    assert await rows(link["id"]) == (people, bots)
    assert await left(account, link["id"]) == (None if limit is None else max(0, limit - spent))


async def test_without_postgresql_nobody_is_let_through(
    account: Account, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await account.link(max_clicks=5)
    path = f"/{link['slug']}"
    assert (await client.get(path, headers=PERSON)).status_code == 302
    await postgres.close()
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    settings.read.cache_clear()
    try:
        for method, headers in (("GET", PERSON), ("GET", BOT), ("HEAD", PERSON)):
            answer = await client.request(method, path, headers=headers)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert answer.headers["cache-control"] == "no-store"
    finally:
        monkeypatch.undo()
        settings.read.cache_clear()
        await postgres.close()
    assert (await client.get(path, headers=PERSON)).status_code == 302
    assert (await rows(link["id"]), await left(account, link["id"])) == ((2, 0), 3)


async def cut() -> int:
    """End every connection of the redirect's pool from the server's side."""
    connection = await postgres.connect(server_settings={"application_name": "cutter"})
    ended: int = await connection.fetchval(
        """
        select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and application_name = 'ginnel'
        """
    )
    await connection.close()
    return ended


async def test_connections_that_were_cut_meanwhile_cost_neither_visitor_nor_click(
    account: Account, client: httpx.AsyncClient
) -> None:
    link = await account.link(max_clicks=100)
    for count in range(1, 21):
        assert (await client.get(f"/{link['slug']}", headers=PERSON)).status_code == 302
        assert await cut()
        await asyncio.sleep(0.01)  # for the end to arrive
        assert await used(link["id"]) == count
    assert await rows(link["id"]) == (20, 0)


async def test_a_click_whose_answer_was_lost_is_not_taken_again(
    account: Account, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await account.link(max_clicks=5)
    honest = budgets.take

    async def take(*asked: Any) -> int:
        await honest(*asked)
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    monkeypatch.setattr(budgets, "take", take)
    assert (await client.get(f"/{link['slug']}", headers=PERSON)).status_code == 503
    monkeypatch.undo()
    assert await rows(link["id"]) == (1, 0)
    assert await left(account, link["id"]) == 4
    assert (await client.get(f"/{link['slug']}", headers=PERSON)).status_code == 302


async def test_cut_at_any_moment_what_is_spent_is_what_is_stored(
    account: Account, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    link = await account.link(max_clicks=10**6)
    statuses: Counter[int] = Counter()
    ended = 0

    async def visit() -> None:
        while ended < 100:
            statuses[(await client.get(f"/{link['slug']}", headers=PERSON)).status_code] += 1

    async def harass() -> None:
        nonlocal ended
        while ended < 100:
            await asyncio.sleep(random.uniform(0, 0.03))
            ended += await cut()

    await asyncio.gather(harass(), *(visit() for _ in range(20)))
    people, bots = await rows(link["id"])
    spent = await used(link["id"])
    with capsys.disabled():
        print(f"\n  {ended} connections cut; answers {dict(statuses)}; spent {spent}, stored {people}")
    assert set(statuses) <= {302, 503}
    assert (people, bots) == (spent, 0)
    # An answer that was lost to the cut may have spent its click; nothing else may.
    assert statuses[302] <= spent <= statuses.total()


def line(link: int) -> bytes:
    return clicks.pack(
        id=clicks.new_id(), at=clicks.milliseconds(), link=link, workspace=1, domain=1, address=b"",
        user_agent=PERSON["user-agent"].encode(), referrer=b"", language=b"", query=b"", private=False,
    )  # fmt: skip


async def test_many_processes_share_a_budget_out_to_the_last_click(account: Account) -> None:
    """Each connection stands for a process; what they ask for at once is more than there is."""
    link = (await account.link(max_clicks=500))["id"]
    connections = await asyncio.gather(*(postgres.connect() for _ in range(20)))

    async def take(connection: asyncpg.Connection) -> int:
        taken = 0
        while (count := await budgets.take(connection, link, [line(link) for _ in range(random.randint(1, 5))])) > 0:
            taken += count
        return taken

    shares = await asyncio.gather(*(take(connection) for connection in connections))
    for connection in connections:
        await connection.close()
    assert sum(shares) == 500 == await used(link)
    assert await rows(link) == (500, 0)
    assert sum(share > 0 for share in shares) > 1


async def test_one_who_leaves_does_not_keep_the_others_from_their_click(
    account: Account, client: httpx.AsyncClient
) -> None:
    link = await account.link(max_clicks=40)
    path = f"/{link['slug']}"
    assert (await client.get(path, headers=PERSON)).status_code == 302
    visits = [asyncio.create_task(client.get(path, headers=PERSON)) for _ in range(60)]
    async with asyncio.timeout(20):
        while len(budgets._waiting.get(link["id"], ())) < 30:  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0)
    for visit in visits[::3]:
        visit.cancel()
    answers = await asyncio.gather(*visits, return_exceptions=True)
    statuses = Counter(a.status_code for a in answers if isinstance(a, httpx.Response))
    people, _ = await rows(link["id"])
    # Who leaves may have taken a click, or not; nobody takes two.
    assert statuses[302] < people == await used(link["id"]) == 40
    assert statuses.total() == 40
    assert not budgets._waiting


async def test_visitors_of_a_crowded_limited_link_leave_the_others_their_connections(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    link = (await account.link(max_clicks=10**6))["id"]
    took: list[float] = []

    async def look() -> None:
        while True:
            begun = time.monotonic()
            await postgres.run(lambda connection: connection.fetchval("select 1"))
            took.append(time.monotonic() - begun)
            await asyncio.sleep(0.001)

    looking = asyncio.create_task(look())
    begun = time.monotonic()
    taken = await asyncio.gather(*(budgets.visit(link, line(link)) for _ in range(5000)))
    seconds = time.monotonic() - begun
    looking.cancel()
    assert set(taken) == {Budget.SPENT}
    assert await used(link) == 5000
    with capsys.disabled():
        print(f"\n  5000 at once took {seconds:.2f} s; meanwhile another's query at most {max(took) * 1000:.0f} ms")
    assert await rows(link) == (5000, 0)
