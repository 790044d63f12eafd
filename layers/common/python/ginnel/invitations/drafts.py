"""What is said of an invitation, and how it may be refused: the models and the problems of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ginnel import web
from ginnel.errors import Conflict, Forbidden, Problem
from ginnel.tickets import TicketInvalid
from ginnel.users import Email
from ginnel.workspaces import Role


class AlreadyMember(Conflict):
    """A member of the workspace has this address, or the account is one already."""

    code = "already_member"


class AlreadyInvited(Conflict):
    """The address has an open invitation: send it again, or revoke it first."""

    code = "already_invited"


class TooManyInvitations(Conflict):
    """The workspace has as many open invitations as it may have."""

    code = "too_many_invitations"


class _Gone(Problem):
    status = 410


class InvitationRevoked(_Gone):
    """The invitation was withdrawn, or its workspace was deleted."""

    code = "invitation_revoked"


class InvitationUsed(_Gone):
    """The invitation was accepted or declined before."""

    code = "invitation_used"


class InvitationExpired(_Gone):
    """The invitation is too old. Whoever sent it can send it again."""

    code = "invitation_expired"


class InvitationElsewhere(Forbidden):
    """The invitation is for another address than this account's, or one that another account has proved to be its own."""

    code = "invitation_elsewhere"


OVER = (TicketInvalid, InvitationRevoked, InvitationUsed, InvitationExpired)
"""What any call with a ticket may be answered."""


class InvitationDraft(web.Input):
    email: Email
    role: Role = Field(default="member", description="Yours at most.")


class Given(web.Input):
    ticket: Annotated[web.Text, Field(max_length=128, description="The secret of the mail's link.")]


class InvitationOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    email: Annotated[str, Field(examples=["ada@example.com"])]
    role: Role
    invited_by: int | None = Field(description="The id of who did; null if they are gone.")
    created_at: datetime
    sent_at: datetime
    expires_at: datetime


class InvitationPage(web.Output):
    items: list[InvitationOut]
    next_cursor: Annotated[None, Field(description="Always null: a workspace's invitations fit one page.")]


class InvitedOut(web.Output):
    """What the page shows that asks whether to accept."""

    workspace: str = Field(description="Its name.", examples=["Newsroom"])
    invited_by: str | None = Field(description="The name of who did; null if they are gone, or have none.")
    email: str = Field(description="The address that the account must have which accepts.")
    role: Role
    expires_at: datetime


class JoinedOut(web.Output):
    workspace: Annotated[int, Field(examples=[7])]
    role: Role
