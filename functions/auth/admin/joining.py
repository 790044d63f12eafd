"""Who may register: the operator's choice, and their invitations."""

from __future__ import annotations

from fastapi import APIRouter

from ginnel import installation, web
from ginnel.db import Conn
from ginnel.errors import Invalid
from ginnel.installation import RegistrationChange, RegistrationOut
from ginnel.users import Email
from ginnel.web import Now

from .operator import REFUSALS, Operator

router = APIRouter(tags=["operation"])


class InvitationDraft(web.Input):
    email: Email


@router.put(
    "/api/v1/admin/registration",
    summary="Say who may register",
    description="Everybody (`open`), those with an invitation (`invite`), or nobody (`closed`): from the next request on.",
    responses=web.problems(*REFUSALS, Invalid),
)
async def set_registration(wanted: RegistrationChange, conn: Conn, me: Operator, now: Now) -> RegistrationOut:
    await installation.set_registration(conn, wanted.mode, by=me.user, now=now)
    return RegistrationOut.of(wanted.mode)


@router.post(
    "/api/v1/admin/invitations",
    status_code=202,
    summary="Invite somebody to register",
    description="A mail goes to the address, with what lets it register while registration is by invitation only.",
    responses=web.problems(*REFUSALS, Invalid),
)
async def invite(draft: InvitationDraft, conn: Conn, me: Operator, now: Now) -> None:
    installation.invite(conn, draft.email, by=me.user, now=now)
