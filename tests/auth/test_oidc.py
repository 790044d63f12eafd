from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import ada_url
import asyncpg
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import Response

from ginnel import db, tickets
from ginnel.administration import appointing
from ginnel.oidc import flow
from ginnel.oidc import provider as providers
from ginnel.settings import BadSettings
from tests.conftest import Account
from tests.security.test_next import FOREIGN

from .authenticator import Authenticator
from .conftest import COOKIE, Told, problem
from .openid import CLIENT, SECRET, Key, OpenId, part, unsigned
from .test_passkeys import added, request
from .test_totp import set_up

START = "/api/v1/auth/oidc/start"
CALLBACK = "/api/v1/auth/oidc/callback"
FINISH = "/api/v1/auth/oidc/finish"
LINK = "/api/v1/auth/oidc/link"
IDENTITIES = "/api/v1/auth/identities"
CROSS = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
"""As a browser says that another site has sent it."""

Browser = Callable[[], httpx.AsyncClient]


@pytest.fixture
async def openid(told: Told) -> AsyncIterator[OpenId]:
    """Start a provider, where somebody is signed in whose address nobody here has claimed."""
    known = OpenId(says={"email": address(), "email_verified": True, "name": "Ada\n Lovelace"})
    async with known.serving():
        told(oidc_issuer=known.issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_name="Example")
        yield known


@pytest.fixture
async def world() -> AsyncIterator[httpx.AsyncClient]:
    """What a browser has beside our site: the provider is asked over real HTTP."""
    async with httpx.AsyncClient() as http:
        yield http


@dataclass
class Visit:
    """A browser's way to the provider and back."""

    http: httpx.AsyncClient
    world: httpx.AsyncClient

    async def depart(self, **query: str) -> str:
        answer = await self.http.get(START, params=query, headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def consent(self, location: str) -> str:
        answer = await self.world.get(location)
        assert answer.status_code == 302, answer.text
        led: str = answer.headers["location"]
        assert led.startswith(f"http://go.test{CALLBACK}?")
        return led

    async def come_back(self, location: str) -> httpx.Response:
        answer = await self.http.get(location, headers=CROSS)
        assert answer.status_code == 302, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer

    async def sign_in(self, **query: str) -> httpx.Response:
        return await self.come_back(await self.consent(await self.depart(**query)))

    async def me(self) -> dict[str, Any]:
        """Say who is signed in, as the dashboard finds out: by its cookie."""
        answer = await self.http.post("/api/v1/auth/refresh", headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code == 200, answer.text
        self.http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        user: dict[str, Any] = answer.json()["user"]
        return user


@pytest.fixture
def visit(browser: Browser, world: httpx.AsyncClient) -> Callable[[], Visit]:
    return lambda: Visit(browser(), world)


Visits = Callable[[], Visit]


def address() -> str:
    return f"{secrets.token_hex(6)}@example.com"


async def prove(sql: asyncpg.Connection, email: str) -> None:
    await sql.execute("update users set email_verified_at = now() where email = $1", email)


def error(answer: httpx.Response, code: str, *, page: str = "/app/sign-in") -> None:
    """Check that the browser was sent to the page that tells of this error, and signed in as nobody."""
    assert answer.headers["location"] == f"{page}#error={code}"
    assert not any(COOKIE in cookie for cookie in answer.headers.get_list("set-cookie"))


async def accounts(sql: asyncpg.Connection, email: str) -> int:
    count: int = await sql.fetchval("select count(*) from users where email = $1", email)
    return count


# Set up or not


async def test_without_a_provider_there_is_nothing(browser: Browser, account: Account) -> None:
    http = browser()
    assert (await http.get("/api/v1/auth/providers")).json() == {"items": [], "next_cursor": None}
    for path in (START, CALLBACK):
        problem(await http.get(path), 404, "oidc_off")
    problem(await account.http.post(LINK, json={"password": account.password}), 404, "oidc_off")
    assert (await account.http.get(IDENTITIES)).json() == {"items": [], "next_cursor": None}


async def test_a_provider_is_listed_for_the_button(openid: OpenId, browser: Browser) -> None:
    listed = (await browser().get("/api/v1/auth/providers")).json()["items"]
    assert listed == [{"name": "Example", "start": START}]
    assert not openid.asked


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"oidc_issuer": "https://a.example"}, "OIDC_CLIENT_ID is not set"),
        ({"oidc_issuer": "http://a.example", "oidc_client_id": "x"}, "OIDC_ISSUER must begin with https://"),
        ({"oidc_issuer": "https://", "oidc_client_id": "x"}, "OIDC_ISSUER must begin with https://"),
        ({"oidc_issuer": "https://a.example", "oidc_client_id": "x", "oidc_scopes": "email"}, "openid among them"),
    ],
)
def test_half_a_provider_is_refused_at_the_start(told: Told, variables: dict[str, str], said: str) -> None:
    told(**variables)
    with pytest.raises(BadSettings, match=said):
        providers.find()


