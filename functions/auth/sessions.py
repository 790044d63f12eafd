"""Where somebody is signed in, and signing out from afar."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from ginnel import access, agents, sessions, web
from ginnel.access import Person
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.sessions import Session
from ginnel.web import Now

from . import cookies

router = APIRouter()

Self = Annotated[Person, Depends(access.anybody)]

_REFUSALS = access.OF_PERSON


class SessionOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    device: Annotated[str, Field(description="What signed in, as it said itself.", examples=["Firefox on Windows"])]
    country: Annotated[
        str | None, Field(description="Where that was, by its address (ISO 3166-1 alpha-2).", examples=["GB"])
    ]
    city: Annotated[str | None, Field(examples=["London"])]
    created_at: datetime
    last_used_at: datetime
    expires_at: Annotated[datetime, Field(description="When it ends if it is not used again.")]
    current: Annotated[bool, Field(description="Whether it is the one that asks.")]


class SessionPage(web.Output):
    items: list[SessionOut]
    next_cursor: Annotated[None, Field(description="Always null: the sessions fit one page.")]


@router.get(
    "/api/v1/auth/sessions",
    tags=["auth"],
    summary="List your sessions",
    description="Where you are signed in, the session used last first. Of the address from which you signed in only the "
    "country and the city are kept.",
    responses=web.problems(*_REFUSALS),
)
async def find_sessions(conn: Conn, me: Self, now: Now, response: Response) -> SessionPage:
    response.headers["cache-control"] = "private, no-store"
    found = await sessions.find_all(conn, user=me.user, now=now)
    return SessionPage(items=[_shown(session, me) for session in found], next_cursor=None)


@router.delete(
    "/api/v1/auth/sessions/{session}",
    status_code=204,
    tags=["auth"],
    summary="End a session",
    description="Its access tokens stop working at once, and its browser is not remembered any more.",
    responses=web.problems(*_REFUSALS, NotFound, Invalid),
)
async def revoke_session(
    session: Annotated[int, Path(ge=1, lt=2**63, examples=[7])], conn: Conn, me: Self, now: Now
) -> None:
    await sessions.revoke(conn, session, user=me.user, now=now)


@router.delete(
    "/api/v1/auth/sessions",
    status_code=204,
    tags=["auth"],
    summary="Sign out everywhere",
    description="Ends all other sessions, or with `current=true` this one, too. Only browsers whose sessions go on stay "
    "remembered.",
    responses=web.problems(*_REFUSALS, Invalid),
)
async def end_sessions(
    conn: Conn,
    me: Self,
    now: Now,
    response: Response,
    *,
    current: Annotated[bool, Query(description="Whether the session that asks is to end as well.")] = False,
) -> None:
    await sessions.sign_out(conn, user=me.user, but=None if current else me.session, now=now)
    if current:
        cookies.clear(response)


def _shown(session: Session, me: Person) -> SessionOut:
    return SessionOut(
        id=session.id,
        device=_device(session.user_agent),
        country=session.country,
        city=session.city,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        current=session.id == me.session,
    )


def _device(user_agent: str) -> str:
    """Put into words what a User-Agent says; what is no browser is called by its own name."""
    agent = agents.parse(user_agent)
    own = user_agent.partition("/")[0][:50].strip()
    program = agent.browser or agent.bot or own or "Something unknown"
    return f"{program} on {agent.os}" if agent.os else program
