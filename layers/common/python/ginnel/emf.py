"""What an invocation on Lambda did, as one line of CloudWatch's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html. Written
here and not by Powertools, whose import takes longer than all else that a plain visit does in a cold start.
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ginnel import metrics, observe, settings

Handler = Callable[[dict[str, Any], Any], Any]

_STORES = ("redis_error", "cache_error", "postgres_lost", "clicks_spilled")
_UNITS = {"IngestionLag": "Milliseconds"}


@dataclass(frozen=True)
class Settings:
    metrics: bool = False
    """Whether each invocation tells of itself."""


def told(handler: Handler) -> Handler:
    """Have a handler's invocations told, where METRICS says so."""
    before: Counter[str] = Counter()
    cold = True

    @functools.wraps(handler)
    def telling(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401  # the runtime's own types
        nonlocal before, cold
        failed = True
        try:
            answer = handler(event, context)
            failed = isinstance(answer, dict) and answer.get("statusCode", 200) >= 500  # noqa: PLR2004  # of HTTP
            return answer
        finally:
            if settings.read(Settings).metrics:
                now = _counted()
                now.subtract(before)
                print(line(now, cold=cold, failed=failed), flush=True)  # noqa: T201  # CloudWatch reads it
                before = _counted()
                cold = False

    return telling


def line(did: Counter[str], *, cold: bool, failed: bool) -> str:
    """Write what was counted by an invocation. Its lag is that of its batches, on average; without any, none is told."""
    figures: dict[str, float] = {
        "ColdStart": int(cold), "Errors": int(failed), "Redirects": did["redirects"], "StoreErrors": did["stores"],
        "ClicksStored": did["clicks"],
    }  # fmt: skip
    if did["batches"]:
        figures["IngestionLag"] = did["lag"] / did["batches"]
    named = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in figures]
    directive = {"Namespace": "Ginnel", "Dimensions": [["function"]], "Metrics": named}
    told_of = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    # Of several stacks in one account, each has figures of its own.
    return json.dumps({"_aws": told_of, "function": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""), **figures})


def _counted() -> Counter[str]:
    stores = sum(observe.counters[name] for name in _STORES)
    return Counter(metrics.ingested) + Counter(redirects=metrics.redirects.total(), stores=stores)
