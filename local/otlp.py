"""What OpenTelemetry's packages do for `tracing`, which imports this where traces are wanted.

The tracer is ours alone. The global one would be found by whatever has instruments of its own in it, such as FastAPI, and
these tell paths and queries.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ginnel import VERSION, metrics
from ginnel.observe import log
from ginnel.traces import SERVER

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FAREWELL = 2.0
"""Seconds in which what is left may be sent. A collector that is away would otherwise be tried for ten."""
_FAULT = 500
_PARENT = TraceContextTextMapPropagator()


class Kept:
    """A `traces.Span` that is sent when it ends."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self.kept = span.is_recording()

    @property
    def headers(self) -> Mapping[str, str]:
        carrier: dict[str, str] = {}
        _PARENT.inject(carrier, trace.set_span_in_context(self._span, Context()))
        return carrier

    def name(self, name: str) -> None:
        self._span.update_name(name)

    def tell(self, attributes: Mapping[str, str | int | None]) -> None:
        self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    def fail(self, kind: str) -> None:
        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR)


class Tracing:
    """What makes a process's spans, and a thread that sends them. Raises ValueError for variables that cannot both be."""

    def __init__(self, service: str) -> None:
        said = logging.getLogger("opentelemetry")
        said.handlers[:] = [_Misread()]
        said.propagate = False
        named = Resource.create({"service.name": service, "service.version": VERSION})
        self._provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        self._exporter = _Exporter()
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("ginnel", VERSION)
        # They would log each batch that is not taken, three times: see _Exporter.
        said.handlers[:] = [logging.NullHandler()]

    @contextlib.contextmanager
    def span(self, name: str, kind: str, parent: Context | None = None) -> Iterator[Kept]:
        span = self._tracer.start_span(name, kind=SpanKind[kind], context=parent or Context())
        kept = Kept(span)
        try:
            yield kept
        except BaseException as error:
            kept.fail(type(error).__name__)
            raise
        finally:
            span.end()

    def followed(self, app: ASGIApp) -> ASGIApp:
        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            method = metrics.known(scope["method"])
            told: dict[str, str | int | None] = {"http.request.method": method}

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    told["http.response.status_code"] = message["status"]
                    told["ginnel.request_id"] = dict(message["headers"]).get(b"x-request-id", b"").decode() or None
                await send(message)

            with self.span(method, SERVER, _parent(scope)) as span:
                try:
                    await app(scope, receive, noted)
                finally:
                    if route := getattr(scope.get("route"), "path", None):
                        span.name(f"{method} {route}")
                        told["http.route"] = route
                    span.tell(told)
                    status = told.get("http.response.status_code")
                    if isinstance(status, int) and status >= _FAULT:
                        span.fail(str(status))

        return traced

    async def end(self) -> None:
        """Send what is left, and give up what takes longer than a farewell."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, _FAREWELL)
        if sending.is_alive():
            self._exporter.shutdown()


def _parent(scope: Scope) -> Context:
    """Read the caller's `traceparent`; what is none, or more than one, is ignored, and so is whatever text comes beside it."""
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"]
    return _PARENT.extract({"traceparent": given[0]} if len(given) == 1 else {}, Context())


class _Misread(logging.Handler):
    """Tells what the packages say of their variables as they start, by where they do: their words may quote a token."""

    def emit(self, record: logging.LogRecord) -> None:
        log.warning("traces_misread", where=f"{record.name}:{record.lineno}")


class _Exporter(SpanExporter):
    """Sends spans, from a thread of its own. That the collector takes none is logged once, until it does again."""

    def __init__(self) -> None:
        self._sender = OTLPSpanExporter()
        self._away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._sender.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._away:
            log.warning("traces_unsent", spans=len(spans))
        self._away = failed
        return result

    def shutdown(self) -> None:
        self._sender.shutdown()  # type: ignore[no-untyped-call]  # it has no annotations