# There and back


async def test_signing_in_makes_an_account_with_a_proved_address(
    openid: OpenId, visit: Visits, sql: asyncpg.Connection
) -> None:
    here = visit()
    answer = await here.sign_in(next="/app/links?tag=a#top")
    assert answer.headers["location"] == "/app/links?tag=a#top"
    user = await here.me()
    assert (user["email"], user["name"]) == (openid.says["email"], "Ada Lovelace")
    assert user["email_verified_at"]
    assert openid.authorizations == [f"Basic {urlsafe_b64encode(b'ginnel+at+home:a+secret%3A+with%2Bsigns').decode()}"]
    linked = (await here.http.get(IDENTITIES)).json()["items"]
    assert [(item["issuer"], item["email"]) for item in linked] == [(openid.issuer, openid.says["email"])]
    audited = await sql.fetch("select action from audit_log where user_id = $1 order by id", user["id"])
    assert [row["action"] for row in audited] == ["user_registered", "identity_added"]


async def test_what_the_provider_is_sent(openid: OpenId, visit: Visits) -> None:
    here = visit()
    location = await here.depart()
    asked = dict(parse_qsl(urlsplit(location).query))
    assert asked.keys() == {
        "tenant", "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method",
    }  # fmt: skip
    assert asked["redirect_uri"] == f"http://go.test{CALLBACK}"
    assert asked["code_challenge_method"] == "S256"
    secret = here.http.cookies["ginnel_oidc"]
    assert not any(secret in value for value in asked.values())
    assert openid.asked == ["/.well-known/openid-configuration"]


async def test_the_redirect_uri_is_never_the_hosts(openid: OpenId, browser: Browser) -> None:
    answer = await browser().get(START, headers={"host": "evil.test", "x-forwarded-host": "evil.test"})
    assert "evil.test" not in answer.headers["location"]


async def test_the_cookie_goes_where_it_is_needed_and_no_further(openid: OpenId, visit: Visits) -> None:
    here = visit()
    answer = await here.http.get(START)
    _, *attributes = answer.headers["set-cookie"].split("; ")
    assert {text.lower() for text in attributes} == {"httponly", "max-age=600", "path=/", "samesite=lax"}
    back = await here.come_back(await here.consent(answer.headers["location"]))
    kept = {cookie.partition("=")[0]: cookie.lower() for cookie in back.headers.get_list("set-cookie")}
    assert "samesite=strict" in kept[COOKIE]
    assert "max-age=0" in kept["ginnel_oidc"]


async def test_the_second_time_it_is_the_same_account(openid: OpenId, visit: Visits, sql: asyncpg.Connection) -> None:
    first, second = visit(), visit()
    await first.sign_in()
    user = await first.me()
    # Another address, and an unverified one, makes no difference to who it is.
    openid.says = {"email": address(), "email_verified": False}
    await second.sign_in()
    assert (await second.me())["id"] == user["id"]
    assert await sql.fetchval("select count(*) from identities where user_id = $1", user["id"]) == 1


async def test_ten_first_visits_at_once_make_one_account(
    openid: OpenId, visit: Visits, sql: asyncpg.Connection
) -> None:
    visits = [visit() for _ in range(10)]
    answers = await asyncio.gather(*(here.sign_in() for here in visits))
    assert {answer.headers["location"] for answer in answers} == {"/app"}
    assert await accounts(sql, openid.says["email"]) == 1


async def test_the_documents_are_asked_for_once(openid: OpenId, visit: Visits) -> None:
    for _ in range(3):
        await visit().sign_in()
    assert openid.asked.count("/.well-known/openid-configuration") == 1
    assert openid.asked.count("/jwks") == 1


async def test_what_only_userinfo_says_counts_as_well(openid: OpenId, visit: Visits) -> None:
    openid.apart = True
    here = visit()
    await here.sign_in()
    assert (await here.me())["email"] == openid.says["email"]


async def test_somebody_elses_userinfo_is_refused(openid: OpenId, visit: Visits) -> None:
    openid.apart = True
    openid.says |= {"sub": "another"}
    error(await visit().sign_in(), "id_token_invalid")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_either_kind_of_signature_is_taken(openid: OpenId, visit: Visits, algorithm: str) -> None:
    openid.keys = [Key(algorithm)]
    assert (await visit().sign_in()).headers["location"] == "/app"


async def test_a_client_secret_goes_into_the_body_where_the_provider_wants_it(openid: OpenId, visit: Visits) -> None:
    openid.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await visit().sign_in()).headers["location"] == "/app"
    assert openid.authorizations == [""]


# Whose account it is


