"""Logs and counts: one JSON line an event, never a token, an address or a query string.

`log.info("link_created", slug=slug)`: the event's name first, its fields by keyword.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")

counters: Counter[str] = Counter()
"""Events counted since the process started, by name."""


def count(name: str, amount: int = 1) -> None:
    counters[name] += amount


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        if identifier := request_id.get():
            line["request_id"] = identifier
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0]:
            # The message of a database error may quote a whole row: its type and place are enough to find it.
            line["error"] = record.exc_info[0].__name__
            trace = record.exc_info[2]
            while trace and trace.tb_next:
                trace = trace.tb_next
            if trace:
                line["where"] = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        return json.dumps(line, ensure_ascii=True, default=str)


class _Log:
    """The standard logger with fields by keyword."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("ginnel")
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_JsonLines())
        self._logger.handlers[:] = [handler]
        self._logger.setLevel((os.environ.get("LOG_LEVEL") or "INFO").upper())
        self._logger.propagate = False

    def info(self, event: str, **fields: object) -> None:
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, **fields: object) -> None:
        self._logger.warning(event, extra={"fields": fields})

    def exception(self, event: str, **fields: object) -> None:
        self._logger.error(event, exc_info=True, extra={"fields": fields})  # noqa: LOG014  # called from handlers


log = _Log()
