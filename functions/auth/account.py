"""Who is signed in: who they are, staying so, signing out. Most starts are for these, so they come with nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from ginnel import access, sessions, users, web, workspaces
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Unauthorized
from ginnel.users import UserOut
from ginnel.web import Now

from . import cookies
from .signing import OwnPage, SignedIn, signed_in

router = APIRouter()


class MeOut(web.Output):
    user: UserOut
    workspace: Annotated[int, Field(description="The workspace that calls are about.", examples=[7])]
    role: workspaces.Role
    scopes: Annotated[Sequence[str], Field(examples=[["links:read", "links:write"]])]


@router.post(
    "/api/v1/auth/refresh",
    tags=["auth"],
    summary="Stay signed in",
    description="Trades the refresh cookie, which is good for one use, for a new one and a new access token.",
    responses=web.problems(sessions.RefreshInvalid, sessions.RefreshReplayed, cookies.CrossSite, sessions.RefreshRaced),
    dependencies=[OwnPage],
)
async def refresh(request: Request, response: Response, conn: Conn, now: Now) -> SignedIn:
    try:
        grant = await sessions.rotate(conn, cookies.read(request), now=now)
    except Unauthorized as problem:
        problem.headers |= cookies.cleared()
        raise
    return await signed_in(await users.get(conn, grant.user), grant, response, now=now)


@router.post(
    "/api/v1/auth/logout",
    status_code=204,
    tags=["auth"],
    summary="Sign out",
    description="Ends the session of the refresh cookie, and that of the access token if one is sent. Can be repeated.",
    responses=web.problems(cookies.CrossSite),
    # The token may be left out.
    openapi_extra={"security": [{}]},
    dependencies=[OwnPage],
)
async def logout(request: Request, response: Response, bearer: access.Bearer, conn: Conn, now: Now) -> None:
    session = await access.session_of(bearer, now=now)
    await sessions.end(conn, session=session, secret=cookies.read(request), now=now)
    cookies.clear(response)


@router.get(
    "/api/v1/auth/me",
    tags=["auth"],
    summary="Who am I?",
    description="Says whose access token or API key this is, and what it may do.",
    responses=web.problems(*access.REFUSALS),
)
async def who_am_i(me: Annotated[Me, Depends(access.me)], response: Response, conn: Conn) -> MeOut:
    response.headers["cache-control"] = "private, no-store"
    user = await users.get(conn, me.user)
    return MeOut(user=UserOut.model_validate(user), workspace=me.workspace, role=me.role, scopes=sorted(me.scopes))
