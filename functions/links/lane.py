"""The function's way in, by parts."""

from __future__ import annotations

from ginnel import exports, lambdas, parts, postgres, redis_settings, settings, tokens

NEEDS = (postgres.Settings, redis_settings.Settings, settings.Site, tokens.Settings, exports.Settings)

_BY_RESOURCE = {
    "stats": "statistics",
    "tags": "tags",
    "domains": "domains",
    "orphans": "orphans",
    "admin": "blocked",
    "targets": "targets",
    "webhooks": "webhooks",
    "imports": "exchange",
}
"""Modules of routes by the third segment of their paths."""
_BY_ENDING = {
    "export": "exchange",
    "qr": "qr",
    "available": "inspecting",
    "explain": "inspecting",
    "history": "inspecting",
    "bulk": "writing",
    "revert": "writing",
}
"""And of links', by their last."""
PARTS = {"reading", *_BY_RESOURCE.values(), *_BY_ENDING.values()}


def module(method: str, path: str) -> str:
    """Name the module that has the route of a request, if any has."""
    segments = path.rstrip("/").split("/")
    resource = segments[3] if len(segments) > 3 else ""  # noqa: PLR2004  # /api/v1/resource
    if resource in _BY_RESOURCE:
        return _BY_RESOURCE[resource]
    return _BY_ENDING.get(segments[-1]) or ("reading" if method == "GET" else "writing")


part = parts.maker("Links", __package__, needs=NEEDS)
handler = lambdas.serve(parts.joined(part, module, parts=PARTS))
