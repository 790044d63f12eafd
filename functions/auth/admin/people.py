"""The operator's look at accounts, and what they may do to one."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from ginnel import factors, passwords, web
from ginnel.administration import people, rights
from ginnel.administration.people import Accounts, WholeAccount
from ginnel.blocklist import Reason
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound, TooManyRequests
from ginnel.web import Now

from .operator import REFUSALS, Operator

router = APIRouter(tags=["operation"])

UserId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]


class Disable(web.Input):
    reason: Reason | None = None
    links: Annotated[
        Literal["keep", "block"],
        Field(description="`block` also blocks the workspaces that nobody else owns, and so all their links."),
    ] = "keep"


class Confirmed(web.Input):
    password: Annotated[passwords.Given, Field(description="Your own password, once more.")]


class Ended(web.Output):
    sessions: Annotated[int, Field(description="How many there were.", examples=[2])]


@router.get(
    "/api/v1/admin/users",
    summary="Search accounts",
    description="Newest first; follow `next_cursor` until it is null. `search` looks for a part of address or name, or an id. "
    "Guests are listed apart: by `state=guest`.",
    responses=web.problems(*REFUSALS, Invalid),
)
async def find_all(  # noqa: PLR0913  # FastAPI injects each by its type
    conn: Conn,
    me: Operator,  # noqa: ARG001  # asks who may
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[web.Text | None, Query(max_length=64)] = None,
    search: Annotated[web.Text | None, Query(max_length=254, examples=["ada@"])] = None,
    state: people.State | None = None,
) -> Accounts:
    return await people.find_all(conn, search=search, state=state, limit=limit, cursor=cursor)


@router.get(
    "/api/v1/admin/users/{user_id}",
    summary="Get an account",
    description="With its workspaces, how much it has, and when it was last seen.",
    responses=web.problems(*REFUSALS, NotFound),
)
async def get(user_id: UserId, conn: Conn, me: Operator) -> WholeAccount:  # noqa: ARG001  # asks who may
    return await people.get(conn, user_id)


@router.post(
    "/api/v1/admin/users/{user_id}/disable",
    summary="Shut somebody out",
    description="All their sessions end and their API keys stop at once; they can't sign in. Their links lead on, unless "
    "`links` is `block`. Can be repeated, with another reason. Nobody can disable themselves: an administrator is always left.",
    responses=web.problems(*REFUSALS, NotFound, rights.OwnAccount, Invalid),
)
async def disable(user_id: UserId, wanted: Disable, conn: Conn, me: Operator, now: Now) -> WholeAccount:
    await rights.disable(conn, user_id, reason=wanted.reason, block=wanted.links == "block", by=me.user, now=now)
    return await people.get(conn, user_id)


@router.post(
    "/api/v1/admin/users/{user_id}/enable",
    summary="Let somebody in again",
    description="They can sign in, and their API keys work as before. Workspaces that were blocked with them stay so: see "
    "`POST /api/v1/admin/workspaces/{workspace_id}/unblock`. Can be repeated.",
    responses=web.problems(*REFUSALS, NotFound),
)
async def enable(user_id: UserId, conn: Conn, me: Operator, now: Now) -> WholeAccount:
    await rights.enable(conn, user_id, by=me.user, now=now)
    return await people.get(conn, user_id)


@router.post(
    "/api/v1/admin/users/{user_id}/promote",
    summary="Make an administrator",
    description="Of the whole installation. Asks for your own password once more.",
    responses=web.problems(*REFUSALS, factors.PasswordWrong, NotFound, rights.OfGuest, TooManyRequests, Invalid),
)
async def promote(user_id: UserId, given: Confirmed, conn: Conn, me: Operator, now: Now) -> WholeAccount:
    await factors.prove_password(conn, me.user, given.password)
    await rights.promote(conn, user_id, by=me.user, now=now)
    return await people.get(conn, user_id)


@router.post(
    "/api/v1/admin/users/{user_id}/demote",
    summary="Unmake an administrator",
    description="Asks for your own password once more. Nobody can do it to themselves, so that an administrator is left.",
    responses=web.problems(*REFUSALS, factors.PasswordWrong, NotFound, rights.OwnAccount, TooManyRequests, Invalid),
)
async def demote(user_id: UserId, given: Confirmed, conn: Conn, me: Operator, now: Now) -> WholeAccount:
    await factors.prove_password(conn, me.user, given.password)
    await rights.demote(conn, user_id, by=me.user, now=now)
    return await people.get(conn, user_id)


@router.post(
    "/api/v1/admin/users/{user_id}/sign-out",
    summary="End all sessions of somebody",
    description="They may sign in again. API keys go on.",
    responses=web.problems(*REFUSALS, NotFound),
)
async def sign_out(user_id: UserId, response: Response, conn: Conn, me: Operator, now: Now) -> Ended:
    response.headers["cache-control"] = "no-store"
    return Ended(sessions=await rights.sign_out(conn, user_id, by=me.user, now=now))


@router.post(
    "/api/v1/admin/users/{user_id}/verify",
    summary="Take an e-mail address for proved",
    description="For somebody whom no mail reaches. Can be repeated.",
    responses=web.problems(*REFUSALS, NotFound, rights.OfGuest, rights.AddressTaken),
)
async def verify(user_id: UserId, conn: Conn, me: Operator, now: Now) -> WholeAccount:
    await rights.verify(conn, user_id, by=me.user, now=now)
    return await people.get(conn, user_id)