async def test_a_verified_address_links_the_account_that_has_proved_it(
    openid: OpenId, visit: Visits, account: Account, sql: asyncpg.Connection
) -> None:
    await prove(sql, account.email)
    openid.says["email"] = account.email.upper()
    here = visit()
    await here.sign_in()
    assert (await here.me())["email"] == account.email
    assert await accounts(sql, account.email) == 1
    mail = await sql.fetchrow(
        "select template, fields from mail_outbox where recipient = $1 order by id desc", account.email
    )
    assert (mail["template"], json.loads(mail["fields"])) == (
        "identity_changed",
        {
            "what": f"Whoever signs in with Example, where they are known as {openid.says['email']}, can enter it from now on."
        },
    )
    login = {"email": account.email, "password": account.password}
    assert (await visit().http.post("/api/v1/auth/login", json=login)).status_code == 200


async def test_an_account_that_only_claims_the_address_is_left_alone(
    openid: OpenId, visit: Visits, account: Account, sql: asyncpg.Connection
) -> None:
    openid.says["email"] = account.email
    here = visit()
    await here.sign_in()
    claimed = (await account.http.get("/api/v1/auth/me")).json()["user"]
    user = await here.me()
    assert user["id"] != claimed["id"]
    assert (user["email"], bool(user["email_verified_at"])) == (account.email, True)
    assert claimed["email_verified_at"] is None
    assert await sql.fetchval("select count(*) from identities where user_id = $1", claimed["id"]) == 0


@pytest.mark.parametrize("verified", [False, None, "true", "True", 1, "1", [True], {}, "yes"])
async def test_an_unverified_address_leads_nowhere(
    openid: OpenId, visit: Visits, account: Account, sql: asyncpg.Connection, verified: object
) -> None:
    await prove(sql, account.email)
    openid.says = {"email": account.email, "email_verified": verified}
    error(await visit().sign_in(), "email_unverified")
    openid.says["email"] = stranger = address()
    error(await visit().sign_in(), "email_unverified")
    assert await accounts(sql, stranger) == 0
    assert not await sql.fetchval("select exists (select from identities where subject = $1)", openid.subject)


@pytest.mark.parametrize(
    "email", [None, "", 7, "no address", "a@b@c", "nul\0@example.com", "a" * 300 + "@example.com", ["a@b.c"]]
)
async def test_what_is_no_address_is_not_verified(openid: OpenId, visit: Visits, email: object) -> None:
    openid.says = {"email": email, "email_verified": True}
    error(await visit().sign_in(), "email_unverified")


async def test_the_text_true_does_where_a_setting_says_so(openid: OpenId, visit: Visits, told: Told) -> None:
    told(oidc_verified_as_text="true")
    openid.says["email_verified"] = "true"
    assert (await visit().sign_in()).headers["location"] == "/app"


async def test_disabled_accounts_stay_out(
    openid: OpenId, visit: Visits, account: Account, sql: asyncpg.Connection
) -> None:
    await prove(sql, account.email)
    openid.says["email"] = account.email
    await sql.execute("update users set disabled_at = now() where email = $1", account.email)
    error(await visit().sign_in(), "account_disabled")
    await sql.execute("update users set disabled_at = null where email = $1", account.email)
    assert (await visit().sign_in()).headers["location"] == "/app"
    await sql.execute("update users set disabled_at = now() where email = $1", account.email)
    error(await visit().sign_in(), "account_disabled")


async def test_no_password_fits_an_account_without_one(openid: OpenId, visit: Visits, sql: asyncpg.Connection) -> None:
    here = visit()
    await here.sign_in()
    await here.me()
    kept = await sql.fetchval("select password_hash from users where email = $1", openid.says["email"])
    assert kept == ""
    for password in ("", " ", "!", "password", "$argon2id$"):
        given = {"email": openid.says["email"], "password": password}
        problem(await visit().http.post("/api/v1/auth/login", json=given), 401, "credentials_invalid")
        problem(await here.http.post("/api/v1/auth/totp", json={"password": password}), 403, "password_wrong")


# What comes back


async def test_a_state_is_good_once(openid: OpenId, visit: Visits) -> None:
    here = visit()
    back = await here.consent(await here.depart())
    cookie = {"cookie": f"ginnel_oidc={here.http.cookies['ginnel_oidc']}"}
    assert (await here.come_back(back)).headers["location"] == "/app"
    again = await visit().http.get(back, headers={**CROSS, **cookie})
    error(again, "state_invalid")
    assert openid.asked.count("/token") == 1


async def test_fifty_uses_of_a_state_at_once_are_one(openid: OpenId, visit: Visits) -> None:
    here = visit()
    back = await here.consent(await here.depart())
    cookie = {"cookie": f"ginnel_oidc={here.http.cookies['ginnel_oidc']}"}
    answers = await asyncio.gather(*(visit().http.get(back, headers={**CROSS, **cookie}) for _ in range(50)))
    led = [answer.headers["location"] for answer in answers]
    assert (led.count("/app"), led.count("/app/sign-in#error=state_invalid")) == (1, 49)
    assert openid.asked.count("/token") == 1


