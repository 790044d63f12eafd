"""What somebody says who wants to be erased, and is told: the models of the API, and its refusals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from ginnel import factors, users, web
from ginnel.errors import Conflict


class HandOver(web.Input):
    workspace: Annotated[int, Field(strict=True, ge=1, lt=2**63, description="One that you own.", examples=[7])]
    to: Annotated[
        web.Text, Field(max_length=users.MAX_EMAIL, description="A member of it.", examples=["grace@example.com"])
    ]


class ErasureDraft(factors.Proof):
    hand_over: Annotated[
        Sequence[HandOver],
        Field(
            max_length=1000,
            description="Workspaces that live on, links, clicks and all, with another owner. Your personal one may be "
            "among them, if it has other members. All others that nobody else owns are deleted.",
        ),
    ] = ()


class ErasureOut(web.Output):
    requested_at: datetime
    deleted: Annotated[Sequence[int], Field(description="The workspaces that are deleted with you.", examples=[[7]])]
    handed_over: Annotated[Sequence[int], Field(examples=[[8]])]


class LastOperator(Conflict):
    """Nobody else runs this installation."""

    code = "last_operator"


class HandOverFirst(Conflict):
    """Workspaces of yours have members and no other owner: say who shall own them, or delete them first."""

    code = "hand_over_first"
