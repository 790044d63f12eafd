"""A provider of OpenID Connect on loopback: small, but it checks what the standards have it check. Tests may spoil it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

CLIENT, SECRET = "ginnel at home", "a secret: with+signs"
Claims = dict[str, Any]


@dataclass
class Key:
    algorithm: str = "RS256"
    kid: str = field(default_factory=lambda: secrets.token_hex(4))
    private: Any = None

    def __post_init__(self) -> None:
        if self.private is None:
            elliptic = self.algorithm.startswith("ES")
            self.private = (
                ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65537, 2048)
            )

    @property
    def jwk(self) -> dict[str, Any]:
        kind = ECAlgorithm if self.algorithm.startswith("ES") else RSAAlgorithm
        public = kind.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def sign(self, claims: Claims) -> str:
        return jwt.encode(claims, self.private, self.algorithm, headers={"kid": self.kid})


@dataclass
class Grant:
    redirect: str
    nonce: str
    challenge: str


def _unspoilt(claims: Claims) -> Claims:
    return claims


@dataclass
class OpenId:
    """The provider, and the person who is signed in there."""

    issuer: str = ""
    site: str = "http://go.test"
    """Where it sends people back to."""
    subject: str = field(default_factory=lambda: secrets.token_hex(8))
    says: Claims = field(default_factory=dict)
    """Of the person: in the ID token, unless `apart`."""
    apart: bool = False
    """Whether only /userinfo says it."""
    denies: bool = False
    keys: list[Key] = field(default_factory=lambda: [Key()])
    """The last one signs; all are published but those in `unpublished`."""
    unpublished: set[str] = field(default_factory=set)
    spoil: Callable[[Claims], Claims] = _unspoilt
    sign: Callable[[Claims], str] | None = None
    document: Claims = field(default_factory=dict)
    """What the configuration says otherwise."""
    replies: dict[str, Response] = field(default_factory=dict)
    """In place of what an address would answer."""
    slow: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    """What the token endpoint was sent as Authorization."""
    _codes: dict[str, Grant] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def configuration(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=a%20b",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
            **self.document,
        }

    def authorize(self, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        """Return where to send the browser back to, and with what."""
        redirect, back = query.get("redirect_uri", ""), {"state": query.get("state", "")}
        if query.get("client_id") != CLIENT or redirect != f"{self.site}/api/v1/auth/oidc/callback":
            return "", {}
        if self.denies:
            return redirect, {**back, "error": "access_denied", "error_description": "no"}
        wanted = query.get("response_type") == "code" and "openid" in query.get("scope", "").split()
        if not wanted or query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != 43:
            return redirect, {**back, "error": "invalid_request"}
        code = secrets.token_urlsafe(24)
        self._codes[code] = Grant(redirect, query.get("nonce", ""), query["code_challenge"])
        return redirect, {**back, "code": code, "iss": self.issuer}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        self.authorizations.append(authorization)
        if not self._knows(form, authorization):
            return 401, {"error": "invalid_client"}
        code = form.get("code", "")
        grant = self._codes.get(code)
        verifier = form.get("code_verifier", "")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        good = grant and grant.redirect == form.get("redirect_uri") and grant.challenge == challenge
        if not grant or not good or code in self._used or form.get("grant_type") != "authorization_code":
            return 400, {"error": "invalid_grant"}
        self._used.add(code)
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": self.subject, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": grant.nonce,
            **({} if self.apart else self.says),
        }  # fmt: skip
        sign = self.sign or self.keys[-1].sign
        return 200, {"access_token": "open", "token_type": "Bearer", "id_token": sign(self.spoil(claims))}

    def _knows(self, form: dict[str, str], authorization: str) -> bool:
        if authorization.startswith("Basic "):
            name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            return (unquote_plus(name), unquote_plus(secret)) == (CLIENT, SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def spoilt(request: Request, call_next: Any) -> Any:
            self.asked.append(request.url.path)
            await asyncio.sleep(self.slow.get(request.url.path, 0))
            return self.replies.get(request.url.path) or await call_next(request)

        @app.get("/.well-known/openid-configuration")
        async def configuration() -> Any:
            return self.configuration()

        @app.get("/jwks")
        async def jwks() -> Any:
            return {"keys": [key.jwk for key in self.keys if key.kid not in self.unpublished]}

        @app.get("/authorize")
        async def authorize(request: Request) -> Any:
            address, back = self.authorize(dict(request.query_params))
            if not address or request.query_params["tenant"] != "a b":
                return Response("no such client", 400)
            return RedirectResponse(f"{address}?{urlencode(back)}", 302)

        @app.post("/token")
        async def token(request: Request) -> Any:
            pairs = (pair.partition("=") for pair in (await request.body()).decode().split("&"))
            form = {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}
            status, body = self.token(form, request.headers.get("authorization", ""))
            return JSONResponse(body, status, {"cache-control": "no-store"})

        @app.get("/userinfo")
        async def userinfo(request: Request) -> Any:
            if request.headers.get("authorization") != "Bearer open":
                return Response(status_code=401)
            return {"sub": self.subject, **self.says}

        return app

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[OpenId]:
        listener = socket.create_server(("127.0.0.1", 0))
        self.issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(self.app(), log_level="error", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110  # it has no event to wait for
            await asyncio.sleep(0.01)
        yield self
        server.should_exit = server.force_exit = True
        await running
        listener.close()


def unsigned(claims: Claims) -> str:
    return jwt.encode(claims, "", "none")


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
