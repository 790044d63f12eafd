"""How often somebody may try a password, make an account or be a guest, from one place or at one account.

An account's count is for strangers, who could keep its owner out by using it up: a browser from which the owner has signed in
is counted for itself. Tries are counted before any hash is computed, and alike for addresses that are known and unknown; those
with the right password are given back then, so that who signs in often, such as a program, is no guesser.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import db, devices, settings, throttle, users, visits, web

from . import cookies
from .bounds import Settings

_WINDOW = 600
_HOUR = 3600
_DAY = 86_400


class Try(NamedTuple):
    """A try to sign in: whose remembered browser it comes from, if any, and where it was counted."""

    known: int | None
    counted: Sequence[throttle.Tried]


async def login(conn: AsyncSession, email: str, request: Request, *, now: datetime) -> Try:
    """Count a try to sign in. Raises TooManyRequests."""
    wanted, run = settings.read(Settings), db.on(conn)
    if secret := cookies.read_device(request):
        device = await devices.find(conn, secret, email=users.spelling(email), now=now)
        if device is not None:
            name = f"login:device:{device.id}"
            tried = await throttle.check(name, limit=wanted.login_tries, seconds=_WINDOW, run=run)
            return Try(device.user_id, [tried])
    place = visits.network(web.address(request))
    counted = [
        await throttle.check(name, limit=limit, seconds=_WINDOW, run=run)
        for name, limit in (
            (f"login:from:{place}", wanted.login_tries_address),
            (f"login:as:{users.key(email)}", wanted.login_tries),
        )
    ]
    return Try(None, counted)


def entered(conn: AsyncSession, tried: Try) -> None:
    """Give back what was counted before it turned out to be somebody who may enter, once they have their session."""

    async def give_back() -> None:
        # The request's own connection is free again, and there may be but one.
        async with db.session() as fresh:
            for counted in tried.counted:
                await throttle.give_back(counted, run=db.on(fresh))

    db.after_commit(conn, give_back)


async def registration(conn: AsyncSession, email: str, request: Request) -> bool:
    """Count an account that is to be made, and say whether its mailbox may hear of it. Raises TooManyRequests.

    A mailbox that others claim again and again is left in peace; to be told so would be of use to nobody but them.
    """
    wanted, run = settings.read(Settings), db.on(conn)
    place = visits.network(web.address(request))
    await throttle.check(f"register:from:{place}", limit=wanted.registrations_address, seconds=_DAY, run=run)
    return await throttle.spend(
        f"register:as:{users.key(email)}", limit=wanted.registration_mails, seconds=_DAY, run=run
    )


async def guest(conn: AsyncSession, request: Request) -> None:
    """Count a guest who is to be made. Raises TooManyRequests.

    One address uses up no more of what there is for all than it may have itself: what is refused does not count.
    """
    wanted, run = settings.read(Settings), db.on(conn)
    place = visits.network(web.address(request))
    for name, limit, seconds in (
        (f"guest:from:{place}:{_HOUR}", wanted.guests_address_hour, _HOUR),
        (f"guest:from:{place}:{_DAY}", wanted.guests_address, _DAY),
        ("guest:all", wanted.guests_total, _DAY),
    ):
        detail = "Many have begun as guests already. Sign up, or try again later."
        await throttle.check(name, limit=limit, seconds=seconds, run=run, detail=detail)
