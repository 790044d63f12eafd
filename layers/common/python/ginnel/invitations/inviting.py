"""Inviting addresses into a workspace, and withdrawing it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import db, mail, throttle, users
from ginnel.errors import NotFound, TooManyRequests
from ginnel.users import EmailUnverified, User
from ginnel.workspaces import Member
from ginnel.workspaces.reading import ABOVE, MANAGERS, RoleMissing, hold

from .drafts import (
    AlreadyInvited,
    AlreadyMember,
    InvitationDraft,
    InvitationOut,
    InvitationPage,
    TooManyInvitations,
)
from .tables import Invitation, ended, opened, record

LIFETIME = timedelta(days=7)
LIMIT = 100
"""Invitations that a workspace may have open."""
MAILS = {"workspace": 50, "inviter": 50, "address": 5}
"""Invitations that are sent from a workspace, by a person and to an address in a day."""
_DAY = 24 * 60 * 60


async def create(
    conn: AsyncSession, workspace: int, draft: InvitationDraft, *, by: int, now: datetime
) -> InvitationOut:
    """Invite an address.

    Raises EmailUnverified, RoleMissing, AlreadyMember, AlreadyInvited, TooManyInvitations, TooManyRequests.
    """
    await _require_verified(conn, by)
    await _spend(conn, workspace, draft.email, by=by)  # before anything is locked
    held = await hold(conn, workspace, by=by, roles=MANAGERS)
    if draft.role not in ABOVE[held.role]:
        raise RoleMissing("Nobody can invite into a role above their own.")
    if held.workspace.personal and draft.role == "owner":
        raise RoleMissing("A personal workspace has one owner, whose account it came with.")
    await _refuse(conn, workspace, draft.email, now=now)
    made = Invitation(
        workspace_id=workspace,
        email=draft.email,
        role=draft.role,
        invited_by=by,
        created_at=now,
        sent_at=now,
        expires_at=now + LIFETIME,
        ended_at=None,
        outcome=None,
    )
    conn.add(made)
    await conn.flush()
    await _send(conn, made, held.workspace.name, by=by, now=now)
    record(conn, "invitation_created", made, by=by, now=now, role=made.role)
    return InvitationOut.model_validate(made)


async def _require_verified(conn: AsyncSession, user: int) -> None:
    """See to it that strangers get mail only from who has a mailbox. Raises EmailUnverified."""
    if await conn.scalar(select(User.email_verified_at).where(User.id == user)) is None:
        raise EmailUnverified("Confirm your own e-mail address before you invite others.")


async def _refuse(conn: AsyncSession, workspace: int, email: str, *, now: datetime) -> None:
    member = select(Member.user_id).join(User, User.id == Member.user_id).where(Member.workspace_id == workspace)
    if await conn.scalar(member.where(User.email == email, User.email_verified_at.is_not(None)).limit(1)):
        raise AlreadyMember("A member of the workspace has this address.")
    # What nobody took in its time is in the way of nothing.
    old = (Invitation.workspace_id == workspace, Invitation.ended_at.is_(None), Invitation.expires_at <= now)
    await conn.execute(update(Invitation).where(*old, Invitation.email == email).values(ended("revoked", now)))
    found = (await conn.scalars(select(Invitation.email).where(*opened(workspace)))).all()
    if users.key(email) in map(users.key, found):
        raise AlreadyInvited("The address has an open invitation. Send that one again, or revoke it first.")
    if len(found) >= LIMIT:
        raise TooManyInvitations(f"A workspace may have {LIMIT} open invitations. Revoke one first.")


async def _spend(conn: AsyncSession, workspace: int, email: str, *, by: int) -> None:
    # Redis keeps no address of anybody.
    digest = hashlib.sha256(users.key(email).encode()).hexdigest()
    names = {"workspace": str(workspace), "inviter": str(by), "address": digest}
    for kind, name in names.items():
        if not await throttle.spend(f"invitations:{kind}:{name}", limit=MAILS[kind], seconds=_DAY, run=db.on(conn)):
            raise TooManyRequests("Too many invitations were sent today.", headers={"retry-after": str(_DAY)})


async def _send(conn: AsyncSession, invitation: Invitation, workspace: str, *, by: int, now: datetime) -> None:
    said = {"workspace": workspace, "role": invitation.role}
    inviter = await conn.scalar(select(User.name).where(User.id == by))
    mail.send(conn, "invitation", to=invitation.email, now=now, invitation=invitation.id, inviter=inviter, **said)


async def find_all(conn: AsyncSession, workspace: int) -> InvitationPage:
    """List a workspace's open invitations, newest first, expired ones among them."""
    found = await conn.scalars(select(Invitation).where(*opened(workspace)).order_by(Invitation.id.desc()))
    return InvitationPage(items=[InvitationOut.model_validate(one) for one in found], next_cursor=None)


async def resend(conn: AsyncSession, workspace: int, invitation: int, *, by: int, now: datetime) -> InvitationOut:
    """Send an invitation again, which is good for as long as at first.

    Raises EmailUnverified, NotFound, RoleMissing, TooManyRequests.
    """
    await _require_verified(conn, by)
    email = await conn.scalar(select(Invitation.email).where(*opened(workspace), Invitation.id == invitation))
    if email is not None:
        await _spend(conn, workspace, email, by=by)
    held = await hold(conn, workspace, by=by, roles=MANAGERS)
    theirs = (*opened(workspace), Invitation.id == invitation, Invitation.role.in_(ABOVE[held.role]))
    found = await conn.scalar(select(Invitation).where(*theirs).with_for_update())
    if found is None:
        raise NotFound("open invitation", invitation)
    found.sent_at, found.expires_at, found.invited_by = now, now + LIFETIME, by
    await conn.flush()
    await _send(conn, found, held.workspace.name, by=by, now=now)
    record(conn, "invitation_resent", found, by=by, now=now)
    return InvitationOut.model_validate(found)


async def revoke(conn: AsyncSession, workspace: int, invitation: int, *, by: int, now: datetime) -> None:
    """Withdraw an invitation. Raises NotFound, RoleMissing."""
    await hold(conn, workspace, by=by, roles=MANAGERS)
    gone = await conn.scalar(
        update(Invitation)
        .where(*opened(workspace), Invitation.id == invitation)
        .values(ended("revoked", now))
        .returning(Invitation)
    )
    if gone is None:
        raise NotFound("open invitation", invitation)
    record(conn, "invitation_revoked", gone, by=by, now=now)
