"""The provider: what it says of itself (OpenID Connect Discovery 1.0), and the calls that are made to it.

It is the operator's word, so it may be at a private address, which addresses that users name may not; redirects are not
followed. What it said is taken to hold for an hour. Imports neither the ORM nor pydantic: every cold start reads Settings.
"""

from __future__ import annotations

import base64
import functools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from ginnel import settings
from ginnel.errors import NotFound, Unavailable
from ginnel.observe import log

if TYPE_CHECKING:
    from ginnel.http1 import Answer
    from ginnel.outbound import Address

CALLBACK: Final = "/api/v1/auth/oidc/callback"
_FRESH: Final = 3600.0
"""Seconds for which what the provider said of itself, and its keys, are taken to hold."""
_PAUSE: Final = 10.0
"""Seconds between two looks for a key that is not in hand: whoever makes up names of keys causes no more than that."""
_REST: Final = 3.0
"""Seconds for which a provider that did not answer is left alone: who wants to sign in meanwhile is told at once."""
_SECONDS: Final = 5.0
"""For one call."""
_SIZE: Final = 256 * 1024
"""Bytes of an answer that are read; one that is longer is not whole, and so no JSON."""


@dataclass(frozen=True)
class Settings:
    oidc_issuer: str | None = None
    """The provider, as it calls itself. Without one nobody signs in so."""
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    """None for a public client, which has PKCE alone."""
    oidc_name: str = "OpenID Connect"
    """What people know the provider by."""
    oidc_scopes: str = "openid email profile"
    oidc_verified_as_text: bool = False
    """Whether the text "true" does for `email_verified`, as some providers send it; the standard has a boolean."""

    def __post_init__(self) -> None:
        if self.oidc_issuer is None:
            return
        if self.oidc_client_id is None:
            raise ValueError("OIDC_CLIENT_ID is not set, and OIDC_ISSUER is")
        if not _safe(self.oidc_issuer):
            raise ValueError("OIDC_ISSUER must begin with https://, unless it is on this machine")
        if "openid" not in self.oidc_scopes.split():
            raise ValueError("OIDC_SCOPES must have openid among them")


class OidcOff(NotFound):
    """Signing in with OpenID Connect is not set up here."""

    code = "oidc_off"

    def __init__(self) -> None:
        super().__init__("provider", "OpenID Connect is not set up here")


class ProviderAway(Unavailable):
    """The provider does not answer, or not as it should. Try again."""

    code = "provider_away"

    def __init__(self, detail: str = "The provider does not answer as it should. Please try again.") -> None:
        super().__init__(detail)


class CodeRefused(ProviderAway):
    """The provider does not take the code that came back from it: it was used before, or is too old."""

    code = "code_refused"


@dataclass(frozen=True)
class Metadata:
    """What is needed of a provider's configuration document."""

    authorization: str
    token: str
    userinfo: str | None
    jwks: str
    algorithms: frozenset[str]
    """By which ID tokens may be signed, as far as the provider goes."""
    basic: bool
    """Whether the client's secret goes into the Authorization header, which is the default, or into the body."""
    names_itself: bool
    """Whether its answers must bear its name (RFC 9207)."""


