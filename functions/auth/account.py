"""Accounts: register, sign in, stay signed in, sign out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from ginnel import access, factors, installation, sessions, tokens, users, web, workspaces
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, TooManyRequests, Unauthorized
from ginnel.installation import RegistrationOut
from ginnel.invitations import answering
from ginnel.invitations.drafts import OVER
from ginnel.users import Credentials, Registration, UserOut
from ginnel.web import Now

from . import cookies, guard
from .signing import OwnPage, SignedIn, sign_in, signed_in

router = APIRouter()


class SignIn(Credentials):
    passkey: Annotated[
        factors.Assertion | None,
        Field(description="In place of `totp`: what the browser made of the options for signing in with a passkey."),
    ] = None


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


class MeOut(web.Output):
    user: UserOut
    workspace: Annotated[int, Field(description="The workspace that calls are about.", examples=[7])]
    role: workspaces.Role
    scopes: Annotated[Sequence[str], Field(examples=[["links:read", "links:write"]])]


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


@router.post(
    "/api/v1/auth/login",
    tags=["auth"],
    summary="Sign in",
    description="Starts a session. The refresh token comes as a cookie that only `refresh` and `logout` read. A browser that "
    "signs in is remembered by another cookie, with which it does so even while strangers are kept from guessing. An account "
    "with a second factor needs `totp`, its app's code or a recovery code, or `passkey` besides the password.",
    responses=web.problems(
        users.CredentialsInvalid,
        factors.TotpRequired,
        factors.TotpInvalid,
        factors.PasskeyRequired,
        factors.passkeys.PasskeyInvalid,
        factors.CodesThrottled,
        cookies.CrossSite,
        Invalid,
        TooManyRequests,
    ),
    dependencies=[OwnPage],
)
async def login(given: SignIn, request: Request, response: Response, conn: Conn, now: Now) -> SignedIn:
    tried = await guard.login(conn, given.email, request, now=now)
    user = await users.authenticate(conn, given, only=tried.known)
    means = await factors.demand(conn, user, given.totp, passkey=given.passkey, now=now)
    guard.entered(conn, tried)
    return await sign_in(conn, user, request, response, second_factor=means, now=now)


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
