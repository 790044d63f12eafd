"""API keys, which people make for programs that act for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from ginnel import access, keys, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound
from ginnel.keys import KeyDraft, KeyOut
from ginnel.web import Now

router = APIRouter()

Keeper = Annotated[Me, Depends(access.may("keys:write"))]


class KeyMade(KeyOut):
    secret: Annotated[
        str, Field(description="The key. It is shown this once.", examples=["gnl_kT3nOq8Zb0mX2v5yR7sW1uA4cE6gI9jL"])
    ]


class KeyPage(web.Output):
    items: list[KeyOut]
    next_cursor: Annotated[None, Field(description="Always null: a workspace's keys fit one page.")]


@router.post(
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


@router.get(
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


@router.delete(
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
