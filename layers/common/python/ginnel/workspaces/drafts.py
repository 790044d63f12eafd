"""What may be said of a workspace and its members, and what is shown of them: the models of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ginnel import web
from ginnel.drafts import LinkDefaults
from ginnel.users import Shown

from .tables import Role

Name = Annotated[web.Text, Field(min_length=1, max_length=100, examples=["Newsroom"])]
RetentionDays = Annotated[int, Field(strict=True, ge=1, le=36_500, examples=[365])]


class WorkspaceDraft(web.Input):
    name: Name


class WorkspaceChange(web.Input):
    """Fields that are left out stay as they are; null clears a field that may be empty."""

    name: Name = "-"  # never used as a value: what is not given is not changed
    retention_days: RetentionDays | None = Field(
        default=None, description="How long clicks are kept one by one; null for as long as the workspace exists."
    )
    default_domain: Annotated[web.Text, Field(max_length=253)] | None = Field(
        default=None,
        description="A verified domain of this workspace, on which links are put that name none; null for the "
        "installation's own.",
        examples=["go.example.com"],
    )
    require_second_factor: Annotated[
        bool,
        Field(
            strict=True,
            description="Lets only those in who have signed in with a second factor. Whoever asks for that must have one.",
        ),
    ] = False
    link_defaults: LinkDefaults = Field(
        default_factory=LinkDefaults, description="All of them: one that is left out is the installation's own again."
    )


class WorkspaceOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    name: Annotated[str, Field(examples=["Newsroom"])]
    personal: bool = Field(description="The one that came with an account. It can't be left, handed over or deleted.")
    role: Role = Field(description="Yours.")
    members: int
    links: int
    retention_days: int | None
    default_domain: str | None
    require_second_factor: bool
    link_defaults: LinkDefaults
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = Field(description="When it was deleted; an owner can restore it for thirty days.")


class WorkspacePage(web.Output):
    items: list[WorkspaceOut]
    next_cursor: Annotated[None, Field(description="Always null: a person's workspaces fit one page.")]


class MemberOut(web.Output):
    user: Annotated[int, Field(description="The person's id.", examples=[7])]
    name: str
    email: Shown
    role: Role
    joined_at: datetime


class MemberPage(web.Output):
    items: list[MemberOut]
    next_cursor: Annotated[None, Field(description="Always null: a workspace's members fit one page.")]


class RoleChange(web.Input):
    role: Role


class Transfer(web.Input):
    user: Annotated[int, Field(strict=True, ge=1, lt=2**63, description="The id of a member.", examples=[8])]
