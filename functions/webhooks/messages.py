"""Deliveries that a queue brings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ginnel import observe
from ginnel.webhooks import delivering

from . import queue
from .courier import send, transaction


async def deliver(records: Sequence[dict[str, Any]]) -> list[str]:
    """Make the deliveries that messages name; return the ids of messages that must come again.

    What a receiver answers is no reason for that: it is written down, and due again in its time.
    """
    outcomes = await asyncio.gather(*(_one(record["body"]) for record in records), return_exceptions=True)
    failed = []
    for record, outcome in zip(records, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            times = record.get("attributes", {}).get("ApproximateReceiveCount")
            observe.log.warning("message_failed", error=type(outcome).__name__, times=times)
            failed.append(record["messageId"])
    return failed


async def _one(body: str) -> None:
    lease = queue.unpack(body)
    async with transaction() as conn:
        mine = await delivering.claim(conn, [lease])
    for due in mine:  # none, if it was sent already, or is somebody else's by now
        await send(due)
