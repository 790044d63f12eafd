"""ID tokens: what a provider says of who has signed in there, and how it is made sure that the provider says so."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ginnel import jwks
from ginnel.errors import BadRequest
from ginnel.observe import log
from ginnel.users import MAX_EMAIL

from .provider import Provider

ALGORITHMS: Final = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "Ed25519": "OKP",
}
"""Signatures that only the provider can make, and the type of their keys: neither `none`, nor one by a shared secret."""
_LEEWAY: Final = 60
"""Seconds by which the provider's clock may differ."""
_LONGEST: Final = 16_384
"""Characters of a token."""
_SMALLEST_RSA: Final = 256
"""Bytes of a modulus."""


class TokenRefused(BadRequest):
    """What came back from the provider does not prove who has signed in there."""

    code = "id_token_invalid"


class _Wrong(Exception):  # a reason, which the log is told
    pass


@dataclass(frozen=True)
class Said:
    """What a provider says of somebody."""

    issuer: str
    subject: str
    """By which the provider knows them, for ever."""
    email: str | None
    email_verified: bool
    name: str


async def read(provider: Provider, answer: Mapping[str, Any], *, nonce: str, now: datetime) -> Said:
    """Read what a code was traded for. Raises TokenRefused, or ProviderAway."""
    try:
        claims = await _claims(provider, answer, nonce=nonce, now=now)
    except _Wrong as wrong:
        log.warning("id_token_refused", why=str(wrong))
        raise TokenRefused("What came back from the provider is not in order. Please try again.") from None
    verified = claims.get("email_verified")
    email, name = claims.get("email"), claims.get("name")
    return Said(
        issuer=provider.issuer,
        subject=claims["sub"],
        # What would have to be mended first is not what the provider has verified.
        email=email if isinstance(email, str) and len(email) <= MAX_EMAIL and email.isprintable() else None,
        email_verified=verified is True or (provider.verified_as_text and verified == "true"),
        name=_line(name) if isinstance(name, str) else "",
    )


async def _claims(provider: Provider, answer: Mapping[str, Any], *, nonce: str, now: datetime) -> dict[str, Any]:
    claims = await _verified(provider, answer, nonce=nonce, now=now)
    access = answer.get("access_token")
    if "email" in claims or not isinstance(access, str) or not re.fullmatch("[!-~]+", access):
        return claims
    # The standard has it there (OpenID Connect Core 1.0, section 5.4); many say it in the ID token, too.
    more = await provider.userinfo(access)
    if more and more.get("sub") != claims["sub"]:
        raise _Wrong("sub_differs")  # section 5.3.2
    return more | claims


async def _verified(provider: Provider, answer: Mapping[str, Any], *, nonce: str, now: datetime) -> dict[str, Any]:
    """Verify as OpenID Connect Core 1.0, section 3.1.3.7, has it."""
    from authlib.oidc.core import CodeIDToken  # noqa: PLC0415  # 80 ms with what is below, for those who sign in so
    from joserfc import jwt  # noqa: PLC0415  # as above
    from joserfc.errors import JoseError  # noqa: PLC0415  # as above
    from joserfc.jwk import import_key  # noqa: PLC0415  # as above

    token = answer.get("id_token")
    if not isinstance(token, str) or len(token) > _LONGEST or not token.isascii():
        raise _Wrong("no_token")
    algorithm, kid = _header(token)
    if algorithm not in ALGORITHMS or algorithm not in (await provider.metadata()).algorithms:
        raise _Wrong("algorithm")
    key = _one(await provider.keys(kid), algorithm)
    try:
        found = jwt.decode(token, import_key(key), algorithms=[algorithm])
        claims = CodeIDToken(
            found.claims,
            found.header,
            {
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client},
                "sub": {"essential": True},
                "nonce": {"essential": True, "value": nonce},
            },
            {"nonce": nonce, "client_id": provider.client, "access_token": answer.get("access_token")},
        )
        claims.validate(now=int(now.timestamp()), leeway=_LEEWAY)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        # The libraries let out what their parsers raise.
        raise _Wrong(getattr(error, "claim", None) or type(error).__name__) from None
    if not re.fullmatch(r"[!-~][ -~]{0,254}", claims["sub"]):
        raise _Wrong("sub")  # section 2: 255 characters of ASCII
    return dict(claims)


def _header(token: str) -> tuple[str, str | None]:
    parts = token.split(".")
    try:
        fields = json.loads(jwks.decoded(parts[0]))
    except (ValueError, RecursionError):
        fields = None
    match fields:
        case {"alg": str(algorithm), "kid": str(kid)}:
            return algorithm, kid
        case {"alg": str(algorithm)} if "kid" not in fields:
            return algorithm, None
    raise _Wrong("header")


def _one(keys: list[dict[str, Any]], algorithm: str) -> dict[str, Any]:
    """Choose the key that must have signed: a token that names none is only taken where there is no choice."""
    fitting = [
        key
        for key in keys
        if key.get("kty") == ALGORITHMS[algorithm] and key.get("alg", algorithm) == algorithm and _strong(key)
    ]
    if len(fitting) != 1:
        raise _Wrong("key")
    return fitting[0]


def _strong(key: dict[str, Any]) -> bool:
    if key["kty"] != "RSA":
        return True
    try:
        return len(jwks.decoded(key.get("n")).lstrip(b"\0")) >= _SMALLEST_RSA
    except ValueError:
        return False


def _line(text: str) -> str:
    """Make a name that a stranger has chosen one line that can be kept."""
    return "".join(c for c in text if c.isprintable()).strip()[:100]
