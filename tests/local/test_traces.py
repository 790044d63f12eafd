"""Traces: what a collector is told of calls, batches and webhooks, and what it never is."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from clicks.drain import Drain
from clicks.drain import Settings as DrainSettings
from ginnel import clicks, observe, outbound, redis, settings, traces
from ginnel.webhooks import delivering
from ginnel.webhooks.delivering import Due, Lease
from local import host, tracing
from tests.clicks.test_drain import Sent
from tests.conftest import Account
from tests.e2e import running
from tests.peers import NAME, always, answer, letting, serving

pytest.importorskip("opentelemetry.sdk", reason="the extra `traces` is not installed")
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

ROOT = Path(__file__).parents[2]
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


class Collector:
    """Takes spans by OTLP over HTTP, on loopback."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.status = 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/traces" and collector.status == 200:
                    collector.bodies.append(body)
                self.send_response(collector.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def spans(self) -> list[dict[str, Any]]:
        """Give what came: of each span its service, name, kind, trace, parent, attributes and whether it failed."""
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = _attributes(resource.resource.attributes)["service.name"]
                found += [
                    {
                        "service": service,
                        "name": span.name,
                        "kind": span.kind,
                        "trace": span.trace_id.hex(),
                        "id": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        "said": _attributes(span.attributes),
                        "failed": span.status.code == 2,
                        "events": len(span.events),
                    }
                    for scope in resource.scope_spans
                    for span in scope.spans
                ]
        return found


def _attributes(given: Any) -> dict[str, Any]:
    return {it.key: getattr(it.value, it.value.WhichOneof("value")) for it in given}


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
async def wanted(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[str], None]]:
    def want(url: str) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        settings.read.cache_clear()
        tracing.begin("ginnel-test")

    yield want
    await tracing.end()
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    settings.read.cache_clear()


async def test_a_call_is_told_by_its_route_and_never_by_its_path(
    collector: Collector, wanted: Callable[[str], None], account: Account, client: httpx.AsyncClient
) -> None:
    wanted(collector.url)
    link = await account.link("https://secret-target.example/page?key=value")
    path = f"/api/v1/links/{link['id']}"
    shown = await account.http.get(path, params={"q": "some-query"}, headers={"traceparent": TRACEPARENT})
    await account.http.get("/api/v1/links/999999999999")
    await account.http.get("/api/no-such-path")
    assert (await client.get(f"/{link['slug']}")).status_code == 302
    assert (await client.get("/")).status_code == 200
    await tracing.end()

    spans = collector.spans()
    assert [(it["name"], it["said"]["http.response.status_code"]) for it in spans] == [
        ("POST /api/v1/links", 201),
        ("GET /api/v1/links/{link_id}", 200),
        ("GET /api/v1/links/{link_id}", 404),
        ("GET", 404),
    ]
    asked = spans[1]
    assert (asked["trace"], asked["parent"]) == (TRACE, PARENT)
    assert (asked["service"], asked["kind"], asked["failed"]) == ("ginnel-test", 2, False)
    assert asked["said"] == {
        "http.request.method": "GET",
        "http.route": "/api/v1/links/{link_id}",
        "http.response.status_code": 200,
        "ginnel.request_id": shown.headers["x-request-id"],
    }
    assert [it["parent"] for it in spans if it is not asked] == ["", "", ""]
    told = b"".join(collector.bodies)
    token = account.http.headers["authorization"].removeprefix("Bearer ")
    for unwanted in (link["slug"], "secret-target", "some-query", "999999999999", "no-such-path", account.email, token):
        assert unwanted.encode() not in told, unwanted


@pytest.mark.parametrize(
    "given",
    [
        [("traceparent", "nonsense")],
        [("traceparent", f"00-{'0' * 32}-{PARENT}-01")],
        [("traceparent", f"ff-{TRACE}-{PARENT}-01")],
        [("traceparent", TRACEPARENT), ("traceparent", TRACEPARENT)],
        [("traceparent", "é")],
    ],
)
async def test_what_is_no_traceparent_begins_a_trace(
    collector: Collector, wanted: Callable[[str], None], client: httpx.AsyncClient, given: list[tuple[str, str]]
) -> None:
    wanted(collector.url)
    headers = [(name.encode(), value.encode()) for name, value in given]
    assert (await client.get("/api/v1/links", headers=headers)).status_code == 401
    await tracing.end()
    (span,) = collector.spans()
    assert span["parent"] == ""
    assert span["trace"] != TRACE


async def test_a_caller_that_keeps_no_trace_has_none_kept(
    collector: Collector, wanted: Callable[[str], None], client: httpx.AsyncClient
) -> None:
    wanted(collector.url)
    headers = {
        "traceparent": TRACEPARENT.removesuffix("1") + "0",
        "tracestate": "vendor=planted",
        "baggage": "a=planted",
    }
    await client.get("/api/v1/links", headers=headers)
    await client.get("/api/v1/links", headers=headers | {"traceparent": TRACEPARENT})
    await tracing.end()
    assert len(collector.spans()) == 1
    assert b"planted" not in b"".join(collector.bodies)


