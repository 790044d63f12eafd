"""The refresh token's cookie, and the refusal of requests that another site made a browser send with it."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from ginnel import sessions, settings
from ginnel.errors import Forbidden


class CrossSite(Forbidden):
    """Another site made the browser send this."""

    code = "cross_site"


def name() -> str:
    # The prefix has browsers refuse the cookie from a sister domain or without TLS (RFC 6265bis, section 4.1.3.2).
    return "__Host-ginnel_refresh" if settings.site().secure else "ginnel_refresh"


def read(request: Request) -> str:
    return request.cookies.get(name(), "")


def put(response: Response, secret: str) -> None:
    _set(response, secret, age=int(sessions.LIFETIME.total_seconds()))


def clear(response: Response) -> None:
    _set(response, "", age=0)


def cleared() -> dict[str, str]:
    """Return the header that takes the cookie away, for a problem to carry."""
    response = Response()
    clear(response)
    return {"set-cookie": response.headers["set-cookie"]}


def _set(response: Response, value: str, *, age: int) -> None:
    response.set_cookie(
        name(), value, max_age=age, path="/", secure=settings.site().secure, httponly=True, samesite="strict"
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
