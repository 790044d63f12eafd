"""Budgets: how many clicks a link with a limit has had, and has left.

PostgreSQL alone knows. It spends clicks in the statement that writes them down, so that the two agree whatever dies. Visits
to one link that come while a statement is under way share the next: they would wait for one another's lock all the same, and
each would keep a connection from those who want something else. Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from ginnel import postgres
from ginnel.clicks import Click
from ginnel.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg

_BATCH = 500


class Budget(Enum):
    SPENT = "spent"
    """One click was taken from it, and is written down."""
    LASTS = "lasts"
    """Nothing was taken, but could be; or the link has no limit any more."""
    USED_UP = "used up"


_Visit = tuple[bytes, asyncio.Future[Budget]]

_waiting: dict[int, list[_Visit]] = {}
"""Who waits for the next statement, by link. A link is there for as long as one is under way."""
_spending: set[asyncio.Task[None]] = set()


async def visit(link: int, line: bytes | None) -> Budget:
    """Let a visit have its click: a person's takes one from the budget and writes its line down, both or neither.

    A bot's visit, and one that is not counted (None), only looks. Raises Unavailable when PostgreSQL does not answer; if it
    went when it had been asked, the click may have been taken: it is not tried again, or it might be taken twice.
    """
    if line is None or not spends(line):
        return await postgres.run(lambda connection: _look(connection, link))
    future: asyncio.Future[Budget] = asyncio.get_running_loop().create_future()
    if link in _waiting:
        _waiting[link].append((line, future))
    else:
        _waiting[link] = [(line, future)]
        task = asyncio.create_task(_spend(link))
        _spending.add(task)  # the loop itself would let it be collected
        task.add_done_callback(_spending.discard)
    return await future


def spends(line: bytes) -> bool:
    """Say whether a click takes from a budget: neither bots' nor what was prefetched does. Both are known as by ingestion."""
    click = Click.unpack(line)
    if click.prefetched:
        return False
    from ginnel import bots  # noqa: PLC0415  # its list is long, and few links have a limit

    return bots.find(click.user_agent) is None


async def _spend(link: int) -> None:
    """Serve those who wait for a link, until nobody does."""
    while link in _waiting:
        batch, left = _waiting[link][:_BATCH], _waiting[link][_BATCH:]
        _waiting[link] = left
        outcome: int | Exception = Unavailable()
        try:
            outcome = await _take_pooled(link, [line for line, _ in batch])
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait must hear of it
            outcome = error
        finally:
            # First: where a process is frozen once it has answered, this would come at the next request.
            if not _waiting[link]:
                del _waiting[link]
            _tell(batch, outcome)


def _tell(batch: Sequence[_Visit], outcome: int | Exception) -> None:
    """Tell visits what became of them: so many, from the first, have their click."""
    for number, (_, future) in enumerate(batch):
        if future.done():
            continue  # whoever waited has gone
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(Budget.SPENT if number < outcome else Budget.USED_UP)


async def _take_pooled(link: int, lines: Sequence[bytes]) -> int:
    async def act(connection: asyncpg.Connection) -> int:
        # This may be repeated, and tells a dead connection from one that can be trusted with what may not.
        if await _look(connection, link) is Budget.USED_UP:
            return 0
        try:
            return await take(connection, link, lines)
        except postgres.lost() as error:
            raise Unavailable from error

    return await postgres.run(act)


async def take(connection: asyncpg.Connection, link: int, lines: Sequence[bytes]) -> int:
    """Take a click for each line, as far as the budget goes, and write these lines down; return how many they are."""
    taken: int | None = await connection.fetchval(
        """
        with budget as materialized (
            -- `least` passes over null: there may be no limit any more.
            select least(cardinality($2::bytea[]), l.max_clicks - b.used) as granted
            from link_budgets b join links l on l.id = b.link_id
            where b.link_id = $1
            for update of b
        ), spent as (
            update link_budgets b set used = b.used + granted
            from budget where b.link_id = $1 and granted > 0
            returning granted
        ), written as (
            insert into outbox (created_at, payload)
            select now(), string_agg(line, '\\x0a'::bytea order by number)
            from spent, unnest($2::bytea[]) with ordinality as one (line, number) where number <= granted
            having count(*) > 0
        )
        select granted from spent
        """,
        link,
        lines,
    )
    return taken or 0


async def _look(connection: asyncpg.Connection, link: int) -> Budget:
    lasts = await connection.fetchval(
        """
        select l.max_clicks is null or b.used < l.max_clicks
        from links l left join link_budgets b on b.link_id = l.id
        where l.id = $1
        """,
        link,
    )
    return Budget.LASTS if lasts else Budget.USED_UP
