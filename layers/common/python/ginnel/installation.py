"""What holds for the whole installation, and may be changed while it runs: who may register."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple, cast

from pydantic import Field
from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit, mail, settings, tickets, users, web
from ginnel.db import Base
from ginnel.errors import Forbidden, Invalid
from ginnel.installation_settings import Settings
from ginnel.invitations import Invitation

INVITED = timedelta(days=7)
"""How long an invitation to register is good: what the mail's ticket has for a lifetime, with its address as `email`."""

Mode = Literal["open", "invite", "closed"]
"""Who may register: everybody, those who were sent an invitation, nobody."""


class Installation(Base):
    """The one row there may be; none while nothing was changed."""

    __tablename__ = "installation"
    __table_args__ = (
        CheckConstraint("id = 1", name="id"),
        CheckConstraint("registration in ('open', 'invite', 'closed')", name="registration"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    registration: Mapped[Mode] = mapped_column(Text)
    changed_at: Mapped[datetime]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)


class RegistrationClosed(Forbidden):
    """Nobody may register here at present, or only those who have an invitation."""

    code = "registration_closed"


class GuestsOff(Forbidden):
    """Links can't be made here before one registers."""

    code = "guests_off"


class Admission(NamedTuple):
    """How somebody may register: having `proved` their address, and to join the workspace that they are invited into."""

    proved: bool
    joins: bool


class RegistrationOut(web.Output):
    mode: Annotated[
        Mode, Field(description="Who may register: everybody, those with an invitation, nobody.", examples=["open"])
    ]
    guests: Annotated[
        bool, Field(description="Whether links can be made before one registers: `POST /api/v1/auth/guest`.")
    ]

    @classmethod
    def of(cls, mode: Mode) -> RegistrationOut:
        return cls(mode=mode, guests=mode == "open" and settings.read(Settings).guests)


class RegistrationChange(web.Input):
    mode: Annotated[Mode, Field(examples=["invite"])]


async def registration(conn: AsyncSession) -> Mode:
    """Say who may register at this moment."""
    # Asked each time: who registers waits for a password's hash anyway, and a change is in force at once.
    chosen = await conn.scalar(select(Installation.registration))
    return chosen or cast("Mode", settings.read(Settings).registration)


async def set_registration(conn: AsyncSession, mode: Mode, *, by: int, now: datetime) -> None:
    """Say who may register from now on."""
    before = await registration(conn)
    fields = {"registration": mode, "changed_at": now, "changed_by": by}
    chosen = insert(Installation).values(id=1, **fields)
    await conn.execute(chosen.on_conflict_do_update(index_elements=["id"], set_=fields))
    audit.record(conn, "registration_changed", subject="installation", at=now, user=by, mode=mode, before=before)


async def admit(conn: AsyncSession, *, email: str, invitation: str | None, now: datetime) -> Admission:
    """Let somebody register, if they may.

    Who is invited has proved their address: by a mail that invites them here, whose ticket is used up, or by one that invites
    them into a workspace, which they have still to accept.

    Raises RegistrationClosed, TicketInvalid, or Invalid for an invitation that was sent to another address, and is good still.
    """
    mode = await registration(conn)
    if mode == "closed":
        raise RegistrationClosed("Registration is closed.")
    if invitation is None:
        if mode == "invite":
            raise RegistrationClosed("Registration is by invitation only.")
        return Admission(proved=False, joins=False)
    joins = await tickets.find(conn, "invitation", invitation) is not None
    if joins:
        ticket = await tickets.get(conn, "invitation", invitation, now=now)
        invited = await conn.scalar(select(Invitation.email).where(Invitation.id == ticket.data["invitation"]))
    else:
        invited = (await tickets.redeem(conn, "registration", invitation, now=now)).data["email"]
    if invited is None or users.key(invited) != users.key(email):
        raise Invalid.field("/email", "not_invited", "is not the address that the invitation was sent to")
    return Admission(proved=True, joins=joins)


async def admit_guest(conn: AsyncSession) -> None:
    """Let somebody make links who has not registered, where everybody may register. Raises GuestsOff."""
    if not RegistrationOut.of(await registration(conn)).guests:
        raise GuestsOff("Sign up, or sign in, to make links here.")


def invite(conn: AsyncSession, email: str, *, by: int, now: datetime) -> None:
    """Have an invitation to register sent to an address."""
    mail.send(conn, "registration_invitation", to=email, now=now)
    audit.record(conn, "user_invited", subject="installation", at=now, user=by, email=email)
