"""Every mail that was put into the outbox is sent, whatever servers, workers and the database do meanwhile."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import asyncpg
import pytest

from ginnel import db, mail, observe
from ginnel.mail import delivering, smtp
from ginnel.mail.transports import Unsent
from tests.mailing import Post
from webhooks import app
from webhooks.postman import Postman

from .smtp import Server, serving

SCHEDULED = {"source": "aws.events"}


async def put(count: int = 1) -> list[str]:
    """Put mails that always have something to say into the outbox; return to whom."""
    to = [f"{secrets.token_hex(6)}@example.com" for _ in range(count)]
    async with db.session() as conn:
        for address in to:
            mail.send(conn, "email_changed", to=address, now=datetime.now(UTC))
    return to


async def hurry(outbox: asyncpg.Connection) -> None:
    """Make whatever waits due now, as if the time had passed."""
    await outbox.execute("update mail_outbox set due_at = now() where due_at is not null")


def way(server: Server) -> smtp.Smtp:
    return smtp.Smtp(smtp.Server.parse(f"smtp://localhost:{server.port}"))


def recipients(server: Server) -> list[str]:
    return [it["To"].addresses[0].addr_spec for it in server.taken]


async def test_what_is_rolled_back_is_not_sent(outbox: asyncpg.Connection, post: Post) -> None:
    async with db.session() as conn:
        mail.send(conn, "email_changed", to="ada@example.com", now=datetime.now(UTC))
        await conn.flush()
        await conn.rollback()
    (kept,) = await put()
    assert len(await post.to(kept)) == 1
    assert len(post.sent) == 1
    assert await outbox.fetchval("select count(*) from mail_outbox") == 0


async def test_what_is_put_off_goes_again_and_arrives_once(outbox: asyncpg.Connection) -> None:
    (to,) = await put()
    async with serving(Server(replies={"rcpt": ["450 busy"], "data.": ["451 later"]})) as server:
        for attempts in (1, 2):
            assert await Postman(way(server)).run(0) == 0
            row = await outbox.fetchrow("select *, due_at - now() as wait from mail_outbox")
            assert row["attempts"] == attempts
            assert row["error"].startswith(
                ["the recipient was refused (450): busy", "SMTPDataError (451): later"][attempts - 1]
            )
            assert 0.7 < row["wait"] / delivering.WAITS[attempts - 1] < 1.3
            await hurry(outbox)
        assert await Postman(way(server)).run(0) == 1
    assert recipients(server) == [to]


async def test_a_recipient_that_is_refused_is_given_up_and_keeps_no_other_waiting(
    outbox: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, taken = await put(2)
    lines: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(observe.log, "warning", lambda event, **fields: lines.append((event, fields)))
    async with serving(Server(replies={f"rcpt to:<{refused}>": ["550 nobody"]})) as server:
        assert await Postman(way(server)).run(0) == 1
        await hurry(outbox)
        assert await Postman(way(server)).run(0) == 0
    assert recipients(server) == [taken]
    row = await outbox.fetchrow("select * from mail_outbox")
    assert (row["recipient"], row["due_at"], row["attempts"]) == (refused, None, 1)
    assert "550" in row["error"]
    ((event, fields),) = lines
    assert event == "mail_given_up"
    assert refused not in str(fields)
    async with db.session() as conn:
        await delivering.forget(conn)
    assert await outbox.fetchval("select count(*) from mail_outbox") == 1
    await outbox.execute("update mail_outbox set created_at = created_at - interval '8 days 1 minute'")
    async with db.session() as conn:
        await delivering.forget(conn)
    assert await outbox.fetchval("select count(*) from mail_outbox") == 0


async def test_a_dead_server_is_tried_for_a_day(outbox: asyncpg.Connection) -> None:
    class Dead:
        async def send(self, _: EmailMessage) -> None:
            raise Unsent("the server can't be talked to")

    await put()
    for _ in range(len(delivering.WAITS)):
        await Postman(Dead()).run(0)
        assert await outbox.fetchval("select due_at from mail_outbox")
        await hurry(outbox)
    await Postman(Dead()).run(0)
    row = await outbox.fetchrow("select * from mail_outbox")
    assert (row["due_at"], row["attempts"]) == (None, 7)
    assert timedelta(hours=23) < sum(delivering.WAITS, timedelta()) < timedelta(hours=25)


async def test_without_a_way_out_mails_are_held_for_a_day(
    outbox: asyncpg.Connection, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(observe.log, "warning", lambda event, **_: lines.append(event))
    old, young = await put(2)
    await outbox.execute(
        "update mail_outbox set created_at = created_at - interval '25 hours' where recipient = $1", old
    )
    assert await Postman(None).run(0) == 0
    assert lines == ["mail_goes_nowhere", "mail_given_up"]
    assert await outbox.fetchval("select error from mail_outbox where recipient = $1", old) == "MAIL_URL is not set"
    assert len(await post.to(young)) == 1
    assert await post.to(old) == []


async def test_a_mail_of_an_unknown_kind_keeps_no_other_waiting(
    outbox: asyncpg.Connection, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(observe.log, "exception", lambda event, **_: lines.append(event))
    async with db.session() as conn:
        mail.send(conn, "of a newer release", to="ada@example.com", now=datetime.now(UTC))
    (other,) = await put()
    assert len(await post.to(other)) == 1
    assert lines == ["mail_failed"]
    assert await outbox.fetchval("select error from mail_outbox") == "an error of ours: KeyError"


async def test_workers_side_by_side_send_each_mail_once(
    outbox: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    to = await put(100)
    posts = [Post() for _ in range(5)]
    totals = await asyncio.gather(*(Postman(it).run(0) for it in posts))
    counts = Counter(it["To"].addresses[0].addr_spec for each in posts for it in each.sent)
    with capsys.disabled():
        print(f"\n  5 workers, 100 mails: {totals}")
    assert counts == Counter(to)


async def test_who_has_lost_the_lease_writes_nothing(outbox: asyncpg.Connection, post: Post) -> None:
    (to,) = await put()
    async with db.session() as conn:
        (lost,) = await delivering.take(conn, limit=1)
    await hurry(outbox)  # as if the lease had run out
    async with db.session() as conn:
        (kept,) = await delivering.take(conn, limit=1)
        await delivering.postpone(conn, lost, "late", final=True)
        assert not await delivering.finish(conn, lost)
    row = await outbox.fetchrow("select * from mail_outbox")
    assert (row["recipient"], row["due_at"], row["error"]) == (to, kept.until, None)


async def test_a_schedules_run_sends_mail_beside_webhooks(
    outbox: asyncpg.Connection, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    (to,) = await put()
    monkeypatch.setattr(app, "postman", lambda: Postman(post))
    assert (await app.answer(SCHEDULED))["mails"] == 1
    assert [it["To"].addresses[0].addr_spec for it in post.sent] == [to]


async def test_a_round_that_fails_is_followed_by_another(
    outbox: asyncpg.Connection, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, lines = delivering.take, []
    monkeypatch.setattr("webhooks.postman._PAUSE", 0.01)
    monkeypatch.setattr(observe.log, "exception", lambda event, **_: lines.append(event))

    async def away(*_: object, **__: object) -> list[delivering.Due]:
        monkeypatch.setattr(delivering, "take", take)
        raise ConnectionError

    monkeypatch.setattr(delivering, "take", away)
    await put()
    assert await Postman(post).run(1.5) == 1
    assert lines == ["mailing_failed"]


async def test_what_is_not_written_down_is_sent_again_under_its_old_id(
    outbox: asyncpg.Connection, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = delivering.finish
    lines: list[str] = []
    monkeypatch.setattr(observe.log, "warning", lambda event, **_: lines.append(event))

    async def away(*_: object) -> bool:
        monkeypatch.setattr(delivering, "finish", finish)
        raise ConnectionError

    monkeypatch.setattr(delivering, "finish", away)
    (to,) = await put()
    assert await Postman(post).run(0) == 0
    assert lines == ["mail_unrecorded"]
    await hurry(outbox)
    assert len({it["Message-ID"] for it in await post.to(to)}) == 1
    assert len(post.sent) == 2


@asynccontextmanager
async def process(server: Server) -> AsyncIterator[Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.mail.worker", str(server.port), stdout=PIPE, stderr=DEVNULL,
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


async def test_what_killed_workers_had_in_hand_is_sent_by_others(
    outbox: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = 3
    to = await put(60)
    async with serving(Server(hang=True)) as server:
        for number in range(kills):
            async with process(server) as worker:
                while len(server.said) <= 8 * number:  # noqa: ASYNC110  # another process's doing
                    await asyncio.sleep(0.02)
                worker.kill()
        leased = await outbox.fetchval("select count(*) from mail_outbox where due_at > now()")
        server.hang = False
        assert await Postman(way(server)).run(0) == len(to) - leased
        await hurry(outbox)  # as if the leases had run out
        assert await Postman(way(server)).run(0) == leased
    with capsys.disabled():
        lost = len(set(to) - set(recipients(server)))
        print(f"\n  {kills} workers killed (kill -9) with {leased} of {len(to)} mails in hand: {lost} lost")
    assert Counter(recipients(server)) == Counter(to)
    assert await outbox.fetchval("select count(*) from mail_outbox") == 0
