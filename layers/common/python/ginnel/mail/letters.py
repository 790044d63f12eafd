"""What each kind of mail says, decided when it is sent: whether there is anything to say, to whom, and in which text.

Here a ticket is issued that a mail carries. Nothing is sent to an address as a request spelt it where an account has it: two
spellings that the database takes for one may be two mailboxes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import addresses, settings, tickets
from ginnel.addresses import EmailChange
from ginnel.installation import INVITED
from ginnel.invitations import Invitation
from ginnel.invitations.inviting import LIFETIME
from ginnel.users import User

from .delivering import Due
from .writing import Letter, link, quoted

Decide = Callable[[AsyncSession, Due, datetime], Awaitable[Letter | None]]


async def decide(conn: AsyncSession, mail: Due, *, now: datetime) -> Letter | None:
    """Decide what a mail says; None if by now there is nothing to say."""
    return await _KINDS[mail.template](conn, mail, now)


async def _welcome(conn: AsyncSession, mail: Due, now: datetime) -> Letter | None:
    """Ask whoever reads an address's mail to confirm it: for the account of `user`, or for the one that has it."""
    number = mail.fields.get("user")
    user = await conn.get(User, number) if number else await addresses.holder(conn, mail.recipient)
    if user is None or user.disabled_at or user.email_verified_at:
        return None
    if await addresses.owner(conn, user.email):
        # The ticket for a new password is asked for on the page: a mail that nobody asked for carries none.
        return Letter(user.email, "account_exists", {"link": f"{settings.site().origin}/app/forgot"})
    secret = await tickets.issue(conn, "verify", user=user.id, lifetime=addresses.LIFETIME, now=now, email=user.email)
    return Letter(user.email, "confirm", {"link": link("verify", secret)})


async def _reset(conn: AsyncSession, mail: Due, now: datetime) -> Letter | None:
    """Let whoever reads an address's mail choose a new password for its account, if it has one."""
    user = await addresses.holder(conn, mail.recipient)
    if user is None:
        return None
    secret = await tickets.issue(conn, "reset", user=user.id, now=now, email=user.email)
    return Letter(user.email, "reset", {"link": link("reset", secret)})


async def _change_email(conn: AsyncSession, mail: Due, now: datetime) -> Letter | None:
    """Ask one `side` of a change of address, `old` or `new`, to confirm it."""
    change = await conn.get(EmailChange, mail.fields["change"])
    if change is None or change.expires_at <= now:
        return None
    side = mail.fields["side"]
    if side == "new" and await addresses.owner(conn, change.email):
        return Letter(mail.recipient, "address_in_use", {})
    secret = await tickets.issue(
        conn,
        "change_email",
        user=change.user_id,
        lifetime=change.expires_at - now,
        now=now,
        change=change.id,
        side=side,
    )
    return Letter(mail.recipient, f"change_email_{side}", {"link": link("email", secret), "email": change.email})


async def _invitation(conn: AsyncSession, mail: Due, now: datetime) -> Letter | None:
    """Invite somebody into a workspace, as long as that is open."""
    invitation = await conn.get(Invitation, mail.fields["invitation"])
    if invitation is None or invitation.ended_at is not None or invitation.expires_at <= now:
        return None
    secret = await tickets.issue(conn, "invitation", lifetime=LIFETIME, now=now, invitation=invitation.id)
    fields = {
        "workspace": quoted(mail.fields["workspace"]),
        "inviter": quoted(mail.fields["inviter"] or "") or "Somebody",
        "role": mail.fields["role"],
    }
    return Letter(mail.recipient, "invitation", {**fields, "link": link("invitation", secret)})


async def _registration_invitation(conn: AsyncSession, mail: Due, now: datetime) -> Letter | None:
    """Let somebody register where that takes an invitation."""
    secret = await tickets.issue(conn, "registration", lifetime=INVITED, now=now, email=mail.recipient)
    return Letter(mail.recipient, "registration_invitation", {"link": link("register", secret)})


def _notice(text: str, *, page: str = "") -> Decide:
    """Say what has happened, in a text that knows the mail's fields and a page to go to."""

    async def say(_: AsyncSession, mail: Due, __: datetime) -> Letter:
        return Letter(mail.recipient, text, {**mail.fields, "link": f"{settings.site().origin}/app/{page}"})

    return say


_KINDS: Final[Mapping[str, Decide]] = {
    "welcome": _welcome,
    "reset": _reset,
    "change_email": _change_email,
    "invitation": _invitation,
    "registration_invitation": _registration_invitation,
    "password_changed": _notice("password_changed", page="forgot"),
    "email_changed": _notice("email_changed"),
    "factor_changed": _notice("factor_changed", page="forgot"),
    "identity_changed": _notice("identity_changed", page="forgot"),
}
"""By the names that `mail.send` is called with."""
