"""Accounts: register, sign in, stay signed in, sign out, and API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Path, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import access, keys, lambdas, postgres, sessions, settings, tokens, users, web, workspaces
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound, Unauthorized
from ginnel.keys import KeyDraft, KeyOut
from ginnel.users import Credentials, Registration, User, UserOut
from ginnel.web import Now

from . import cookies

app = web.new_app("Auth", needs=[settings.Site, postgres.Settings, tokens.Settings])
handler = lambdas.serve(app)

OwnPage = Depends(cookies.same_site)
Keeper = Annotated[Me, Depends(access.may("keys:write"))]


class SignedIn(web.Output):
    user: UserOut
    access_token: Annotated[
        str, Field(description="Send it as `Authorization: Bearer …`.", examples=["eyJhbGciOiJIUzI1NiIs…"])
    ]
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(description="Seconds.", examples=[900])]


class MeOut(web.Output):
    user: UserOut
    workspace: Annotated[int, Field(description="The workspace that calls are about.", examples=[7])]
    role: workspaces.Role
    scopes: Annotated[Sequence[str], Field(examples=[["links:read", "links:write"]])]


class KeyMade(KeyOut):
    secret: Annotated[
        str, Field(description="The key. It is shown this once.", examples=["gnl_kT3nOq8Zb0mX2v5yR7sW1uA4cE6gI9jL"])
    ]


class KeyPage(web.Output):
    items: list[KeyOut]
    next_cursor: Annotated[None, Field(description="Always null: a workspace's keys fit one page.")]


@app.post(
    "/api/v1/auth/register",
    status_code=201,
    tags=["auth"],
    summary="Register",
    description="Makes an account with a workspace of its own, and signs it in: the refresh token comes as a cookie.",
    responses=web.problems(cookies.CrossSite, users.EmailTaken, Invalid),
    dependencies=[OwnPage],
)
async def register(wanted: Registration, request: Request, response: Response, conn: Conn, now: Now) -> SignedIn:
    user = await users.register(conn, wanted, now=now)
    return await _sign_in(conn, user, request, response, now=now)


@app.post(
    "/api/v1/auth/login",
    tags=["auth"],
    summary="Sign in",
    description="Starts a session. The refresh token comes as a cookie that only `refresh` and `logout` read.",
    responses=web.problems(users.CredentialsInvalid, cookies.CrossSite, Invalid),
    dependencies=[OwnPage],
)
async def login(given: Credentials, request: Request, response: Response, conn: Conn, now: Now) -> SignedIn:
    user = await users.authenticate(conn, given)
    return await _sign_in(conn, user, request, response, now=now)


@app.post(
    "/api/v1/auth/refresh",
    tags=["auth"],
    summary="Stay signed in",
    description="Trades the refresh cookie, which is good for one use, for a new one and a new access token.",
    responses=web.problems(sessions.RefreshInvalid, sessions.RefreshReplayed, cookies.CrossSite, sessions.RefreshRaced),
    dependencies=[OwnPage],
)
async def refresh(request: Request, response: Response, conn: Conn, now: Now) -> SignedIn:
    try:
        grant = await sessions.rotate(conn, cookies.read(request), now=now)
    except Unauthorized as problem:
        problem.headers |= cookies.cleared()
        raise
    return _signed_in(await users.get(conn, grant.user), grant, response, now=now)


@app.post(
    "/api/v1/auth/logout",
    status_code=204,
    tags=["auth"],
    summary="Sign out",
    description="Ends the session of the refresh cookie, and that of the access token if one is sent. Can be repeated.",
    responses=web.problems(cookies.CrossSite),
    dependencies=[OwnPage],
)
async def logout(request: Request, response: Response, bearer: access.Bearer, conn: Conn, now: Now) -> None:
    await sessions.end(conn, session=access.session_of(bearer, now=now), secret=cookies.read(request), now=now)
    cookies.clear(response)


@app.get(
    "/api/v1/auth/me",
    tags=["auth"],
    summary="Who am I?",
    description="Says whose access token or API key this is, and what it may do.",
    responses=web.problems(*access.REFUSALS),
)
async def who_am_i(me: Annotated[Me, Depends(access.me)], response: Response, conn: Conn) -> MeOut:
    response.headers["cache-control"] = "private, no-store"
    user = await users.get(conn, me.user)
    return MeOut(user=UserOut.model_validate(user), workspace=me.workspace, role=me.role, scopes=sorted(me.scopes))


@app.post(
    "/api/v1/api-keys",
    status_code=201,
    tags=["api-keys"],
    summary="Make an API key",
    description="For a program that acts for you in this workspace, as far as its scopes and your role both allow. "
    "Needs an access token: a key can't make keys.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, keys.TooManyKeys, Invalid),
)
async def create_key(draft: KeyDraft, response: Response, conn: Conn, me: Keeper, now: Now) -> KeyMade:
    key, secret = await keys.create(conn, draft, workspace=me.workspace, user=me.user, now=now)
    response.headers["cache-control"] = "no-store"
    return KeyMade(**KeyOut.model_validate(key).model_dump(), secret=secret)


@app.get(
    "/api/v1/api-keys",
    tags=["api-keys"],
    summary="List API keys",
    description="Newest first, without their secrets. Owners and admins see all of the workspace's, members their own.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing),
)
async def find_keys(conn: Conn, me: Keeper, response: Response) -> KeyPage:
    response.headers["cache-control"] = "private, no-store"
    found = await keys.find_all(conn, workspace=me.workspace, of=_reach(me))
    return KeyPage(items=[KeyOut.model_validate(key) for key in found], next_cursor=None)


@app.delete(
    "/api/v1/api-keys/{key}",
    status_code=204,
    tags=["api-keys"],
    summary="Revoke an API key",
    description="It stops working at once.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound),
)
async def revoke_key(key: Annotated[int, Path(ge=1, lt=2**63, examples=[7])], conn: Conn, me: Keeper, now: Now) -> None:
    await keys.revoke(conn, key, workspace=me.workspace, of=_reach(me), by=me.user, now=now)


def _reach(me: Me) -> int | None:
    """Whose keys this person looks after: everybody's, or their own."""
    return None if me.role in {"owner", "admin"} else me.user


async def _sign_in(conn: AsyncSession, user: User, request: Request, response: Response, *, now: datetime) -> SignedIn:
    agent = request.headers.get("user-agent", "")
    grant = await sessions.start(conn, user=user.id, user_agent=agent, now=now)
    return _signed_in(user, grant, response, now=now)


def _signed_in(user: User, grant: sessions.Grant, response: Response, *, now: datetime) -> SignedIn:
    cookies.put(response, grant.refresh)
    response.headers["cache-control"] = "no-store"
    return SignedIn(
        user=UserOut.model_validate(user),
        access_token=tokens.issue(user=user.id, session=grant.session, now=now),
        token_type="Bearer",  # noqa: S106  # RFC 6750's name for the kind
        expires_in=int(tokens.LIFETIME.total_seconds()),
    )
