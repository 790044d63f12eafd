"""Whoever operates this learns when clicks wait for long."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator

import pytest

from clicks import backlog
from clicks.drain import Drain, Settings
from ginnel import observe, postgres


@pytest.fixture
async def drain(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Drain]:
    monkeypatch.setattr(backlog, "_told", -math.inf)
    made = Drain(Settings(consumer="tests"))
    await made.run(0)
    connection = await postgres.connect()
    await connection.execute("delete from dead_letters")
    await connection.close()
    yield made
    await made.run(0)
    await made.close()


async def test_a_line_tells_of_clicks_that_wait_for_long_and_of_nothing_else(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, object]] = []
    monkeypatch.setattr(observe.log, "warning", lambda event, **fields: lines.append({"event": event, **fields}))
    await backlog.report(drain)
    assert lines == []
    connection = await postgres.connect()
    await connection.execute("insert into outbox (created_at, payload) values (now() - interval '1 hour', 'a line')")
    await connection.close()
    await backlog.report(drain)
    assert lines == []  # not again so soon
    monkeypatch.setattr(backlog, "_told", -math.inf)
    await backlog.report(drain)
    (line,) = lines
    assert (line["event"], line["spilled"]) == ("clicks_waiting", 1)
    assert 3590 < float(str(line["oldest_seconds"])) < 3700


async def test_on_lambda_a_metric_tells_it_each_minute(
    drain: Drain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "clicks")
    await backlog.report(drain)
    told = json.loads(capsys.readouterr().out)
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Ginnel"
    assert {metric["Name"] for metric in directive["Metrics"]} == {
        "OldestClick", "StreamEntries", "OutboxPayloads", "DeadLetters",
    }  # fmt: skip
    assert told["OldestClick"] == [0.0]
