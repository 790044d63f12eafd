"""How often somebody may have mail sent, and try a password of their own."""

from __future__ import annotations

import hashlib

from fastapi import Request

from ginnel import throttle, users, visits
from ginnel.errors import TooManyRequests

MAILS, MAILS_FROM = 5, 30
"""Mails to one address, and asked for from one, within `WINDOW` seconds."""
WINDOW = 3600
PROOFS, PROOF_WINDOW = 10, 600
"""Passwords that somebody who is signed in may send as proof, within so many seconds."""


async def mail(request: Request, email: str) -> None:
    """Count a mail that is asked for. Raises TooManyRequests, whether or not the address is known."""
    peer = request.client.host if request.client else ""
    asker = visits.address(peer, request.headers.getlist("x-forwarded-for")).decode("latin-1")
    # Nobody's address is written down for this.
    mailbox = hashlib.sha256(users.key(email).encode()).hexdigest()[:32]
    for name, limit in ((f"mail-from:{asker}", MAILS_FROM), (f"mail-to:{mailbox}", MAILS)):
        if not await throttle.spend(name, limit=limit, seconds=WINDOW):
            raise TooManyRequests(
                "Several mails were asked for already: look there, or try again later.",
                headers={"retry-after": str(WINDOW)},
            )


async def proof(user: int) -> None:
    """Count a password that is sent as proof. Raises TooManyRequests."""
    if not await throttle.spend(f"proof:{user}", limit=PROOFS, seconds=PROOF_WINDOW):
        raise TooManyRequests("Too many passwords were tried.", headers={"retry-after": str(PROOF_WINDOW)})
