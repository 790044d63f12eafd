"""Looking at an invitation, accepting and declining it: by the secret of the mail."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import tickets
from ginnel.tickets import TicketInvalid
from ginnel.users import User
from ginnel.workspaces import Workspace, membership

from .drafts import (
    AlreadyMember,
    InvitationElsewhere,
    InvitationExpired,
    InvitationRevoked,
    InvitationUsed,
    InvitedOut,
    JoinedOut,
)
from .tables import Invitation, record


class _Shown(NamedTuple):
    invitation: Invitation
    workspace: str
    inviter: str | None


async def preview(conn: AsyncSession, secret: str, *, now: datetime) -> InvitedOut:
    """Tell who has the mail's secret what it invites into. Raises those of OVER."""
    invitation, workspace, inviter = await _find(conn, secret, now=now)
    return InvitedOut(
        workspace=workspace,
        invited_by=inviter or None,
        email=invitation.email,
        role=invitation.role,
        expires_at=invitation.expires_at,
    )


async def accept(conn: AsyncSession, secret: str, *, user: int, now: datetime) -> JoinedOut:
    """Enter a workspace. Of any number at once exactly one does. Raises those of OVER, InvitationElsewhere, AlreadyMember."""
    invitation = await _held(conn, secret, now=now)
    await _prove(conn, invitation, user=user, now=now)
    await tickets.redeem(conn, "invitation", secret, now=now)
    invitation.ended_at, invitation.outcome = now, "accepted"
    await conn.flush()
    if not await membership.add(conn, invitation.workspace_id, user, invitation.role, now=now):
        raise AlreadyMember("You are a member of this workspace already.")
    record(conn, "invitation_accepted", invitation, by=user, now=now, role=invitation.role)
    return JoinedOut(workspace=invitation.workspace_id, role=invitation.role)


async def decline(conn: AsyncSession, secret: str, *, now: datetime) -> None:
    """Say no, which takes no account. Raises those of OVER."""
    invitation = await _held(conn, secret, now=now)
    await tickets.redeem(conn, "invitation", secret, now=now)
    invitation.ended_at, invitation.outcome = now, "declined"
    await conn.flush()
    record(conn, "invitation_declined", invitation, by=None, now=now)


async def _held(conn: AsyncSession, secret: str, *, now: datetime) -> Invitation:
    """Find it likewise, and let nobody else end it before this transaction has (see hold)."""
    workspace = (await _find(conn, secret, now=now)).invitation.workspace_id
    await conn.execute(select(Workspace.id).where(Workspace.id == workspace).with_for_update(key_share=True))
    return (await _find(conn, secret, now=now)).invitation


async def _find(conn: AsyncSession, secret: str, *, now: datetime) -> _Shown:
    """Find the invitation that a secret is of, if it can be accepted still. Raises those of OVER."""
    ticket = await tickets.find(conn, "invitation", secret)
    row = (await conn.execute(_by_id(ticket.data["invitation"]))).one_or_none() if ticket else None
    if ticket is None or row is None:
        raise TicketInvalid("This is no invitation's link.")
    invitation, workspace, inviter = row
    if invitation.outcome in {"accepted", "declined"}:
        raise InvitationUsed(f"The invitation was {invitation.outcome} before.")
    if invitation.outcome == "revoked" or workspace.deleted_at is not None:
        raise InvitationRevoked("The invitation was withdrawn.")
    if min(invitation.expires_at, ticket.expires_at) <= now:
        raise InvitationExpired("The invitation is too old. Whoever sent it can send it again.")
    return _Shown(invitation, workspace.name, inviter)


def _by_id(invitation: int) -> Select[Invitation, Workspace, str]:
    return (
        select(Invitation, Workspace, User.name)
        .join(Workspace, Workspace.id == Invitation.workspace_id)
        .outerjoin(User, User.id == Invitation.invited_by)
        .where(Invitation.id == invitation)
        .execution_options(populate_existing=True)
    )


async def _prove(conn: AsyncSession, invitation: Invitation, *, user: int, now: datetime) -> None:
    """See to it that an account has proved the address that was invited: the ticket does, if it is its own.

    Raises InvitationElsewhere.
    """
    own = (User.id == user, User.email == invitation.email)
    refusal = InvitationElsewhere("Sign in as the account with the address that was invited.")
    try:
        async with conn.begin_nested():
            proved = await conn.scalar(
                update(User)
                .where(*own)
                .values(email_verified_at=func.coalesce(User.email_verified_at, now))
                .returning(User.id)
                # Whoever has just registered is answered with the row that is loaded, which says the same already.
                .execution_options(synchronize_session=False)
            )
    except IntegrityError as error:  # another account has proved it
        raise refusal from error
    if proved is None:
        raise refusal
