"""Access tokens: what is refused, and that nothing else than what was issued verifies."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginnel import keyring, settings, tokens

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def jwk(kid: str, **changes: Any) -> dict[str, Any]:
    return {"kty": "oct", "alg": "HS256", "kid": kid, "k": b64(secrets.token_bytes(32)), **changes}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


FIRST, SECOND = jwk("first"), jwk("second")
VALID_CLAIMS = {
    "iss": "http://go.test",
    "aud": "http://go.test/api/v1",
    "sub": "7",
    "sid": "8",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 900,
}
VALID_HEADER = {"alg": "HS256", "typ": "at+jwt", "kid": "first"}


def use(monkeypatch: pytest.MonkeyPatch, *keys: dict[str, Any]) -> None:
    monkeypatch.setenv("JWT_KEYS", json.dumps({"keys": keys}))
    settings.read.cache_clear()
    keyring.ring.cache_clear()


@pytest.fixture(autouse=True)
def _two_keys() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use(patch, FIRST, SECOND)
        yield
    settings.read.cache_clear()
    keyring.ring.cache_clear()


def forge(
    header: dict[str, Any] | None = None,
    claims: dict[str, Any] | None = None,
    *,
    key: str = FIRST["k"],
    raw: bool = False,
) -> str:
    """Sign what PyJWT would refuse to make. A value of None drops the member."""
    parts = []
    for valid, changes in ((VALID_HEADER, header), (VALID_CLAIMS, claims)):
        merged = {**valid, **(changes or {})}
        parts.append(b64(json.dumps({k: v for k, v in merged.items() if v is not None}).encode()))
    message = ".".join(parts)
    secret = key.encode() if raw else unb64(key)
    return f"{message}.{b64(hmac.digest(secret, message.encode(), hashlib.sha256))}"


async def test_an_issued_token_verifies_until_it_expires() -> None:
    token = await tokens.issue(user=7, session=8, now=NOW)
    assert tokens.verify(token, now=NOW) == tokens.Access(user=7, session=8)
    assert tokens.verify(token, now=NOW + timedelta(seconds=899)).session == 8
    with pytest.raises(tokens.TokenExpired):
        tokens.verify(token, now=NOW + timedelta(seconds=900))


async def test_an_issued_token_is_what_rfc_9068_asks_for() -> None:
    token = await tokens.issue(user=7, session=8, now=NOW)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "at+jwt", "kid": "first"}
    claims = json.loads(unb64(token.split(".")[1]))
    assert claims.keys() >= {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}


def test_the_forge_makes_good_tokens_when_nothing_is_changed() -> None:
    assert tokens.verify(forge(), now=NOW) == tokens.Access(user=7, session=8)


FORGED = {
    "alg none": forge({"alg": "none"}),
    "alg none, no signature": forge({"alg": "none"}).rpartition(".")[0] + ".",
    "alg None": forge({"alg": "None"}),
    "alg HS512": forge({"alg": "HS512"}),
    "alg RS256": forge({"alg": "RS256"}),
    "alg in lower case": forge({"alg": "hs256"}),
    "alg a list": forge({"alg": ["HS256"]}),
    "no alg": forge({"alg": None}),
    "unknown kid": forge({"kid": "third"}),
    "the other key's kid": forge({"kid": "second"}),
    "no kid": forge({"kid": None}),
    "kid a number": forge({"kid": 1}),
    "kid a path": forge({"kid": "../../dev/null"}, key=""),
    "an empty key": forge(key=""),
    "the key's text for the key": forge(key=FIRST["k"], raw=True),
    "another key": forge(key=b64(b"x" * 32)),
    "typ JWT": forge({"typ": "JWT"}),
    "typ missing": forge({"typ": None}),
    "typ in capitals": forge({"typ": "AT+JWT"}),
    "crit": forge({"crit": ["exp"]}),
    "b64 false": forge({"b64": False, "crit": ["b64"]}),
    "its own key": forge({"jwk": FIRST}),
    "a key's address": forge({"jku": "https://example.com/jwks.json"}),
    "another aud": forge(claims={"aud": "http://go.test"}),
    "a list of aud": forge(claims={"aud": ["http://go.test/api/v1"]}),
    "no aud": forge(claims={"aud": None}),
    "another iss": forge(claims={"iss": "http://go.test.example.com"}),
    "iss with a slash": forge(claims={"iss": "http://go.test/"}),
    "no iss": forge(claims={"iss": None}),
    "no exp": forge(claims={"exp": None}),
    "exp text": forge(claims={"exp": str(VALID_CLAIMS["exp"])}),
    "exp a fraction": forge(claims={"exp": float(NOW.timestamp()) + 900.5}),
    "exp true": forge(claims={"exp": True}),
    "exp endless": forge(claims={"exp": float("inf")}),
    "no iat": forge(claims={"iat": None}),
    "no sub": forge(claims={"sub": None}),
    "sub a number": forge(claims={"sub": 7}),
    "sub negative": forge(claims={"sub": "-7"}),
    "sub in other digits": forge(claims={"sub": "\u0667"}),
    "sub endless": forge(claims={"sub": "9" * 30}),
    "no sid": forge(claims={"sid": None}),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_refused(token: str) -> None:
    with pytest.raises(tokens.TokenInvalid):
        tokens.verify(token, now=NOW)


def test_the_same_claims_in_another_spelling_are_refused() -> None:
    header, claims, signature = forge().split(".")
    # The last of 43 characters holds two unused bits.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    stray = signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]
    assert unb64(stray) == unb64(signature)
    for spelling in (
        f"{header}.{claims}.{stray}",
        f"{header}.{claims}.{signature}=",
        f"{header}=.{claims}.{signature}",
        f"{header}.{claims}==.{signature}",
        f" {header}.{claims}.{signature}",
        f"{header}.{claims}.{signature}\n",
        f"{header}\n.{claims}.{signature}",
        f"{header}.{claims}.{signature}.",
        f".{header}.{claims}.{signature}",
        f"{header}.{claims}.{signature}.{signature}",
        f"{header}..{claims}.{signature}",
        f"{header}.{claims}",
        f"{header}.{claims}.",
        f"{header}.{claims}.{signature}A",
        f"{header}.{claims}.{signature[:-1]}",
        forge().replace("_", "/").replace("-", "+") + "\x00",
        json.dumps({"protected": header, "payload": claims, "signature": signature}),
    ):
        with pytest.raises(tokens.TokenInvalid):
            tokens.verify(spelling, now=NOW)


def test_a_payload_that_is_no_object_is_refused() -> None:
    header = b64(json.dumps(VALID_HEADER).encode())
    for payload in (b"[]", b"7", b"null", b"\xff", b"[" * 1000, b"NaN"):
        message = f"{header}.{b64(payload)}"
        signature = hmac.digest(unb64(FIRST["k"]), message.encode(), hashlib.sha256)
        with pytest.raises(tokens.TokenInvalid):
            tokens.verify(f"{message}.{b64(signature)}", now=NOW)


@given(st.data())
def test_a_mutated_token_never_verifies(data: st.DataObject) -> None:
    token = forge()
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, min(start + 4, len(token))))
    piece = data.draw(st.text(max_size=4) | st.text(alphabet="AQgw+/=-_.", max_size=4))
    mutated = token[:start] + piece + token[end:]
    if mutated == token:
        tokens.verify(mutated, now=NOW)
    else:
        with pytest.raises(tokens.TokenInvalid):
            tokens.verify(mutated, now=NOW)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_=+/-]{0,20}(\.[A-Za-z0-9_=+/-]{0,20}){0,4}", fullmatch=True))
def test_no_text_is_more_than_invalid(text: str) -> None:
    with pytest.raises(tokens.TokenInvalid):
        tokens.verify(text, now=NOW)


def test_a_huge_token_is_refused_unread() -> None:
    with pytest.raises(tokens.TokenInvalid):
        tokens.verify("A" * 1_000_000, now=NOW)


async def test_keys_change_without_refusing_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = jwk("old"), jwk("new")
    use(monkeypatch, old)
    by_old = await tokens.issue(user=7, session=8, now=NOW)
    use(monkeypatch, old, new)
    assert tokens.verify(by_old, now=NOW).user == 7
    use(monkeypatch, new, old)
    by_new = await tokens.issue(user=7, session=8, now=NOW)
    assert jwt.get_unverified_header(by_new)["kid"] == "new"
    assert tokens.verify(by_old, now=NOW) == tokens.verify(by_new, now=NOW)
    use(monkeypatch, old, new)  # a host that the order has not reached yet
    assert tokens.verify(by_new, now=NOW).user == 7
    use(monkeypatch, new)
    assert tokens.verify(by_new, now=NOW).user == 7
    with pytest.raises(tokens.TokenInvalid):
        tokens.verify(by_old, now=NOW)


BAD_KEYS = {
    "no JSON": "secret",
    "no set": json.dumps([FIRST]),
    "no keys": json.dumps({"keys": []}),
    "keys null": json.dumps({"keys": None}),
    "keys an object": json.dumps({"keys": {"a": "b"}}),
    "another kty": json.dumps({"keys": [jwk("a", kty="RSA")]}),
    "another alg": json.dumps({"keys": [jwk("a", alg="HS512")]}),
    "no kid": json.dumps({"keys": [{k: v for k, v in FIRST.items() if k != "kid"}]}),
    "an empty kid": json.dumps({"keys": [jwk("")]}),
    "kid a list": json.dumps({"keys": [{**FIRST, "kid": ["a"]}]}),
    "the same kid twice": json.dumps({"keys": [jwk("a"), jwk("a")]}),
    "k too short": json.dumps({"keys": [jwk("a", k=b64(b"x" * 31))]}),
    "k padded": json.dumps({"keys": [jwk("a", k=b64(b"x" * 32) + "=")]}),
    "k a number": json.dumps({"keys": [jwk("a", k=7)]}),
    "nbf text": json.dumps({"keys": [jwk("a", nbf="1")]}),
    "exp a fraction": json.dumps({"keys": [jwk("a", exp=1.5), jwk("b")]}),
    "exp true": json.dumps({"keys": [jwk("a", exp=True), jwk("b")]}),
    "all of them to end": json.dumps({"keys": [jwk("a", exp=1)]}),
}


@pytest.mark.parametrize("text", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_bad_keys_name_their_variable_and_stay_secret(text: str) -> None:
    with pytest.raises(ValueError, match=r"^JWT_KEYS ") as refused:
        keyring.Settings(jwt_keys=text)
    assert FIRST["k"] not in str(refused.value)


def test_secrets_are_256_bits_and_differ() -> None:
    drawn = {tokens.secret() for _ in range(100)}
    assert len(drawn) == 100
    assert {len(unb64(secret)) for secret in drawn} == {32}
    assert tokens.digest("a") == hashlib.sha256(b"a").digest()
