"""Sets of keys for access tokens: JWK sets (RFC 7517) whose keys say themselves from when they sign and until when they verify.

`nbf` and `exp` (seconds, as in a token) are that: a set is changed once, and every process that has read it by then turns to
the new key at the same moment. A key verifies from when it is read; without `nbf` it signs at once, without `exp` it stays.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

ALGORITHM = "HS256"
MIN_KEY = 32
"""Bytes: RFC 7518, section 3.2, asks for a key as long as the hash."""
LIFETIME = timedelta(minutes=15)
"""How long a token is good for."""
_SKEW = timedelta(minutes=5)
"""How much later than it should another machine may turn to the new key."""


class BadKeys(ValueError):  # reads as what it says
    """A text is no set of keys that can be used; the message says why, and never quotes it."""


@dataclass(frozen=True, slots=True)
class Key:
    kid: str
    secret: bytes = field(repr=False)
    nbf: int = 0
    exp: int | None = None

    def ended(self, now: datetime) -> bool:
        return self.exp is not None and self.exp <= now.timestamp()


@dataclass(frozen=True, slots=True)
class KeySet:
    keys: tuple[Key, ...] = ()

    def signer(self, now: datetime) -> Key:
        """Choose the key that signs: the latest whose time has come; of several, the first."""
        lasting = [key for key in self.keys if not key.ended(now)]
        begun = [key for key in lasting if key.nbf <= now.timestamp()]
        if begun:
            return max(begun, key=lambda key: key.nbf)
        # A clock that is slow must not keep anybody from signing in.
        return min(lasting, key=lambda key: key.nbf)

    def find(self, kid: str) -> Key | None:
        return next((key for key in self.keys if key.kid == kid), None)


def parse(text: str) -> KeySet:
    """Read a JWK set, or a single JWK. Raises BadKeys."""
    keys = tuple(map(_key, _members(text)))
    if not keys or len({key.kid for key in keys}) != len(keys):
        raise BadKeys("must hold at least one key, each with a kid of its own")
    if all(key.exp is not None for key in keys):
        raise BadKeys("must hold a key without exp, so that one can always sign")
    return KeySet(keys)


def drawn(*, nbf: int | None = None) -> dict[str, Any]:
    """Draw a key, as a JWK."""
    k = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    jwk: dict[str, Any] = {"kty": "oct", "alg": ALGORITHM, "kid": secrets.token_hex(4), "k": k}
    return jwk if nbf is None else {**jwk, "nbf": nbf}


def rotated(text: str, *, now: datetime, after: timedelta) -> str:
    """Add a key that signs `after` this, by when all processes must have read it; leave out those whose tokens are over.

    The others verify until what they sign until then has expired. Raises BadKeys.
    """
    # Later than one that another rotation has just announced, however soon this one is to sign.
    begins = max(int((now + after).timestamp()), *(key.nbf + 1 for key in parse(text).keys))
    ends = begins + int((LIFETIME + _SKEW).total_seconds())
    kept = [
        {**jwk, "exp": min(jwk.get("exp", ends), ends)}
        for jwk in _members(text)
        if jwk.get("exp", ends) > now.timestamp()
    ]
    return json.dumps({"keys": [*kept, drawn(nbf=begins)]})


def _members(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
        members: Any = [found] if "kty" in found else found["keys"]
        if isinstance(members, list) and all(isinstance(jwk, dict) for jwk in members):
            return members
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise BadKeys('must be a JWK set: {"keys": [{"kty": "oct", …}]}')


def _key(jwk: dict[str, Any]) -> Key:
    if jwk.get("kty") != "oct" or jwk.get("alg") != ALGORITHM:
        raise BadKeys(f'takes keys of kty "oct" and alg "{ALGORITHM}" only')
    kid = jwk.get("kid")
    if not (isinstance(kid, str) and kid):
        raise BadKeys("needs a kid for each key")
    try:
        secret = decoded(jwk.get("k"))
    except ValueError:
        raise BadKeys("has a k that is not unpadded base64url") from None
    if len(secret) < MIN_KEY:
        raise BadKeys(f"has a k of fewer than {MIN_KEY} bytes")
    return Key(kid, secret, **dict(_times(jwk)))


def _times(jwk: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for name in ("nbf", "exp"):
        if name in jwk:
            if type(jwk[name]) is not int:
                raise BadKeys(f"has an {name} that is no whole number of seconds")
            yield name, jwk[name]


def decoded(text: Any) -> bytes:  # noqa: ANN401  # whatever JSON held
    """Decode base64url (RFC 7515, section 2: no padding, no white space), unused bits zero. Raises ValueError."""
    if not (isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]+", text)):
        raise ValueError("not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise ValueError("not canonical base64url")
    return data
