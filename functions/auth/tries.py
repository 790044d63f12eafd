"""How often somebody may have mail sent."""

from __future__ import annotations

from fastapi import Request

from ginnel import throttle, users, visits, web

MAILS, MAILS_FROM = 5, 30
"""Mails to one address, and asked for from one, within `WINDOW` seconds."""
WINDOW = 3600


async def mail(request: Request, email: str) -> None:
    """Count a mail that is asked for. Raises TooManyRequests, whether or not the address is known."""
    place = visits.network(web.address(request))
    for name, limit in ((f"mail-from:{place}", MAILS_FROM), (f"mail-to:{users.key(email)}", MAILS)):
        await throttle.check(
            name,
            limit=limit,
            seconds=WINDOW,
            detail="Several mails were asked for already: look there, or try again later.",
        )
