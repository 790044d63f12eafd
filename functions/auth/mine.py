"""Somebody's own account: what they are called, all that there is of them, and the end of it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from ginnel import access, db, downloads, factors, settings, users, web
from ginnel.access import Person
from ginnel.db import Conn
from ginnel.erasure import drafts
from ginnel.erasure.drafts import ErasureDraft, ErasureOut
from ginnel.errors import Invalid, NotFound
from ginnel.users import UserChange, UserOut
from ginnel.web import Now

from . import cookies
from .signing import OwnPage

router = APIRouter()

Self = Annotated[Person, Depends(access.anybody)]

_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, or a part of it",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {"Link": {"description": 'The next part, as rel="next".', "schema": {"type": "string"}}},
    }
}


@router.patch(
    "/api/v1/auth/me",
    tags=["auth"],
    summary="Change my name",
    description="As those see it who are in a workspace with you. A guest gets a name by registering.",
    responses=web.problems(*access.OF_PERSON, NotFound, Invalid),
)
async def change(
    wanted: UserChange, response: Response, conn: Conn, me: Annotated[Person, Depends(access.person)], now: Now
) -> UserOut:
    response.headers["cache-control"] = "private, no-store"
    return UserOut.model_validate(await users.rename(conn, me.user, name=wanted.name, now=now))


@router.get(
    "/api/v1/auth/me/export",
    tags=["auth"],
    summary="Export my data",
    description="A zip of JSON files: your account, sessions, API keys, workspaces and entries of the audit log; and of each "
    "workspace that you own its members, links with their history, tags, domains, webhooks, imports and clicks. A workspace "
    "that requires a second factor is left out unless you signed in with yours; `workspaces.json` says of which it is so "
    "(`left_out`). No secrets are in it. Where answers are bounded, as on Lambda, this is a part, and the header `Link` "
    "leads to the next one: a zip of its own, in which a file that was cut goes on under the same name.",
    response_class=Response,
    responses=_ZIP | web.problems(*access.OF_PERSON, Invalid),
)
async def export(
    request: Request,
    conn: Conn,
    me: Self,
    cursor: Annotated[web.Text | None, Query(max_length=2048, description="Of the `Link` to the next part.")] = None,
) -> Response:
    from ginnel.takeout import archive, pages  # noqa: PLC0415  # zipfile, which no other part needs

    await db.pause(conn)  # each page has a connection of its own, and there may be but one
    further = pages.pages(me.user, cursor, strong=me.second_factor is not None)
    first = await anext(further)  # a cursor that is none shows before the answer has begun
    headers = {"content-disposition": 'attachment; filename="my-data.zip"', "cache-control": "private, no-store"}
    most = settings.read(downloads.Settings).answer_bytes
    if not most:
        return StreamingResponse(archive.whole(first, further), media_type="application/zip", headers=headers)
    data, following = await archive.part(first, further, most)
    if following:
        headers["link"] = f'<{request.url.path}?{urlencode({"cursor": following})}>; rel="next"'
    return Response(data, media_type="application/zip", headers=headers)


@router.delete(
    "/api/v1/auth/me",
    status_code=202,
    tags=["auth"],
    summary="Erase me",
    description="Ends your account for good: nobody can sign in to it any more, and links of workspaces that are deleted with "
    "it lead nowhere, within a second. What was kept is then deleted step by step, which takes minutes for large accounts. "
    "Workspaces go on, if they have another owner or you name one, without a word of you. Slugs of deleted links are kept "
    "from others for 30 days. Export your data before. A guest, who has no password, sends an empty one.",
    responses=web.problems(
        *access.OF_PERSON, *factors.UNPROVED, cookies.CrossSite, drafts.HandOverFirst, drafts.LastOperator, Invalid
    ),
    dependencies=[OwnPage],
)
async def erase(draft: ErasureDraft, response: Response, conn: Conn, me: Self, now: Now) -> ErasureOut:
    from ginnel.erasure import asking  # noqa: PLC0415  # with what the caches need

    if not me.guest:  # who has nothing to prove it by
        await factors.prove(conn, me.user, draft, strong=me.second_factor is not None, now=now)
    erased = await asking.erase(conn, draft, user=me.user, now=now)
    cookies.clear(response)
    response.headers["cache-control"] = "no-store"
    return erased
