"""`/metrics`: what this host's processes have counted, and what waits, for a Prometheus.

There where METRICS says so: to whoever has METRICS_TOKEN, or without one to this machine alone. It names no link and no path.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate

import asyncpg
from fastapi import FastAPI, Request, Response

from ginnel import VERSION, metrics, observe, openmetrics, postgres, redis, settings, web
from ginnel.errors import NotFound, Unauthorized, Unavailable
from ginnel.openmetrics import Family, Sample
from local import here, reports

PREFIX = "/metrics"
_STARTED = time.time()
_PATIENCE = 1.0
"""Seconds that the stores are waited for."""

_ERRORS = {
    "redis_error": "redis", "cache_error": "redis", "purge_delayed": "redis", "clicks_spilled": "redis",
    "postgres_lost": "postgresql",
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    metrics: bool = False
    """Whether /metrics is there."""
    metrics_token: str | None = None
    """What must come as `Authorization: Bearer …`; without one, only this machine itself is answered."""


def app() -> FastAPI | None:
    """Make what answers, if it is wanted."""
    wanted = settings.read(Settings)
    if not wanted.metrics:
        return None
    made = web.new_app("Metrics", limited=False)

    @made.get(PREFIX, include_in_schema=False)
    async def show(request: Request) -> Response:
        _check(request, wanted.metrics_token)
        old = "application/openmetrics-text" not in request.headers.get("accept", "")
        text = openmetrics.write([*_counted(), *await _waiting()], old=old)
        return Response(
            text,
            media_type=openmetrics.OLD_TYPE if old else openmetrics.TYPE,
            headers={"cache-control": "no-store", "vary": "accept"},
        )

    return made


def _check(request: Request, token: str | None) -> None:
    if token is None:
        if not here.is_from(request.scope):
            raise NotFound("page")
        return
    given = request.headers.get("authorization", "").encode()
    if not hmac.compare_digest(given, f"Bearer {token}".encode()):
        raise Unauthorized("This needs the token that METRICS_TOKEN is.")


def _counted() -> Iterator[Family]:
    """Give what this process and its workers have counted."""
    yield Family("ginnel_build", "info", "The release.", [Sample(1, {"version": VERSION})])
    started = [Sample(_STARTED)]
    yield Family("process_start_time_seconds", "gauge", "When the host was started, since 1970.", started)
    events = Counter(observe.counters) + reports.EVENTS
    yield Family(
        "ginnel_redirects", "counter", "Visits that were led on, by status and the lane that answered.",
        [Sample(n, {"status": str(status), "lane": lane}) for (lane, status), n in sorted(metrics.redirects.items())],
    )  # fmt: skip
    yield Family("ginnel_lookups", "counter", "Looks for a link, by where it was found.", _lookups())
    yield Family(
        "ginnel_store_errors", "counter", "What went wrong with a store, and was gone round.",
        [Sample(events[kind], {"store": store, "kind": kind}) for kind, store in sorted(_ERRORS.items())],
    )  # fmt: skip
    stored = metrics.ingested + reports.INGESTED
    for name, kind, about in (
        ("clicks_stored", "clicks", "Clicks that became rows."),
        ("ingestion_batches", "batches", "Batches that were stored."),
        ("clicks_buried", "buried", "Clicks that could not be stored and are dead letters."),
    ):
        yield Family(f"ginnel_{name}", "counter", about, [Sample(stored[kind])])
    yield Family(
        "ginnel_ingestion_lag_seconds", "counter", "How long the oldest click of each batch had waited, all together.",
        [Sample(stored["lag"] / 1000)],
    )  # fmt: skip
    yield Family("ginnel_requests", "counter", "Answers of the API, by route and status.", _requests())
    yield Family("ginnel_request_duration_seconds", "histogram", "How long they took, by route.", _durations())


def _lookups() -> Iterator[Sample]:
    missed, stored = observe.counters["lookup_missed"], observe.counters["lookup_stored"]
    fast = sum(n for (lane, _), n in metrics.redirects.items() if lane == metrics.FAST)
    yield Sample(fast + metrics.lookups["memory"], {"layer": "memory"})
    yield Sample(max(0, missed - stored), {"layer": "redis"})
    yield Sample(stored, {"layer": "postgresql"})


def _requests() -> Iterator[Sample]:
    for (method, route, status), n in sorted(metrics.requests.items()):
        yield Sample(n, {"method": method, "route": route, "status": str(status)})


def _durations() -> Iterator[Sample]:
    for (method, route), kept in sorted(metrics.durations.items()):
        labels = {"method": method, "route": route}
        counts = list(accumulate(kept.counts))
        for bound, count in zip((*map(str, metrics.BOUNDS), "+Inf"), counts, strict=True):
            yield Sample(count, {**labels, "le": bound}, "_bucket")
        yield Sample(counts[-1], labels, "_count")
        yield Sample(kept.total, labels, "_sum")


async def _waiting() -> list[Family]:
    """Ask the stores what waits in them; of one that does not answer in time nothing is said but that."""
    from ginnel import ingestion  # noqa: PLC0415  # a host for visitors alone has no use for it, nor for the ORM that it brings

    waiting: ingestion.Waiting | None = None

    async def look(connection: asyncpg.Connection) -> ingestion.Waiting:
        return await ingestion.waiting(connection, datetime.now(UTC))

    try:
        async with asyncio.timeout(_PATIENCE):
            waiting = await postgres.run(look)
    except (redis.RedisError, Unavailable, TimeoutError, OSError):
        observe.count("metrics_partial")
    up = Family("ginnel_up", "gauge", "Whether both stores answered.", [Sample(waiting is not None)])
    if waiting is None:
        return [up]
    return [
        up,
        Family(
            "ginnel_stream_entries",
            "gauge",
            "Entries of the streams, one or many clicks each.",
            [Sample(waiting.entries)],
        ),
        Family("ginnel_outbox_payloads", "gauge", "What Redis did not take.", [Sample(waiting.spilled)]),
        Family("ginnel_dead_letters", "gauge", "Those that nobody has replayed.", [Sample(waiting.dead_letters)]),
        Family(
            "ginnel_oldest_click_seconds", "gauge", "How old what waits longest is.", [Sample(waiting.oldest_seconds)]
        ),
    ]
