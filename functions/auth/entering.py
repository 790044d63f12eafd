"""Signing in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from ginnel import factors, users, web
from ginnel.db import Conn
from ginnel.errors import Invalid, TooManyRequests
from ginnel.users import Credentials
from ginnel.web import Now

from . import cookies, guard
from .signing import OwnPage, SignedIn, sign_in

router = APIRouter()


class SignIn(Credentials):
    passkey: Annotated[
        factors.Assertion | None,
        Field(description="In place of `totp`: what the browser made of the options for signing in with a passkey."),
    ] = None


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
