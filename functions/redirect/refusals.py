"""Saying why there is no redirect."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import Response
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import Scope

from ginnel import errors, observe

from . import pages, texts

UNCACHED = {"cache-control": "no-store", "x-robots-tag": "noindex"}

_NONE: Mapping[str, str] = MappingProxyType({})


def answer(scope: Scope, status: int, code: str, extra: Mapping[str, str] = _NONE) -> Response:
    """Say so by a page, or by a problem to clients that ask for JSON or mistyped a call's path."""
    headers = Headers(scope=scope)
    common = {**UNCACHED, "vary": "accept, accept-language", **extra}
    accept = headers.get("accept", "")
    # Where a host's own lane has seen that it is a slug, there is no path any more.
    if f"{scope.get('path')}/".startswith("/api/") or ("json" in accept and "text/html" not in accept):
        body = errors.body(status, code, ". ".join(texts.TEXTS["en"][code]), observe.request_id.get())
        return JSONResponse(body, status, common, media_type="application/problem+json")
    page = pages.refusal(code, headers.get("accept-language", ""))
    return Response(page, status, {**common, **pages.HEADERS})
