"""The cookies of the refresh token, of the device and of the way to a provider.

And the refusal of requests that another site made a browser send.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from fastapi import Request
from fastapi.responses import Response

from ginnel import devices, sessions, settings, tickets
from ginnel.errors import Forbidden


class CrossSite(Forbidden):
    """Another site made the browser send this."""

    code = "cross_site"


def name() -> str:
    return _named("ginnel_refresh")


def read(request: Request) -> str:
    return request.cookies.get(name(), "")


def read_device(request: Request) -> str:
    return request.cookies.get(_named("ginnel_device"), "")


def read_departure(request: Request) -> str:
    return request.cookies.get(_named("ginnel_oidc"), "")


def put(response: Response, secret: str) -> None:
    _set(response, name(), secret, lifetime=sessions.LIFETIME)


def put_device(response: Response, secret: str) -> None:
    _set(response, _named("ginnel_device"), secret, lifetime=devices.LIFETIME)


def put_departure(response: Response, secret: str) -> None:
    # The provider sends the browser back, and what another site sends has no strict cookie.
    _set(response, _named("ginnel_oidc"), secret, lifetime=tickets.LIFETIME, same_site="lax")


def clear_departure(response: Response) -> None:
    _set(response, _named("ginnel_oidc"), "", lifetime=timedelta(), same_site="lax")


def clear(response: Response) -> None:
    _set(response, name(), "", lifetime=timedelta())


def cleared() -> dict[str, str]:
    """Return the header that takes the refresh cookie away, for a problem to carry."""
    response = Response()
    clear(response)
    return {"set-cookie": response.headers["set-cookie"]}


def _named(name: str) -> str:
    # The prefix has browsers refuse the cookie from a sister domain or without TLS (RFC 6265bis, section 4.1.3.2).
    return f"__Host-{name}" if settings.site().secure else name


def _set(
    response: Response,
    name: str,
    value: str,
    *,
    lifetime: timedelta,
    same_site: Literal["strict", "lax"] = "strict",
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(lifetime.total_seconds()),
        path="/",
        secure=settings.site().secure,
        httponly=True,
        samesite=same_site,
    )


def same_site(request: Request) -> None:
    """Refuse what a foreign page could have sent. Programs other than browsers send none of these headers."""
    headers = request.headers
    own = {settings.site().origin, _own_origin(request)}
    if not all(origin.lower() in own for origin in headers.getlist("origin")):
        raise CrossSite("This address takes requests from its own pages only.")
    if not all(site in {"same-origin", "none"} for site in headers.getlist("sec-fetch-site")):
        raise CrossSite("This address takes requests from its own pages only.")
    # A form can't send JSON, so a foreign page would have to ask first, and is told no.
    kinds = (kind.partition(";")[0].strip().lower() for kind in headers.getlist("content-type"))
    if not all(kind == "application/json" for kind in kinds):
        raise CrossSite("This address takes JSON only.")


def _own_origin(request: Request) -> str:
    """Return the origin that the request was sent to: behind a tunnel it is not BASE_URL's."""
    scheme = "https" if settings.site().secure else request.url.scheme
    return f"{scheme}://{request.headers.get('host', '').lower()}"
