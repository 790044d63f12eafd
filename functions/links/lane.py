"""The function's way in, by parts."""

from __future__ import annotations

from ginnel import downloads, keyring, lambdas, parts, postgres, redis_settings, settings

NEEDS = (postgres.Settings, redis_settings.Settings, settings.Site, keyring.Settings, downloads.Settings)

_BY_RESOURCE = {
    "stats": "statistics",
    "tags": "tags",
    "domains": "domains",
    "orphans": "orphans",
    "targets": "targets",
    "webhooks": "webhooks",
    "imports": "exchange",
    "shared": "shared",
}
"""Modules of routes by the third segment of their paths."""
_OF_LINKS = {
    "export": "exchange",
    "qr": "qr",
    "available": "inspecting",
    "explain": "inspecting",
    "history": "inspecting",
    "bulk": "writing",
    "revert": "writing",
    "shares": "shares",
}
"""And of links', by what follows the id, or stands in its place."""
_BY_DUTY = {"blocked-hosts": "blocked", "links": "moderation"}
"""And of those below /api/v1/admin, by the fourth."""
PARTS = {"reading", "extracts", *_BY_RESOURCE.values(), *_OF_LINKS.values(), *_BY_DUTY.values()}


def module(method: str, path: str) -> str:
    """Name the module that has the route of a request, if any has."""
    segments = path.rstrip("/").split("/")
    resource = segments[3] if len(segments) > 3 else ""  # noqa: PLR2004  # /api/v1/resource
    if resource == "admin":
        return _BY_DUTY.get("".join(segments[4:5]), "blocked")
    if resource == "stats" and segments[-1] == "export":
        return "extracts"
    if resource in _BY_RESOURCE:
        return _BY_RESOURCE[resource]
    return _OF_LINKS.get("".join(segments[5:6]) or segments[-1]) or ("reading" if method == "GET" else "writing")


part = parts.maker("Links", __package__, needs=NEEDS)
handler = lambdas.serve(parts.joined(part, module, parts=PARTS))
