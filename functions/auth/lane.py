"""The function's way in: a cold start imports the part of the app that is asked for, and no other.

Where a start is kept and restored many times (SnapStart), all parts are made before: then it is for nothing that they wait.
"""

from __future__ import annotations

import functools
import os
from importlib import import_module
from typing import TYPE_CHECKING

from ginnel import keyring, lambdas, postgres, settings, web

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

NEEDS = (settings.Site, postgres.Settings, keyring.Settings)

_BY_RESOURCE = {
    "auth": "account",
    "api-keys": "keys",
}
"""Modules of routes by the third segment of their paths."""
_BY_DEED: dict[str, str] = {}
"""And of those below /api/v1/auth, by the fourth, where it is not `account`."""


def module(path: str) -> str:
    """Name the module that has the route of a path, if any has."""
    resource, deed = (path.split("/") + ["", ""] * 2)[3:5]
    if resource == "auth" and deed in _BY_DEED:
        return _BY_DEED[deed]
    return _BY_RESOURCE.get(resource, "account")


for kind in NEEDS:
    settings.read(kind)


@functools.cache
def part(name: str) -> FastAPI:
    app = web.new_app("Auth", needs=NEEDS)
    app.include_router(import_module(f".{name}", __package__).router)
    return app


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    await part(module(scope["path"]))(scope, receive, send)


if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
    for name in {*_BY_RESOURCE.values(), *_BY_DEED.values()}:
        part(name)

handler = lambdas.serve(_app)
