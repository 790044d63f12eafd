"""Passkeys: adding, naming and removing them, and signing in with one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field

from ginnel import access, factors, sessions, users, web
from ginnel.access import Person
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.factors import Assertion, Attestation, PasskeyOut, Proof, passkeys, recovery
from ginnel.web import Now

from . import cookies
from .signing import OwnPage, SignedIn, sign_in

router = APIRouter(tags=["factors"])

Self = Annotated[Person, Depends(access.person)]
PasskeyId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]
Name = Annotated[web.Text, Field(min_length=1, max_length=100, examples=["Ada's laptop"])]


class PasskeyDraft(web.Input):
    name: Name
    credential: Annotated[Attestation, Field(description="What the browser made of the options, by its `toJSON()`.")]


class PasskeyChange(web.Input):
    name: Name


class PasskeyUse(web.Input):
    credential: Annotated[Assertion, Field(description="What the browser made of the options, by its `toJSON()`.")]


class CreationOptions(web.Output):
    public_key: Annotated[
        dict[str, Any],
        Field(
            description="For `PublicKeyCredential.parseCreationOptionsFromJSON()`. Good for five minutes, and once.",
            examples=[{"rp": {"id": "go.example.com"}, "challenge": "q83vASNFZ4k"}],
        ),
    ]


class RequestOptions(web.Output):
    public_key: Annotated[
        dict[str, Any],
        Field(
            description="For `PublicKeyCredential.parseRequestOptionsFromJSON()`. Good for five minutes, and once.",
            examples=[{"rpId": "go.example.com", "challenge": "q83vASNFZ4k", "userVerification": "required"}],
        ),
    ]


class PasskeyMade(PasskeyOut):
    recovery_codes: Annotated[
        list[str] | None,
        Field(
            description="With the first factor: each stands in for it once. They are shown this once.",
            examples=[["7k3q-m9xv-2b8d-t4wz", "c5hn-0jrp-y6ga-e1sf"]],
        ),
    ]


@router.post(
    "/api/v1/auth/passkeys/options",
    summary="Begin to add a passkey",
    description="Gives the options by which the browser makes one. Takes your password again.",
    responses=web.problems(*access.OF_PERSON, passkeys.TooManyPasskeys, *factors.UNPROVED, Invalid),
)
async def begin_passkey(given: Proof, conn: Conn, me: Self, response: Response, now: Now) -> CreationOptions:
    await factors.prove(conn, me.user, given, strong=me.second_factor is not None, now=now)
    response.headers["cache-control"] = "no-store"
    owner = await users.get(conn, me.user)
    return CreationOptions(public_key=await passkeys.begin(conn, me.user, email=owner.email, now=now))


@router.post(
    "/api/v1/auth/passkeys",
    status_code=201,
    summary="Add a passkey",
    description="Takes what the browser made. This session counts as signed in with a second factor from then on. With the "
    "first factor come recovery codes.",
    responses=web.problems(*access.OF_PERSON, passkeys.PasskeyRefused, passkeys.PasskeyKnown, Invalid),
)
async def add_passkey(draft: PasskeyDraft, conn: Conn, me: Self, response: Response, now: Now) -> PasskeyMade:
    response.headers["cache-control"] = "no-store"
    made = await passkeys.register(conn, me.user, draft.credential, name=draft.name, now=now)
    await sessions.strengthen(conn, me.session, second_factor="passkey")
    await factors.tell(conn, me.user, "factor_added", f"The passkey “{made.name}” was added.", kind="passkey", now=now)
    codes = await recovery.supply(conn, me.user, now=now)
    return PasskeyMade(**PasskeyOut.model_validate(made).model_dump(), recovery_codes=codes)


@router.patch(
    "/api/v1/auth/passkeys/{passkey}",
    summary="Rename a passkey",
    description="The name is for you alone, to tell it from your others.",
    responses=web.problems(*access.OF_PERSON, NotFound, Invalid),
)
async def rename_passkey(passkey: PasskeyId, change: PasskeyChange, conn: Conn, me: Self) -> PasskeyOut:
    return PasskeyOut.model_validate(await passkeys.rename(conn, passkey, of=me.user, name=change.name))


@router.delete(
    "/api/v1/auth/passkeys/{passkey}",
    status_code=204,
    summary="Remove a passkey",
    description="Takes your password again. With the last factor the recovery codes go too.",
    responses=web.problems(*access.OF_PERSON, NotFound, factors.FactorNeeded, *factors.UNPROVED, Invalid),
)
async def remove_passkey(passkey: PasskeyId, given: Proof, conn: Conn, me: Self, now: Now) -> None:
    await factors.prove(conn, me.user, given, strong=me.second_factor is not None, now=now)
    name = await passkeys.remove(conn, passkey, of=me.user)
    await factors.settle(conn, me.user)
    await factors.tell(conn, me.user, "factor_removed", f"The passkey “{name}” was removed.", kind="passkey", now=now)


@router.post(
    "/api/v1/auth/passkeys/sign-in/options",
    summary="Begin to sign in with a passkey",
    description="Gives the options by which the browser finds one for this installation. They say nothing about anybody.",
    responses=web.problems(cookies.CrossSite),
    dependencies=[OwnPage],
)
async def ask_for_passkey(conn: Conn, response: Response, now: Now) -> RequestOptions:
    response.headers["cache-control"] = "no-store"
    return RequestOptions(public_key=await passkeys.ask(conn, now=now))


@router.post(
    "/api/v1/auth/passkeys/sign-in",
    summary="Sign in with a passkey",
    description="Starts a session, as `login` does. A passkey is both factors: no password is asked for.",
    responses=web.problems(passkeys.PasskeyInvalid, cookies.CrossSite, Invalid),
    dependencies=[OwnPage],
)
async def sign_in_with_passkey(
    given: PasskeyUse, request: Request, response: Response, conn: Conn, now: Now
) -> SignedIn:
    user = await users.get(conn, await passkeys.use(conn, given.credential, now=now))
    return await sign_in(conn, user, request, response, second_factor="passkey", now=now)
