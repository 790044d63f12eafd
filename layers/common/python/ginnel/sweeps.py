"""Forgetting much at once: the changes that were not told when they were made, what leads to a host, what a workspace has.

Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ginnel import hosts, lookup, observe, postgres, redis
from ginnel.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg

LEADING_TO = ""
"""In the place of a purge's host: what is purged are all links that lead to the host in its slug's place, or below it."""

OWNED_BY = "~"
"""In the place of a purge's host: what is purged is all that the workspace has whose id is in the slug's place."""

_HOSTS = 500
"""Hosts that are looked for at once."""
_RECORDS = 1000
"""Records that are told at once; of more, it is only told that there are."""


async def purge_again(connection: asyncpg.Connection) -> int:
    """Tell of all changes once more, those that Redis was not there to hear of among them; return how many they were.

    An edit leaves a row by its own transaction, so whoever made it may die. Raises RedisError, and keeps what is not told.
    """
    async with connection.transaction():
        rows = await connection.fetch(
            """
            with oldest as (select id from purges order by id limit 1000 for update skip locked)
            delete from purges using oldest where purges.id = oldest.id returning host, slug_key
            """
        )
        await lookup.tell([(row["host"], row["slug_key"]) for row in rows if row["host"] not in {LEADING_TO, OWNED_BY}])
        targets = [row["slug_key"] for row in rows if row["host"] == LEADING_TO]
        for start in range(0, len(targets), _HOSTS):
            await _tell_leading_to(connection, targets[start : start + _HOSTS])
        for workspace in {int(row["slug_key"]) for row in rows if row["host"] == OWNED_BY}:
            await tell_owned_by(connection, workspace)
    return len(rows)


async def purge_leading_to(targets: Sequence[str]) -> None:
    """Forget the links that lead to hosts, or below them: here, in Redis, and in every process that listens."""
    try:
        for start in range(0, len(targets), _HOSTS):
            part = targets[start : start + _HOSTS]

            async def act(connection: asyncpg.Connection, part: Sequence[str] = part) -> None:
                async with connection.transaction():
                    await _tell_leading_to(connection, part)

            await postgres.run(act)
    except (redis.RedisError, Unavailable):
        observe.count("purge_delayed")  # until it is told again


async def purge_owned_by(workspaces: Sequence[int]) -> None:
    """Forget likewise the links and domains that workspaces have."""

    async def act(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            for workspace in workspaces:
                await tell_owned_by(connection, workspace)

    try:
        await postgres.run(act)
    except (redis.RedisError, Unavailable):
        observe.count("purge_delayed")  # until it is told again


async def _tell_leading_to(connection: asyncpg.Connection, targets: Sequence[str]) -> None:
    """Tell of the links, and of the domains, that lead to hosts. Needs a transaction."""
    await _tell_found(
        connection,
        """
        select d.host, l.slug_key
        from links l join domains d on d.id = l.domain_id
        where target_hosts(l.target, l.expired_target, l.rules, l.variants) && $1::text[]
        union all
        select host, $2 from domains
        where target_hosts(root_target, expired_target, jsonb_build_array(jsonb_build_object('target', not_found_target)), '[]')
            && $1::text[]
        """,
        targets,
        hosts.NAME,
    )


async def tell_owned_by(connection: asyncpg.Connection, workspace: int) -> None:
    """Tell of a workspace's links and domains. Needs a transaction. Raises RedisError."""
    await _tell_found(
        connection,
        """
        select d.host, l.slug_key
        from links l join domains d on d.id = l.domain_id
        where l.workspace_id = $1 and l.deleted_at is null
        union all
        select host, $2 from domains where workspace_id = $1 and verified_at is not null and deleted_at is null
        """,
        workspace,
        hosts.NAME,
    )


async def _tell_found(connection: asyncpg.Connection, query: str, *parameters: object) -> None:
    """Tell of the records that a query finds by host and slug key, however many they are."""
    cursor = await connection.cursor(query, *parameters)
    told = False
    while rows := [(row["host"], row["slug_key"]) for row in await cursor.fetch(_RECORDS)]:
        for name in rows:
            lookup.forget(*name)
        if told or len(rows) == _RECORDS:
            told = True
            await lookup.remove(rows)
        else:
            await lookup.tell(rows)
            for name in rows:
                lookup.forget(*name)  # what a visitor may just have read out of Redis
    if told:
        await lookup.tell_all()
