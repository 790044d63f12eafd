"""Workspaces and their members."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse, Response

from ginnel import access, factors, web
from ginnel.access import Me, Person, WorkspaceId
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound, PreconditionFailed, PreconditionRequired
from ginnel.web import IfMatch, Now
from ginnel.workspaces import membership, reading, writing
from ginnel.workspaces.drafts import (
    MemberOut,
    MemberPage,
    RoleChange,
    Transfer,
    WorkspaceChange,
    WorkspaceDraft,
    WorkspaceOut,
    WorkspacePage,
)
from ginnel.workspaces.membership import LastOwner
from ginnel.workspaces.reading import RoleMissing
from ginnel.workspaces.writing import TooManyWorkspaces, WorkspacePersonal

router = APIRouter(tags=["workspaces"])

Self = Annotated[Person, Depends(access.person)]
Anybody = Annotated[Person, Depends(access.anybody)]
Reader = Annotated[Me, Depends(access.may_within("workspace:read", guests=True))]
Writer = Annotated[Me, Depends(access.may_within("workspace:write"))]
MemberId = Annotated[int, Path(ge=1, lt=2**63, description="The person's id.", examples=[8])]
REFUSALS = (*access.REFUSALS, access.ScopeMissing, NotFound)


def _answer(workspace: WorkspaceOut, status: int = 200, **headers: str) -> JSONResponse:
    common = {"etag": web.etag(workspace.version), "cache-control": "private, no-cache"}
    return JSONResponse(workspace.model_dump(mode="json"), status, common | headers)


@router.get(
    "/api/v1/workspaces",
    summary="List your workspaces",
    description="Those that you are a member of, with your role; the personal one first, and last the deleted ones that you "
    "can restore. Needs an access token: an API key is for one workspace.",
    responses=web.problems(*access.OF_PERSON),
)
async def find_all(conn: Conn, me: Anybody, now: Now) -> WorkspacePage:
    return await reading.find_all(conn, user=me.user, now=now)


@router.post(
    "/api/v1/workspaces",
    status_code=201,
    response_model=WorkspaceOut,
    summary="Create a workspace",
    description="You are its owner. Send its id as `Ginnel-Workspace` with calls that are about it.",
    responses=web.problems(*access.OF_PERSON, TooManyWorkspaces, Invalid),
)
async def create(draft: WorkspaceDraft, conn: Conn, me: Self, now: Now) -> Response:
    made = await writing.create(conn, draft, user=me.user, now=now)
    return _answer(made, 201, location=f"/api/v1/workspaces/{made.id}")


@router.get(
    "/api/v1/workspaces/{workspace_id}",
    response_model=WorkspaceOut,
    summary="Get a workspace",
    description="With its settings, for every member. The `ETag` is its version; send it as `If-Match` when changing it.",
    responses=web.problems(*REFUSALS),
)
async def get(workspace_id: WorkspaceId, conn: Conn, me: Reader) -> Response:
    return _answer(await reading.get(conn, workspace_id, user=me.user))


@router.patch(
    "/api/v1/workspaces/{workspace_id}",
    response_model=WorkspaceOut,
    summary="Rename a workspace, or change its settings",
    description="For owners and admins. Changes the fields that are given; what new links are by default holds for those that "
    "are made from then on. With `If-Match`, only if nobody changed it meanwhile (else 412).",
    responses=web.problems(*REFUSALS, RoleMissing, factors.FactorMissing, PreconditionFailed, Invalid),
)
async def change(  # noqa: PLR0913  # FastAPI injects each by its type
    workspace_id: WorkspaceId, wanted: WorkspaceChange, conn: Conn, me: Writer, now: Now, version: IfMatch
) -> Response:
    if wanted.require_second_factor and not await factors.has(conn, me.user):
        raise factors.FactorMissing("Set up a second factor of your own before you require one of others.")
    return _answer(await writing.change(conn, workspace_id, wanted, by=me.user, version=version, now=now))


@router.delete(
    "/api/v1/workspaces/{workspace_id}",
    status_code=204,
    summary="Delete a workspace",
    description="For owners, who send its `ETag` as `If-Match`: deleting the wrong one, or one that is not what it was, is "
    "refused. Its links answer 410 within a second, and nobody enters it any more. An owner can restore it for thirty days; "
    "then all that is in it is deleted for good.",
    responses=web.problems(
        *REFUSALS, RoleMissing, WorkspacePersonal, PreconditionFailed, PreconditionRequired, Invalid
    ),
)
async def delete(workspace_id: WorkspaceId, conn: Conn, me: Writer, now: Now, version: IfMatch) -> None:
    if version is None:
        raise PreconditionRequired("Send the workspace's ETag as If-Match.")
    await writing.delete(conn, workspace_id, by=me.user, version=version, now=now)


@router.post(
    "/api/v1/workspaces/{workspace_id}/restore",
    response_model=WorkspaceOut,
    summary="Restore a deleted workspace",
    description="For its owners, within thirty days: everything is as it was, and its links lead on again.",
    responses=web.problems(*access.OF_PERSON, access.SecondFactorRequired, NotFound, TooManyWorkspaces),
)
async def restore(workspace_id: WorkspaceId, conn: Conn, me: Self, now: Now) -> Response:
    return _answer(await writing.restore(conn, workspace_id, by=me, now=now))


@router.get(
    "/api/v1/workspaces/{workspace_id}/members",
    summary="List a workspace's members",
    description="All of them, for every member: who works here is no secret among those who do.",
    responses=web.problems(*REFUSALS),
)
async def find_members(workspace_id: WorkspaceId, conn: Conn, _: Reader) -> MemberPage:
    return await membership.find_all(conn, workspace_id)


@router.patch(
    "/api/v1/workspaces/{workspace_id}/members/{user}",
    summary="Change a member's role",
    description="For owners and admins; only owners can make owners, or change an owner's role. There always is an owner.",
    responses=web.problems(*REFUSALS, RoleMissing, LastOwner, WorkspacePersonal, Invalid),
)
async def change_role(  # noqa: PLR0913  # FastAPI injects each by its type
    workspace_id: WorkspaceId, user: MemberId, wanted: RoleChange, conn: Conn, me: Writer, now: Now
) -> MemberOut:
    return await membership.change_role(conn, workspace_id, user, wanted.role, by=me.user, now=now)


@router.delete(
    "/api/v1/workspaces/{workspace_id}/members/{user}",
    status_code=204,
    summary="Remove a member",
    description="For owners and admins; only owners can remove owners. The member's API keys for this workspace and the open "
    "invitations that they sent end with it; links that they made stay.",
    responses=web.problems(*REFUSALS, RoleMissing, LastOwner),
)
async def remove(workspace_id: WorkspaceId, user: MemberId, conn: Conn, me: Writer, now: Now) -> None:
    await membership.remove(conn, workspace_id, user, by=me.user, now=now)


@router.post(
    "/api/v1/workspaces/{workspace_id}/leave",
    status_code=204,
    summary="Leave a workspace",
    description="For every member but its last owner. Needs an access token.",
    responses=web.problems(*REFUSALS, RoleMissing, LastOwner),
)
async def leave(workspace_id: WorkspaceId, conn: Conn, me: Self, _: Reader, now: Now) -> None:
    await membership.remove(conn, workspace_id, me.user, by=me.user, now=now)


@router.post(
    "/api/v1/workspaces/{workspace_id}/transfer",
    status_code=204,
    summary="Hand a workspace over",
    description="For owners: the member is an owner from then on, and you are an admin.",
    responses=web.problems(*REFUSALS, RoleMissing, WorkspacePersonal, Invalid),
)
async def transfer(workspace_id: WorkspaceId, wanted: Transfer, conn: Conn, me: Writer, now: Now) -> None:
    await membership.transfer(conn, workspace_id, wanted.user, by=me.user, now=now)
