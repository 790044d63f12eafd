"""The fast lane and the app are told apart by nobody: the same bytes get the same answers, the same fate, the same clicks."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ginnel import clicks, lookup, postgres, redis, settings
from ginnel.clicks import Click
from ginnel.errors import Unavailable
from local import bounded, plain
from local.protocol import FastLane
from tests.conftest import Account
from tests.local import requests
from tests.local.lanes import Connection, Recorder, config, exchange, normal, statuses, until

_HOUR = timedelta(hours=1)
LINKS: dict[str, dict[str, Any]] = {
    "lane-plain": {},
    "Lane-Query": {"target": "https://example.com/q?a=0#top", "forward_query": True},
    "lane-bare": {"target": "https://example.com/b?a=0", "forward_query": False},
    "lane-301": {"redirect_status": 301},
    "lane-kept": {"redirect_status": 308, "allow_caching": True},
    "lane-begun": {"starts_at": datetime.now(UTC) - _HOUR},
    "lane-early": {"starts_at": datetime.now(UTC) + _HOUR},
    "lane-ending": {"expires_at": datetime.now(UTC) + _HOUR},
    "lane-over": {"expires_at": datetime.now(UTC) - _HOUR},
    "lane-elsewhere": {"expires_at": datetime.now(UTC) - _HOUR, "expired_target": "https://example.com/over"},
    "lane-limited": {"max_clicks": 10**12, "redirect_status": 308, "allow_caching": True},
    "lane-used-up": {"max_clicks": 1},
    "lane-used-elsewhere": {"max_clicks": 1, "expired_target": "https://example.com/over"},
    "größe-im-lane": {},
    "docs.v2/lane": {},
}
_LIVE = [
    b"/" + slug.encode() for slug in ("lane-plain", "Lane-Query", "lane-bare", "lane-301", "lane-kept", "docs.v2/lane")
]
_LIVE.append(b"/gr%C3%B6%c3%9Fe-im-lane")
_MADE = [b"/" + slug.encode() for slug in (*LINKS, "lane-off", "lane-gone", "Ab", "ab")]
_SPELT = [path for slug in LINKS for path in requests.spellings(slug)]
PATHS = st.one_of(*map(st.sampled_from, (_LIVE, _LIVE, _LIVE, _SPELT, [*_MADE, *requests.OTHER_PATHS])))


class Counted(FastLane):
    """The fast lane, counting what it takes, and what of it without reading it again."""

    taken = recognised = 0

    def _answer(self) -> bool:
        took = super()._answer()
        Counted.recognised -= took
        return took

    def _take(self, *args: Any) -> bool:
        took = super()._take(*args)
        Counted.taken += took
        Counted.recognised += took
        return took


@pytest.fixture(scope="module", autouse=True)
async def links(client: httpx.AsyncClient) -> dict[str, int]:
    """Make the links, each by its slug; return their ids."""
    answer = await client.post(
        "/api/v1/auth/register", json={"email": "lanes@example.com", "password": "correct horse battery"}
    )
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    made: dict[str, int] = {}
    for slug, fields in ({**LINKS, "lane-off": {}, "lane-gone": {}, "Ab": {}, "lane-old": {}}).items():
        draft = {"target": f"https://example.com/{len(made)}", "slug": slug, **fields}
        draft |= {name: value.isoformat() for name, value in draft.items() if isinstance(value, datetime)}
        answer = await client.post("/api/v1/links", json=draft, headers=bearer)
        assert answer.status_code == 201, answer.text
        made[slug] = answer.json()["id"]
    answer = await client.patch(f"/api/v1/links/{made['lane-off']}", json={"disabled": True}, headers=bearer)
    assert answer.status_code == 200
    assert (await client.delete(f"/api/v1/links/{made['lane-gone']}", headers=bearer)).status_code == 204
    for slug in ("lane-used-up", "lane-used-elsewhere"):
        assert (await client.get(f"/{slug}", headers={"user-agent": "a person"})).status_code == 302

    async def prepare(connection: Any) -> None:
        domain = await connection.fetchval(
            "insert into domains (host, case_sensitive, verified_at, created_at, workspace_id)"
            " select 'case.test', true, now(), now(), workspace_id from links where id = $1 returning id",
            made["Ab"],
        )
        await connection.execute("update links set domain_id = $1, slug_key = 'Ab' where id = $2", domain, made["Ab"])
        # A link that is older than its slug's reservation.
        await connection.execute("update links set slug = 'docs', slug_key = 'docs' where id = $1", made["lane-old"])

    await postgres.run(prepare)
    return made


@pytest.fixture(params=[0, 1], ids=["no-proxy", "one-proxy"])
def _proxies(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.environ["TRUSTED_PROXIES"]
    os.environ["TRUSTED_PROXIES"] = str(request.param)
    settings.read.cache_clear()
    yield
    os.environ["TRUSTED_PROXIES"] = before
    settings.read.cache_clear()


@pytest.fixture
async def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(clicks._writer, "_append", made.append)
    plain._leads.clear()
    plain._blocks.clear()
    # As if every change were told to us: what is remembered stays so for the test.
    monkeypatch.setattr(lookup, "_told_until", float("inf"))
    monkeypatch.setattr(lookup, "UNKNOWN_KEPT", 60)
    return made


LANES = (HttpToolsProtocol, Counted)
compared: Counter[int] = Counter()
"""How many requests both lanes have answered alike, by status."""


async def alike(recorder: Recorder, chunks: list[bytes], *, step: bool = False) -> bytes:
    """Send the same both ways, compare, and return the answers."""
    app, fast = [await exchange(lane, recorder, chunks, step=step) for lane in LANES]
    assert fast == app
    compared.update(statuses(app.answers))
    return app.answers


async def alike_one_by_one(recorder: Recorder, sent: list[bytes]) -> None:
    """Send requests each after the last one's answer, on a new connection whenever one has ended; compare.

    Each is sent twice: the second time, the fast lane may have remembered it.
    """
    sent = [request for request in sent for _ in range(2)]
    ways = []
    for lane in LANES:
        outcomes = []
        connection = Connection(lane)
        for request in sent:
            connection.wire.feed(request)
            await connection.quiet()
            answers = normal(connection.wire.drain())
            outcomes.append((answers, connection.wire.closing, connection.wire.paused, recorder.taken()))
            if connection.wire.closing:
                await connection.end()
                connection = Connection(lane)
        await connection.end()
        ways.append(outcomes)
    for request, app, fast in zip(sent, *ways, strict=True):
        assert fast == app, request
        compared.update(statuses(app[0]))


def visit(path: str = "lane-plain", *fields: str, method: str = "GET", body: str = "") -> bytes:
    return "\r\n".join([f"{method} /{path} HTTP/1.1", "Host: go.test", *fields, "", body]).encode()


# Any requests, in any way.

batches = st.lists(requests.requests(PATHS), min_size=1, max_size=10)
places = st.lists(st.integers(0, 10_000), max_size=12)
quickly = effort(deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=100)
thoroughly = effort(quickly, max_examples=4000)


@pytest.mark.usefixtures("_proxies")
@quickly
@given(sent=batches)
async def test_requests_one_by_one_are_answered_alike(recorder: Recorder, sent: list[bytes]) -> None:
    await alike_one_by_one(recorder, sent)


@pytest.mark.usefixtures("_proxies")
@quickly
@given(sent=batches, places=places, step=st.booleans())
async def test_requests_in_one_go_are_answered_alike(
    recorder: Recorder, sent: list[bytes], places: list[int], *, step: bool
) -> None:
    await alike(recorder, requests.cuts(b"".join(sent), places), step=step)


@pytest.mark.slow
@pytest.mark.usefixtures("_proxies")
@thoroughly
@given(sent=batches, places=st.none() | places, step=st.booleans())
async def test_very_many_requests_are_answered_alike(
    recorder: Recorder, sent: list[bytes], places: list[int] | None, *, step: bool
) -> None:
    if places is None:
        await alike_one_by_one(recorder, sent)
    else:
        await alike(recorder, requests.cuts(b"".join(sent), places), step=step)


async def test_a_link_with_a_limit_is_left_to_the_app(recorder: Recorder) -> None:
    for path, status in (("lane-limited", 308), ("lane-limited?a=1", 308), ("lane-used-up", 410)):
        before = Counted.taken
        for agent in ("User-Agent: Firefox", "User-Agent: Googlebot/2.1"):
            sent = [visit(path, agent)] * 3
            assert statuses(await alike(recorder, sent, step=True)) == [status] * 3
        assert Counted.taken == before


# What is told in smuggling, by hand.

SMUGGLED = visit("lane-301", "X: smuggled")


@pytest.mark.parametrize(
    "prefix", [b"", visit(), visit("lane-plain", method="HEAD")], ids=["alone", "after-fast", "after-slow"]
)
@pytest.mark.parametrize(
    "framing",
    [
        *(field for field, _ in requests.BODIES),
        *requests.FRAMING,
        b"Content-Length: %d" % len(SMUGGLED),
        b"Content-Length: %d\r\nContent-Length: 0" % len(SMUGGLED),
        b"Content-Length: 0\r\nContent-Length: %d" % len(SMUGGLED),
        b"Content-Length: %d\r\nTransfer-Encoding: chunked" % len(SMUGGLED),
        b"Transfer-Encoding: chunked\r\nContent-Length: %d" % len(SMUGGLED),
        b"Transfer-Encoding:\tchunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: , chunked",
        b"X: y\nTransfer-Encoding: chunked",
        b"\x00Transfer-Encoding: chunked",
        b"Transfer-Encoding\x00: chunked",
        b"Content-Length:\r\n 5",
        b"Content-Length: 5\r\n ",
    ],
    ids=repr,
)
async def test_nothing_can_be_smuggled_past_one_lane_only(recorder: Recorder, framing: bytes, prefix: bytes) -> None:
    for method in (b"GET", b"POST", b"HEAD"):
        for body in (b"", b"hello", b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n", b"\r\n"):
            head = b"\r\n".join([method + b" /lane-plain HTTP/1.1", b"Host: go.test", framing, b"", b""])
            for step in (False, True):
                await alike(recorder, [prefix + head + body + SMUGGLED], step=step)
                await alike(recorder, [prefix, head, body + SMUGGLED], step=step)


# Pipelines, cuts, and ends.

KINDS = {
    "fast": (visit(), 302),
    "other": (visit("lane-301", "DNT: 1"), 301),
    "query": (visit("Lane-Query?b=1"), 302),
    "head": (visit("lane-kept", method="HEAD"), 308),
    "body": (visit("lane-plain", "Content-Length: 5", method="POST", body="hello"), 405),
    "chunked": (visit("lane-bare", "Transfer-Encoding: chunked", body="5\r\nhello\r\n0\r\n\r\n"), 302),
    "unknown": (visit("no-such-link"), 404),
    "read": (visit("api/v1/clicks", "Content-Length: 2", method="POST", body="[]"), 401),
}


async def test_pipelined_requests_are_answered_in_their_order(recorder: Recorder) -> None:
    runs = [*itertools.product(KINDS, repeat=2), *itertools.product(("fast", "other", "body", "query"), repeat=3)]
    chance = random.Random(1)
    runs += [tuple(chance.choices(list(KINDS), k=k)) for k in (4, 5) for _ in range(100)]
    for kinds in runs:
        sent = b"".join(KINDS[kind][0] for kind in kinds)
        for chunks in ([sent], requests.cuts(sent, [chance.randrange(len(sent)) for _ in kinds])):
            assert statuses(await alike(recorder, chunks)) == [KINDS[kind][1] for kind in kinds], (kinds, chunks)


async def test_a_request_may_come_in_any_pieces(recorder: Recorder) -> None:
    sent = b"\r\n" + visit("lane-plain", "User-Agent: x", "DNT: 1") + KINDS["body"][0] + visit("lane-301")
    for step in (False, True):
        for place in range(len(sent)):
            answers = await alike(recorder, requests.cuts(sent, [place]), step=step)
            assert statuses(answers) == [302, 405, 301]
        await alike(recorder, [sent[at : at + 1] for at in range(len(sent))], step=step)
        await alike(recorder, [sent[at : at + 2] for at in range(0, len(sent), 2)], step=step)


async def test_requests_that_fill_many_pieces_are_answered_in_their_order(recorder: Recorder) -> None:
    chance = random.Random(2)
    for _ in range(10):
        kinds = chance.choices(list(KINDS), k=600)
        sent = b"".join(KINDS[kind][0] for kind in kinds)
        for chunks in ([sent], requests.cuts(sent, [chance.randrange(len(sent)) for _ in range(3)])):
            assert statuses(await alike(recorder, chunks)) == [KINDS[kind][1] for kind in kinds]


def counts(connection: Connection, recorder: Recorder) -> tuple[bytes, bool, list[tuple[Any, ...]]]:
    return normal(bytes(connection.wire.sent)), connection.wire.closing, recorder.taken()


FOLLOWERS = [b"", visit("lane-301"), KINDS["body"][0], b"GET /lane-301 HT", b"NONSENSE\r\n\r\n"]


@pytest.mark.parametrize("follower", FOLLOWERS)
@pytest.mark.parametrize("how", ["half-closed", "closed", "cut"])
async def test_who_leaves_before_the_acknowledgement_is_counted(recorder: Recorder, follower: bytes, how: str) -> None:
    ways = []
    for lane in LANES:
        recorder.held = asyncio.Event()
        connection, neighbour = Connection(lane), Connection(lane)
        connection.wire.feed(visit("lane-plain", "Sec-GPC: 1") + follower)
        neighbour.wire.feed(visit("lane-plain", "DNT: 1"))
        await asyncio.sleep(0)
        if how == "half-closed":
            connection.protocol.eof_received()
            connection.wire.close()
        else:
            connection.wire.lose(None if how == "closed" else ConnectionResetError())
        await asyncio.sleep(0)
        recorder.held.set()
        await connection.quiet()
        await neighbour.quiet()
        answers, closing, made = counts(connection, recorder)
        assert statuses(bytes(neighbour.wire.sent)) == [302]
        assert closing
        assert statuses(answers) == ([400] if follower.startswith(b"N") else [])
        ways.append((answers, sorted(made)))
        await neighbour.end()
    assert ways[0] == ways[1]
    assert len(ways[0][1]) == 2


@pytest.mark.parametrize("follower", FOLLOWERS)
async def test_a_shutdown_waits_for_the_acknowledgement(recorder: Recorder, follower: bytes) -> None:
    ways = []
    for lane in LANES:
        recorder.held = asyncio.Event()
        connection = Connection(lane)
        connection.wire.feed(visit() + follower)
        for _ in range(20):
            await asyncio.sleep(0)
        connection.protocol.shutdown()
        recorder.held.set()
        await connection.quiet()
        ways.append(counts(connection, recorder))
        await connection.end()
    assert ways[0] == ways[1]
    assert b"connection: close" in ways[0][0]


# When no store takes the click.

ACCEPTS = ("Accept: text/html", "Accept: application/json", "X: no preference")


@pytest.mark.parametrize("error", [Unavailable(), Unavailable("away"), RuntimeError("odd")], ids=repr)
@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize("follower", FOLLOWERS)
async def test_a_click_that_can_not_be_kept_is_told_alike(
    recorder: Recorder, error: Exception, accept: str, follower: bytes
) -> None:
    recorder.error = error
    answers = await alike(recorder, [visit("lane-plain", accept) + follower])
    if not follower.startswith(b"N"):
        status = 503 if isinstance(error, Unavailable) else 500
        assert statuses(answers)[0] == status
        assert (b"retry-after" in answers) == (status == 503)
    await alike(recorder, [visit("lane-plain", accept), follower], step=True)
    await alike(recorder, [visit("lane-plain", accept), visit("lane-301", ACCEPTS[1]), follower], step=True)


async def test_a_click_that_no_store_takes_is_a_503(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, links: dict[str, int]
) -> None:
    async def away(*_: object) -> None:
        raise redis.Away

    async def unavailable(*_: object) -> None:
        raise Unavailable

    await alike(recorder, [visit()])
    monkeypatch.setattr(clicks._writer, "_append", clicks._put)
    monkeypatch.setattr(redis, "append", away)
    monkeypatch.setattr(postgres, "run", unavailable)
    assert statuses(await alike(recorder, [visit()])) == [503]


async def test_a_full_queue_is_told_alike(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    await alike(recorder, [visit()])
    monkeypatch.setattr(clicks, "_QUEUE", 0)
    assert statuses(await alike(recorder, [visit()])) == [503]


async def test_one_who_can_not_be_told_does_not_keep_the_others_waiting() -> None:
    told: list[Exception | None] = []

    def append(_: bytes, done: clicks.Done) -> None:
        asyncio.get_running_loop().call_soon(done, None)

    def fail(_: Exception | None) -> None:
        raise RuntimeError

    writer = clicks.Writer(append)
    for done in (fail, told.append, fail, told.append):
        writer.submit(b"", done)
    await writer.write(b"")
    assert told == [None, None]


# Time and room.


@pytest.mark.parametrize("lane", LANES)
async def test_a_quiet_connection_is_closed_and_no_other(recorder: Recorder, lane: type[HttpToolsProtocol]) -> None:
    configured = uvicorn.Config(config().app, ws="none", access_log=False, log_config=None, timeout_keep_alive=1)
    configured.load()
    configured.timeout_keep_alive = 0.05  # type: ignore[assignment]  # it is only added to the time
    quiet, half, waiting = (Connection(lane, configured=configured) for _ in range(3))
    taken = Counted.taken
    for connection in (quiet, half, waiting):
        for path in ("lane-plain", "lane-301"):
            connection.wire.feed(visit(path))
            await connection.quiet()
    assert Counted.taken - taken == (6 if lane is Counted else 0)
    half.wire.feed(visit()[:-1])
    recorder.held = asyncio.Event()
    waiting.wire.feed(visit())
    await until(lambda: quiet.wire.lost)
    await asyncio.sleep(0.2)
    assert not half.wire.closing
    assert not waiting.wire.closing
    recorder.held.set()
    half.wire.feed(b"\n")
    await until(lambda: half.wire.lost and waiting.wire.lost)
    assert statuses(bytes(half.wire.sent)) == statuses(bytes(waiting.wire.sent)) == [302, 301, 302]


# uvicorn's own protocol reads on with every answer, however much was sent ahead.
@pytest.mark.parametrize(("lane", "ahead"), [(HttpToolsProtocol, 1), (Counted, 1), (Counted, 50), (Counted, 1000)])
async def test_who_does_not_read_is_not_read(recorder: Recorder, lane: type[HttpToolsProtocol], ahead: int) -> None:
    room, wanted = 10_000, 2000
    one = len((await exchange(lane, recorder, [visit()])).answers)
    connection = Connection(lane, room=room)
    for _ in range(wanted // ahead):
        connection.wire.feed(visit() * ahead)
        for _ in range(5):
            await asyncio.sleep(0)
    answered = 0
    async with asyncio.timeout(60):
        while answered < wanted:
            assert len(connection.wire.sent) <= room + one
            assert len(connection.protocol.pipeline) <= min(ahead, bounded._PIECE / len(visit()) + 1) + bounded._AHEAD
            answered += len(statuses(connection.wire.drain()))
            await asyncio.sleep(0)
    await connection.end()
    assert answered == wanted
    assert len(recorder.taken()) == wanted


# What a visitor can make of a connection.


async def exhausted(pieces: Iterator[bytes]) -> tuple[Connection, int]:
    """Send pieces until the connection ends; return it, and how many bytes it took."""
    connection, sent = Connection(Counted), 0
    for piece in pieces:
        connection.wire.feed(piece)
        sent += len(piece)
        await connection.quiet()
        if connection.wire.closing:
            return connection, sent
    raise AssertionError("it took everything")


@pytest.mark.parametrize(
    ("begin", "piece", "most"),
    [
        (visit()[:-2] + b"X: ", b"x" * 8000, 100_000),
        (visit()[:-2], b"a:\r\n" * 10, 1000),
        (b"GET /lane-plain?", b"x" * 8000, 100_000),
        (b"GET /lane-plain" + b"/" * 20, b"/" * 8000, 100_000),
        (visit("lane-plain", "Transfer-Encoding: chunked"), b"1388\r\n" + b"x" * 5000 + b"\r\n", 3_000_000),
        (visit("lane-plain", "Transfer-Encoding: chunked", body="0\r\nX: "), b"x" * 50_000, 3_000_000),
        (visit("lane-plain", "Transfer-Encoding: chunked", body="0\r\n"), b"a:\r\n" * 10, 1000),
    ],
    ids=["field", "fields", "query", "path", "body", "trailer", "trailers"],
)
async def test_a_request_has_an_end(recorder: Recorder, begin: bytes, piece: bytes, most: int) -> None:
    connection, sent = await exhausted(itertools.chain([begin], itertools.repeat(piece, 2 * most // len(piece))))
    assert sent <= most
    assert statuses(bytes(connection.wire.sent))[-1] == 400
    await connection.end()


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"\r\n",
        b"GET /lane-",
        visit()[:-2],
        visit() + b"GET /lane-",
        visit(method="POST", body="x").replace(b"Host", b"Content-Length: 9\r\nHost"),
        visit("api/v1/clicks", "Content-Length: 9", method="POST", body="x"),
        visit("lane-plain", "Content-Length: 9", body="x"),
    ],
    ids=repr,
)
async def test_a_request_must_come_in_time(recorder: Recorder, monkeypatch: pytest.MonkeyPatch, begin: bytes) -> None:
    monkeypatch.setattr(bounded, "_SECONDS", 0.3)
    configured = uvicorn.Config(config().app, ws="none", access_log=False, log_config=None, timeout_keep_alive=1)
    configured.load()
    configured.timeout_keep_alive = 0.1  # type: ignore[assignment]  # it is only added to the time
    connection = Connection(Counted, configured=configured)
    if begin:
        connection.wire.feed(begin)
    started = asyncio.get_running_loop().time()
    await until(lambda: connection.wire.lost)
    assert asyncio.get_running_loop().time() - started < 2
    await connection.end()


async def test_one_who_never_reads_is_left(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_SECONDS", 0.3)
    stuck, reading = Connection(Counted, room=500), Connection(Counted, room=500)
    for connection in (stuck, reading):
        for _ in range(20):
            connection.wire.feed(visit())
            await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0.05)
        reading.wire.drain()
    assert stuck.wire.lost
    assert not reading.wire.closing
    await reading.end()
    await stuck.end()


async def test_one_who_leaves_in_the_middle_of_an_answer_is_no_fault(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Any] = []
    connection = Connection(Counted)
    monkeypatch.setattr(connection.protocol.logger, "error", lambda *args, **_: faults.append(args))
    connection.wire.feed(visit("no-such-link") * 3)
    await asyncio.sleep(0)
    connection.wire.lose(None)
    await connection.quiet()
    assert faults == []


@pytest.mark.usefixtures("_proxies", "recorder")
async def test_a_long_answer_is_not_remembered(account: Account) -> None:
    connection = Connection(Counted)
    for length, remembered in ((100, 2), (8000, 0)):
        link = await account.link(f"https://example.com/{'x' * length}")
        assert await lookup.resolve("go.test", link["slug"])
        before = len(plain._leads)
        for port in (b"80", b"443", b"1" * 300):
            connection.wire.feed(visit(link["slug"]).replace(b"go.test", b"go.test:" + port))
            await connection.quiet()
        assert len(plain._leads) - before == (remembered if os.environ["TRUSTED_PROXIES"] == "0" else 0)
    await connection.end()


# A link's life.


async def locations(connection: Connection, *paths: str) -> list[str]:
    """Visit each path; return where it leads, or the status of the refusal."""
    found = []
    for path in paths:
        connection.wire.feed(visit(path))
        await connection.quiet()
        answer = connection.wire.drain().decode()
        (status,) = statuses(answer.encode())
        found.append(answer.partition("location: ")[2].partition("\r\n")[0] or str(status))
    return found


async def test_a_change_is_seen_by_the_very_next_visitor(recorder: Recorder, account: Account) -> None:
    link = await account.link("https://example.com/0", slug="lane-Changing")
    api, ways = f"/api/v1/links/{link['id']}", ("lane-changing", "LANE-CHANGING", "lane-Changing/", "lane%2Dchanging")
    connection = Connection(Counted)
    for number in range(50):
        # Asked for by all its names at once, so that each has read it for itself.
        await asyncio.gather(*(lookup.resolve("go.test", name) for name in ways[:2]))
        await locations(connection, *ways)
        taken = Counted.taken
        assert await locations(connection, *ways) == [f"https://example.com/{number}"] * len(ways)
        assert Counted.taken == taken + len(ways)
        await account.http.patch(api, json={"target": f"https://example.com/{number + 1}"})
        assert await locations(connection, *ways) == [f"https://example.com/{number + 1}"] * len(ways)
    for patch, expected in (
        ({"disabled": True}, "410"),
        ({"disabled": False}, "https://example.com/50"),
        ({"starts_at": (datetime.now(UTC) + _HOUR).isoformat()}, "404"),
        ({"starts_at": None}, "https://example.com/50"),
        ({"expires_at": (datetime.now(UTC) - _HOUR).isoformat()}, "410"),
        ({"expired_target": "https://example.com/over"}, "https://example.com/over"),
        ({"expires_at": None}, "https://example.com/50"),
        ({"slug": "lane-moved"}, "404"),
    ):
        answer = await account.http.patch(api, json=patch)
        assert answer.status_code == 200, answer.text
        assert await locations(connection, *ways) == [expected] * len(ways), patch
    assert await locations(connection, "lane-moved") == ["https://example.com/50"]
    await account.http.delete(api)
    assert await locations(connection, "lane-moved", "LANE-moved") == ["410", "410"]
    await connection.end()


async def test_a_link_that_had_to_make_room_is_changed_all_the_same(
    recorder: Recorder, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for make_room in ("lane-plain", None):
        link = await account.link("https://example.com/old")
        connection = Connection(Counted)
        assert await locations(connection, link["slug"], link["slug"]) == ["https://example.com/old"] * 2
        if make_room:
            with monkeypatch.context() as patched:
                patched.setattr(lookup, "CAPACITY", 0)
                lookup.forget("go.test", make_room)
                await lookup.resolve("go.test", make_room)
        else:  # for itself, as two reads of it that were under way leave it
            kept = lookup.remembered("go.test", link["slug"])
            assert kept
            lookup._remember(f"go.test/{link['slug']}", kept.record, kept.read_at)
        await account.http.patch(f"/api/v1/links/{link['id']}", json={"target": "https://example.com/new"})
        assert await locations(connection, link["slug"]) == ["https://example.com/new"]
        await connection.end()


async def test_a_route_comes_before_a_link_that_is_older(recorder: Recorder) -> None:
    await alike_one_by_one(recorder, [visit(path) for path in ("DOCS", "DOCS", "docs", "docs/", "docs/x", "%64ocs")])


async def test_a_link_that_ends_does_so_in_the_middle_of_a_connection(recorder: Recorder, account: Account) -> None:
    link = await account.link(expires_at=(datetime.now(UTC) + timedelta(seconds=1)).isoformat())
    connection = Connection(Counted)
    assert await locations(connection, link["slug"]) == ["https://example.com/"]
    await asyncio.sleep(1)
    assert await locations(connection, link["slug"]) == ["410"]
    await connection.end()


@pytest.mark.usefixtures("_proxies")
async def test_what_is_long_is_not_remembered(recorder: Recorder) -> None:
    await alike(recorder, [visit()])
    before = len(plain._leads), len(plain._blocks)
    assert all(before) == (os.environ["TRUSTED_PROXIES"] == "0")
    for number in range(50):
        await alike(recorder, [visit("lane-plain" + "/" * (2000 + number))])
        await alike(recorder, [visit().replace(b"go.test", b"go.test:" + b"1" * (2000 + number))])
    assert (len(plain._leads), len(plain._blocks)) == before


ODD = [
    visit("lane-plain", "Connection: close"),
    visit("lane-plain", "Connection: Upgrade", "Upgrade: h2c"),
    visit("lane-plain", "Content-Length: 60", method="POST"),
    visit("lane-plain", "Transfer-Encoding: chunked", method="POST"),
    visit("lane-plain", "Expect: 100-continue", "Content-Length: 5", method="POST"),
    visit("lane-plain", method="CONNECT"),
    b"GET /lane-plain HTTP/1.0\r\nHost: go.test\r\n\r\n",
    b"GET /lane-plain HTTP/1.1\nHost: go.test\n\n",
    b"GET /lane-plain",
    b"GET /lane-plain HTTP/1.1\r\n",
    b"NONSENSE\r\n\r\n",
    b"\r\n",
    b"\r",
    b"\n",
    b"\x00",
    b" ",
    visit() + b"\r\n",
    visit()[:-1],
    visit("lane-early"),
]


@pytest.mark.usefixtures("_proxies")
@pytest.mark.parametrize("step", [True, False], ids=["each-after-its-answer", "all-at-once"])
async def test_what_is_known_is_read_where_it_means_something_else(recorder: Recorder, *, step: bool) -> None:
    known = visit()
    await alike(recorder, [known] * 3, step=True)  # from now on it is known
    before = Counted.recognised
    for odd in ODD:
        await alike(recorder, [odd, known, known], step=step)
        await alike(recorder, [known, odd, known, visit("lane-301"), known], step=step)
    for one, other in itertools.product(ODD, repeat=2):
        await alike(recorder, [one, other, known], step=step)
    assert (Counted.recognised > before) == (os.environ["TRUSTED_PROXIES"] == "0")


@pytest.mark.usefixtures("_proxies")
async def test_what_is_known_is_refused_as_its_own_headers_ask(recorder: Recorder) -> None:
    asks = [visit("lane-plain", f"Accept: {kind}") for kind in ("application/json", "text/html")]
    for request in asks:
        await alike_one_by_one(recorder, [request])
    recorder.error = Unavailable()
    json, html = [statuses(answer) and answer for answer in [await alike(recorder, [one]) for one in asks]]
    assert b"application/problem+json" in json
    assert b"text/html" in html


# Real sockets, uvloop, the real writer, the real Redis.

HOST = """
import sys, uvicorn
from local.host import app
from local.protocol import FastLane
uvicorn.run(
    app, port=int(sys.argv[2]), http=FastLane if sys.argv[1] == "fast" else "httptools", ws="none", loop="uvloop",
    access_log=False, log_level="error", server_header=False, proxy_headers=False, timeout_graceful_shutdown=10,
)
"""
ROOT = Path(__file__).parents[2]


@contextmanager
def running(lane: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    path = os.pathsep.join(map(str, (ROOT / "functions", ROOT / "layers/common/python", ROOT)))
    process = subprocess.Popen([sys.executable, "-c", HOST, lane, str(port)], env={**os.environ, "PYTHONPATH": path})
    try:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield port, process
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def hosts() -> Iterator[list[int]]:
    with running("plain") as (app, _), running("fast") as (fast, _):
        yield [app, fast]


async def talk(port: int, *sent: bytes) -> bytes:
    """Send bytes, piece by piece; return everything that comes until the host closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        for piece in sent:
            writer.write(piece)
            await writer.drain()
    answers = bytearray()
    async with asyncio.timeout(20):
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                answers += data
    writer.close()
    return bytes(answers)


