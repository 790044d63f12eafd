"""What another site can make a browser send to a route that reads or sets a cookie is refused (T10)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.auth.conftest import COOKIE
from tests.conftest import Account

from .cookie_routes import cookie_routes
from .rows import PUBLIC, ROUTES

HOME = "http://go.test"
EVIL = "https://evil.example"
JSON, FORM, PLAIN = "application/json", "application/x-www-form-urlencoded", "text/plain"
MULTIPART = "multipart/form-data; boundary=x"
FRAMED = b'--x\r\ncontent-disposition: form-data; name="{"\r\n\r\n\r\n--x--\r\n'

EXEMPT = {
    "GET /api/v1/auth/oidc/callback": "the provider, another site, sends people back: the cookie must fit what came along",
    "GET /api/v1/links/{link_id}/explain": "names the cookie of the visitor that it is told of; who asks is told by a token",
    # The cookie of a link's password is given to who types the password, and lets one link be followed and nothing be done.
    **{
        f"{method} /{{slug}}": "a link's password: it is followed from other sites, and its page has a form"
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    },
}
"""Routes that have to do with a cookie, and may be used from other sites; and why."""


@dataclass(frozen=True)
class Forged:
    """A request as a foreign page would have it sent: what it has beside the victim's cookie."""

    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    """None is the JSON that the route takes."""
    method: str | None = None
    query: str = ""


def _of(*headers: tuple[str, str], **rest: Any) -> Forged:
    return Forged(headers, **rest)


def _json(*headers: tuple[str, str], **rest: Any) -> Forged:
    return _of(("content-type", JSON), *headers, **rest)