async def test_another_browsers_state_signs_nobody_in(openid: OpenId, visit: Visits) -> None:
    attacker, victim, bystander = visit(), visit(), visit()
    back = await attacker.consent(await attacker.depart())
    error(await bystander.come_back(back), "state_invalid")
    await victim.depart()
    back = await attacker.consent(await attacker.depart())
    error(await victim.come_back(back), "state_invalid")
    assert "/token" not in openid.asked


async def test_another_browsers_code_is_of_no_use(openid: OpenId, visit: Visits) -> None:
    """Whoever has stolen a code puts it into an answer of their own: PKCE has it refused."""
    victim, thief = visit(), visit()
    stolen = parse_qs(urlsplit(await victim.consent(await victim.depart())).query)["code"][0]
    state = parse_qs(urlsplit(await thief.consent(await thief.depart())).query)["state"][0]
    error(await thief.come_back(f"{CALLBACK}?state={state}&code={stolen}"), "code_refused")
    assert "/token" in openid.asked


async def test_a_code_is_good_once(openid: OpenId, visit: Visits) -> None:
    first, second = visit(), visit()
    back = await first.consent(await first.depart())
    code = parse_qs(urlsplit(back).query)["code"][0]
    await first.come_back(back)
    state = parse_qs(urlsplit(await second.depart()).query)["state"][0]
    error(await second.come_back(f"{CALLBACK}?state={state}&code={code}"), "code_refused")
    assert openid.asked.count("/token") == 2


async def test_without_pkce_the_provider_refuses(openid: OpenId, visit: Visits) -> None:
    here = visit()
    location = await here.depart()
    back = await here.consent(location.replace("code_challenge", "unused"))
    error(await here.come_back(back), "provider_refused")


async def test_a_state_of_ten_minutes_ago_is_too_old(openid: OpenId, visit: Visits, sql: asyncpg.Connection) -> None:
    here = visit()
    back = await here.consent(await here.depart())
    await sql.execute("update tickets set expires_at = now() where kind = 'oidc_state'")
    error(await here.come_back(back), "state_invalid")


@pytest.mark.parametrize(
    "query",
    ["", "state=", "code=a", "state=a&code=b", "state=%00%ff&code=%0d%0a", "error=access_denied", "state=a&state=b"],
)
async def test_what_nobody_set_out_for_is_refused(openid: OpenId, visit: Visits, query: str) -> None:
    error(await visit().come_back(f"{CALLBACK}?{query}"), "state_invalid")
    assert not openid.asked


async def test_who_does_not_agree_is_told_so(openid: OpenId, visit: Visits) -> None:
    openid.denies = True
    answer = await visit().sign_in(next="/app/links")
    assert answer.headers["location"] == "/app/sign-in?next=%2Fapp%2Flinks#error=access_denied"


async def test_another_providers_answer_is_refused(openid: OpenId, visit: Visits) -> None:
    here = visit()
    back = await here.consent(await here.depart())
    error(await here.come_back(back.partition("&iss=")[0] + "&iss=https%3A%2F%2Fevil.test"), "provider_refused")
    openid.document = {"authorization_response_iss_parameter_supported": True}
    providers._made.cache_clear()
    back = await here.consent(await here.depart())
    error(await here.come_back(back.partition("&iss=")[0]), "provider_refused")
    assert "/token" not in openid.asked


# ID tokens


