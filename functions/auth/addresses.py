"""E-mail addresses: proved to be one's own, and changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from ginnel import access, addresses, factors, mail, passwords, tickets, users, web
from ginnel.access import Person
from ginnel.db import Conn
from ginnel.errors import Invalid, TooManyRequests
from ginnel.users import Email
from ginnel.web import Now

from . import tries

router = APIRouter()


class Proof(web.Input):
    ticket: tickets.Given


class Proved(Proof):
    password: Annotated[
        passwords.Given | None, Field(description="The account's, where no access token of it is sent.")
    ] = None


class Resent(web.Input):
    email: Annotated[Email | None, Field(description="Left out, your own, if you are signed in.")] = None


class NewAddress(web.Input):
    email: Email
    password: passwords.Given


class Confirmed(web.Output):
    changed: Annotated[
        bool,
        Field(description="Whether the address is changed by now; false while the other one has still to confirm it."),
    ]


@router.post(
    "/api/v1/auth/verify",
    status_code=204,
    tags=["auth"],
    summary="Prove an e-mail address",
    description="With the ticket of the mail that was sent there, which is good once, for a day; and with an access token of "
    "the account or its password, as it may be somebody else who has registered with your address.",
    responses=web.problems(
        *access.OF_PERSON,
        tickets.TicketInvalid,
        addresses.AccountUnproved,
        factors.PasswordWrong,
        addresses.AddressClaimed,
        TooManyRequests,
        Invalid,
    ),
    # The token may be left out.
    openapi_extra={"security": [{}]},
)
async def verify(given: Proved, request: Request, bearer: access.Bearer, conn: Conn, now: Now) -> None:
    await addresses.verify(conn, given.ticket, by=await _whose(given, request, bearer, conn, now), now=now)


async def _whose(given: Proved, request: Request, bearer: access.Bearer, conn: Conn, now: Now) -> int:
    """Say who proves an address, by an access token or by the password of the account that the ticket is for."""
    if given.password is None:
        return (await access.person(request, bearer, conn, now)).user
    ticket = await tickets.get(conn, "verify", given.ticket, now=now)
    if ticket.user_id is None:
        raise tickets.refused()
    return (await factors.prove_password(conn, ticket.user_id, given.password, counted="verify")).id


@router.post(
    "/api/v1/auth/verify/resend",
    status_code=202,
    tags=["auth"],
    summary="Have that mail sent again",
    description="To your own address if you are signed in, or to the one that is named. Whether there is an account, and "
    "whether it has still to prove its address, the answer does not tell.",
    responses=web.problems(*access.OF_PERSON, Invalid, TooManyRequests),
    # The token may be left out.
    openapi_extra={"security": [{}]},
    response_class=Response,
)
async def resend(asked: Resent, request: Request, bearer: access.Bearer, conn: Conn, now: Now) -> Response:
    if asked.email is None:
        user = await users.get(conn, (await access.person(request, bearer, conn, now)).user)
        await tries.mail(request, user.email)
        mail.send(conn, "welcome", to=user.email, now=now, user=user.id)
    else:
        await tries.mail(request, asked.email)
        mail.send(conn, "welcome", to=asked.email, now=now)
    return Response(status_code=202, headers={"cache-control": "no-store"})


@router.post(
    "/api/v1/auth/email",
    status_code=202,
    tags=["auth"],
    summary="Change the e-mail address",
    description="Sends a mail to the new address, and one to the old one if that was proved. The change takes effect when the "
    "tickets of both have come to `POST /api/v1/auth/email/confirm` within a day. Another request replaces this one.",
    responses=web.problems(*access.OF_PERSON, factors.PasswordWrong, TooManyRequests, Invalid),
    response_class=Response,
)
async def change_email(
    wanted: NewAddress, request: Request, conn: Conn, me: Annotated[Person, Depends(access.person)], now: Now
) -> Response:
    user = await factors.prove_password(conn, me.user, wanted.password)
    # Not before: who can't prove who they are is not to use up another's mail, such as that for a forgotten password.
    await tries.mail(request, wanted.email)
    await addresses.ask_change(conn, user, email=wanted.email, now=now)
    return Response(status_code=202, headers={"cache-control": "no-store"})


@router.post(
    "/api/v1/auth/email/confirm",
    tags=["auth"],
    summary="Confirm a change of e-mail address",
    description="With the ticket of the mail that was sent to the old or the new address. Each is good once. Tickets that were "
    "sent to the old address for other purposes end with the change; sessions go on.",
    responses=web.problems(tickets.TicketInvalid, addresses.AddressClaimed, Invalid),
)
async def confirm_email(given: Proof, conn: Conn, now: Now) -> Confirmed:
    return Confirmed(changed=await addresses.confirm_change(conn, given.ticket, now=now))
