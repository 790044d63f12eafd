"""Guests: a session for somebody who has not signed up."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ginnel import installation, web
from ginnel.db import Conn
from ginnel.errors import TooManyRequests
from ginnel.guests import beginning
from ginnel.web import Now

from . import cookies, guard
from .signing import OwnPage, SignedIn, sign_in

router = APIRouter()


@router.post(
    "/api/v1/auth/guest",
    status_code=201,
    tags=["auth"],
    summary="Begin as a guest",
    description="Makes an account without an address or a password, with a workspace of its own, and signs it in as "
    "`POST /api/v1/auth/register` does. A guest makes up to ten links, which lead on for seven days at most, by the ordinary "
    "calls; what needs more is answered 403 `guest_not_allowed`. Registering with the guest's access token keeps account, "
    "workspace and links; guests who don't register are erased a week after their last link has expired. Signing in to another "
    "account leaves a guest as they are.",
    responses=web.problems(cookies.CrossSite, installation.GuestsOff, TooManyRequests),
    dependencies=[OwnPage],
)
async def begin(request: Request, response: Response, conn: Conn, now: Now) -> SignedIn:
    await installation.admit_guest(conn)
    await guard.guest(conn, request)
    user = await beginning.begin(conn, now=now)
    return await sign_in(conn, user, request, response, remembered=False, now=now)
