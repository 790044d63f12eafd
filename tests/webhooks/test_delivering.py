"""Deliveries arrive, whatever receivers, workers and networks do meanwhile."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from ginnel import observe, outbound, postgres
from ginnel.outbound import Caller
from ginnel.webhooks import delivering
from tests.peers import Peer, Request, answer, letting, serving
from webhooks.courier import Courier

from .conftest import Hook, Receiver, work

Hurry = Callable[[Hook], Awaitable[None]]


async def sent(hook: Hook, count: int = 1) -> None:
    for _ in range(count):
        assert (await hook.account.http.post(f"{hook.path}/test")).status_code == 202


async def test_what_fails_is_tried_again_until_it_is_taken(hook: Hook, receiver: Receiver, hurry: Hurry) -> None:
    await sent(hook)
    receiver.status = 500
    for attempts in (1, 2, 3):
        assert await work() == 0
        (one,) = await hook.deliveries()
        assert (one["state"], one["attempts"], one["status"], one["response"]) == ("pending", attempts, 500, "got it")
        assert one["error"] == "It answered with status 500."
        wait = datetime.fromisoformat(one["next_attempt_at"]) - datetime.now(UTC)
        assert 0.7 < wait.total_seconds() / (10 * 3 ** (attempts - 1)) < 1.3
        assert (await hook.shown())["failures"] == attempts
        await hurry(hook)
    receiver.status = 204
    assert await work() == 1
    (one,) = await hook.deliveries()
    assert (one["state"], one["attempts"], one["status"], one["error"]) == ("delivered", 4, 204, None)
    assert (await hook.shown())["failures"] == 0
    assert len(set(receiver.ids())) == 1
    assert len(receiver.got(hook.secret)) == 4


async def test_after_ten_attempts_it_has_failed_and_can_be_sent_again(
    hook: Hook, receiver: Receiver, hurry: Hurry
) -> None:
    await sent(hook)
    receiver.status = 503
    for _ in range(12):
        await work()
        await hurry(hook)
    (one,) = await hook.deliveries()
    assert (one["state"], one["attempts"], one["next_attempt_at"]) == ("failed", 10, None)
    receiver.status = 200
    again = await hook.account.http.post(f"{hook.path}/deliveries/{one['id']}/redeliver")
    assert (again.status_code, again.json()["state"], again.json()["attempts"]) == (202, "pending", 0)
    assert await work() == 1
    assert (await hook.deliveries())[0]["state"] == "delivered"
    assert len(receiver.ids()) == 11
    assert len(set(receiver.ids())) == 1


def test_ten_attempts_take_a_day_and_no_two_alike() -> None:
    waits = [[delivering.delay(attempts, None).total_seconds() for attempts in range(1, 10)] for _ in range(200)]
    sums = [sum(each) / 3600 for each in waits]
    print(f"ten attempts take {min(sums):.1f} to {max(sums):.1f} hours")
    assert min(sums) > 20
    assert max(sums) < 35
    assert len(set(sums)) == 200
    assert delivering.delay(1, timedelta(hours=2)) == timedelta(hours=2)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("999999999999999", 86400),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("1.5", None),
    ],
)
def test_what_a_receiver_asks_for_is_read(value: str | None, seconds: int | None) -> None:
    read = delivering.retry_after(value, now=datetime.now(UTC))
    assert read == (None if seconds is None else timedelta(seconds=seconds))


def test_a_date_is_read_too() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    assert delivering.retry_after(format_datetime(now + timedelta(minutes=9)), now=now) == timedelta(minutes=9)
    assert delivering.retry_after(format_datetime(now - timedelta(days=9)), now=now) == timedelta(0)


async def test_a_receiver_that_asks_for_time_gets_it(hook: Hook, receiver: Receiver) -> None:
    await sent(hook)
    receiver.status, receiver.headers = 429, {"retry-after": "3600"}
    await work()
    (one,) = await hook.deliveries()
    wait = datetime.fromisoformat(one["next_attempt_at"]) - datetime.now(UTC)
    assert 3590 < wait.total_seconds() <= 3600


async def test_twenty_failures_in_a_row_disable_it_and_nothing_is_lost(
    hook: Hook, receiver: Receiver, hurry: Hurry
) -> None:
    await sent(hook, 3)
    receiver.status = 302
    receiver.headers = {"location": "/elsewhere"}
    for _ in range(9):
        await work()
        await hurry(hook)
    shown = await hook.shown()
    assert (shown["disabled"], shown["disabled_because"], shown["failures"]) == (True, "failures", 20)
    requests = len(receiver.peer.requests)
    assert {request.line for request in receiver.peer.requests} == {"POST /hook HTTP/1.1"}
    await work()
    assert len(receiver.peer.requests) == requests
    await hook.account.link()  # nobody listens
    receiver.status, receiver.headers = 200, None
    await hook.account.http.patch(hook.path, json={"disabled": False})
    await hurry(hook)
    assert await work() == 3
    assert {it["state"] for it in await hook.deliveries()} == {"delivered"}
    assert (await hook.shown())["failures"] == 0


async def test_a_receiver_that_is_gone_is_believed(hook: Hook, receiver: Receiver) -> None:
    await sent(hook)
    receiver.status = 410
    await work()
    shown = await hook.shown()
    assert (shown["disabled"], shown["disabled_because"]) == (True, "gone")
    assert (await hook.deliveries())[0]["state"] == "failed"


async def test_an_address_that_has_become_private_is_not_called(
    hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(hook)

    async def resolve(_: str) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(outbound, "public", lambda: Caller(resolve=resolve))
    await work()
    (one,) = await hook.deliveries()
    assert (one["state"], one["status"], one["error"]) == (
        "pending", None, "It is not at a public address, on port 80 or 443.",
    )  # fmt: skip
    assert receiver.peer.connections == 0


async def test_a_long_answer_is_kept_to_a_kilobyte(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    async def handle(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, b"a\x00\xff" + b"x" * 100_000))

    async with serving(handle) as peer:
        monkeypatch.setattr(outbound, "public", lambda: letting(peer))
        await hook.account.http.patch(hook.path, json={"url": peer.url()})
        await sent(hook)
        assert await work() == 1
    response = (await hook.deliveries())[0]["response"]
    assert response.startswith("a\ufffd\ufffdx")
    assert len(response) == 1024


async def test_a_receiver_that_hangs_keeps_no_other_waiting(
    hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def hang(_: Request, __: object) -> None:
        await asyncio.sleep(60)

    async with serving(hang) as slow:
        both = letting(slow, receiver.peer)
        monkeypatch.setattr(outbound, "public", lambda: both)
        other = await hook.account.http.post("/api/v1/webhooks", json={"url": slow.url(), "events": ["link.created"]})
        hanging = Hook(hook.account, other.json()["id"], "")
        await sent(hanging, 12)
        await sent(hook, 40)
        running = asyncio.create_task(work())
        begun = time.monotonic()
        while len(receiver.peer.requests) < 40:
            assert time.monotonic() - begun < 5
            await asyncio.sleep(0.05)
        quick = time.monotonic() - begun
        first: list[dict[str, Any]] = []
        while not first:
            await asyncio.sleep(0.2)
            first = [it for it in await hanging.deliveries() if it["error"]]
        took = time.monotonic() - begun
        with capsys.disabled():
            print(
                f"\n  40 were delivered in {quick:.2f} s beside a receiver that hangs, which was left after {took:.1f} s"
            )
        assert 9.5 < took < 12
        assert slow.connections <= 8
        assert "10 seconds" in first[0]["error"]
        await hook.account.http.delete(hanging.path)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_workers_side_by_side_make_each_delivery_once(
    hook: Hook, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    await sent(hook, 200)
    totals = await asyncio.gather(*(Courier(None).run(0) for _ in range(5)))
    counts = Counter(receiver.ids())
    with capsys.disabled():
        print(f"\n  5 workers, 200 deliveries: {totals}, {sum(counts.values())} requests")
    assert sum(totals) == 200
    assert (len(counts), set(counts.values())) == (200, {1})


async def test_who_has_lost_the_lease_writes_nothing(hook: Hook, receiver: Receiver, hurry: Hurry, conn: Any) -> None:
    await sent(hook)
    leases = await delivering.take(conn, limit=1, each=1)
    (due,) = await delivering.claim(conn, leases)
    assert await delivering.claim(conn, leases) == []  # a message that comes twice
    await conn.commit()
    await hurry(hook)  # as if the lease had run out
    assert await work() == 1
    outcome = delivering.Outcome(500, "late", None, 1, None)
    assert not await delivering.finish(conn, due, outcome)
    (one,) = await hook.deliveries()
    assert (one["state"], one["attempts"]) == ("delivered", 1)


@asynccontextmanager
async def process(peer: Peer) -> AsyncIterator[Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.webhooks.worker", str(peer.port), stdout=PIPE, stderr=DEVNULL,
        env={**os.environ, "PYTHONPATH": "functions:layers/common/python:."},
    )  # fmt: skip
    assert started.stdout
    assert await started.stdout.readline() == b"started\n"
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def test_what_killed_workers_had_in_hand_is_delivered_by_others(
    hook: Hook, receiver: Receiver, capsys: pytest.CaptureFixture[str], hurry: Hurry
) -> None:
    deliveries, kills = 60, 5
    await sent(hook, deliveries)
    receiver.hang = True
    for number in range(kills):
        async with process(receiver.peer) as worker:
            while len(receiver.peer.requests) < 4 * (number + 1):  # noqa: ASYNC110  # another process's doing
                await asyncio.sleep(0.02)
            worker.kill()
    interrupted = len(receiver.peer.requests)
    receiver.hang = False
    assert await work() == deliveries - interrupted  # what the dead had is leased for a minute
    await hurry(hook)  # which is over now
    assert await work() == interrupted
    counts = Counter(receiver.ids())
    with capsys.disabled():
        print(f"\n  {kills} workers killed (kill -9) with {interrupted} of {deliveries} deliveries in hand: ", end="")
        print(f"{deliveries - len(counts)} lost, {max(counts.values())} requests for one at most")
    assert len(counts) == deliveries
    assert {it["state"] for it in await hook.deliveries()} == {"delivered"}
    assert max(counts.values()) == 2


async def test_what_is_not_written_down_is_sent_again_under_its_old_id(
    hook: Hook, receiver: Receiver, hurry: Hurry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await sent(hook)
    finish = delivering.finish

    async def away(*_: object) -> bool:
        monkeypatch.setattr(delivering, "finish", finish)
        raise ConnectionError

    monkeypatch.setattr(delivering, "finish", away)
    lines: list[str] = []
    monkeypatch.setattr(observe.log, "warning", lambda event, **_: lines.append(event))
    assert await work() == 0
    assert lines == ["delivery_unrecorded"]
    await hurry(hook)
    assert await work() == 1
    assert len(receiver.ids()) == 2
    assert len(set(receiver.ids())) == 1


async def test_what_is_old_is_forgotten(hook: Hook, receiver: Receiver, conn: Any) -> None:
    await sent(hook, 2)
    await work()
    connection = await postgres.connect()
    (first, _) = await hook.deliveries()
    await connection.execute(
        "update webhook_events set at = at - interval '31 days' where id = $1", first["message_id"].removeprefix("evt_")
    )
    await connection.close()
    await delivering.forget(conn)
    await conn.commit()
    assert len(await hook.deliveries()) == 1