async def end_of_stream() -> bytes:
    last: Any = await redis.patient().xrevrange(clicks.STREAM, count=1)
    return last[0][0] if last else b"0"


async def recorded_since(mark: bytes) -> list[Click]:
    entries: Any = await redis.patient().xrange(clicks.STREAM, b"(" + mark)
    return [Click.unpack(line) for _, fields in entries for line in fields[clicks.FIELD].split(b"\n")]


async def settled_since(mark: bytes) -> list[Click]:
    """Wait until no more clicks come, those of visitors who have hung up among them."""
    made, still = await recorded_since(mark), 0
    while still < 5:
        await asyncio.sleep(0.1)
        before, made = made, await recorded_since(mark)
        still = still + 1 if len(made) == len(before) else 0
    return made


async def test_real_connections_are_answered_alike(hosts: list[int]) -> None:
    last = visit("lane-kept", "Connection: close")
    cases = [
        (visit(), visit(), last),
        (visit() + visit() + KINDS["body"][0] + visit() + last,),
        (visit()[:50], visit()[50:], last),
    ]
    cases += [(b"".join(kind[0] for kind in KINDS.values()), last)]
    for path in requests.spellings("lane-plain"):
        cases.append((b"GET " + path + b" HTTP/1.1\r\nHost: go.test\r\n\r\n" + last,))
    for field in (*requests.FIELDS, *requests.FRAMING):
        if b"pgrade" not in field:  # after which uvicorn reads no further and waits
            cases.append((b"GET /lane-plain HTTP/1.1\r\nHost: go.test\r\n" + field + b"\r\n\r\n", last))
    for framing, body in requests.BODIES:
        cases.append((visit() + b"GET /lane-bare HTTP/1.1\r\nHost: go.test\r\n" + framing + b"\r\n\r\n" + body + last,))
    for port in hosts:
        await talk(port, *(visit(slug) for slug in LINKS), last)  # from here on they are remembered
    app, fast = [[normal(await talk(port, *case)) for case in cases] for port in hosts]
    for case, one, other in zip(cases, app, fast, strict=True):
        assert other == one, case
        compared.update(statuses(one))
    # Whether a request is begun that has junk behind it is a matter of how the bytes arrive, and so is its click.
    sound = [case for case, answers in zip(cases, app, strict=True) if 400 not in statuses(answers)]
    made = []
    for port in hosts:
        mark = await end_of_stream()
        for case in sound:
            await talk(port, *case)
        made.append(sorted(click._replace(id=UUID(int=0), at=0) for click in await settled_since(mark)))
    assert made[0] == made[1]
    assert len(made[0]) > 100


