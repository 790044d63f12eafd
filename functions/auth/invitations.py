"""Invitations into a workspace: sent by those who look after it, answered by those who have read the mail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from ginnel import access, web
from ginnel.access import Me, Person, WorkspaceId
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound, TooManyRequests
from ginnel.invitations import answering, inviting
from ginnel.invitations.drafts import (
    OVER,
    AlreadyInvited,
    AlreadyMember,
    Given,
    InvitationDraft,
    InvitationElsewhere,
    InvitationOut,
    InvitationPage,
    InvitedOut,
    JoinedOut,
    TooManyInvitations,
)
from ginnel.users import EmailUnverified
from ginnel.web import Now
from ginnel.workspaces.reading import RoleMissing

router = APIRouter(tags=["invitations"])

Writer = Annotated[Me, Depends(access.may_within("workspace:write"))]
Self = Annotated[Person, Depends(access.person)]
InvitationId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]
REFUSALS = (*access.REFUSALS, access.ScopeMissing, NotFound)


@router.post(
    "/api/v1/workspaces/{workspace_id}/invitations",
    status_code=201,
    summary="Invite somebody",
    description="For owners and admins whose own address is verified, into a role that is not above their own. The address "
    "gets a mail whose link is good for seven days. Whether it has an account here is not said. In a day fifty are sent from a "
    "workspace, and five to an address.",
    responses=web.problems(
        *REFUSALS,
        EmailUnverified,
        RoleMissing,
        AlreadyMember,
        AlreadyInvited,
        TooManyInvitations,
        TooManyRequests,
        Invalid,
    ),
)
async def create(workspace_id: WorkspaceId, draft: InvitationDraft, conn: Conn, me: Writer, now: Now) -> InvitationOut:
    return await inviting.create(conn, workspace_id, draft, by=me.user, now=now)


@router.get(
    "/api/v1/workspaces/{workspace_id}/invitations",
    summary="List open invitations",
    description="For owners and admins, newest first; those that nobody took in their time are among them.",
    responses=web.problems(*REFUSALS),
)
async def find_all(workspace_id: WorkspaceId, conn: Conn, _: Writer) -> InvitationPage:
    return await inviting.find_all(conn, workspace_id)


@router.post(
    "/api/v1/workspaces/{workspace_id}/invitations/{invitation_id}/resend",
    status_code=202,
    summary="Send an invitation again",
    description="It is good for another seven days.",
    responses=web.problems(*REFUSALS, EmailUnverified, RoleMissing, TooManyRequests),
)
async def resend(
    workspace_id: WorkspaceId, invitation_id: InvitationId, conn: Conn, me: Writer, now: Now
) -> InvitationOut:
    return await inviting.resend(conn, workspace_id, invitation_id, by=me.user, now=now)


@router.delete(
    "/api/v1/workspaces/{workspace_id}/invitations/{invitation_id}",
    status_code=204,
    summary="Revoke an invitation",
    description="The links of its mails lead nowhere any more.",
    responses=web.problems(*REFUSALS, RoleMissing),
)
async def revoke(workspace_id: WorkspaceId, invitation_id: InvitationId, conn: Conn, me: Writer, now: Now) -> None:
    await inviting.revoke(conn, workspace_id, invitation_id, by=me.user, now=now)


@router.post(
    "/api/v1/invitations/preview",
    summary="Look at an invitation",
    description="What it is into and from whom, for who has the ticket of its mail, signed in or not. The ticket is sent in "
    "the body, as addresses are written into logs; it is not used up.",
    responses=web.problems(*OVER, Invalid),
)
async def preview(given: Given, conn: Conn, now: Now, response: Response) -> InvitedOut:
    response.headers["cache-control"] = "no-store"
    return await answering.preview(conn, given.ticket, now=now)


@router.post(
    "/api/v1/invitations/accept",
    summary="Accept an invitation",
    description="Makes you a member. The account must have the very address that was invited; that it is yours, the ticket "
    "shows if nothing has before. Needs an access token.",
    responses=web.problems(*access.OF_PERSON, *OVER, InvitationElsewhere, AlreadyMember, Invalid),
)
async def accept(given: Given, conn: Conn, me: Self, now: Now) -> JoinedOut:
    return await answering.accept(conn, given.ticket, user=me.user, now=now)


@router.post(
    "/api/v1/invitations/decline",
    status_code=204,
    summary="Decline an invitation",
    description="For who has the ticket of its mail, signed in or not.",
    responses=web.problems(*OVER, Invalid),
)
async def decline(given: Given, conn: Conn, now: Now) -> None:
    await answering.decline(conn, given.ticket, now=now)
