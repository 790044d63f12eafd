"""What a person has set up, and whether they may go without it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, mail, web
from ginnel.errors import Conflict
from ginnel.users import User
from ginnel.workspaces import Member, Workspace

from . import recovery
from .tables import Kind, Passkey, RecoveryCode, Totp


class FactorNeeded(Conflict):
    """It is the last second factor, and a workspace that they are a member of requires one."""

    code = "second_factor_needed"


class FactorMissing(Conflict):
    """The account has no second factor that recovery codes could stand in for: set one up first."""

    code = "second_factor_missing"


class PasskeyOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    name: Annotated[str, Field(examples=["Ada's laptop"])]
    created_at: datetime
    last_used_at: datetime | None


class TotpOut(web.Output):
    confirmed_at: Annotated[datetime, Field(description="Since when it is asked for.")]


class FactorsOut(web.Output):
    totp: Annotated[TotpOut | None, Field(description="The authenticator app, if one is in force.")]
    passkeys: Annotated[Sequence[PasskeyOut], Field(description="Oldest first.")]
    recovery_codes_left: Annotated[int, Field(examples=[10])]


async def find(conn: AsyncSession, user: int) -> FactorsOut:
    confirmed = await conn.scalar(select(Totp.confirmed_at).where(Totp.user_id == user))
    keys = await conn.scalars(select(Passkey).where(Passkey.user_id == user).order_by(Passkey.id))
    return FactorsOut(
        totp=TotpOut(confirmed_at=confirmed) if confirmed else None,
        passkeys=[PasskeyOut.model_validate(key) for key in keys],
        recovery_codes_left=await recovery.left(conn, user),
    )


async def kinds(conn: AsyncSession, user: int) -> frozenset[Kind]:
    """List the kinds of second factor that are in force."""
    app = exists().where(Totp.user_id == user, Totp.confirmed_at.is_not(None))
    key = exists().where(Passkey.user_id == user)
    has_app, has_key = (await conn.execute(select(app, key))).one()
    named: dict[Kind, bool] = {"totp": has_app, "passkey": has_key}
    return frozenset(kind for kind, there in named.items() if there)


async def has(conn: AsyncSession, user: int) -> bool:
    """Say whether a person has a second factor: whoever requires one of others must."""
    return bool(await kinds(conn, user))


async def settle(conn: AsyncSession, user: int) -> None:
    """See to what follows from a factor's removal. Raises FactorNeeded if it has to stay."""
    if await kinds(conn, user):
        return
    requiring = await conn.scalars(
        select(Workspace.name)
        .join(Member, Member.workspace_id == Workspace.id)
        .where(Member.user_id == user, Workspace.require_second_factor, Workspace.deleted_at.is_(None))
        .order_by(Workspace.name)
    )
    if names := ", ".join(f"“{name}”" for name in requiring):
        raise FactorNeeded(f"A second factor is required in {names}. Add another one first.")
    await recovery.drop(conn, user)


async def clear(conn: AsyncSession, user: int, *, now: datetime) -> None:
    """Take all that a person has set up, whatever requires it: for who can't prove it, or did not set it up themselves."""
    for table in (Totp, Passkey, RecoveryCode):
        mine = delete(table).where(table.user_id == user)
        await conn.execute(mine.execution_options(synchronize_session=False))
    await tell(conn, user, "factors_cleared", "All second factors were removed.", kind="all", now=now)


async def renew_codes(conn: AsyncSession, user: int, *, now: datetime) -> list[str]:
    """Make a person's recovery codes anew. Raises FactorMissing."""
    if not await kinds(conn, user):
        raise FactorMissing("You have no second factor. Set one up first: recovery codes come with it.")
    codes = await recovery.renew(conn, user, now=now)
    what = "New recovery codes were made. Those from before are void."
    await tell(conn, user, "recovery_codes_renewed", what, kind="recovery_code", now=now)
    return codes


async def tell(  # noqa: PLR0913  # a change, each word of it by name
    conn: AsyncSession, user: int, action: str, what: str, *, kind: str, now: datetime
) -> None:
    """Audit a change, and mail its owner `what` happened: if it was not them, they should know."""
    audit.record(conn, action, subject=f"user:{user}", at=now, user=user, kind=kind)
    # As it is by now: a statement that has just proved the address leaves an older state in the session.
    owner = await conn.get_one(User, user, populate_existing=True)
    # Until it is verified, an address may be another's, who has no part in this.
    if owner.email_verified_at is not None:
        mail.send(conn, "factor_changed", to=owner.email, now=now, what=what)
