"""How the installation is doing."""

from __future__ import annotations

from fastapi import APIRouter, Response

from ginnel import figures, web
from ginnel.db import Conn
from ginnel.figures import System
from ginnel.web import Now

from .operator import REFUSALS, Operator

router = APIRouter(tags=["operation"])


@router.get(
    "/api/v1/admin/system",
    summary="See how the installation is doing",
    description="The stores, what waits in them, how much there is, and how often visits find their link in memory. What does "
    "not answer within a second is null and named in `away`.",
    responses=web.problems(*REFUSALS),
)
async def system(response: Response, conn: Conn, me: Operator, now: Now) -> System:  # noqa: ARG001  # asks who may
    response.headers["cache-control"] = "no-store"
    return await figures.system(conn, now)