# Twelve ways, each with its spellings.
FORGED: dict[str, tuple[Forged, ...]] = {
    "a form without an origin": (
        _of(("content-type", FORM), body=b"email=a%40b.test&password=x"),
        _of(("content-type", FORM)),
        _of(("content-type", f"{FORM}; charset=utf-8")),
        _of(("content-type", FORM.upper())),
    ),
    "JSON as text": (_of(("content-type", PLAIN)), _of(("content-type", "Text/Plain;charset=UTF-8"))),
    "JSON in a multipart form": (_of(("content-type", MULTIPART), body=FRAMED), _of(("content-type", MULTIPART))),
    "a type that only looks like JSON": (
        _of(("content-type", f"{PLAIN}; {JSON}")),
        _of(("content-type", f"{FORM}; charset={JSON}")),
        _of(("content-type", f"{PLAIN}, {JSON}")),
        _of(("content-type", f"{JSON}, {PLAIN}")),
        _of(("content-type", "application/jsonp")),
        _of(("content-type", "text/json")),
        _of(("content-type", "")),
    ),
    "an opaque origin": (_json(("origin", "null")), _json(("origin", "NULL")), _json(("origin", ""))),
    "a foreign origin": (
        _json(("origin", EVIL)),
        _json(("origin", EVIL.upper())),
        _json(("origin", "http://go.test.evil.example")),
        _json(("origin", "http://evilgo.test")),
        _json(("origin", f"{HOME}@evil.example")),
        _json(("origin", f"{HOME}, {EVIL}")),
        _json(("origin", f"{HOME} {EVIL}")),
        _json(("origin", "file://")),
        _json(("origin", "*")),
    ),
    "a sister domain": (
        _json(("origin", "http://sub.go.test")),
        _json(("origin", "http://test")),
        _json(("origin", "http://GO.test.")),
        _json(("origin", HOME), ("sec-fetch-site", "same-site")),
    ),
    "another scheme or port": (
        _json(("origin", "https://go.test")),
        _json(("origin", "http://go.test:8080")),
        _json(("origin", "http://go.test:80")),
        _json(("origin", "chrome-extension://go.test")),
        _json(("origin", "//go.test")),
        _json(("origin", "go.test")),
    ),
    "what the browser says of it": (
        _json(("sec-fetch-site", "cross-site")),
        _json(("sec-fetch-site", "same-site")),
        _json(("sec-fetch-site", "Cross-Site")),
        _json(("sec-fetch-site", "SAME-SITE")),
        _json(("sec-fetch-site", "")),
        _json(("origin", HOME), ("sec-fetch-site", "cross-site")),
    ),
    "a header twice": (
        _json(("origin", HOME), ("origin", EVIL)),
        _json(("origin", EVIL), ("origin", HOME)),
        _json(("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")),
        _json(("content-type", PLAIN)),
        _of(("content-type", PLAIN), ("content-type", JSON)),
    ),
    "what proxies are told": (
        _json(("origin", EVIL), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https")),
        _json(("origin", EVIL), ("forwarded", "host=evil.example;proto=https")),
        _json(("origin", EVIL), ("x-original-host", "evil.example"), ("referer", f"{HOME}/")),
    ),
    "another method": (
        _of(("content-type", FORM), method="GET"),
        _of(method="GET", query="?_method=POST"),
        _json(("x-http-method-override", "POST"), method="GET"),
        _json(("x-http-method", "POST"), ("x-method-override", "POST"), method="GET"),
        _of(method="HEAD"),
        _json(("origin", HOME), method="PUT"),
        _of(("content-type", FORM), ("x-http-method-override", "PATCH"), body=b"_method=PATCH"),
        _of(("origin", EVIL), ("access-control-request-method", "POST"), method="OPTIONS"),
    ),
}


@pytest.fixture
def routes() -> list[str]:
    from local.host import FUNCTIONS  # noqa: PLC0415  # not before the environment is made

    found = cookie_routes(FUNCTIONS)
    assert {f"POST /api/v1/auth/{deed}" for deed in ("register", "login", "refresh", "logout")} <= found
    assert set(EXEMPT) <= found
    return sorted(found - set(EXEMPT))


async def test_a_foreign_page_is_accepted_by_no_route_with_a_cookie(
    account: Account, routes: list[str], bare: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = "; ".join(f"{name}={value}" for name, value in account.http.cookies.items())
    assert COOKIE in victim
    accepted, sent = [], 0
    for route in routes:
        method, path = route.split(" ")
        # Where a token is asked for, the cookie alone is nothing.
        refused = {403, 405} if ROUTES[route].needs == PUBLIC else {401, 403, 405}
        for way, spellings in FORGED.items():
            for forged in spellings:
                if forged.method == method:
                    continue
                bare.cookies.clear()
                answered = await bare.request(
                    forged.method or method,
                    path + forged.query,
                    content=_body(route) if forged.body is None else forged.body,
                    headers=[("cookie", victim), *forged.headers],
                )
                sent += 1
                allowed = [
                    name for name in answered.headers if name == "set-cookie" or name.startswith("access-control")
                ]
                if answered.status_code not in refused or allowed:
                    accepted.append(f"{route}: {way}: {forged}: {answered.status_code} {allowed} {answered.text[:200]}")
    with capsys.disabled():
        print(
            f"\n  {len(routes)} routes with a cookie x {len(FORGED)} forged variants, {sent} requests in all: "
            f"{len(accepted)} accepted"
        )
    assert not accepted, "\n".join(accepted)
    assert (await account.http.get("/api/v1/auth/me")).status_code == 200
    assert (await account.http.post("/api/v1/auth/refresh")).status_code == 200


def _body(route: str) -> bytes:
    row = ROUTES[route].json
    return json.dumps(row or {}).replace("{unique}", secrets.token_hex(6)).encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": HOME, "sec-fetch-site": "same-origin", "content-type": JSON},
        {"origin": HOME.upper()},
        {"content-type": "Application/JSON; charset=utf-8"},
        {"sec-fetch-site": "none"},
        {"host": "tunnel.test:8443", "origin": "http://tunnel.test:8443"},
        {"host": "tunnel.test:8443", "origin": HOME},
    ],
)
async def test_the_sites_own_pages_and_programs_can(account: Account, headers: dict[str, str]) -> None:
    headers["cookie"] = f"{COOKIE}={account.http.cookies[COOKIE]}"
    answer = await account.http.post("/api/v1/auth/refresh", headers=headers)
    assert answer.status_code == 200, answer.text
