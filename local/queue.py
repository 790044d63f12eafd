"""A queue's messages as one machine gets them: what Lambda's event source mapping does on AWS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

_BATCH = 10
_WAIT = 1
"""Seconds that SQS waits for a message."""


class Polled:
    """Asks SQS for messages and hands them to a function. AWS_ENDPOINT_URL leads to another SQS than Amazon's."""

    def __init__(self, url: str, function: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> None:
        import boto3  # noqa: PLC0415  # containers have none, nor a queue

        self._url = url
        self._client = boto3.client("sqs")
        self._function = function

    async def once(self) -> None:
        """Hand on the messages that come within a second, and delete those that the function was done with."""
        answer = await asyncio.to_thread(
            self._client.receive_message,
            QueueUrl=self._url,
            MaxNumberOfMessages=_BATCH,
            WaitTimeSeconds=_WAIT,
            AttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return
        failed = {it["itemIdentifier"] for it in (await self._function(event(messages)))["batchItemFailures"]}
        # What is not deleted comes again, and after as many times as the queue says goes to its dead letters.
        done = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
            if message["MessageId"] not in failed
        ]
        if done:
            await asyncio.to_thread(self._client.delete_message_batch, QueueUrl=self._url, Entries=done)


def event(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the event that Lambda makes of messages."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:local:000000000000:webhooks",
                "awsRegion": "local",
            }
            for message in messages
        ]
    }
