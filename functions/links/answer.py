"""How a link is answered, and how its routes name it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from fastapi.responses import JSONResponse

from ginnel import web
from ginnel.outputs import LinkOut

LinkId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]


def of(link: LinkOut, status: int = 200) -> JSONResponse:
    return JSONResponse(link.model_dump(mode="json"), status, headers(link))


def headers(link: LinkOut) -> dict[str, str]:
    return {"etag": web.etag(link.version), "cache-control": "private, no-cache"}
