"""What a host tells of itself and its workers, as Prometheus would ask."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

from tests.e2e import running
from tests.e2e.running import Running


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Running]:
    with running.up(tmp_path / "data", env={"METRICS": "true", "WORKERS": "2"}) as started:
        yield started


def look(started: Running) -> dict[str, float]:
    headers = {"accept": "application/openmetrics-text", "host": "localhost"}
    answer = httpx.get(f"{started.base}/metrics", headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    found: dict[str, float] = {}
    for family in parse(answer.text):
        for sample in family.samples:
            labels = ",".join(value for _, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_a_host_counts_its_redirects_and_what_its_workers_store(watched: Running) -> None:
    with httpx.Client(base_url=watched.base, timeout=10) as http:
        someone = {"email": "ada@example.com", "password": "correct horse battery"}
        token = http.post("/api/v1/auth/register", json=someone).json()["access_token"]
        bearer = {"authorization": f"Bearer {token}"}
        slug = http.post("/api/v1/links", json={"target": "https://example.com/"}, headers=bearer).json()["slug"]
        for _ in range(200):
            assert http.get(f"/{slug}").status_code == 302
    until = time.monotonic() + 20
    while (found := look(watched)).get("ginnel_clicks_stored_total{}", 0) < 200:
        assert time.monotonic() < until, found
        time.sleep(0.2)
    assert found["ginnel_clicks_stored_total{}"] == 200
    assert found["ginnel_redirects_total{fast,302}"] + found["ginnel_redirects_total{app,302}"] == 200
    assert found["ginnel_redirects_total{fast,302}"] > 190
    assert found["ginnel_lookups_total{memory}"] >= 199
    assert found["ginnel_ingestion_batches_total{}"] >= 1
    assert found["ginnel_dead_letters{}"] == 0
    assert 0 < time.time() - found["process_start_time_seconds{}"] < 300
    assert slug not in httpx.get(f"{watched.base}/metrics", headers={"host": "localhost"}, timeout=10).text
    assert _refused(watched)


def _refused(started: Running) -> bool:
    """Ask by another name, as a page would that has its own lead to this machine."""
    with socket.create_connection(("127.0.0.1", started.port), timeout=10) as one:
        one.sendall(b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        return one.recv(65536).startswith(b"HTTP/1.1 404")
