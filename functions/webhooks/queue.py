"""Deliveries through SQS: put there by the schedule's run, brought back as events.

A message names a delivery and the lease that it is sent under. PostgreSQL knows everything else, also what becomes of a
message that is lost or comes twice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime

from ginnel.webhooks.delivering import Lease

_BATCH = 10
"""Messages that SQS takes at once."""


class Queue:
    """AWS_ENDPOINT_URL leads to another SQS than Amazon's."""

    def __init__(self, url: str) -> None:
        import boto3  # noqa: PLC0415  # slow to import, and only there where there is a queue

        self._url = url
        self._client = boto3.client("sqs")

    async def put(self, leases: Sequence[Lease]) -> list[Lease]:
        """Put deliveries into the queue; return those that it did not take."""
        refused: list[Lease] = []
        for start in range(0, len(leases), _BATCH):
            batch = leases[start : start + _BATCH]
            entries = [{"Id": str(number), "MessageBody": pack(lease)} for number, lease in enumerate(batch)]
            answer = await asyncio.to_thread(self._client.send_message_batch, QueueUrl=self._url, Entries=entries)
            refused += [batch[int(failed["Id"])] for failed in answer.get("Failed", [])]
        return refused


def pack(lease: Lease) -> str:
    return json.dumps([lease.delivery, lease.until.isoformat(), lease.webhook])


def unpack(body: str) -> Lease:
    """Raises ValueError."""
    try:
        delivery, until, webhook = json.loads(body)
        return Lease(int(delivery), datetime.fromisoformat(until), int(webhook))
    except (TypeError, RecursionError) as error:
        raise ValueError("not a delivery") from error
