"""Deliveries through SQS: a stand-in of the real API, the function's own events, one machine's polling."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from localstack_client.session import Session
from moto.server import ThreadedMotoServer
from sqlalchemy import text

from ginnel import db, postgres
from ginnel.errors import Unavailable
from local import queue as local_queue
from webhooks import app, courier, messages, queue
from webhooks.courier import Courier

from .conftest import Hook, Receiver


@pytest.fixture(scope="module")
def sqs() -> Iterator[Any]:
    """Run moto's server, and hand out a client for it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        yield Session(region_name="eu-west-1").client("sqs")
    server.stop()


class Queues:
    """A queue, and where its messages go after they came three times."""

    def __init__(self, sqs: Any) -> None:
        self.sqs = sqs
        self.dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
        attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": "1"}
        self.url = sqs.create_queue(QueueName="webhooks", Attributes=attributes)["QueueUrl"]

    def left(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))


@pytest.fixture
async def queues(sqs: Any) -> AsyncIterator[Queues]:
    made = Queues(sqs)
    # What other tests have left is not put there.
    async with db.session() as conn:
        await conn.execute(text("update webhook_deliveries set due_at = null"))
    yield made
    for url in (made.url, made.dead):
        sqs.delete_queue(QueueUrl=url)


async def sent(hook: Hook, count: int) -> None:
    for _ in range(count):
        await hook.account.http.post(f"{hook.path}/test")


def polling(queues: Queues) -> local_queue.Polled:
    return local_queue.Polled(queues.url, app.answer)


async def test_what_is_due_goes_through_the_queue_once(
    hook: Hook, receiver: Receiver, queues: Queues, capsys: pytest.CaptureFixture[str]
) -> None:
    await sent(hook, 25)
    assert await Courier(queue.Queue(queues.url)).run(0) == 25
    assert await Courier(queue.Queue(queues.url)).run(0) == 0  # they are leased
    assert (queues.left(queues.url), receiver.peer.connections) == (25, 0)
    while queues.left(queues.url):
        await polling(queues).once()
    assert Counter(Counter(receiver.ids()).values()) == {1: 25}
    assert {it["state"] for it in await hook.deliveries()} == {"delivered"}
    with capsys.disabled():
        print(f"\n  25 deliveries through SQS: {len(receiver.ids())} requests, {queues.left(queues.dead)} dead letters")


async def test_what_a_receiver_refuses_is_no_failure_of_the_queues(
    hook: Hook, receiver: Receiver, queues: Queues
) -> None:
    await sent(hook, 3)
    receiver.status = 500
    await Courier(queue.Queue(queues.url)).run(0)
    await polling(queues).once()
    assert (queues.left(queues.url), queues.left(queues.dead)) == (0, 0)
    assert [(it["state"], it["attempts"]) for it in await hook.deliveries()] == [("pending", 1)] * 3


async def test_of_a_batch_only_what_failed_comes_again_and_then_is_a_dead_letter(
    hook: Hook, receiver: Receiver, queues: Queues, capsys: pytest.CaptureFixture[str]
) -> None:
    await sent(hook, 4)
    queues.sqs.send_message(QueueUrl=queues.url, MessageBody="nonsense")
    await Courier(queue.Queue(queues.url)).run(0)
    for _ in range(8):
        await polling(queues).once()
        await asyncio.sleep(0.6)
    with capsys.disabled():
        print(f"\n  5 messages, one of them nonsense: {len(receiver.ids())} delivered, ", end="")
        print(f"{queues.left(queues.url)} left, {queues.left(queues.dead)} dead letter")
    assert Counter(Counter(receiver.ids()).values()) == {1: 4}
    assert (queues.left(queues.url), queues.left(queues.dead)) == (0, 1)


async def test_while_the_database_is_away_messages_come_again(
    hook: Hook, receiver: Receiver, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(hook, 2)
    await Courier(queue.Queue(queues.url)).run(0)
    real = db.transaction

    def away() -> Any:
        raise Unavailable

    monkeypatch.setattr(db, "transaction", away)
    await polling(queues).once()
    assert (queues.left(queues.url), receiver.peer.connections) == (2, 0)
    monkeypatch.setattr(db, "transaction", real)
    await asyncio.sleep(1.1)
    await polling(queues).once()
    assert (queues.left(queues.url), len(receiver.ids())) == (0, 2)


async def test_a_message_that_comes_twice_is_sent_once(hook: Hook, receiver: Receiver, queues: Queues) -> None:
    await sent(hook, 1)
    await Courier(queue.Queue(queues.url)).run(0)
    received = queues.sqs.receive_message(QueueUrl=queues.url, AttributeNames=["All"])["Messages"]
    event = local_queue.event(received)
    assert [await app.answer(event) for _ in range(2)] == [{"batchItemFailures": []}] * 2
    assert len(receiver.ids()) == 1


async def test_what_the_queue_loses_is_due_again(hook: Hook, receiver: Receiver, queues: Queues) -> None:
    await sent(hook, 2)
    await Courier(queue.Queue(queues.url)).run(0)
    queues.sqs.purge_queue(QueueUrl=queues.url)
    connection = await postgres.connect()
    await connection.execute(
        "update webhook_deliveries set due_at = due_at - $1::interval where webhook_id = $2", courier.QUEUED, hook.id
    )
    await connection.close()
    assert await Courier(queue.Queue(queues.url)).run(0) == 2
    await polling(queues).once()
    assert len(receiver.ids()) == 2


async def test_while_the_queue_is_away_nothing_is_lost(
    hook: Hook, receiver: Receiver, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(hook, 2)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    gone = queue.Queue(f"{queues.url}-gone")
    assert await Courier(gone).run(0) == 0
    waits = [it["next_attempt_at"] for it in await hook.deliveries()]
    assert all(waits)
    connection = await postgres.connect()
    await connection.execute("update webhook_deliveries set due_at = now() where webhook_id = $1", hook.id)
    await connection.close()
    assert await Courier(queue.Queue(queues.url)).run(0) == 2


async def test_an_event_of_no_known_kind_is_refused() -> None:
    events: list[dict[str, Any]] = [{}, {"Records": []}, {"Records": [{"eventSource": "aws:s3"}]}]
    for event in events:
        with pytest.raises(ValueError, match="neither a schedule"):
            await app.answer(event)
    assert await messages.deliver([{"messageId": "a", "body": "[1]"}, {"messageId": "b", "body": "x"}]) == ["a", "b"]
