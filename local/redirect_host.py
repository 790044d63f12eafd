"""The redirect function alone, for hosts that see nothing but visitors: whatever is in front sends the rest elsewhere."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from ginnel import web
from local import metrics
from local.lifespan import lifespan
from redirect.app import app as redirect
from redirect.app import slugs_only

_metrics = metrics.app()
_ROUTES = {path for path, _ in web.routes(redirect)}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    if _metrics and scope["path"] == metrics.PREFIX:
        await _metrics(scope, receive, send)
        return
    is_slug = scope["path"] not in _ROUTES and scope["method"] in {"GET", "HEAD"}
    await (slugs_only if is_slug else redirect)(scope, receive, send)
