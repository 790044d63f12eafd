"""What proves who is calling: short-lived signed access tokens (RFC 9068), and random secrets, stored as digests.

To change keys without signing anybody out: add the new key at the end of JWT_KEYS everywhere, then move it to the front
everywhere, then drop the old one 15 minutes later.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from ginnel import settings
from ginnel.errors import Unauthorized

LIFETIME = timedelta(minutes=15)
ALGORITHM = "HS256"
TYPE = "at+jwt"
MIN_KEY = 32
"""Bytes: RFC 7518, section 3.2, asks for a key as long as the hash."""
MAX_TOKEN = 2048
"""Characters. Ours have about 400; what is longer is not worth decoding."""


@dataclass(frozen=True)
class Settings:
    jwt_keys: str
    """A JWK set of HS256 keys. The first signs, all verify."""

    def __post_init__(self) -> None:
        _parse(self.jwt_keys)


@dataclass(frozen=True, slots=True)
class Access:
    """What a verified access token says."""

    user: int
    session: int


class TokenInvalid(Unauthorized):
    """The access token is not one of ours, or not an access token."""

    code = "token_invalid"


class TokenExpired(Unauthorized):
    """The access token was ours, and its time is over: refresh it."""

    code = "token_expired"


def issue(*, user: int, session: int, now: datetime) -> str:
    kid, key = next(iter(_keys().items()))
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
    return jwt.encode(claims, key, ALGORITHM, {"typ": TYPE, "kid": kid})


def verify(token: str, *, now: datetime) -> Access:
    """Read an access token. Raises TokenInvalid, or TokenExpired for one that was good once."""
    key = _keys()[_kid(token)]
    expected = _expected()
    try:
        claims = jwt.decode(
            token,
            key,
            [ALGORITHM],
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
    """Return the id of the key that must have signed this token.

    PyJWT takes spellings that RFC 7515 forbids (padding, for one), so the form is settled before it sees the token: a
    token that verifies has exactly one spelling. Other header members are refused with their features (crit, b64, jwk).
    """
    parts = token.split(".") if len(token) <= MAX_TOKEN else []
    try:
        header, _, _ = (_canonical(part) for part in parts)
        fields = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise TokenInvalid("The access token is not valid.") from error
    match fields:
        case {"alg": "HS256", "typ": "at+jwt", "kid": str(kid), **others} if not others and kid in _keys():
            return kid
    raise TokenInvalid("The access token is not valid.")


def _canonical(text: str) -> bytes:
    """Decode base64url (RFC 7515, section 2: no padding, no white space), unused bits zero. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise ValueError("not base64url")
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != text:
        raise ValueError("not canonical base64url")
    return decoded


def _number(claim: Any) -> int:  # noqa: ANN401  # whatever JSON held
    if not (isinstance(claim, str) and re.fullmatch(r"[0-9]{1,18}", claim)):
        raise TokenInvalid("The access token is not valid.")
    return int(claim)


@functools.cache
def _keys() -> dict[str, bytes]:
    return _parse(settings.read(Settings).jwt_keys)


def _parse(text: str) -> dict[str, bytes]:
    """Read a JWK set (RFC 7517, section 5). Its errors never quote it: it holds secrets."""
    try:
        listed = json.loads(text)["keys"]
        keys = dict(map(_key, listed))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = str(error) if isinstance(error, _BadKeyError) else 'must be a JWK set: {"keys": [{"kty": "oct", …}]}'
        raise ValueError(f"JWT_KEYS {reason}") from None
    if not keys or len(keys) != len(listed):
        raise ValueError("JWT_KEYS must hold at least one key, each with a kid of its own")
    return keys


class _BadKeyError(ValueError):
    pass


def _key(jwk: dict[str, Any]) -> tuple[str, bytes]:
    if jwk["kty"] != "oct" or jwk["alg"] != ALGORITHM:
        raise _BadKeyError(f'takes keys of kty "oct" and alg "{ALGORITHM}" only')
    if not (isinstance(jwk["kid"], str) and jwk["kid"]):
        raise _BadKeyError("needs a kid for each key")
    try:
        key = _canonical(jwk["k"])
    except ValueError:
        raise _BadKeyError("has a k that is not unpadded base64url") from None
    if len(key) < MIN_KEY:
        raise _BadKeyError(f"has a k of fewer than {MIN_KEY} bytes")
    return jwk["kid"], key