async def test_a_batch_is_told_with_its_size_and_lag(collector: Collector, wanted: Callable[[str], None]) -> None:
    wanted(collector.url)
    await redis.patient().xadd(clicks.STREAM, {clicks.FIELD: Sent().lines(5)})
    drain = Drain(DrainSettings(consumer="traced"))
    try:
        await drain.run(0)
    finally:
        await drain.close()
    await tracing.end()
    spans = collector.spans()
    assert {(it["name"], it["kind"], it["failed"]) for it in spans} == {("ingest", 5, False)}
    assert sum(it["said"]["messaging.batch.message_count"] for it in spans) >= 5
    assert sum(it["said"]["ginnel.clicks.new"] for it in spans) >= 5
    assert all(it["said"]["ginnel.lag_ms"] >= 0 for it in spans)
    assert b"203.0.113.77" not in b"".join(collector.bodies)


async def test_a_batch_that_fails_is_told_by_the_error_and_never_its_message(
    collector: Collector, wanted: Callable[[str], None]
) -> None:
    wanted(collector.url)
    with pytest.raises(KeyError), traces.span("ingest", traces.CONSUMER):
        raise KeyError("planted")
    await tracing.end()
    (span,) = collector.spans()
    assert (span["failed"], span["said"], span["events"]) == (True, {"error.type": "KeyError"}, 0)
    assert b"planted" not in b"".join(collector.bodies)


def due(url: str) -> Due:
    now = datetime.now(UTC)
    key = "whsec_" + base64.b64encode(b"k" * 32).decode()
    lease = Lease(17, now, 3)
    return Due(lease, url, (key,), uuid4(), "link.created", now, {"slug": "planted"}, attempts=0)


