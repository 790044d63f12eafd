"""Spans of what a process does, for who follows a request through several programs: what OpenTelemetry calls traces.

Whoever runs the process decides whether there are any, as `local.tracing` does. Here nothing is imported for them.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from typing import Protocol

    class Span(Protocol):
        """What is going on. It is told words of ours, numbers, routes' templates: no path, slug, query, address or token."""

        @property
        def headers(self) -> Mapping[str, str]:
            """What a call carries that is made in it: `traceparent` (W3C's Trace Context)."""

        @property
        def kept(self) -> bool:
            """Whether it is worth finding out what there is to tell."""

        def tell(self, attributes: Mapping[str, str | int | None]) -> None:
            """Say something of it, by the names of OpenTelemetry's semantic conventions or of ours. None is not said."""

        def fail(self, kind: str) -> None:
            """Say that it failed, by a word or the name of an exception, never by its message."""

    class Tracing(Protocol):
        def span(self, name: str, kind: str) -> AbstractContextManager[Span]: ...


SERVER, CLIENT, CONSUMER = "SERVER", "CLIENT", "CONSUMER"
"""Kinds of spans, by OpenTelemetry's names."""


class _Unkept:
    headers: Mapping[str, str] = {}
    kept = False

    def tell(self, attributes: Mapping[str, str | int | None]) -> None:
        pass

    def fail(self, kind: str) -> None:
        pass


_OFF: AbstractContextManager[Span] = nullcontext(_Unkept())
_tracing: Tracing | None = None


def keep(tracing: Tracing | None) -> None:
    """Have spans made by this from now on; by None, no more."""
    global _tracing  # noqa: PLW0603  # a process has one
    _tracing = tracing


def span(name: str, kind: str) -> AbstractContextManager[Span]:
    """Enter a span of its own trace. An exception that leaves it is told by its name."""
    return _tracing.span(name, kind) if _tracing else _OFF
