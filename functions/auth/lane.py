"""The function's way in, by parts."""

from __future__ import annotations

from ginnel import downloads, installation_settings, keyring, lambdas, parts, postgres, redis_settings, settings
from ginnel.oidc import provider

from . import bounds

NEEDS = (
    settings.Site,
    postgres.Settings,
    redis_settings.Settings,
    keyring.Settings,
    bounds.Settings,
    downloads.Settings,
    installation_settings.Settings,
    provider.Settings,
)

_BY_RESOURCE = {
    "auth": "account",
    "api-keys": "keys",
    "workspaces": "workspaces",
    "invitations": "invitations",
}
"""Modules of routes by the third segment of their paths."""
_BY_PART = {
    "invitations": "invitations",
    "audit": "audit",
}
"""And of those of one workspace, by the fifth, where it is not `workspaces`."""
_BY_DEED = {
    "factors": "factors",
    "totp": "factors",
    "recovery-codes": "factors",
    "passkeys": "passkeys",
    "sessions": "sessions",
    "email": "addresses",
    "login": "entering",
    "forgot": "recovery",
    "guest": "guests",
    "identities": "oidc",
    "oidc": "oidc",
    "password": "recovery",
    "providers": "oidc",
    "register": "registering",
    "registration": "registering",
    "reset": "recovery",
    "verify": "addresses",
}
"""And of those below /api/v1/auth, by the fourth, where it is not `account`."""
_BY_DUTY = {
    "users": "admin.people",
    "workspaces": "admin.tenants",
    "registration": "admin.joining",
    "invitations": "admin.joining",
    "audit": "admin.trail",
    "system": "admin.figures",
}
"""And of those below /api/v1/admin, by the fourth."""


def module(method: str, path: str) -> str:
    """Name the module that has the route of a request, if any has."""
    resource, deed, part = (path.split("/") + [""] * 5)[3:6]
    if deed == "me" and (method in {"PATCH", "DELETE"} or part):
        return "mine"
    if resource == "workspaces" and part in _BY_PART:
        return _BY_PART[part]
    if resource == "auth" and deed in _BY_DEED:
        return _BY_DEED[deed]
    if resource == "admin" and deed in _BY_DUTY:
        return _BY_DUTY[deed]
    return _BY_RESOURCE.get(resource, "account")


part = parts.maker("Auth", __package__, needs=NEEDS)
handler = lambdas.serve(
    parts.joined(
        part,
        module,
        parts={"mine", *_BY_RESOURCE.values(), *_BY_PART.values(), *_BY_DEED.values(), *_BY_DUTY.values()},
    )
)
