"""Passwords: forgotten, chosen anew, changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from ginnel import access, addresses, factors, mail, passwords, recovery, tickets, web
from ginnel.access import Person
from ginnel.db import Conn
from ginnel.errors import Invalid, TooManyRequests
from ginnel.users import Email
from ginnel.web import Now

from . import tries

router = APIRouter()


class Forgotten(web.Input):
    email: Email


class Reset(web.Input):
    ticket: tickets.Given
    password: passwords.New


class NewPassword(web.Input):
    current: passwords.Given
    new: passwords.New


@router.post(
    "/api/v1/auth/forgot",
    status_code=202,
    tags=["auth"],
    summary="Ask for a new password",
    description="Sends a mail with a link to choose one, if there is an account with this address. Whether there is one, the "
    "answer does not tell.",
    responses=web.problems(Invalid, TooManyRequests),
    response_class=Response,
)
async def forgot(asked: Forgotten, request: Request, conn: Conn, now: Now) -> Response:
    await tries.mail(request, asked.email)
    # The same work for every address. Whose it is, is looked up when the mail is written.
    mail.send(conn, "reset", to=asked.email, now=now)
    return Response(status_code=202, headers={"cache-control": "no-store"})


@router.post(
    "/api/v1/auth/reset",
    status_code=204,
    tags=["auth"],
    summary="Choose a new password",
    description="With the ticket of a mail in place of the old password. The ticket is good once, for ten minutes; a password "
    "that is refused does not use it up. All sessions end, and so do all other tickets of this kind. The ticket proves the "
    "address as `verify` does. API keys stay, as those of programs that go on working (look through `GET /api/v1/api-keys`): "
    "but where nobody had proved the address before, they end, too. A second factor stays in force.",
    responses=web.problems(tickets.TicketInvalid, addresses.AddressClaimed, Invalid),
)
async def reset(wanted: Reset, conn: Conn, now: Now) -> None:
    await recovery.reset(conn, wanted.ticket, wanted.password, now=now)


@router.post(
    "/api/v1/auth/password",
    status_code=204,
    tags=["auth"],
    summary="Change the password",
    description="Ends all sessions but this one, and says so by mail to an address that was proved. API keys stay.",
    responses=web.problems(*access.OF_PERSON, factors.PasswordWrong, TooManyRequests, Invalid),
)
async def change_password(
    wanted: NewPassword, conn: Conn, me: Annotated[Person, Depends(access.person)], now: Now
) -> None:
    await recovery.change(conn, me.user, session=me.session, current=wanted.current, new=wanted.new, now=now)
