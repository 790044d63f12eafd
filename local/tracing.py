"""Whether a host and its workers send traces by OTLP: once OTEL_EXPORTER_OTLP_ENDPOINT is set, by packages that are an extra.

Calls of the API have spans. Visits have none: one costs as much as a visit does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Scope

from ginnel import settings, traces
from ginnel.observe import log

if TYPE_CHECKING:
    from local.otlp import Tracing


@dataclass(frozen=True)
class Settings:
    otel_exporter_otlp_endpoint: str | None = None
    """A collector that takes OTLP over HTTP, at `/v1/traces` below this. Its packages read all other OTEL_… themselves."""

    def __post_init__(self) -> None:
        if self.otel_exporter_otlp_endpoint is None:
            return
        parts = urlsplit(self.otel_exporter_otlp_endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("OTEL_EXPORTER_OTLP_ENDPOINT must be an http(s) address, such as http://localhost:4318")


_tracing: Tracing | None = None


def begin(service: str) -> None:
    """Have spans sent from now on, if they are wanted, under this name unless OpenTelemetry's variables give another.

    Without its packages, or with variables that contradict each other, all goes on without. Raises BadSettings.
    """
    global _tracing  # noqa: PLW0603  # a process has one
    if settings.read(Settings).otel_exporter_otlp_endpoint is None or _tracing:
        return
    try:
        from local.otlp import Tracing  # noqa: PLC0415  # for those who want traces

        _tracing = Tracing(service)
    except ImportError as error:
        log.warning("traces_unavailable", missing=error.name, install="requirements/traces.txt")
    except ValueError:
        log.exception("traces_unavailable")
    traces.keep(_tracing)


async def end() -> None:
    """Send what is left, for a moment at most."""
    global _tracing  # as above
    ended, _tracing = _tracing, None
    traces.keep(None)
    if ended:
        await ended.end()


def followed(app: ASGIApp, scope: Scope) -> ASGIApp:
    """Return the app, or for a call of the API what answers by it within a span: of the caller's trace, if it has one."""
    return _tracing.followed(app) if _tracing and scope["path"].startswith("/api/") else app
