"""An app that is imported by parts: a cold start imports the one that is asked for, and no other.

Where a start is kept and restored many times (SnapStart), all parts are made before: then it is for nothing that they wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from ginnel import settings, web

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mangum.types import ASGI
    from starlette.types import Receive, Scope, Send


def maker(title: str, package: str, *, needs: Sequence[type]) -> Callable[[str], FastAPI]:
    """Make what makes the app of a part: of the `router` in the package's module of that name, once."""
    made: dict[str, FastAPI] = {}
    for kind in needs:
        settings.read(kind)

    def part(name: str) -> FastAPI:
        if name not in made:
            app = web.new_app(title, needs=needs)
            app.include_router(import_module(f".{name}", package).router)
            made[name] = app
        return made[name]

    return part


def joined(part: Callable[[str], FastAPI], module: Callable[[str, str], str], *, parts: Iterable[str]) -> ASGI:
    """Make the app that hands each request to the part that `module` names by its method and path."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await part(module(scope["method"], scope["path"]))(scope, receive, send)

    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        for name in parts:
            part(name)
    return app
