"""What an erasure does at once: nobody can be this person any more, and visitors find nothing of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, purges, users
from ginnel.administration import rights
from ginnel.errors import FieldError, Invalid
from ginnel.users import User

from .drafts import ErasureDraft, ErasureOut, HandOver, HandOverFirst, LastOperator
from .tables import Erasure, named


class _Owned(NamedTuple):
    id: int
    name: str
    personal: bool
    live: bool
    owners: int
    """Besides this person."""
    members: int


async def erase(conn: AsyncSession, draft: ErasureDraft, *, user: int, now: datetime) -> ErasureOut:
    """Erase somebody who has proved that it is they. Raises LastOperator, HandOverFirst, Invalid."""
    person = await users.get(conn, user)
    if person.is_admin and await rights.operators(conn) <= {user}:
        raise LastOperator("Appoint another administrator first: nobody else runs this installation.")
    if person.guest:
        # As where they make links: of what both lock, this comes first.
        await conn.execute(select(User.id).where(User.id == user).with_for_update(key_share=True))
    owned = await _owned(conn, user)
    handed_over = await _hand_over(conn, draft.hand_over, {it.id: it for it in owned if it.live}, user=user)
    _refuse_orphaned(owned, handed_over)
    deleted = [it.id for it in owned if not it.owners and it.id not in handed_over]
    erasure = Erasure(
        user_id=user,
        email=person.email if await _alone(conn, person) else f"erased:{user}",
        name=person.name,
        workspaces=deleted,
        requested_at=now,
        worked_at=now,
        audited=0,
    )
    conn.add(erasure)
    await _end(conn, erasure)
    for workspace in handed_over:
        audit.record(
            conn, "workspace_handed_over", subject=f"workspace:{workspace}", at=now, workspace=workspace, user=user
        )
    audit.record(conn, "user_erased", subject=f"user:{user}", at=now, user=user)
    purges.of_workspaces(conn, deleted, now)
    return ErasureOut(requested_at=now, deleted=deleted, handed_over=handed_over)


async def _alone(conn: AsyncSession, person: User) -> bool:
    """Say whether what names an account's address means this account: an address that is not proved may be another's."""
    if person.email_verified_at is not None:
        return True
    others = select(User.id).where(User.email == person.email, User.id != person.id).limit(1)
    return await conn.scalar(others) is None


async def _owned(conn: AsyncSession, user: int) -> list[_Owned]:
    """List the workspaces that somebody owns. Nobody becomes a member of one until the transaction has ended."""
    found = await conn.execute(
        text(
            """
            select w.id, w.name, w.personal, w.deleted_at is null as live,
                (select count(*) from members o where o.workspace_id = w.id and o.user_id <> :user and o.role = 'owner'),
                (select count(*) from members o where o.workspace_id = w.id and o.user_id <> :user)
            from workspaces w join members m on m.workspace_id = w.id and m.user_id = :user and m.role = 'owner'
            order by w.id for update of w
            """
        ),
        {"user": user},
    )
    return [_Owned(*row) for row in found]


async def _hand_over(
    conn: AsyncSession, wanted: Sequence[HandOver], owned: dict[int, _Owned], *, user: int
) -> list[int]:
    faults: list[FieldError] = []
    for number, one in enumerate(wanted):
        where = f"/hand_over/{number}"
        if one.workspace not in owned:
            faults.append(FieldError(f"{where}/workspace", "not_yours", "is no workspace that you own"))
            continue
        made = await conn.execute(
            text(
                """
                update members set role = 'owner' from users u
                where workspace_id = :workspace and user_id = u.id and u.id <> :user and u.email = :to
                    and u.disabled_at is null returning user_id
                """
            ),
            {"workspace": one.workspace, "user": user, "to": one.to},
        )
        if not made.all():
            faults.append(FieldError(f"{where}/to", "not_a_member", "is nobody who is a member of this workspace"))
    if faults:
        raise Invalid("Some fields are not valid.", errors=faults)
    handed_over = sorted({one.workspace for one in wanted})
    await conn.execute(
        text("update workspaces set personal = false where id = any(:workspaces)"), {"workspaces": handed_over}
    )
    return handed_over


def _refuse_orphaned(owned: Sequence[_Owned], handed_over: Sequence[int]) -> None:
    left = [
        it for it in owned if it.live and it.members and not it.owners and not it.personal and it.id not in handed_over
    ]
    if left:
        names = ", ".join(f"{it.name} ({it.id})" for it in left)
        faults = [
            FieldError("/hand_over", "workspace_missing", f"must say who shall own the workspace {it.id}")
            for it in left
        ]
        raise HandOverFirst(f"Others work in these workspaces, and nobody else owns them: {names}.", errors=faults)


async def _end(conn: AsyncSession, erasure: Erasure) -> None:
    """End what there is of a person to sign in with, to find and to be written to."""
    who = {"user": erasure.user_id, "named": named(erasure.email), "workspaces": erasure.workspaces}
    for statement in (
        """
        update users set email = 'erased:' || id, name = '', password_hash = '', is_admin = false, email_verified_at = null,
            disabled_at = coalesce(disabled_at, :now), disabled_reason = null, guest_until = null
        where id = :user
        """,
        """
        update workspaces set name = '', link_defaults = '{}', blocked_reason = null, deleted_at = coalesce(deleted_at, :now)
        where id = any(:workspaces)
        """,
        "delete from members where user_id = :user or workspace_id = any(:workspaces)",
        "delete from api_keys where user_id = :user or workspace_id = any(:workspaces)",
        "delete from sessions where user_id = :user",
        "delete from identities where user_id = :user",
        """
        update imports set state = 'cancelled', finished_at = :now
        where (user_id = :user or workspace_id = any(:workspaces)) and state in ('receiving', 'waiting', 'running')
        """,
        "delete from tickets where user_id = :user or lower(data::text) ~ :named",
        "delete from mail_outbox where lower(recipient || ' ' || fields::text) ~ :named",
    ):
        await conn.execute(text(statement), who | {"now": erasure.requested_at})