def _by_the_public_key(openid: OpenId, claims: dict[str, Any]) -> str:
    key = openid.keys[-1]
    pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    body = f"{part({'alg': 'HS256', 'kid': key.kid})}.{part(claims)}"
    signature = urlsafe_b64encode(hmac.new(pem, body.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    return f"{body}.{signature}"


def _by_the_client_secret(_: OpenId, claims: dict[str, Any]) -> str:
    body = f"{part({'alg': 'HS256'})}.{part(claims)}"
    signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest()
    return f"{body}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _changed(openid: OpenId, claims: dict[str, Any]) -> str:
    header, _, signature = openid.keys[-1].sign(claims).split(".")
    return f"{header}.{part({**claims, 'sub': 'somebody else'})}.{signature}"


def _by_its_own_key(openid: OpenId, claims: dict[str, Any]) -> str:
    own = Key(kid=openid.keys[-1].kid)
    return jwt.encode(claims, own.private, "RS256", headers={"kid": own.kid, "jwk": own.jwk})


FORGED: dict[str, Callable[[OpenId, dict[str, Any]], str]] = {
    "alg none": lambda _, claims: unsigned(claims),
    "alg None": lambda openid, claims: f"{part({'alg': 'None', 'kid': openid.keys[-1].kid})}.{part(claims)}.",
    "HS256 by the public key": _by_the_public_key,
    "HS256 by the client's secret": _by_the_client_secret,
    "changed claims": _changed,
    "another key of the same name": lambda openid, claims: Key(kid=openid.keys[-1].kid).sign(claims),
    "a key that the token brings along": _by_its_own_key,
    "an unknown key": lambda _, claims: Key().sign(claims),
    "another algorithm of the same key": lambda openid, claims: replace(openid.keys[-1], algorithm="RS512").sign(claims),
    "no signature": lambda openid, claims: openid.keys[-1].sign(claims).rpartition(".")[0] + ".",
    "two parts": lambda openid, claims: openid.keys[-1].sign(claims).rpartition(".")[0],
    "five parts": lambda openid, claims: openid.keys[-1].sign(claims) + ".a.b",
    "padding": lambda openid, claims: openid.keys[-1].sign(claims) + "==",
    "no token": lambda _openid, _claims: "",
    "no text": lambda _openid, _claims: 7,  # type: ignore[dict-item,return-value]  # what JSON may hold
    "a long one": lambda openid, claims: openid.keys[-1].sign({**claims, "more": "a" * 20_000}),
}  # fmt: skip


@pytest.mark.parametrize("way", FORGED)
async def test_a_forged_id_token_signs_nobody_in(
    openid: OpenId, visit: Visits, sql: asyncpg.Connection, way: str
) -> None:
    openid.sign = lambda claims: FORGED[way](openid, claims)
    error(await visit().sign_in(), "id_token_invalid")
    assert await accounts(sql, openid.says["email"]) == 0


NOW = int(time.time())
CLAIMS: list[dict[str, Any]] = [
    {"iss": "https://evil.test"}, {"iss": None}, {"iss": ["x"]}, {"aud": "another"}, {"aud": None}, {"aud": []},
    {"aud": ["another"]}, {"aud": {"ginnel at home": 1}}, {"aud": [CLIENT, "another"]},
    {"aud": [CLIENT, "another"], "azp": "another"}, {"azp": "another"}, {"nonce": "another"}, {"nonce": None}, {"nonce": ""},
    {"nonce": ["x"]}, {"exp": NOW - 3600}, {"exp": None}, {"exp": "tomorrow"}, {"exp": True}, {"iat": NOW + 86_400},
    {"iat": None}, {"iat": "today"}, {"nbf": NOW + 86_400}, {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "a" * 256},
    {"sub": "nul\0"}, {"sub": "ad\u00e4"}, {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
]  # fmt: skip


@pytest.mark.parametrize("claims", CLAIMS, ids=str)
async def test_wrong_claims_sign_nobody_in(openid: OpenId, visit: Visits, claims: dict[str, Any]) -> None:
    def spoil(given: dict[str, Any]) -> dict[str, Any]:
        spoilt = {**given, **claims}
        # PyJWT does not sign what is no issuer.
        return {name: value for name, value in spoilt.items() if value is not None}

    key = openid.keys[-1]
    openid.sign = lambda given: _signed(key, given)
    openid.spoil = spoil
    error(await visit().sign_in(), "id_token_invalid")


def _signed(key: Key, claims: dict[str, Any]) -> str:
    """Sign any claims: PyJWT refuses to sign some that are wrong."""
    return jwt.api_jws.encode(json.dumps(claims).encode(), key.private, key.algorithm, headers={"kid": key.kid})


@pytest.mark.parametrize(
    "claims", [{"aud": [CLIENT]}, {"aud": [CLIENT, "another"], "azp": CLIENT}, {"azp": CLIENT}], ids=str
)
async def test_right_claims_of_other_forms_do(openid: OpenId, visit: Visits, claims: dict[str, Any]) -> None:
    openid.spoil = lambda given: {**given, **claims}
    assert (await visit().sign_in()).headers["location"] == "/app"


async def test_a_token_without_a_key_id_is_taken_where_there_is_one_key(openid: OpenId, visit: Visits) -> None:
    key = openid.keys[-1]
    openid.sign = lambda claims: jwt.encode(claims, key.private, "RS256")
    assert (await visit().sign_in()).headers["location"] == "/app"
    openid.keys = [Key(), key]
    providers._made.cache_clear()
    error(await visit().sign_in(), "id_token_invalid")


async def test_keys_may_change_at_any_time(openid: OpenId, visit: Visits, monkeypatch: pytest.MonkeyPatch) -> None:
    await visit().sign_in()
    monkeypatch.setattr(providers, "_PAUSE", 0.2)
    await asyncio.sleep(0.25)
    openid.keys = [*openid.keys, Key("ES256")]
    assert (await visit().sign_in()).headers["location"] == "/app"
    assert openid.asked.count("/jwks") == 2


async def test_an_unknown_key_is_looked_for_now_and_then(openid: OpenId, visit: Visits) -> None:
    await visit().sign_in()
    openid.sign = lambda claims: Key().sign(claims)
    for _ in range(5):
        error(await visit().sign_in(), "id_token_invalid")
    assert openid.asked.count("/jwks") == 1


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")  # so it is
async def test_a_weak_key_is_no_key(openid: OpenId, visit: Visits) -> None:
    openid.keys = [Key(private=rsa.generate_private_key(65537, 1024))]
    error(await visit().sign_in(), "id_token_invalid")


# A provider that is not well


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"])
@pytest.mark.parametrize(
    "reply",
    [
        Response("oops", 500), Response("<html>", 200, media_type="text/html"), Response("[]"), Response("{" * 100_000),
        Response('{"a": "' + "x" * 1_000_000 + '"}'), Response(status_code=302, headers={"location": "/jwks"}),
        Response(b"\xff\xfe"),
    ],
    ids=["500", "html", "list", "deep", "huge", "redirect", "bytes"],
)  # fmt: skip
async def test_what_is_no_answer_is_told_as_such(openid: OpenId, visit: Visits, path: str, reply: Response) -> None:
    openid.apart = True
    openid.replies[path] = reply
    here = visit()
    location = await here.depart()
    answer = await here.come_back(await here.consent(location)) if location.startswith(openid.issuer) else None
    if answer is not None:
        error(answer, "provider_away")
    else:
        assert (path, location) == ("/.well-known/openid-configuration", "/app/sign-in#error=provider_away")


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.test"}, {"issuer": None}, {"token_endpoint": None}, {"jwks_uri": "http://evil.test/"},
        {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": "//evil.test"}, {"userinfo_endpoint": 7},
    ],
    ids=str,
)  # fmt: skip
async def test_a_configuration_that_can_not_be_is_refused(
    openid: OpenId, visit: Visits, document: dict[str, Any]
) -> None:
    openid.document = document
    assert await visit().depart() == "/app/sign-in#error=provider_away"


async def test_a_provider_that_is_gone_is_told_at_once(
    told: Told, visit: Visits, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    told(oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT)
    with caplog.at_level(logging.INFO):
        assert await visit().depart() == "/app/sign-in#error=provider_away"
    problem(await account.http.post(LINK, json={"password": account.password}), 503, "provider_away")


async def test_a_slow_provider_keeps_nobody_waiting_for_long(
    openid: OpenId, visit: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "_SECONDS", 0.3)
    openid.slow["/token"] = 5
    here = visit()
    back = await here.consent(await here.depart())
    began = time.monotonic()
    error(await here.come_back(back), "provider_away")
    assert time.monotonic() - began < 3


async def test_all_that_is_asked_when_somebody_comes_back_has_one_end(
    openid: OpenId, visit: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "_PATIENCE", 0.8)
    openid.slow = dict.fromkeys(("/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"), 0.5)
    here = visit()
    back = await here.consent(await here.depart())
    providers._made.cache_clear()
    error(await here.come_back(back), "provider_away")
    assert "/jwks" not in openid.asked


async def test_no_connection_is_held_while_the_provider_is_asked(
    openid: OpenId, visit: Visits, sql: asyncpg.Connection
) -> None:
    openid.slow["/token"] = 1
    here = visit()
    back = asyncio.create_task(here.come_back(await here.consent(await here.depart())))
    await asyncio.sleep(0.5)
    held = (
        "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'"
    )
    assert await sql.fetchval(held) == 0
    assert (await back).headers["location"] == "/app"


# Where it leads


async def test_next_leads_nowhere_else(openid: OpenId, visit: Visits, capsys: pytest.CaptureFixture[str]) -> None:
    off = []
    for denied in (False, True):
        openid.denies = denied
        for wanted in FOREIGN:
            if not wanted.isprintable() and "\ud800" in wanted:
                continue  # no address can have it
            led = (await visit().sign_in(next=wanted)).headers["location"]
            if ada_url.URL(led, "http://go.test").origin != "http://go.test" or not led.startswith("/app"):
                off.append((wanted, led))
    with capsys.disabled():
        print(
            f"\n  {2 * (len(FOREIGN) - 1)} ways back from the provider, to variants of next=: {len(off)} off this site's origin"
        )
    assert not off


async def test_starting_takes_no_other_sites_word(openid: OpenId, browser: Browser) -> None:
    problem(await browser().get(START, headers=CROSS), 403, "cross_site")
    problem(await browser().get(START, headers={"origin": "https://evil.test"}), 403, "cross_site")
    assert not openid.asked


# Second factors


def ticket(answer: httpx.Response) -> str:
    assert not any(COOKIE in cookie for cookie in answer.headers.get_list("set-cookie"))
    page, _, said = answer.headers["location"].partition("#factor=")
    assert page == "/app/sign-in?next=%2Fapp%2Flinks"
    return str(said)


async def test_a_second_factor_is_asked_for_all_the_same(
    openid: OpenId, visit: Visits, account: Account, sql: asyncpg.Connection
) -> None:
    await prove(sql, account.email)
    app, codes = await set_up(account, sql)
    openid.says["email"] = account.email
    here = visit()
    given = {"ticket": ticket(await here.sign_in(next="/app/links"))}
    problem(await here.http.post(FINISH, json=given), 401, "totp_required")
    problem(await here.http.post(FINISH, json={**given, "totp": "000000"}), 401, "totp_invalid")
    problem(await visit().http.post(FINISH, json={**given, "totp": app.now()}), 400, "ticket_invalid")
    answer = await here.http.post(FINISH, json={**given, "totp": app.now()})
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["email"] == account.email
    assert await sql.fetchval("select second_factor from sessions order by id desc limit 1") == "totp"
    problem(await here.http.post(FINISH, json={**given, "totp": codes[0]}), 400, "ticket_invalid")
    assert await sql.fetchval("select count(*) from recovery_codes where used_at is not null and user_id = "
                              "(select id from users where email = $1)", account.email) == 0  # fmt: skip


async def test_a_passkey_does_as_well(openid: OpenId, visit: Visits, account: Account, sql: asyncpg.Connection) -> None:
    await prove(sql, account.email)
    device = Authenticator()
    await added(account, device)
    openid.says["email"] = account.email
    here = visit()
    given = {"ticket": ticket(await here.sign_in(next="/app/links"))}
    problem(await here.http.post(FINISH, json=given), 401, "passkey_required")
    answer = await here.http.post(FINISH, json={**given, "passkey": device.get(await request(here.http))})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("made", ["", "a", "state"])
async def test_a_ticket_of_another_kind_finishes_nothing(openid: OpenId, visit: Visits, made: str) -> None:
    here = visit()
    state = parse_qs(urlsplit(await here.depart()).query)["state"][0]
    given = {"ticket": state if made == "state" else made, "totp": "123456"}
    problem(await here.http.post(FINISH, json=given), 400, "ticket_invalid")


async def test_who_was_disabled_meanwhile_does_not_finish(
    openid: OpenId, visit: Visits, account: Account, sql: asyncpg.Connection
) -> None:
    await prove(sql, account.email)
    app, _ = await set_up(account, sql)
    openid.says["email"] = account.email
    here = visit()
    given = {"ticket": ticket(await here.sign_in(next="/app/links")), "totp": app.now()}
    await sql.execute("update users set disabled_at = now() where email = $1", account.email)
    problem(await here.http.post(FINISH, json=given), 400, "ticket_invalid")


# Linking by hand


async def link(account: Account, world: httpx.AsyncClient, **more: Any) -> httpx.Response:
    answer = await account.http.post(LINK, json={"password": account.password, "next": "/app/account", **more})
    assert answer.status_code == 200, answer.text
    here = Visit(account.http, world)
    return await here.come_back(await here.consent(answer.json()["location"]))


async def test_somebody_signed_in_links_any_account_at_the_provider(
    openid: OpenId, visit: Visits, account: Account, world: httpx.AsyncClient, sql: asyncpg.Connection
) -> None:
    openid.says = {"email": "elsewhere@example.net", "email_verified": False}
    for _ in range(2):
        assert (await link(account, world)).headers["location"] == "/app/account"
    listed = (await account.http.get(IDENTITIES)).json()["items"]
    assert [item["email"] for item in listed] == ["elsewhere@example.net"]
    here = visit()
    await here.sign_in()
    assert (await here.me())["email"] == account.email
    assert await sql.fetchval("select count(*) from audit_log where action = 'identity_added' and user_id = "
                              "(select id from users where email = $1)", account.email) == 1  # fmt: skip


async def test_linking_needs_the_password(openid: OpenId, account: Account) -> None:
    problem(await account.http.post(LINK, json={"password": "not the password"}), 403, "password_wrong")
    problem(await account.http.post(LINK, json={}), 422, "invalid")
    assert "/authorize" not in openid.asked


async def test_what_is_anothers_can_not_be_linked(
    openid: OpenId, register: Callable[[], Awaitable[Account]], world: httpx.AsyncClient
) -> None:
    first, second = await register(), await register()
    await link(first, world)
    error(await link(second, world), "identity_taken", page="/app/account")
    assert not (await second.http.get(IDENTITIES)).json()["items"]
    assert openid.asked.count("/token") == 2


async def test_who_has_signed_out_meanwhile_links_nothing(
    openid: OpenId, account: Account, world: httpx.AsyncClient, sql: asyncpg.Connection
) -> None:
    answer = await account.http.post(LINK, json={"password": account.password, "next": "/app/account#a"})
    here = Visit(account.http, world)
    back = await here.consent(answer.json()["location"])
    await account.http.post("/api/v1/auth/logout")
    error(await here.come_back(back), "session_ended", page="/app/account")
    assert not await sql.fetchval("select exists (select from identities where subject = $1)", openid.subject)


async def test_a_strangers_way_links_nothing_of_mine(openid: OpenId, account: Account, visit: Visits) -> None:
    """Whoever sends a victim along their own way to the provider would have the victim's account there lead into theirs."""
    answer = await account.http.post(LINK, json={"password": account.password})
    victim = visit()
    error(await victim.come_back(await victim.consent(answer.json()["location"])), "state_invalid")
    assert "/token" not in openid.asked


async def test_unlinking(openid: OpenId, account: Account, visit: Visits, world: httpx.AsyncClient) -> None:
    await link(account, world)
    (linked,) = (await account.http.get(IDENTITIES)).json()["items"]
    assert (await account.http.delete(f"{IDENTITIES}/{linked['id']}")).status_code == 204
    problem(await account.http.delete(f"{IDENTITIES}/{linked['id']}"), 404, "not_found")
    openid.says["email_verified"] = False
    error(await visit().sign_in(), "email_unverified")


async def test_the_last_way_in_stays(openid: OpenId, visit: Visits, account: Account, sql: asyncpg.Connection) -> None:
    here = visit()
    await here.sign_in()
    user = await here.me()
    (linked,) = (await here.http.get(IDENTITIES)).json()["items"]
    problem(await account.http.delete(f"{IDENTITIES}/{linked['id']}"), 404, "not_found")
    problem(await here.http.delete(f"{IDENTITIES}/{linked['id']}"), 409, "password_needed")
    assert len((await here.http.get(IDENTITIES)).json()["items"]) == 1
    # One of a provider that is not in force any more is no way in; another of this one is.
    fields = "insert into identities (user_id, issuer, subject, created_at) values ($1, $2, 'other', now())"
    await sql.execute(fields, user["id"], "https://former.example")
    problem(await here.http.delete(f"{IDENTITIES}/{linked['id']}"), 409, "password_needed")
    await sql.execute(fields, user["id"], openid.issuer)
    mine = [item["id"] for item in (await here.http.get(IDENTITIES)).json()["items"] if "former" not in item["issuer"]]
    answers = await asyncio.gather(*(here.http.delete(f"{IDENTITIES}/{identity}") for identity in mine))
    assert sorted(answer.status_code for answer in answers) == [204, 409]


async def test_who_first_proves_an_address_is_rid_of_what_a_stranger_has_linked(
    openid: OpenId, visit: Visits, account: Account, world: httpx.AsyncClient, sql: asyncpg.Connection
) -> None:
    """A stranger registers with an address, and links an account of theirs; its owner then chooses a password by mail."""
    openid.says = {"email": "stranger@example.net", "email_verified": False}
    await link(account, world)
    secret = await reset_ticket(sql, account)
    answer = await visit().http.post("/api/v1/auth/reset", json={"ticket": secret, "password": "quiet lantern 7 oaks"})
    assert answer.status_code == 204, answer.text
    error(await visit().sign_in(), "email_unverified")


async def test_who_is_appointed_from_outside_is_rid_of_it_too(
    openid: OpenId, visit: Visits, account: Account, world: httpx.AsyncClient
) -> None:
    openid.says = {"email": "stranger@example.net", "email_verified": False}
    await link(account, world)
    async with db.session() as conn:
        await appointing.appoint(conn, account.email, now=datetime.now(UTC))
    error(await visit().sign_in(), "email_unverified")


async def test_whose_address_was_proved_keeps_what_is_linked(
    openid: OpenId, visit: Visits, account: Account, world: httpx.AsyncClient, sql: asyncpg.Connection
) -> None:
    await prove(sql, account.email)
    openid.says = {"email": "elsewhere@example.net", "email_verified": False}
    await link(account, world)
    secret = await reset_ticket(sql, account)
    await visit().http.post("/api/v1/auth/reset", json={"ticket": secret, "password": "quiet lantern 7 oaks"})
    assert (await visit().sign_in()).headers["location"] == "/app"


async def reset_ticket(sql: asyncpg.Connection, account: Account) -> str:
    user = await sql.fetchval("select id from users where email = $1", account.email)
    async with db.session() as conn:
        return await tickets.issue(conn, "reset", user=user, now=datetime.now(UTC), email=account.email)


@pytest.mark.parametrize("mode", ["invite", "closed"])
async def test_where_not_everybody_may_register_only_who_has_an_account_gets_in(
    openid: OpenId, visit: Visits, account: Account, told: Told, sql: asyncpg.Connection, mode: str
) -> None:
    await sql.execute("delete from installation")  # what an operator of another test has said
    told(registration=mode)
    error(await visit().sign_in(), "registration_closed")
    assert await accounts(sql, openid.says["email"]) == 0
    await prove(sql, account.email)
    openid.says["email"] = account.email
    assert (await visit().sign_in()).headers["location"] == "/app"


async def test_nothing_secret_is_logged_or_kept(
    openid: OpenId, visit: Visits, sql: asyncpg.Connection, capfd: pytest.CaptureFixture[str]
) -> None:
    here = visit()
    location = await here.depart()
    secret = here.http.cookies["ginnel_oidc"]
    back = await here.consent(location)
    state, code = (parse_qs(urlsplit(back).query)[name][0] for name in ("state", "code"))
    await here.come_back(back)
    openid.denies = True
    await here.sign_in()
    kept = await sql.fetchval("select string_agg(data::text || secret_hash::text, ' ') from tickets")
    output = capfd.readouterr()
    for word in (secret, state, code, SECRET):
        assert word not in kept
        assert word not in output.out + output.err
