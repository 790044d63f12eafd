"""Numbers as files add up to what the API answers, run nothing in a spreadsheet, and may be cut into parts."""

from __future__ import annotations

import csv
import io
import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ginnel import cursors, postgres
from ginnel import settings as environment
from ginnel.stats import Question, files
from tests.conftest import Account
from tests.links.test_breakdowns import ask, clicked
from tests.links.test_stats import a_row, put

STATS = "/api/v1/stats"
NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)


async def exported(account: Account, what: str, **params: Any) -> str:
    answer = await account.http.get(f"{STATS}/{what}/export", params=params)
    assert answer.status_code == 200, answer.text
    return answer.text


async def lines(account: Account, what: str, **params: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(await exported(account, what, format="csv", **params), newline="")))


def total(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {count: sum(int(row[count]) for row in rows) for count in ("clicks", "visitors", "bots")}


VALUE = st.sampled_from(["DE", "FR", "=1+1", "a,b", 'say "x"', None])
CLICK = st.fixed_dictionaries(
    {
        "minutes": st.integers(0, 60 * 24 * 40),
        "country": VALUE,
        "utm_campaign": VALUE,
        "bot": st.sampled_from([None, None, "Googlebot"]),
        "visitor": st.sampled_from([b"a", b"b", None]),
    }
)


@examples(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.lists(CLICK, max_size=40),
    days=st.tuples(st.floats(0, 45), st.floats(0.01, 45)),
    dimension=st.sampled_from(["country", "utm_campaign", "bot"]),
    filters=st.sampled_from([[], ["country:DE"], ["-country:DE", "-country:"], ["utm_campaign:=1+1"]]),
    zone=st.sampled_from(["UTC", "Europe/London", "Australia/Lord_Howe"]),
)
async def test_files_add_up_to_the_summary(
    account: Account,
    drawn: list[dict[str, Any]],
    days: tuple[float, float],
    dimension: str,
    filters: list[str],
    zone: str,
) -> None:
    link = (await account.link())["id"]
    start = datetime(2025, 3, 1, tzinfo=UTC)
    rows = [a_row(link, start + timedelta(minutes=one.pop("minutes")), **one) for one in map(dict, drawn)]
    await put(rows)
    since = start + timedelta(days=days[0])
    span = {"from": since.isoformat(), "to": (since + timedelta(days=days[1])).isoformat()}
    question = {"link": link, "filter": filters, **span}
    summary = await ask(account, "summary", **question)
    broken = await lines(account, "breakdown", dimension=dimension, **question)
    assert total(broken) == summary
    counted = json.loads(await exported(account, "series", format="json", timezone=zone, **question))
    assert total(counted) == summary
    assert counted == (await ask(account, "series", timezone=zone, **question))["items"]
    visits = await lines(account, "clicks", **question)
    assert sum(not visit["bot"] for visit in visits) == summary["clicks"]
    assert sum(bool(visit["bot"]) for visit in visits) == summary["bots"]
    assert [visit["at"] for visit in visits] == sorted((visit["at"] for visit in visits), reverse=True)


async def test_a_breakdown_says_what_it_leaves_out(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "VALUES", 2)
    link = (await account.link())["id"]
    await put([a_row(link, NOON, country=country) for country in ("GB", "GB", "GB", "CA", "CA", "DE", "other")])
    question = {"link": link, "dimension": "country", "from": "2025-06-01T00:00:00Z", "to": "2025-07-01T00:00:00Z"}
    assert json.loads(await exported(account, "breakdown", format="json", **question)) == [
        {"value": "GB", "other": False, "clicks": 3, "visitors": 0, "bots": 0},
        {"value": "CA", "other": False, "clicks": 2, "visitors": 0, "bots": 0},
        {"value": None, "other": True, "clicks": 2, "visitors": 0, "bots": 0},
    ]
    assert [(line["value"], line["other"]) for line in await lines(account, "breakdown", **question)] == [
        ("GB", "false"), ("CA", "false"), ("", "true"),
    ]  # fmt: skip


async def test_a_file_of_links_names_them(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "VALUES", 1)
    one, two = await account.link(title="=1+1"), await account.link()
    for link, visitor in ((one, "a"), (one, "b"), (two, "b")):
        await clicked(account, link["id"], visitor=f"{visitor} of {one['id']}".encode())
    named = {"short_url": one["short_url"], "title": "=1+1", "deleted": False}
    assert json.loads(await exported(account, "breakdown", format="json", dimension="link")) == [
        {"value": str(one["id"]), **named, "other": False, "clicks": 2, "visitors": 2, "bots": 0},
        {
            "value": None,
            "short_url": None,
            "title": None,
            "deleted": None,
            "other": True,
            "clicks": 1,
            "visitors": 0,
            "bots": 0,
        },
    ]
    written = await lines(account, "breakdown", dimension="link")
    assert [(line["title"], line["deleted"], line["other"]) for line in written] == [
        ("'=1+1", "false", "false"), ("", "", "true"),
    ]  # fmt: skip


async def test_a_file_of_clicks_has_what_the_list_shows(account: Account) -> None:
    link = (await account.link())["id"]
    for number in range(3):
        await clicked(
            account, link, country="GB", referrer_host="a.test", referrer_path="/x", qr=number == 1, visitor=b"v"
        )
    listed = (await ask(account, "clicks", link=link))["items"]
    assert json.loads(await exported(account, "clicks", format="json", link=link)) == listed
    assert [json.loads(line) for line in (await exported(account, "clicks", format="ndjson")).splitlines()] == listed
    shown = await lines(account, "clicks", link=link)
    assert [(line["id"], line["qr"], line["city"]) for line in shown] == [
        (item["id"], str(item["qr"]).lower(), "") for item in listed
    ]
    assert list(shown[0]) == list(listed[0])


async def test_a_spreadsheet_runs_nothing_of_it(account: Account) -> None:
    link = (await account.link())["id"]
    odd = ["=1+1", "+1", "-1", "@a", "\uff1dx", "'quoted", "a\nb"]
    await put([a_row(link, NOON - timedelta(minutes=n), utm_term=value) for n, value in enumerate(odd)])
    question = {"link": link, "from": "2025-06-01T00:00:00Z", "to": "2025-07-01T00:00:00Z"}
    safe = ["'=1+1", "'+1", "'-1", "'@a", "'\uff1dx", "''quoted", "a\nb"]
    assert [line["utm_term"] for line in await lines(account, "clicks", **question)] == safe
    broken = await lines(account, "breakdown", dimension="utm_term", **question)
    assert {line["value"] for line in broken} == set(safe)
    assert (await exported(account, "breakdown", dimension="utm_term", bom=True, **question))[0] == "\ufeff"


@pytest.mark.parametrize("what", ["series", "breakdown", "clicks"])
async def test_a_file_says_what_it_is(account: Account, what: str) -> None:
    answer = await account.http.get(f"{STATS}/{what}/export", params={"dimension": "country", "format": "csv"})
    assert answer.headers["content-disposition"] == f'attachment; filename="{what}.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.text.endswith("\r\n")


@contextmanager
def bounded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("ANSWER_BYTES", "3000")
        environment.read.cache_clear()
        yield
    environment.read.cache_clear()


@pytest.mark.parametrize("format_", ["csv", "ndjson", "json"])
@pytest.mark.parametrize("what", ["series", "breakdown", "clicks"])
async def test_where_answers_are_bounded_parts_make_up_the_whole(
    account: Account, monkeypatch: pytest.MonkeyPatch, what: str, format_: str
) -> None:
    link = (await account.link())["id"]
    now = datetime.now(UTC)
    # Several at each moment, so that parts end between clicks that only their ids tell apart.
    await put([a_row(link, now - timedelta(hours=n // 3), utm_term=f"term {n % 200}") for n in range(420)])
    path = f"{STATS}/{what}/export"
    params: dict[str, Any] = {"link": link, "format": format_, "dimension": "utm_term", "interval": "hour"}
    with bounded(monkeypatch):
        parts, following = [], str(account.http.build_request("GET", path, params=params).url.raw_path.decode())
        while following:
            answer = await account.http.get(following)
            assert len(answer.content) < 30_000
            parts.append(answer.text)
            following = answer.headers.get("link", "")[1:].partition(">")[0]
    whole = (await account.http.get(path, params=params)).text
    assert len(parts) > 1
    if format_ == "json":
        assert [row for part in parts for row in json.loads(part)] == json.loads(whole)
    else:
        assert "".join(parts) == whole


async def test_until_now_ends_where_it_did_when_the_first_part_was_asked(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = (await account.link())["id"]
    now = datetime.now(UTC)
    await put([a_row(link, now - timedelta(minutes=n)) for n in range(300)])
    with bounded(monkeypatch):
        answer = await account.http.get(f"{STATS}/clicks/export", params={"link": link, "format": "ndjson"})
        await put([a_row(link, now + timedelta(seconds=n)) for n in range(5)])
        seen = answer.text
        while following := answer.headers.get("link", "")[1:].partition(">")[0]:
            answer = await account.http.get(following)
            seen += answer.text
    assert len(seen.splitlines()) == len({json.loads(line)["id"] for line in seen.splitlines()}) == 300


NEVER = "2025-01-01T00:00:00+00:00"
LATER = "2025-02-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense", cursors.pack(NEVER), cursors.pack(LATER, NEVER, 5), cursors.pack(NEVER, LATER, -5),
        cursors.pack("2025-01-01T00:00:00", LATER, 5), cursors.pack("0001-01-01T00:00:00+00:00", LATER, 5),
        cursors.pack(LATER, NEVER, "00000000-0000-0000-0000-000000000000"), cursors.pack(NEVER, LATER, "x"),
        cursors.pack(1, 2, 3),
    ],
)  # fmt: skip
@pytest.mark.parametrize("what", ["series", "breakdown", "clicks"])
async def test_a_bad_cursor_is_a_problem_before_anything_is_sent(account: Account, what: str, cursor: str) -> None:
    answer = await account.http.get(f"{STATS}/{what}/export", params={"cursor": cursor, "dimension": "country"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query:cursor")


async def test_what_can_not_be_asked_is_said_and_not_recorded(account: Account) -> None:
    link = (await account.link())["id"]
    asked: list[tuple[str, dict[str, Any], int]] = [
        ("series", {"timezone": "Mars/Olympus"}, 422), ("series", {"link": 2**40}, 404), ("clicks", {"link": 2**40}, 404),
        ("breakdown", {"dimension": "planet"}, 422), ("breakdown", {}, 422), ("clicks", {"filter": "planet:Earth"}, 422),
        ("clicks", {"format": "xlsx"}, 422),
    ]  # fmt: skip
    for what, params, status in asked:
        assert (await account.http.get(f"{STATS}/{what}/export", params=params)).status_code == status, (what, params)
    await exported(account, "clicks", link=link)
    await exported(account, "breakdown", dimension="os")
    workspace = (await account.http.get("/api/v1/auth/me")).json()["workspace"]
    log = (await account.http.get(f"/api/v1/workspaces/{workspace}/audit", params={"action": "stats_exported"})).json()
    assert [(entry["subject"], entry["details"]) for entry in log["items"]] == [
        (f"workspace:{workspace}", {"what": "breakdown"}), (f"link:{link}", {"what": "clicks"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("of", "count"),
    [
        ("link", 20_000), ("tag", 5_000), ("workspace", 5_000),
        *(pytest.param(of, 200_000, marks=pytest.mark.slow) for of in ("link", "tag", "workspace")),
    ],
)  # fmt: skip
async def test_many_clicks_take_no_more_memory_than_a_page(
    account: Account, capsys: pytest.CaptureFixture[str], of: Any, count: int
) -> None:
    link = await account.link(tags=["many"])
    me = (await account.http.get("/api/v1/auth/me")).json()
    tag = (await account.http.get("/api/v1/tags")).json()["items"][0]["id"]
    await _click(link["id"], me["workspace"], count)
    whose = {"link": link["id"], "tag": tag, "workspace": me["workspace"]}[of]
    question = Question(me["workspace"], of, whose, NOON - timedelta(days=300), NOON + timedelta(days=1))
    given = most = 0
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async for piece in files.clicks(question, "ndjson", bom=False, cursor=None):
        given += piece.text.count("\n")
        most = max(most, len(piece.text))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    with capsys.disabled():
        took = time.monotonic() - began
        print(
            f"\n  {given:,} clicks of a {of} in {took:.1f} s, {most / 1e3:.0f} kB a piece; RSS grew by {grown:.1f} MB"
        )
    assert given == count
    assert most < 500_000
    assert grown < 20


async def _click(link: int, workspace: int, count: int) -> None:
    # These make the months' partitions.
    await put([a_row(link, NOON - timedelta(days=30 * month), workspace_id=workspace) for month in range(10)])

    async def act(connection: asyncpg.Connection) -> None:
        await connection.execute(
            """
            insert into clicks (at, id, workspace_id, domain_id, link_id, device, qr, clamped, utm_campaign)
            select $4::timestamptz - n * interval '1 minute', gen_random_uuid(), $2, 1, $1, 'desktop', false, false,
                md5(n::text)
            from generate_series(1, $3) n
            """,
            link,
            workspace,
            count - 10,
            NOON,
            timeout=120,
        )

    await postgres.run(act)