@pytest.mark.parametrize("status", [204, 500])
async def test_a_webhook_is_told_and_carries_the_trace_on(
    collector: Collector, wanted: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    wanted(collector.url)
    async with serving(always(answer(status))) as peer:
        monkeypatch.setattr(outbound, "public", lambda: letting(peer))
        await delivering.attempt(due(peer.url("/planted?token=planted")), now=datetime.now(UTC))
    await tracing.end()
    (span,) = collector.spans()
    version, trace, parent, flags = peer.requests[0].headers["traceparent"].split("-")
    assert (version, trace, parent, int(flags) & 1) == ("00", span["trace"], span["id"], 1)
    assert (span["name"], span["kind"], span["failed"]) == ("POST link.created", 3, status == 500)
    said = {"http.request.method": "POST", "http.response.status_code": status, "ginnel.delivery": 17}
    assert span["said"] == (said | {"error.type": "500"} if status == 500 else said)
    assert b"planted" not in b"".join(collector.bodies)
    assert NAME.encode() not in b"".join(collector.bodies)


async def test_without_a_collector_nothing_is_carried(monkeypatch: pytest.MonkeyPatch) -> None:
    tracing.begin("ginnel-test")
    async with serving(always(answer(204))) as peer:
        monkeypatch.setattr(outbound, "public", lambda: letting(peer))
        assert (await delivering.attempt(due(peer.url()), now=datetime.now(UTC))).delivered
    assert "traceparent" not in peer.requests[0].headers
    assert tracing.followed(host.app, {"path": "/api/v1/links"}) is host.app


async def test_a_collector_that_is_away_holds_nobody_up_and_is_told_of_once(
    collector: Collector,
    wanted: Callable[[str], None],
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    said: list[str] = []
    monkeypatch.setattr(observe.log, "warning", lambda event, **_: said.append(event))
    wanted(collector.url)

    async def calls(seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert (await client.get("/api/v1/links")).status_code == 401
            await asyncio.sleep(0.02)

    collector.status = 404
    await calls(0.5)
    collector.status = 200
    await calls(0.5)
    assert collector.spans()
    collector.status = 500
    await calls(0.5)
    assert said == ["traces_unsent"] * 2
    assert "Failed to export" not in capfd.readouterr().err


async def test_the_end_waits_no_longer_than_a_farewell(
    wanted: Callable[[str], None], client: httpx.AsyncClient
) -> None:
    with socket.socket() as deaf:  # it takes connections and never answers
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        wanted(f"http://127.0.0.1:{deaf.getsockname()[1]}")
        assert (await client.get("/api/v1/links")).status_code == 401
        begun = time.monotonic()
        await tracing.end()
        assert 1.5 < time.monotonic() - begun < 5


@pytest.mark.parametrize("url", ["localhost:4318", "grpc://localhost:4317", "http://", "4318"])
def test_what_is_no_collectors_address_is_said_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_ENDPOINT must be"):
        tracing.Settings(url)


def run(program: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "functions:layers/common/python:."} | env,
        capture_output=True,
        text=True,
        check=True,
    )


def test_without_the_packages_all_goes_on_and_the_log_says_so_once() -> None:
    program = """
import sys
sys.modules["opentelemetry.sdk"] = sys.modules["opentelemetry.exporter"] = None
from ginnel import traces
from local import tracing
tracing.begin("ginnel-test")
with traces.span("x", traces.CLIENT) as span:
    print(dict(span.headers))
"""
    ended = run(program, OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4318")
    assert ended.stdout == "{}\n"
    (line,) = map(json.loads, ended.stderr.splitlines())
    assert (line["event"], line["level"], line["install"]) == (
        "traces_unavailable",
        "warning",
        "requirements/traces.txt",
    )
    assert line["missing"].startswith("opentelemetry.exporter")


@pytest.mark.parametrize(
    ("name", "value", "event"),
    [
        ("OTEL_BSP_SCHEDULE_DELAY", "s3cret", "traces_misread"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "s3cret", "traces_misread"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1000000", "traces_unavailable"),
    ],
)
def test_a_variable_that_opentelemetry_cannot_read_is_logged_and_not_quoted(name: str, value: str, event: str) -> None:
    program = "from local import tracing; tracing.begin('ginnel-test')"
    said = run(program, OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4318", **{name: value}).stderr
    assert {json.loads(line)["event"] for line in said.splitlines()} == {event}
    assert value not in said


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        ("ginnel.traces, local.tracing", ["opentelemetry", "google.protobuf", "requests"]),
        # The framework itself imports the API, and redis-py of the SDK, where that is installed, what is about metrics.
        ("local.host, clicks.app, webhooks.app", ["local.otlp", "opentelemetry.exporter", "google.protobuf"]),
    ],
)
def test_where_no_traces_are_wanted_nothing_is_imported_for_them(modules: str, unwanted: list[str]) -> None:
    program = f"""
import sys, {modules}
from local import tracing
tracing.begin("ginnel-test")
print([name for name in {unwanted} if name in sys.modules])
"""
    assert run(program, OTEL_EXPORTER_OTLP_ENDPOINT="").stdout == "[]\n"


def test_the_redirect_function_knows_nothing_of_traces() -> None:
    assert run("import sys, redirect.app; print('ginnel.traces' in sys.modules)").stdout == "False\n"


def test_one_module_alone_imports_opentelemetry() -> None:
    folders = ("functions", "layers/common/python", "local")
    importing = [
        path.name
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^\s*(from|import) opentelemetry", path.read_text(), re.MULTILINE)
    ]
    assert importing == ["otlp.py"]


def test_the_framework_tells_no_tracer_of_paths() -> None:
    """As another's tracer may be in the process: an extension's on Lambda, say."""
    program = """
import asyncio, httpx
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
kept = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)
from local.host import app
async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://go.test") as http:
        return (await http.get("/api/v1/links?q=planted")).status_code
print(asyncio.run(ask()), len(kept.get_finished_spans()))
"""
    assert run(program, FASTAPI_OTEL_AUTO_CONFIGURE="true").stdout == "401 0\n"


async def test_a_host_and_its_worker_send_what_is_left_when_they_end(collector: Collector, tmp_path: Path) -> None:
    # Of itself, what has gathered would be sent once a minute.
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "60000"}
    with running.up(tmp_path / "data", env=env) as started:
        async with httpx.AsyncClient(base_url=started.base, timeout=10) as http:
            someone = {"email": "ada@example.com", "password": "correct horse battery"}
            token = (await http.post("/api/v1/auth/register", json=someone)).json()["access_token"]
            http.headers["authorization"] = f"Bearer {token}"
            link = (await http.post("/api/v1/links", json={"target": "https://example.com/planted"})).json()
            for _ in range(20):
                assert (await http.get(f"/{link['slug']}")).status_code == 302
        until = time.monotonic() + 20
        while not await started.rows("select from clicks having count(*) = 20"):
            assert time.monotonic() < until
            await asyncio.sleep(0.2)
        assert collector.bodies == []
    spans = collector.spans()
    assert {it["service"] for it in spans} == {"ginnel-api", "ginnel-worker"}
    assert {it["name"] for it in spans} == {"POST /api/v1/auth/register", "POST /api/v1/links", "ingest"}
    assert sum(it["said"].get("ginnel.clicks.new", 0) for it in spans) == 20
    told = b"".join(collector.bodies)
    for unwanted in (link["slug"], "ada@example.com", token, "planted", "127.0.0.1"):
        assert unwanted.encode() not in told, unwanted
