"""/metrics: there where it is wanted, for those who may, in a form that Prometheus's own parser takes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
from prometheus_client.parser import text_string_to_metric_families as parse_old

from ginnel import metrics, openmetrics, settings, slugs
from ginnel.openmetrics import Family, Sample
from local import metrics as page
from local import reports
from tests.conftest import Account

OPEN = {"accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
Client = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def asked(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    opened: list[httpx.AsyncClient] = []

    def make(token: str = "", peer: str = "127.0.0.1", base: str = "http://localhost:8000") -> httpx.AsyncClient:
        monkeypatch.setenv("METRICS", "true")
        monkeypatch.setenv("METRICS_TOKEN", token)
        settings.read.cache_clear()
        app = page.app()
        assert app
        opened.append(httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=(peer, 1)), base_url=base))
        return opened[-1]

    yield make
    settings.read.cache_clear()
    for one in opened:
        await one.aclose()


async def test_nothing_is_there_until_it_is_wanted(client: httpx.AsyncClient) -> None:
    assert page.app() is None
    assert (await client.get("/metrics")).status_code == 404
    assert slugs.reserved("metrics")


async def test_without_a_token_this_machine_alone_is_answered(asked: Client) -> None:
    assert (await asked().get("/metrics")).status_code == 200
    assert (await asked(peer="::1", base="http://[::1]:8000").get("/metrics")).status_code == 200
    for stranger in (
        asked(peer="203.0.113.9"),
        asked(peer=""),
        asked(base="http://go.test"),
        asked(base="http://127.0.0.1.evil"),
    ):
        assert (await stranger.get("/metrics")).status_code == 404
    for told in ("x-forwarded-for", "forwarded", "via", "x-real-ip", "cf-connecting-ip"):
        assert (await asked().get("/metrics", headers={told: "127.0.0.1"})).status_code == 404


async def test_with_a_token_whoever_has_it_is_answered_and_nobody_else(asked: Client) -> None:
    far = asked("s3cret", peer="203.0.113.9", base="http://go.test")
    assert (await far.get("/metrics", headers={"authorization": "Bearer s3cret"})).status_code == 200
    for wrong in ("", "Bearer", "Bearer s3cre", "Bearer s3cret ", "bearer s3cret", "Basic s3cret", "Bearer é"):
        answer = await far.get("/metrics", headers={b"authorization": wrong.encode()})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), wrong
    assert (await asked("s3cret").get("/metrics")).status_code == 401


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {(it.name, tuple(sorted(it.labels.items()))): it.value for family in parse(text) for it in family.samples}


async def test_what_happens_is_counted_by_route_and_never_by_path(
    asked: Client, account: Account, client: httpx.AsyncClient
) -> None:
    watch = asked()
    before = samples((await watch.get("/metrics", headers=OPEN)).text)
    link = await account.link()
    for _ in range(3):
        assert (await client.get(f"/{link['slug']}")).status_code == 302
    await client.get("/no-such-link-anywhere")
    await account.http.get(f"/api/v1/links/{link['id']}")
    await account.http.get("/api/v1/links/999999999999")
    answer = await watch.get("/metrics", headers=OPEN)
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    after = samples(answer.text)

    def more(name: str, **labels: str) -> float:
        key = name, tuple(sorted(labels.items()))
        return after.get(key, 0) - before.get(key, 0)

    route = "/api/v1/links/{link_id}"
    assert more("ginnel_redirects_total", status="302", lane="app") == 3
    assert more("ginnel_requests_total", method="GET", route=route, status="200") == 1
    assert more("ginnel_requests_total", method="GET", route=route, status="404") == 1
    assert more("ginnel_requests_total", method="POST", route="/api/v1/links", status="201") == 1
    assert more("ginnel_request_duration_seconds_bucket", method="GET", route=route, le="+Inf") == 2
    assert more("ginnel_request_duration_seconds_count", method="GET", route=route) == 2
    assert more("ginnel_lookups_total", layer="memory") == 2
    assert more("ginnel_lookups_total", layer="postgresql") >= 2  # the domain's own answer may be a third
    assert after["ginnel_up", ()] == 1
    assert after["ginnel_stream_entries", ()] > 0
    assert link["slug"] not in answer.text
    assert "no-such-link" not in answer.text
    assert "999999999999" not in answer.text


async def test_an_older_prometheus_is_answered_in_its_own_form(asked: Client) -> None:
    answer = await asked().get("/metrics", headers={"accept": "text/plain"})
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family.type for family in parse_old(answer.text)}
    assert families["ginnel_clicks_stored"] == "counter"
    assert families["ginnel_build_info"] == "gauge"
    assert families["ginnel_request_duration_seconds"] == "histogram"


async def test_a_store_that_is_away_takes_nothing_from_the_rest(asked: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr("ginnel.postgres.run", away)
    found = samples((await asked().get("/metrics", headers=OPEN)).text)
    assert found["ginnel_up", ()] == 0
    assert ("ginnel_stream_entries", ()) not in found
    assert ("ginnel_clicks_stored_total", ()) in found


async def test_what_workers_tell_adds_up_over_those_that_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "EVENTS", Counter())
    monkeypatch.setattr(reports, "INGESTED", Counter())
    for worker in ([5, 9], [2]):
        told = asyncio.StreamReader()
        for clicks in worker:
            told.feed_data(json.dumps([{"redis_error": 1}, {"clicks": clicks}]).encode() + b"\n")
        told.feed_eof()
        await reports.hear(told)
    assert (reports.INGESTED["clicks"], reports.EVENTS["redis_error"]) == (11, 2)


labels = st.dictionaries(st.sampled_from(["a", "b"]), st.text(max_size=20).filter(lambda text: "\r" not in text))


@given(value=st.floats(0, 1e12) | st.integers(0, 2**53), said=labels)
def test_whatever_is_written_is_read_back(value: float, said: dict[str, str]) -> None:
    text = openmetrics.write([Family("x", "counter", "Some.", [Sample(value, said)])])
    ((sample,),) = [family.samples for family in parse(text)]
    assert (sample.name, sample.labels, sample.value) == ("x_total", said, value)


@given(st.lists(st.floats(0, 20), max_size=50))
def test_durations_are_where_they_belong(seconds: list[float]) -> None:
    kept = metrics.Durations()
    for one in seconds:
        kept.add(one)
    bounds: list[Any] = [*metrics.BOUNDS, float("inf")]
    for n, bound in enumerate(bounds):
        assert sum(kept.counts[: n + 1]) == sum(one <= bound for one in seconds)
