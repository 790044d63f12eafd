"""A person's second factors: what there is, the authenticator app, and recovery codes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from ginnel import access, factors, sessions, users, web
from ginnel.access import Person
from ginnel.db import Conn
from ginnel.errors import Invalid
from ginnel.factors import FactorsOut, Proof, recovery, totp
from ginnel.factors.totp import TotpBegun, TotpInForce, TotpMissing
from ginnel.web import Now

router = APIRouter(tags=["factors"])

Self = Annotated[Person, Depends(access.person)]


class Confirmation(web.Input):
    code: Annotated[web.Text, Field(max_length=32, description="The app's code.", examples=["123456"])]


class RecoveryCodes(web.Output):
    recovery_codes: Annotated[
        list[str] | None,
        Field(
            description="Each stands in for the app once. They are shown this once. Null if you have some from before.",
            examples=[["7k3q-m9xv-2b8d-t4wz", "c5hn-0jrp-y6ga-e1sf"]],
        ),
    ]


@router.get(
    "/api/v1/auth/factors",
    summary="List your second factors",
    description="What is asked for besides your password, and how many recovery codes are left.",
    responses=web.problems(*access.OF_PERSON),
)
async def find_factors(conn: Conn, me: Self, response: Response) -> FactorsOut:
    response.headers["cache-control"] = "private, no-store"
    return await factors.find(conn, me.user)


@router.post(
    "/api/v1/auth/totp",
    status_code=201,
    summary="Set an authenticator app up",
    description="Draws a secret for an app that shows codes (RFC 6238). It is not in force until its first code is confirmed, "
    "within half an hour.",
    responses=web.problems(*access.OF_PERSON, TotpInForce, *factors.UNPROVED, Invalid),
)
async def begin_totp(given: Proof, conn: Conn, me: Self, response: Response, now: Now) -> TotpBegun:
    await factors.prove(conn, me.user, given, strong=me.second_factor is not None, now=now)
    response.headers["cache-control"] = "no-store"
    owner = await users.get(conn, me.user)
    return await totp.begin(conn, me.user, email=owner.email, now=now)


@router.post(
    "/api/v1/auth/totp/confirm",
    summary="Confirm the authenticator app",
    description="Puts the app into force by a code that it shows. This session counts as signed in with a second factor from "
    "then on. With the first factor come recovery codes.",
    responses=web.problems(*access.OF_PERSON, TotpMissing, totp.CodeWrong, Invalid),
)
async def confirm_totp(given: Confirmation, conn: Conn, me: Self, response: Response, now: Now) -> RecoveryCodes:
    response.headers["cache-control"] = "no-store"
    await totp.confirm(conn, me.user, "".join(given.code.split()), now=now)
    await sessions.strengthen(conn, me.session, second_factor="totp")
    await factors.tell(conn, me.user, "factor_added", "An authenticator app was added.", kind="totp", now=now)
    return RecoveryCodes(recovery_codes=await recovery.supply(conn, me.user, now=now))


@router.delete(
    "/api/v1/auth/totp",
    status_code=204,
    summary="Remove the authenticator app",
    description="Takes your password and a code, the app's or a recovery code. With the last factor the recovery codes go too.",
    responses=web.problems(*access.OF_PERSON, TotpMissing, factors.FactorNeeded, *factors.UNPROVED, Invalid),
)
async def remove_totp(given: Proof, conn: Conn, me: Self, now: Now) -> None:
    await factors.prove(conn, me.user, given, strong=me.second_factor is not None, now=now)
    await totp.remove(conn, me.user)
    await factors.settle(conn, me.user)
    await factors.tell(conn, me.user, "factor_removed", "The authenticator app was removed.", kind="totp", now=now)


@router.post(
    "/api/v1/auth/recovery-codes",
    status_code=201,
    summary="Make new recovery codes",
    description="Ten of them, in place of those that you had. An account without a second factor has no use for them.",
    responses=web.problems(*access.OF_PERSON, factors.FactorMissing, *factors.UNPROVED, Invalid),
)
async def renew_recovery_codes(given: Proof, conn: Conn, me: Self, response: Response, now: Now) -> RecoveryCodes:
    response.headers["cache-control"] = "no-store"
    await factors.prove(conn, me.user, given, strong=me.second_factor is not None, now=now)
    return RecoveryCodes(recovery_codes=await factors.renew_codes(conn, me.user, now=now))
