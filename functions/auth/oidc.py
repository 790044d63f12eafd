"""Signing in with OpenID Connect, and the accounts at the provider that are linked to one here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import access, db, factors, sessions, tickets, web
from ginnel.access import Person
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound, Problem
from ginnel.factors import Assertion, Code, Proof
from ginnel.observe import log
from ginnel.oidc import flow, identities, provider
from ginnel.oidc.flow import Return
from ginnel.oidc.identities import IdentityOut
from ginnel.oidc.idtokens import Said
from ginnel.web import Now

from . import cookies
from .signing import OwnPage, SignedIn, sign_in

router = APIRouter(tags=["oidc"])

Self = Annotated[Person, Depends(access.person)]
Provider = Annotated[provider.Provider, Depends(provider.get)]

_ON: dict[int | str, dict[str, Any]] = {
    302: {"description": "Go there.", "headers": {"location": {"schema": {"type": "string"}}}}
}


class ProviderOut(web.Output):
    name: Annotated[str, Field(description="For the button.", examples=["Example"])]
    start: Annotated[str, Field(description="Where the button leads.", examples=["/api/v1/auth/oidc/start"])]


class ProviderPage(web.Output):
    items: list[ProviderOut]
    next_cursor: Annotated[None, Field(description="Always null: they fit one page.")]


class Linking(Proof):
    next: Annotated[
        web.Text, Field(max_length=2048, description="Where to go on to afterwards.", examples=["/app/account"])
    ] = flow.HOME


class Departure(web.Output):
    location: Annotated[
        str, Field(description="Have the browser go there.", examples=["https://accounts.example.com/authorize?…"])
    ]


class Finish(web.Input):
    ticket: Annotated[
        web.Text,
        Field(
            max_length=64,
            description="What `#factor=` told the page where people sign in.",
            examples=["v9ZzVbq2nM3kT0xWc8yRj5uHs1eLd7oPfA4gQi6tBNE"],
        ),
    ]
    totp: Annotated[Code | None, Field(description="The app's code, or a recovery code.")] = None
    passkey: Annotated[
        Assertion | None,
        Field(description="In place of `totp`: what the browser made of the options for signing in with a passkey."),
    ] = None


class IdentityPage(web.Output):
    items: list[IdentityOut]
    next_cursor: Annotated[None, Field(description="Always null: they fit one page.")]


@router.get(
    "/api/v1/auth/providers",
    summary="List the providers to sign in with",
    description="None, if signing in with OpenID Connect is not set up here.",
)
async def find_providers() -> ProviderPage:
    known = provider.find()
    items = [ProviderOut(name=known.name, start="/api/v1/auth/oidc/start")] if known else []
    return ProviderPage(items=items, next_cursor=None)


@router.get(
    "/api/v1/auth/oidc/start",
    status_code=302,
    response_class=Response,
    summary="Sign in with the provider",
    description="Sends the browser to the provider, which sends it back. If the provider does not answer, it goes to the page "
    "where people sign in, with `#error=provider_away`.",
    responses={**web.problems(cookies.CrossSite, provider.OidcOff, Invalid), **_ON},
    dependencies=[OwnPage],
)
async def start(
    asked: Provider,
    conn: Conn,
    now: Now,
    next: Annotated[  # noqa: A002  # the parameter's name
        str | None, Query(description="Where on this site to go on to afterwards.", examples=["/app/links"])
    ] = None,
) -> Response:
    try:
        departure = await flow.depart(conn, asked, next=web.local_path(next, otherwise=flow.HOME), now=now)
    except provider.ProviderAway as away:
        return _on(flow.sign_in_page(error=away.code))
    response = _on(departure.address)
    cookies.put_departure(response, departure.secret)
    return response


@router.get(
    "/api/v1/auth/oidc/callback",
    status_code=302,
    response_class=Response,
    summary="Come back from the provider",
    description="Signs in, and goes on to where `start` was told to. If the account has a second factor it goes to the page "
    "where people sign in, with `#factor=` a ticket for `finish`. If something is wrong, with `#error=` a code: "
    "`state_invalid`, `access_denied`, `provider_refused`, `provider_away`, `code_refused`, `id_token_invalid`, "
    "`email_unverified`, `account_disabled`, `registration_closed`, `email_taken`, `identity_taken` or `session_ended`.",
    responses={**web.problems(provider.OidcOff, Invalid), **_ON},
)
async def callback(  # noqa: PLR0913  # FastAPI injects each by its name
    asked: Provider,
    request: Request,
    conn: Conn,
    now: Now,
    state: Annotated[str, Query(description="As it was sent to the provider.")] = "",
    code: Annotated[str | None, Query(description="For one set of tokens.")] = None,
    error: Annotated[str | None, Query(description="In place of a code.", examples=["access_denied"])] = None,
    iss: Annotated[str | None, Query(description="The provider (RFC 9207).")] = None,
) -> Response:
    came: Return | None = None
    try:
        came = await flow.arrive(conn, state=state, secret=cookies.read_departure(request), now=now)
        # That it was used is kept, whatever follows; and the provider is not waited for with a connection.
        await db.pause(conn)
        said = await flow.ask(asked, came, code=code, error=error, issuer=iss, now=now)
        if came.user is not None:
            return await _link(conn, asked, came, said, now=now)
        return await _enter(conn, asked, came, said, request, now=now)
    except Problem as problem:
        await conn.rollback()
        log.info("oidc_refused", code=problem.code)
        response = _on(flow.failed(came, problem.code))
        cookies.clear_departure(response)
        return response


async def _enter(  # noqa: PLR0913  # all that is known of who comes back
    conn: AsyncSession, asked: provider.Provider, came: Return, said: Said, request: Request, *, now: datetime
) -> Response:
    user = await identities.enter(conn, asked, said, now=now)
    if await factors.has(conn, user.id):
        ticket = await flow.hold(conn, user.id, secret=came.secret, now=now)
        # The cookie stays: only this browser may finish.
        return _on(flow.sign_in_page(came.next, factor=ticket))
    response = _on(came.next)
    await sign_in(conn, user, request, response, now=now)
    cookies.clear_departure(response)
    return response


async def _link(conn: AsyncSession, asked: provider.Provider, came: Return, said: Said, *, now: datetime) -> Response:
    if not await sessions.goes_on(conn, came.session or 0, user=came.user or 0, now=now):
        raise access.SessionEnded("The session was ended. Please sign in again.")
    await identities.attach(conn, asked, said, user=came.user or 0, now=now)
    response = _on(came.next)
    cookies.clear_departure(response)
    return response


@router.post(
    "/api/v1/auth/oidc/finish",
    summary="Prove your second factor after the provider",
    description="Starts a session, as `login` does, for somebody who has come back from the provider in this browser within "
    "ten minutes. A code that was wrong can be sent again.",
    responses=web.problems(
        tickets.TicketInvalid,
        factors.TotpRequired,
        factors.TotpInvalid,
        factors.PasskeyRequired,
        factors.passkeys.PasskeyInvalid,
        factors.CodesThrottled,
        cookies.CrossSite,
        Invalid,
    ),
    dependencies=[OwnPage],
)
async def finish(given: Finish, request: Request, response: Response, conn: Conn, now: Now) -> SignedIn:
    user = await flow.held(conn, given.ticket, secret=cookies.read_departure(request), now=now)
    means = await factors.demand(conn, user, given.totp, passkey=given.passkey, now=now)
    await flow.release(conn, given.ticket, now=now)
    cookies.clear_departure(response)
    return await sign_in(conn, user, request, response, second_factor=means, now=now)


@router.post(
    "/api/v1/auth/oidc/link",
    summary="Link an account at the provider",
    description="Takes your password again, and says where the browser is to go. Coming back, the account there leads into "
    "yours, whatever its address; if something is wrong, `next` is told so with `#error=`, as `callback` has it.",
    responses=web.problems(
        *access.OF_PERSON,
        cookies.CrossSite,
        *factors.UNPROVED,
        provider.OidcOff,
        provider.ProviderAway,
        Invalid,
    ),
    dependencies=[OwnPage],
)
async def link(  # noqa: PLR0913  # FastAPI injects each by its type
    given: Linking, me: Self, asked: Provider, response: Response, conn: Conn, now: Now
) -> Departure:
    await db.pause(conn)
    await asked.metadata()
    await factors.prove(conn, me.user, given, strong=me.second_factor is not None, now=now)
    on = web.local_path(given.next, otherwise=flow.HOME)
    departure = await flow.depart(conn, asked, next=on, user=me.user, session=me.session, now=now)
    cookies.put_departure(response, departure.secret)
    response.headers["cache-control"] = "no-store"
    return Departure(location=departure.address)


@router.get(
    "/api/v1/auth/identities",
    summary="List your accounts at the provider",
    description="Those by which you can sign in here.",
    responses=web.problems(*access.OF_PERSON),
)
async def find_identities(conn: Conn, me: Self, response: Response) -> IdentityPage:
    response.headers["cache-control"] = "private, no-store"
    found = await identities.find_all(conn, me.user)
    return IdentityPage(items=[IdentityOut.model_validate(identity) for identity in found], next_cursor=None)


@router.delete(
    "/api/v1/auth/identities/{identity}",
    status_code=204,
    summary="Unlink an account at the provider",
    description="It does not lead into yours any more. Who has no password, and no other one, must set a password first.",
    responses=web.problems(*access.OF_PERSON, NotFound, identities.PasswordNeeded, Invalid),
)
async def remove_identity(
    identity: Annotated[int, Path(ge=1, lt=2**63, examples=[7])], conn: Conn, me: Self, now: Now
) -> None:
    await identities.remove(conn, identity, of=me.user, provider=provider.find(), now=now)


def _on(address: str) -> Response:
    return Response(b"", 302, {"location": address, "cache-control": "no-store"}, media_type="text/plain")