class Provider:
    """One that lasts as long as the process. Ages are the wall clock's: others stand still while a process is frozen."""

    def __init__(self, wanted: Settings) -> None:
        self.issuer = wanted.oidc_issuer or ""
        self.client = wanted.oidc_client_id or ""
        self.name = wanted.oidc_name
        self.scopes = wanted.oidc_scopes
        self.verified_as_text = wanted.oidc_verified_as_text
        self._secret = wanted.oidc_client_secret
        self._metadata: Metadata | None = None
        self._since = 0.0
        self._failed: float | None = None
        self._keys: list[dict[str, Any]] = []
        self._keys_since = 0.0

    @property
    def callback(self) -> str:
        return settings.site().origin + CALLBACK

    async def metadata(self) -> Metadata:
        """Raises ProviderAway."""
        if self._metadata is None or not _within(self._since, _FRESH):
            if self._failed is not None and _within(self._failed, _REST):
                raise ProviderAway
            try:
                found = await self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
                self._metadata = self._read(found)
            except ProviderAway:
                self._failed = time.time()
                raise
            self._since, self._failed, self._keys = time.time(), None, []
        return self._metadata

    async def keys(self, kid: str | None) -> list[dict[str, Any]]:
        """Return the keys of this name, as JWKs; all of them if a token names none. Raises ProviderAway."""
        known = await self.metadata()
        if not self._keys or not _within(self._keys_since, _FRESH):
            await self._renew(known)
        found = self._named(kid)
        if not found and not _within(self._keys_since, _PAUSE):
            await self._renew(known)
            found = self._named(kid)
        return found

    async def redeem(self, code: str, *, verifier: str) -> dict[str, Any]:
        """Trade a code for tokens (RFC 6749, section 4.1.3). Raises CodeRefused or ProviderAway."""
        known = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": verifier,
        }
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        if self._secret is None:
            form["client_id"] = self.client
        elif known.basic:
            # Both parts are encoded as a form's are before they are joined: section 2.3.1.
            pair = f"{quote_plus(self.client)}:{quote_plus(self._secret)}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self.client, "client_secret": self._secret}
        answer = await self._call(known.token, headers, body=urlencode(form).encode())
        if answer.status == 400:  # noqa: PLR2004  # section 5.2
            match _json(answer):
                case {"error": "invalid_grant"}:
                    raise CodeRefused("The provider does not take this answer any more. Please try again.")
        return self._object(answer)

    async def userinfo(self, access_token: str) -> dict[str, Any]:
        """Ask for what the ID token does not say; {} if there is nobody to ask. Raises ProviderAway."""
        known = await self.metadata()
        if known.userinfo is None:
            return {}
        return await self._get(known.userinfo, authorization=f"Bearer {access_token}")

    def _read(self, document: dict[str, Any]) -> Metadata:
        def endpoint(name: str) -> str:
            url = document.get(name)
            # A provider with TLS has no address without: what it says may have been forged on the way.
            if not isinstance(url, str) or not _safe(url) or (_secure(self.issuer) and not _secure(url)):
                raise _away("endpoint_unusable", name=name)
            return url

        if document.get("issuer") != self.issuer:
            raise _away("issuer_differs")
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Metadata(
            authorization=endpoint("authorization_endpoint"),
            token=endpoint("token_endpoint"),
            userinfo=endpoint("userinfo_endpoint") if "userinfo_endpoint" in document else None,
            jwks=endpoint("jwks_uri"),
            algorithms=frozenset(_texts(document.get("id_token_signing_alg_values_supported", ["RS256"]))),
            basic="client_secret_basic" in _texts(methods),
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )

    async def _renew(self, known: Metadata) -> None:
        found = await self._get(known.jwks)
        keys = found.get("keys")
        if not isinstance(keys, list):
            raise _away("keys_unusable")
        self._keys = [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]
        self._keys_since = time.time()

    def _named(self, kid: str | None) -> list[dict[str, Any]]:
        return [key for key in self._keys if kid is None or key.get("kid") == kid]

    async def _get(self, url: str, **headers: str) -> dict[str, Any]:
        return self._object(await self._call(url, {"accept": "application/json", **headers}))

    async def _call(self, url: str, headers: Mapping[str, str], *, body: bytes | None = None) -> Answer:
        from ginnel import outbound  # noqa: PLC0415  # with h11 behind it: for those who sign in so

        limits = outbound.Limits(seconds=_SECONDS, size=_SIZE, redirects=0)
        caller = outbound.Caller(permits=_anywhere)
        try:
            if body is None:
                return await caller.get(url, limits, headers=headers)
            return await caller.post(url, body, limits, headers=headers)
        except (OSError, outbound.Refused) as error:  # a TimeoutError is an OSError
            raise _away(type(error).__name__) from error

    @staticmethod
    def _object(answer: Answer) -> dict[str, Any]:
        found = _json(answer)
        if answer.status != 200 or not isinstance(found, dict):  # noqa: PLR2004  # and nothing else has what is wanted
            raise _away("answer_unusable", status=answer.status)
        return found


def _away(why: str, **details: object) -> ProviderAway:
    log.warning("provider_away", error=why, **details)
    return ProviderAway()


def _anywhere(_address: Address, _port: int) -> bool:
    return True


def _within(since: float, seconds: float) -> bool:
    return 0 <= time.time() - since < seconds


def _json(answer: Answer) -> Any:  # noqa: ANN401  # whatever JSON holds
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _texts(found: Any) -> list[str]:  # noqa: ANN401  # as above
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _secure(url: str) -> bool:
    return url.startswith("https://")


def _safe(url: str) -> bool:
    """Say whether what is sent there can't be read on the way."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    own = {name.strip("[]") for name in settings.LOOPBACK}
    return bool(host) and (_secure(url) or (url.startswith("http://") and host in own))


@functools.cache
def _made(wanted: Settings) -> Provider:
    return Provider(wanted)


def find() -> Provider | None:
    """Return the provider, if there is one."""
    wanted = settings.read(Settings)
    return _made(wanted) if wanted.oidc_issuer else None


def get() -> Provider:
    """Raises OidcOff."""
    found = find()
    if found is None:
        raise OidcOff
    return found
