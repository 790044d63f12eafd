"""Hosts that nobody is led to: the operator's list. A host on it stands for all below it. `blocklist` changes it.

Nothing is written to the links that lead there: whether one does is asked when its record is compiled (see lookup), so that it
is blocked as long as its host is listed, and an administrator's own block of a link is another matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Text, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import targets
from ginnel.db import Base
from ginnel.errors import FieldError, Invalid


class BlockedHost(Base):
    __tablename__ = "blocked_hosts"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    host: Mapped[str] = mapped_column(Text, unique=True)
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)


async def among(conn: AsyncSession, urls: Iterable[str | None]) -> set[str]:
    """Return those of the targets' hosts, and of the domains above them, that are blocked."""
    hosts = {name for url in urls if url for name in targets.hosts(url)}
    if not hosts:
        return set()
    return set(await conn.scalars(select(BlockedHost.host).where(BlockedHost.host.in_(hosts))))


def refuse(given: Mapping[str, str | None], *, own_hosts: Collection[str], blocked: Collection[str]) -> None:
    """Refuse targets, by their pointers, on a blocked host, or on one of ours: these could lead back. Raises Invalid."""
    faults = []
    for pointer, target in given.items():
        try:
            if target:
                targets.normalise(target, own_hosts=own_hosts)
        except targets.BadTarget as error:
            faults.append(FieldError(pointer, error.code, error.detail))
        if target and not set(targets.hosts(target)).isdisjoint(blocked):
            faults.append(FieldError(pointer, "target_blocked", "The target's host is blocked by the operator."))
    if faults:
        raise Invalid("Some fields are not valid.", errors=faults)
