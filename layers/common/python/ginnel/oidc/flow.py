"""The way to the provider and back (OpenID Connect Core 1.0, section 3.1), and who may come back by it.

A ticket's secret goes along as `state`, and is good once. Beside it stands what the browser's cookie must fit: the cookie is
PKCE's verifier (RFC 7636), and only its challenge is kept and sent. So whoever gets hold of the address that leads back, of
the code in it, or of the database, can do nothing without the browser that went.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import tickets, tokens
from ginnel.errors import BadRequest
from ginnel.tickets import TicketInvalid
from ginnel.users import User

from . import idtokens
from .idtokens import Said
from .provider import Provider, ProviderAway

LIFETIME = tickets.LIFETIME
HOME = "/app"
"""Where people go on to who did not ask for anything else."""
_SIGN_IN = "/app/sign-in"
_PATIENCE = 8.0
"""Seconds for all that the provider is asked when somebody comes back: on Lambda a request may take ten."""


class StateInvalid(BadRequest):
    """This browser has not set out for the provider within ten minutes, or has come back already."""

    code = "state_invalid"


class AccessDenied(BadRequest):
    """They did not agree at the provider."""

    code = "access_denied"


class ProviderRefused(BadRequest):
    """The provider did not sign them in."""

    code = "provider_refused"


@dataclass(frozen=True)
class Departure:
    """Where to go, and the secret that the browser keeps meanwhile."""

    address: str
    secret: str


@dataclass(frozen=True)
class Return:
    """Who has come back: to sign in, or to link what they come with to an account of which they hold a session."""

    secret: str
    next: str
    user: int | None
    session: int | None


async def depart(  # noqa: PLR0913  # what is to be known of them when they come back, each by name
    conn: AsyncSession,
    provider: Provider,
    *,
    next: str,  # noqa: A002  # the parameter's name
    user: int | None = None,
    session: int | None = None,
    now: datetime,
) -> Departure:
    """Send a browser to the provider. Raises ProviderAway.

    Whoever holds a connection asks for `provider.metadata` before, so that nothing has to be waited for here.
    """
    known = await provider.metadata()
    secret = tokens.secret()
    challenge = _challenge(secret)
    state = await tickets.issue(
        conn, "oidc_state", user=user, lifetime=LIFETIME, now=now, browser=challenge, next=next, session=session
    )
    asked = {
        "response_type": "code",
        "client_id": provider.client,
        "redirect_uri": provider.callback,
        "scope": provider.scopes,
        "state": state,
        "nonce": _nonce(secret),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in known.authorization else "?"
    return Departure(known.authorization + joint + urlencode(asked), secret)


async def arrive(conn: AsyncSession, *, state: str, secret: str, now: datetime) -> Return:
    """Take a browser that comes back, once. Raises StateInvalid."""
    try:
        ticket = await tickets.redeem(conn, "oidc_state", state, now=now)
    except TicketInvalid:
        ticket = None
    if ticket is None or not _fits(secret, ticket.data["browser"]):
        raise StateInvalid("Please begin again: this browser has not just set out for the provider.")
    return Return(secret, ticket.data["next"], ticket.user_id, ticket.data["session"])


async def ask(  # noqa: PLR0913  # what the provider has sent along, each by name
    provider: Provider, came: Return, *, code: str | None, error: str | None, issuer: str | None, now: datetime
) -> Said:
    """Have the provider say who has come back.

    Raises AccessDenied, ProviderRefused, CodeRefused, TokenRefused, ProviderAway.
    """
    from ginnel import outbound  # noqa: PLC0415  # see provider

    try:
        async with outbound.within(_PATIENCE):
            known = await provider.metadata()
            # Another provider's answer must not be taken to this one (RFC 9207, section 2.4).
            if issuer != provider.issuer and (issuer is not None or known.names_itself):
                raise ProviderRefused("The answer is another provider's.")
            if error == "access_denied":
                raise AccessDenied("You did not agree at the provider.")
            if error is not None or not code:
                raise ProviderRefused("The provider did not sign you in.")
            answer = await provider.redeem(code, verifier=came.secret)
            return await idtokens.read(provider, answer, nonce=_nonce(came.secret), now=now)
    except TimeoutError:
        raise ProviderAway from None


async def hold(conn: AsyncSession, user: int, *, secret: str, now: datetime) -> str:
    """Let somebody wait until they have proved their second factor, in the same browser. Returns the ticket for it."""
    return await tickets.issue(conn, "oidc_factor", user=user, lifetime=LIFETIME, now=now, browser=_challenge(secret))


async def held(conn: AsyncSession, ticket: str, *, secret: str, now: datetime) -> User:
    """Say who waits. The ticket stays good: a code may be mistyped. Raises TicketInvalid."""
    waiting = await tickets.get(conn, "oidc_factor", ticket, now=now)
    user: User | None = await conn.scalar(select(User).where(User.id == waiting.user_id, User.disabled_at.is_(None)))
    if user is None or not _fits(secret, waiting.data["browser"]):
        raise TicketInvalid("This was used before, or is too old. Please sign in again.")
    return user


async def release(conn: AsyncSession, ticket: str, *, now: datetime) -> None:
    """Use a ticket of `hold` up. Raises TicketInvalid."""
    await tickets.redeem(conn, "oidc_factor", ticket, now=now)


def sign_in_page(next: str = HOME, **said: str) -> str:  # noqa: A002  # the parameter's name
    """Address the page where people sign in, and say something to it that no server hears of."""
    wanted = f"?next={quote(next, safe='')}" if next != HOME else ""
    return f"{_SIGN_IN}{wanted}#{urlencode(said)}"


def failed(came: Return | None, code: str) -> str:
    """Address the page that tells people why they did not get in, or why nothing was linked."""
    if came is None or came.user is None:
        return sign_in_page(came.next if came else HOME, error=code)
    return f"{came.next.partition('#')[0]}#{urlencode({'error': code})}"


def _challenge(secret: str) -> str:
    return base64.urlsafe_b64encode(tokens.digest(secret)).rstrip(b"=").decode()


def _nonce(secret: str) -> str:
    return tokens.digest(f"nonce {secret}").hex()


def _fits(secret: str, challenge: str) -> bool:
    return hmac.compare_digest(_challenge(secret), challenge)
