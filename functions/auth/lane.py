"""The function's way in, by parts."""

from __future__ import annotations

from ginnel import lambdas, parts, postgres, settings, tokens

NEEDS = (settings.Site, postgres.Settings, tokens.Settings)

_BY_RESOURCE = {
    "auth": "account",
    "api-keys": "keys",
}
"""Modules of routes by the third segment of their paths."""
_BY_DEED: dict[str, str] = {}
"""And of those below /api/v1/auth, by the fourth, where it is not `account`."""


def module(_method: str, path: str) -> str:
    """Name the module that has the route of a request, if any has."""
    resource, deed = (path.split("/") + ["", ""] * 2)[3:5]
    if resource == "auth" and deed in _BY_DEED:
        return _BY_DEED[deed]
    return _BY_RESOURCE.get(resource, "account")


part = parts.maker("Auth", __package__, needs=NEEDS)
handler = lambdas.serve(parts.joined(part, module, parts={*_BY_RESOURCE.values(), *_BY_DEED.values()}))
