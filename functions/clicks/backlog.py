"""What waits to be stored, told once a minute to whoever operates this: a metric on Lambda, a log line on one machine."""

from __future__ import annotations

import math
import os
import time
from dataclasses import asdict

from ginnel import ingestion, observe

from . import poison
from .drain import Drain

_EVERY = 50.0
"""Seconds: a little less than a schedule's minute."""
_OLD = 10.0
"""Seconds after which a click that waits is worth a line: stored it is within one."""

_told = -math.inf


async def report(drain: Drain) -> None:
    """Tell how much waits, how old the oldest is, and how many dead letters nobody has looked after."""
    global _told  # noqa: PLW0603  # one operator a process
    if time.monotonic() - _told < _EVERY:
        return
    _told = time.monotonic()
    try:
        waiting = await drain.waiting()
    except poison.NOT_THEIRS as error:
        observe.log.warning("clicks_waiting_unknown", error=type(error).__name__)
        return
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        _measure(waiting)
    elif waiting.oldest_seconds >= _OLD or waiting.dead_letters:
        observe.log.warning("clicks_waiting", **asdict(waiting))


def _measure(waiting: ingestion.Waiting) -> None:
    """Print CloudWatch's embedded metric format. Told also when nothing waits: that none comes is an alarm too."""
    from aws_lambda_powertools import Metrics  # noqa: PLC0415  # the import that one machine does without
    from aws_lambda_powertools.metrics import MetricUnit  # noqa: PLC0415  # as above

    metrics = Metrics(namespace="Ginnel", service="clicks")
    # Of several stacks in one account, each has alarms of its own.
    metrics.add_dimension(name="function", value=os.environ["AWS_LAMBDA_FUNCTION_NAME"])
    metrics.add_metric(name="OldestClick", unit=MetricUnit.Seconds, value=waiting.oldest_seconds)
    metrics.add_metric(name="StreamEntries", unit=MetricUnit.Count, value=waiting.entries)
    metrics.add_metric(name="OutboxPayloads", unit=MetricUnit.Count, value=waiting.spilled)
    metrics.add_metric(name="DeadLetters", unit=MetricUnit.Count, value=waiting.dead_letters)
    metrics.flush_metrics()
