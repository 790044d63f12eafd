"""Making an account."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ginnel import access, installation, tokens, users, web
from ginnel.db import Conn
from ginnel.errors import Invalid, TooManyRequests, Unauthorized
from ginnel.installation import RegistrationOut
from ginnel.invitations import answering
from ginnel.invitations.drafts import OVER
from ginnel.users import Registration
from ginnel.web import Now

from . import cookies, guard
from .signing import OwnPage, SignedIn, sign_in

router = APIRouter()


@router.get(
    "/api/v1/auth/registration",
    tags=["auth"],
    summary="May I register?",
    description="Says who may: everybody, those with an invitation, or nobody; and whether links can be made before. An "
    "administrator may change it at any time.",
)
async def registration(response: Response, conn: Conn) -> RegistrationOut:
    response.headers["cache-control"] = "no-store"
    return RegistrationOut.of(await installation.registration(conn))


@router.post(
    "/api/v1/auth/register",
    status_code=201,
    tags=["auth"],
    summary="Register",
    description="Makes an account with a workspace of its own, and signs it in: the refresh token comes as a cookie. Whether "
    "the address has an account already is told to its mailbox alone, from where the address is confirmed, too. With a "
    "guest's access token that guest becomes the account, and keeps workspace and links; expiries that these were given are "
    "lifted, and the guest's sessions end. Other tokens change nothing, but one that is good no more is refused.",
    responses=web.problems(
        cookies.CrossSite,
        Unauthorized,
        tokens.TokenInvalid,
        tokens.TokenExpired,
        access.SessionEnded,
        installation.RegistrationClosed,
        *OVER,
        users.EmailTaken,
        users.GuestGone,
        Invalid,
        TooManyRequests,
    ),
    # The token may be left out.
    openapi_extra={"security": [{}]},
    dependencies=[OwnPage],
)
async def register(  # noqa: PLR0913  # FastAPI injects each by its type
    wanted: Registration, request: Request, response: Response, bearer: access.Bearer, conn: Conn, now: Now
) -> SignedIn:
    guest = await access.guest(bearer, conn, now=now)
    tell = await guard.registration(conn, wanted.email, request)
    admission = await installation.admit(conn, email=wanted.email, invitation=wanted.invitation, now=now)
    user = await users.register(conn, wanted, verified=admission.proved, tell=tell, guest=guest, now=now)
    if guest is not None:
        from ginnel.guests import settling  # noqa: PLC0415  # with all of what links are

        await settling.settle(conn, guest, now=now)
    if admission.joins and wanted.invitation:
        await answering.accept(conn, wanted.invitation, user=user.id, now=now)
    return await sign_in(conn, user, request, response, now=now)