async def test_as_many_are_appended_as_answered(hosts: list[int], links: dict[str, int]) -> None:
    mark = await end_of_stream()

    async def visitor() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", hosts[1])
        for _ in range(100):
            writer.write(visit("lane-301"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 301")
        writer.close()
        return 100

    answered = sum(await asyncio.gather(*(visitor() for _ in range(32))))
    made = await recorded_since(mark)
    assert len(made) == len({click.id for click in made}) == answered
    assert {click.link for click in made} == {links["lane-301"]}


async def test_a_change_is_seen_in_another_process(hosts: list[int], account: Account) -> None:
    link = await account.link("https://example.com/0")
    api, again = f"/api/v1/links/{link['id']}", visit(link["slug"], "Connection: close")
    took = []
    for number in range(1, 21):
        await talk(hosts[1], visit(link["slug"]), visit(link["slug"]), again)
        if number % 5 == 0:  # what is told just now is lost
            await redis.patient().client_kill_filter(_type="pubsub")
        await account.http.patch(api, json={"target": f"https://example.com/{number}"})
        started = time.monotonic()
        async with asyncio.timeout(20):
            while f"/{number}\r\n".encode() not in await talk(hosts[1], visit(link["slug"], "X: fast"), again):
                pass
        took.append(round((time.monotonic() - started) * 1000))
    print(f"\nmilliseconds until another process led visitors to a link's new target: {took}")


async def test_a_host_that_stops_answers_who_waits_for_the_acknowledgement(links: dict[str, int]) -> None:
    with running("fast") as (port, process):
        await talk(port, visit("lane-301", "Connection: close"))
        mark = await end_of_stream()
        await redis.patient().client_pause(300, all=False)
        waiting = [asyncio.create_task(talk(port, visit("lane-301"))) for _ in range(10)]
        await asyncio.sleep(0.1)
        process.terminate()
        for answer in await asyncio.gather(*waiting):
            assert statuses(answer) == [301]
        assert await asyncio.to_thread(process.wait, 20) in (0, -signal.SIGTERM)
    assert len(await recorded_since(mark)) == 10


def test_how_many_requests_were_compared() -> None:
    print(
        f"\n{compared.total()} requests answered alike, {Counted.taken} of them by the fast lane, "
        f"{Counted.recognised} of these unread: {dict(compared)}"
    )
    assert Counted.taken > compared.total() / 10
