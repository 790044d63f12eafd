"""The auth function sends people to a provider and takes them back, as it does where nothing is kept in a process."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

import httpx

from tests.auth.openid import CLIENT, SECRET, OpenId

from . import events
from .conftest import BASE_URL, declared, running
from .connected import Stores
from .test_handlers import body, headers


async def test_people_are_sent_to_the_provider_by_one_process_and_taken_back_by_another(stores: Stores) -> None:
    email = f"{secrets.token_hex(6)}@example.com"
    known = OpenId(site=BASE_URL, says={"email": email, "email_verified": True})
    async with known.serving(), httpx.AsyncClient() as world:
        given = {"OIDC_ISSUER": known.issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
        async with running("auth", stores, declared("auth") | given) as function:
            left = await function.call(events.load("auth_oidc_start"))
        assert left["statusCode"] == 302, left
        (cookie,) = left["cookies"]
        assert cookie.startswith("__Host-ginnel_oidc=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} < set(cookie.split("; "))
        back = urlsplit((await world.get(headers(left)["location"])).headers["location"])
        event = events.load("auth_oidc_callback")
        event |= {"rawQueryString": back.query, "cookies": [cookie.partition(";")[0]]}
        async with running("auth", stores, declared("auth") | given) as function:
            came = await function.call(event)
            assert came["statusCode"] == 302, came
            assert headers(came)["location"] == "/app"
            assert headers(came)["content-type"] == "text/plain; charset=utf-8"
            refresh = next(text for text in came["cookies"] if text.startswith("__Host-ginnel_refresh="))
            refreshed = await function.call(events.load("auth_refresh", cookie=refresh.partition(";")[0]))
        assert body(refreshed)["user"]["email"] == email
