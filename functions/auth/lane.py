"""The function's way in, by parts."""

from __future__ import annotations

from ginnel import keyring, lambdas, parts, postgres, redis_settings, settings, takeout

from . import guard

NEEDS = (settings.Site, postgres.Settings, redis_settings.Settings, keyring.Settings, guard.Settings, takeout.Settings)

_BY_RESOURCE = {
    "auth": "account",
    "api-keys": "keys",
}
"""Modules of routes by the third segment of their paths."""
_BY_DEED = {
    "factors": "factors",
    "totp": "factors",
    "recovery-codes": "factors",
    "passkeys": "passkeys",
    "sessions": "sessions",
    "email": "addresses",
    "forgot": "recovery",
    "password": "recovery",
    "reset": "recovery",
    "verify": "addresses",
}
"""And of those below /api/v1/auth, by the fourth, where it is not `account`."""


def module(method: str, path: str) -> str:
    """Name the module that has the route of a request, if any has."""
    resource, deed, what = (path.split("/") + [""] * 4)[3:6]
    if deed == "me" and (method == "DELETE" or what):
        return "mine"
    if resource == "auth" and deed in _BY_DEED:
        return _BY_DEED[deed]
    return _BY_RESOURCE.get(resource, "account")


part = parts.maker("Auth", __package__, needs=NEEDS)
handler = lambdas.serve(parts.joined(part, module, parts={"mine", *_BY_RESOURCE.values(), *_BY_DEED.values()}))
