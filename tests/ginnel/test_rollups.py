"""Roll-ups and the clicks themselves give the same answers, whatever is asked, and all of them add up."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import db, ingestion, postgres, recounting, rollups, stats
from ginnel.stats import Filter, Question, filtered
from tests.links.test_stats import a_row

WORKSPACE = 2**40
LINKS = [WORKSPACE + n for n in range(6)]
BEGIN, END = datetime(2025, 1, 20, tzinfo=UTC), datetime(2025, 5, 2, tzinfo=UTC)
ZONES = ("UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo")
VALUES: dict[str, tuple[str | None, ...]] = {
    "country": ("DE", "GB", None), "city": ("Berlin", None), "device": ("mobile", "desktop"), "browser": ("Firefox", None),
    "utm_source": ("news", None, None), "variant": ("rule:1", None), "referrer_host": ("t.co", "google.com", None),
    "source": ("X", None, None), "channel": ("social", "internal", None),
}  # fmt: skip


def rows(chance: random.Random, count: int) -> list[ingestion.Row]:
    """Make clicks around the moments where days, months and daylight saving begin and end."""
    made = []
    for _ in range(count):
        at = BEGIN + timedelta(seconds=chance.uniform(0, (END - BEGIN).total_seconds()))
        if chance.random() < 0.4:
            at = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(
                microseconds=chance.choice([-1, 0, 1])
            )
        fields: dict[str, Any] = {name: chance.choice(values) for name, values in VALUES.items()}
        bot = "Googlebot" if chance.random() < 0.2 else None
        visitor = f"{at.date()}{chance.randrange(4)}".encode() if chance.random() < 0.9 else None
        made.append(
            a_row(chance.choice(LINKS), at, id=uuid.UUID(int=chance.getrandbits(128)), workspace_id=WORKSPACE,
                  visitor=visitor, bot=bot, **fields | {"qr": chance.random() < 0.2})
        )  # fmt: skip
    return made


@pytest.fixture(scope="module")
async def stored() -> AsyncIterator[None]:
    """Store clicks in batches, some of them twice and late."""
    chance = random.Random(11)
    made = rows(chance, 1500)
    connection = await postgres.connect()
    try:
        for start in range(0, len(made), 100):
            await ingestion.store(connection, made[start : start + 100] + chance.sample(made[: start + 1], 1))
        # One link's roll-ups end amid its days, as if the later ones were dropped; one is busy.
        await rollups.roll(connection, [LINKS[2]], datetime(2025, 3, 5, tzinfo=UTC).date())
        await rollups.roll(connection, [LINKS[3]])
        await rollups.roll(connection, [LINKS[4]], datetime(2025, 2, 1, tzinfo=UTC).date())
        await rollups.roll(connection, [LINKS[4]])
        await ingestion.store(connection, chance.sample(made, 300) + rows(chance, 300))
        yield
        assert await recounting.rebuild(connection, BEGIN.date(), END.date()) == {}
    finally:
        await connection.close()


@pytest.fixture
async def conn(stored: None) -> AsyncIterator[AsyncSession]:
    async with db.session() as session:
        yield session


moments = st.one_of(
    st.datetimes(BEGIN.replace(tzinfo=None), END.replace(tzinfo=None)).map(lambda at: at.replace(tzinfo=UTC)),
    st.integers(0, (END - BEGIN).days).map(lambda days: BEGIN + timedelta(days=days)),
    st.sampled_from(
        [datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 3, 30, 1, tzinfo=UTC)]
    ),
)
dimensions = st.sampled_from(sorted(VALUES))


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    dimension = draw(dimensions)
    return Filter(
        dimension, draw(st.lists(st.sampled_from(VALUES[dimension]), min_size=1, max_size=3)), draw(st.booleans())
    )


@st.composite
def questions(draw: st.DrawFn, *, most: int = 0) -> Question:
    since, until = sorted([draw(moments), draw(moments)])
    of: stats.Of = draw(st.sampled_from(["link", "workspace"]))
    return Question(
        WORKSPACE, of, draw(st.sampled_from(LINKS)), since, until + timedelta(microseconds=1),
        tuple(draw(st.lists(filters(), max_size=most))),
    )  # fmt: skip


many = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


@pytest.fixture(autouse=True)
def _links_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async def known(*_: object) -> None: ...

    monkeypatch.setattr("ginnel.stats.counting.check", known)


@many
@given(
    question=questions(most=1), interval=st.sampled_from(["hour", "day", "week", "month"]), zone=st.sampled_from(ZONES)
)
async def test_roll_ups_and_clicks_agree(
    conn: AsyncSession, question: Question, interval: stats.Interval, zone: str
) -> None:
    raw = replace(question, raw=True)
    assert await stats.summary(conn, question) == await stats.summary(conn, raw)
    series = await stats.series(conn, question, interval=interval, timezone=zone)
    assert series == await stats.series(conn, raw, interval=interval, timezone=zone)


@many
@given(question=questions(), dimension=dimensions, limit=st.integers(1, 5))
async def test_breakdowns_by_either_agree(conn: AsyncSession, question: Question, dimension: str, limit: int) -> None:
    one = await stats.breakdown(conn, question, dimension=dimension, limit=limit)
    assert one == await stats.breakdown(conn, replace(question, raw=True), dimension=dimension, limit=limit)


@many
@given(
    question=questions(most=3), dimension=dimensions, limit=st.integers(1, 5),
    interval=st.sampled_from(["hour", "day", "week", "month"]), zone=st.sampled_from(ZONES),
)  # fmt: skip
async def test_all_answers_add_up(
    conn: AsyncSession, question: Question, dimension: str, limit: int, interval: stats.Interval, zone: str
) -> None:
    total = await stats.summary(conn, question)
    series = await stats.series(conn, question, interval=interval, timezone=zone)
    broken = await stats.breakdown(conn, question, dimension=dimension, limit=limit)
    for name in ("clicks", "visitors", "bots"):
        assert sum(getattr(bucket, name) for bucket in series) == getattr(total, name)
        assert sum(getattr(row, name) for row in [*broken.items, broken.other]) == getattr(total, name)
    assert all(one.start < other.start for one, other in itertools.pairwise(series))


@many
@given(question=questions(most=2), of=st.sampled_from(["workspace", "domain"]), limit=st.integers(1, 7))
async def test_links_add_up_by_either(conn: AsyncSession, question: Question, of: stats.Of, limit: int) -> None:
    question = replace(question, of=of, id=1)  # the domain of all of them
    total = await stats.summary(conn, question)
    broken = await stats.breakdown(conn, question, dimension="link", limit=limit)
    assert broken == await stats.breakdown(conn, replace(question, raw=True), dimension="link", limit=limit)
    for name in ("clicks", "visitors", "bots"):
        assert sum(getattr(row, name) for row in [*broken.items, broken.other]) == getattr(total, name)
        assert min(getattr(row, name) for row in [*broken.items, broken.other]) >= 0
    if limit >= len(LINKS):
        assert broken.other == stats.Counts(clicks=0, visitors=0, bots=0)


@many
@given(question=questions())
async def test_a_links_row_is_what_its_clicks_are(conn: AsyncSession, question: Question) -> None:
    question = replace(question, of="workspace")
    for row in (await stats.breakdown(conn, question, dimension="link", limit=7)).items:
        alone = await stats.summary(conn, replace(question, of="link", id=int(row.value or 0)))
        assert (row.clicks, row.bots) == (alone.clicks, alone.bots)
        assert row.visitors <= alone.visitors


@many
@given(question=questions(), one=filters())
async def test_a_filter_and_its_negation_are_the_whole(conn: AsyncSession, question: Question, one: Filter) -> None:
    whole = await stats.summary(conn, question)
    kept = await stats.summary(conn, replace(question, filters=(one,)))
    rest = await stats.summary(conn, replace(question, filters=(one._replace(negated=not one.negated),)))
    assert (kept.clicks + rest.clicks, kept.visitors + rest.visitors, kept.bots + rest.bots) == (
        whole.clicks, whole.visitors, whole.bots,
    )  # fmt: skip


async def test_days_know_what_one_filter_leaves_over(conn: AsyncSession) -> None:
    """Else the property above would compare the clicks with themselves."""
    busy = Question(WORKSPACE, "link", LINKS[3], BEGIN, END, (Filter("country", ["DE"]),))
    assert await filtered.known(conn, busy)
    assert await filtered.known(conn, replace(busy, of="workspace"))
    assert not await filtered.known(conn, replace(busy, id=LINKS[0]))
    assert not await filtered.known(conn, replace(busy, filters=[*busy.filters, *busy.filters]))


async def test_a_visitor_is_counted_once_a_day_by_the_link_and_by_the_workspace(conn: AsyncSession) -> None:
    connection: asyncpg.Connection = await postgres.connect()
    try:
        wrong = await connection.fetchval(
            """
            select count(*) from (
                select 1 from clicks where workspace_id = $1 and bot is null and visitor is not null
                group by (at at time zone 'UTC')::date, link_id, visitor having count(*) filter (where new_to_link) <> 1
                union all
                select 1 from clicks where workspace_id = $1 and bot is null and visitor is not null
                group by (at at time zone 'UTC')::date, visitor having count(*) filter (where new_to_workspace) <> 1
                union all
                select 1 from clicks where workspace_id = $1 and (new_to_link or new_to_workspace)
                    and (bot is not null or visitor is null)
            ) w
            """,
            WORKSPACE,
        )
    finally:
        await connection.close()
    assert wrong == 0


async def test_counting_anew_mends_what_is_wrong_and_nothing_else(conn: AsyncSession) -> None:
    connection: asyncpg.Connection = await postgres.connect()
    try:
        await connection.execute(
            "update link_days set clicks = clicks + 1 where link_id = $1 and day < '2025-02-04'", LINKS[3]
        )
        await connection.execute(
            "delete from workspace_hours where workspace_id = $1 and hour < '2025-02-03'", WORKSPACE
        )
        await connection.execute(
            "update workspace_quarters set bots = bots + 1 where workspace_id = $1 and quarter < '2025-01-24'",
            WORKSPACE,
        )
        await connection.execute(
            "update clicks set new_to_link = false where link_id = $1 and at < '2025-02-04'", LINKS[1]
        )
        days = datetime(2025, 1, 20, tzinfo=UTC).date(), datetime(2025, 2, 5, tzinfo=UTC).date()
        of_one = await recounting.rebuild(connection, *days, link=LINKS[3])
        assert of_one.keys() == {"link_days"}
        changed = await recounting.rebuild(connection, *days)
        assert changed.keys() == {"clicks", "clicks_hourly", "workspace_hours", "workspace_quarters"}
        assert await recounting.rebuild(connection, *days) == {}
    finally:
        await connection.close()


async def test_quarters_of_hours_that_a_release_before_did_not_count_are_counted(conn: AsyncSession) -> None:
    connection: asyncpg.Connection = await postgres.connect()
    try:
        await connection.execute(
            "update workspace_quarters set clicks = clicks - 1 where workspace_id = $1 and quarter < '2025-01-24'",
            WORKSPACE,
        )
        lately = datetime.now(UTC) - BEGIN
        assert (await recounting.even_out(connection, lately)).keys() == {"workspace_quarters"}
        assert await recounting.even_out(connection, lately) == {}
    finally:
        await connection.close()
