"""What proves who is calling: short-lived signed access tokens (RFC 9068), and random secrets, stored as digests."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

from ginnel import jwks, keyring, settings
from ginnel.errors import Unauthorized

LIFETIME = jwks.LIFETIME
TYPE = "at+jwt"
MAX_TOKEN = 2048
"""Characters. Ours have about 400; what is longer is not worth decoding."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a verified access token says."""

    user: int
    session: int


class TokenInvalid(Unauthorized):
    """The access token is not one of ours, or not an access token."""

    code = "token_invalid"


class KeyUnknown(TokenInvalid):
    """The token has our form, and names a key that is not in hand."""


class TokenExpired(Unauthorized):
    """The access token was ours, and its time is over: refresh it."""

    code = "token_expired"


async def issue(*, user: int, session: int, now: datetime) -> str:
    key = (await keyring.ring().newest()).signer(now)
    issued = int(now.timestamp())
    claims = {
        **_expected(),
        "client_id": "ginnel",
        "sub": str(user),
        "sid": str(session),
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(claims, key.secret, jwks.ALGORITHM, {"typ": TYPE, "kid": key.kid})


async def accept(token: str, *, now: datetime) -> Access:
    """Read an access token, by a new key if need be. Raises as `verify` does, or Unavailable if there may be a new key."""
    ring = keyring.ring()
    ring.mind()
    try:
        return verify(token, now=now)
    except KeyUnknown:
        if not await ring.renewed():
            raise
    return verify(token, now=now)


def verify(token: str, *, now: datetime) -> Access:
    """Read an access token by the keys in hand. Raises TokenInvalid, or TokenExpired for one that was good once."""
    key = keyring.ring().keys().find(_kid(token))
    if key is None:
        raise KeyUnknown("The access token is not valid.")
    if key.ended(now):
        raise TokenInvalid("The access token is not valid.")
    expected = _expected()
    try:
        claims = jwt.decode(
            token,
            key.secret,
            [jwks.ALGORITHM],
            # The time is checked below, by the clock that was passed in.
            {
                "require": ["iss", "aud", "sub", "sid", "iat", "exp"],
                "strict_aud": True,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
            audience=expected["aud"],
            issuer=expected["iss"],
        )
    except jwt.InvalidTokenError as error:
        raise TokenInvalid("The access token is not valid.") from error
    expires = claims["exp"]
    if type(expires) is not int:
        raise TokenInvalid("The access token is not valid.")
    if expires <= now.timestamp():
        raise TokenExpired("The access token has expired.")
    return Access(user=_number(claims["sub"]), session=_number(claims["sid"]))


def secret() -> str:
    """Draw 256 bits, as 43 characters that are safe in a header, a cookie and an address."""
    return secrets.token_urlsafe(32)


def digest(text: str) -> bytes:
    """Hash a secret for keeping. No salt and no stretching: 256 random bits can't be guessed."""
    return hashlib.sha256(text.encode()).digest()


def _expected() -> dict[str, str]:
    origin = settings.site().origin
    return {"iss": origin, "aud": f"{origin}/api/v1"}


def _kid(token: str) -> str:
    """Return the id of the key that must have signed this token, if it is one of ours.

    PyJWT takes spellings that RFC 7515 forbids (padding, for one), so the form is settled before it sees the token: a
    token that verifies has exactly one spelling. Other header members are refused with their features (crit, b64, jwk).
    """
    parts = token.split(".") if len(token) <= MAX_TOKEN else []
    try:
        header, _, _ = (jwks.decoded(part) for part in parts)
        fields = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise TokenInvalid("The access token is not valid.") from error
    match fields:
        case {"alg": "HS256", "typ": "at+jwt", "kid": str(kid), **others} if not others:
            return kid
    raise TokenInvalid("The access token is not valid.")


def _number(claim: Any) -> int:  # noqa: ANN401  # whatever JSON held
    if not (isinstance(claim, str) and re.fullmatch(r"[0-9]{1,18}", claim)):
        raise TokenInvalid("The access token is not valid.")
    return int(claim)
