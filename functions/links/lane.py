"""The function's way in: a cold start imports the part of the app that is asked for, and no other.

Where a start is kept and restored many times (SnapStart), all parts are made before: then it is for nothing that they wait.
"""

from __future__ import annotations

import functools
import os
from importlib import import_module
from typing import TYPE_CHECKING

from ginnel import exports, lambdas, postgres, redis_settings, settings, tokens, web

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

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


for kind in NEEDS:
    settings.read(kind)


@functools.cache
def part(name: str) -> FastAPI:
    app = web.new_app("Links", needs=NEEDS)
    app.include_router(import_module(f".{name}", __package__).router)
    return app


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    await part(module(scope["method"], scope["path"]))(scope, receive, send)


if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
    for name in PARTS:
        part(name)

handler = lambdas.serve(_app)
