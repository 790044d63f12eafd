"""Telling webhooks, and sending mail: by schedule what is due, and webhooks, where there is a queue, by its messages.

With QUEUE_URL the schedule only puts what is due into the queue, whose messages bring it back to as many of these as it
takes. Without one the schedule sends it itself.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from typing import Any

from ginnel import emf, lambdas, postgres, settings
from ginnel.lambdas import Event
from ginnel.mail import transports

from . import messages, queue
from .courier import Courier
from .postman import Postman


@dataclass(frozen=True)
class Settings:
    queue_url: str | None = None
    """The SQS queue by which deliveries go to those who send them."""
    deliver_seconds: float = 0.0
    """How long a scheduled run waits for further deliveries; 0 ends it when nothing is due."""


NEEDS = (Settings, postgres.Settings, settings.Site, transports.Settings)

for kind in NEEDS:
    settings.read(kind)


@functools.cache
def courier() -> Courier:
    wanted = settings.read(Settings)
    return Courier(queue.Queue(wanted.queue_url) if wanted.queue_url else None)


@functools.cache
def postman() -> Postman:
    return Postman(transports.configured())


async def scheduled(seconds: float) -> dict[str, int]:
    """Tell webhooks and send mail, side by side; return how much of each."""
    mailing = asyncio.create_task(postman().run(seconds))
    try:
        sent = await courier().run(seconds)
        return {"sent": sent, "mails": await mailing}
    finally:
        mailing.cancel()
        await asyncio.gather(mailing, return_exceptions=True)


async def answer(event: Event) -> dict[str, Any]:
    """Answer a schedule's event, or a queue's. Being called too often, or twice at once, is harmless."""
    records = event.get("Records") or []
    if records and all(record.get("eventSource") == "aws:sqs" for record in records):
        failed = await messages.deliver(records)
        return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}
    if event.get("source") == "aws.events" or event.get("detail-type") == "Scheduled Event":
        return await scheduled(settings.read(Settings).deliver_seconds)
    raise ValueError(f"neither a schedule's event nor a queue's: {sorted(event)}")


@emf.told
def handler(event: Event, context: Any) -> Any:  # noqa: ANN401, ARG001  # the runtime's own types
    return lambdas.run(answer(event))
