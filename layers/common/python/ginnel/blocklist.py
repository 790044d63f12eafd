"""The operator's list of blocked hosts: what is on it, and what is put there and taken off."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import Field
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, db, sweeps, targets, web
from ginnel.blocking import BlockedHost
from ginnel.errors import Conflict, Invalid, NotFound
from ginnel.purges import Purge

REJECTED = 1000
"""Lines of an import that its report names."""


class AlreadyBlocked(Conflict):
    """The host is on the list."""

    code = "host_blocked"


Reason = Annotated[web.Text, Field(max_length=512, examples=["Phishing, reported on 3 May"])]


class BlockedHostDraft(web.Input):
    host: Annotated[web.Text, Field(max_length=1024, description="It and all hosts below it.")]
    reason: Reason | None = None


class BlockedHostOut(web.Output):
    id: int
    host: str
    reason: str | None
    created_at: datetime
    created_by: int | None = Field(description="The id of who blocked it; null if they are gone.")


class BlockedHostPage(web.Output):
    items: list[BlockedHostOut]
    next_cursor: str | None


class Rejected(web.Output):
    line: int
    text: str
    code: str


class ImportOut(web.Output):
    """What became of a list: how many of its hosts are new, how many were blocked already, and what was not understood."""

    added: int
    known: int
    rejected: int
    lines: list[Rejected] = Field(description=f"The first {REJECTED} lines that were rejected.")


async def find_all(conn: AsyncSession, *, limit: int, cursor: str | None, search: str | None) -> BlockedHostPage:
    """List blocked hosts, newest first. Raises Invalid."""
    query = select(BlockedHost).order_by(BlockedHost.id.desc()).limit(limit + 1)
    if cursor:
        query = query.where(BlockedHost.id < _position(cursor))
    if search:
        query = query.where(BlockedHost.host.contains(search.lower(), autoescape=True))
    found = list(await conn.scalars(query))
    more = str(found[limit - 1].id) if len(found) > limit else None
    return BlockedHostPage(
        items=[BlockedHostOut.model_validate(one) for one in found[:limit]],
        next_cursor=more and base64.urlsafe_b64encode(more.encode()).decode().rstrip("="),
    )


def _position(cursor: str) -> int:
    try:
        position = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        position = 0
    if not 0 < position < 2**63:
        raise Invalid.field("query:cursor", "cursor_invalid", "is not a cursor that this list gave out")
    return position


async def block(conn: AsyncSession, draft: BlockedHostDraft, *, user: int, now: datetime) -> BlockedHostOut:
    """Raises Invalid, AlreadyBlocked."""
    try:
        host = targets.blockable(draft.host)
    except targets.BadTarget as error:
        raise Invalid.field("/host", error.code, error.detail) from error
    if not await _add(conn, [host], reason=draft.reason, user=user, now=now):
        raise AlreadyBlocked(f"The host {host} is blocked already.")
    made = (await conn.scalars(select(BlockedHost).where(BlockedHost.host == host))).one()
    audit.record(conn, "host_blocked", subject=f"host:{host}", at=now, user=user)
    return BlockedHostOut.model_validate(made)


async def unblock(conn: AsyncSession, blocked: int, *, user: int, now: datetime) -> None:
    """Let links lead to a host again. Raises NotFound."""
    host = await conn.scalar(delete(BlockedHost).where(BlockedHost.id == blocked).returning(BlockedHost.host))
    if host is None:
        raise NotFound("blocked host", blocked)
    audit.record(conn, "host_unblocked", subject=f"host:{host}", at=now, user=user)
    conn.add(Purge(host=sweeps.LEADING_TO, slug_key=host, created_at=now))
    db.after_commit(conn, lambda: sweeps.purge_leading_to([host]))


async def add_list(conn: AsyncSession, body: bytes, *, reason: str | None, user: int, now: datetime) -> ImportOut:
    """Block the hosts of a list: one a line, or as in a hosts file behind an address; `#` begins a comment."""
    read = _read(body)
    added = await _add(conn, read.hosts, reason=reason, user=user, now=now)
    audit.record(conn, "hosts_imported", subject="hosts", at=now, user=user, added=len(added))
    return ImportOut(
        added=len(added),
        known=len(read.hosts) - len(added),
        rejected=read.faults,
        lines=read.named,
    )


class _Read(NamedTuple):
    hosts: Sequence[str]
    faults: int
    named: list[Rejected]


def _read(body: bytes) -> _Read:
    hosts: dict[str, None] = {}
    faults = 0
    named: list[Rejected] = []
    for number, line in enumerate(body.decode("utf-8-sig", "replace").splitlines(), 1):
        words = line.partition("#")[0].split()
        if len(words) > 1 and targets.is_address(words[0]):
            del words[0]
        elif len(words) > 1:
            words = [" ".join(words)]
        for word in words:
            try:
                hosts[targets.blockable(word)] = None
            except targets.BadTarget as error:
                if word.lower() in _STANDING:
                    continue
                faults += 1
                if len(named) < REJECTED:
                    named.append(Rejected(line=number, text=word[:128], code=error.code))
    return _Read(list(hosts), faults, named)


_STANDING = frozenset(
    {"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback", "ip6-localnet"}
    | {"ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0"}  # noqa: S104  # no address to bind
)
"""What hosts files begin with, and nobody means to block."""


async def _add(
    conn: AsyncSession, hosts: Sequence[str], *, reason: str | None, user: int, now: datetime
) -> Sequence[str]:
    """Put hosts on the list; return those that were not there. Once they are, every cache forgets what leads there."""
    added = (
        await conn.scalars(
            text(
                """
                with added as (
                    insert into blocked_hosts (host, reason, created_at, created_by)
                    select host, :reason, :now, :user from unnest(cast(:hosts as text[])) as host
                    on conflict do nothing returning host
                ), told as (
                    insert into purges (created_at, host, slug_key) select :now, :leading_to, host from added
                )
                select host from added
                """
            ),
            {"hosts": list(hosts), "reason": reason, "now": now, "user": user, "leading_to": sweeps.LEADING_TO},
        )
    ).all()
    db.after_commit(conn, lambda: sweeps.purge_leading_to(added))
    return added
