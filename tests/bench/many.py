"""A million links, and what people ask of them: words by Zipf's law, so that some are in nearly every link and most in few."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

import asyncpg

LINKS = 1_000_000
MINE = 300_000
WORDS, TAGS, OTHERS = 20_000, 300, 40
_SYLLABLES = [c + v for c in "bdfghjklmnprstvz" for v in "aeiou"]
_COLUMNS = (
    "workspace_id", "domain_id", "slug", "slug_key", "target", "title", "redirect_status", "allow_caching", "forward_query",
    "forward_path", "rules", "variants", "created_at", "updated_at", "archived_at", "version",
)  # fmt: skip
_SEARCH = "links_workspace_id_search_idx"


class Filled(NamedTuple):
    """What the asker's workspace is, the words from the commonest to the rarest, and the names of its tags and domains."""

    workspace: int
    words: list[str]
    tags: list[str]
    domains: list[str]


async def fill(database_url: str, *, links: int = LINKS, mine: int = MINE) -> Filled:
    """Give the installation's first workspace `mine` of so many links; the rest belong to others, in between."""
    drawn = random.Random(11)
    words = _words(drawn)
    connection = await asyncpg.connect(database_url)
    # COPY is binary; there a version stands before the JSON.
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=lambda text: b"\1" + text.encode(), decoder=bytes
    )
    # Rows first, the costly index after them, as a restored back-up would have it.
    index = await connection.fetchval("select pg_get_indexdef($1::regclass)", _SEARCH)
    await connection.execute(f"drop index {_SEARCH}")
    workspace = await connection.fetchval("select min(id) from workspaces")
    others = [workspace, *(await _others(connection))]
    domains = await _domains(connection, workspace)
    rows = _rows(drawn, words, others, [identifier for identifier, _ in domains], links=links, mine=mine)
    await connection.copy_records_to_table("links", records=rows, columns=_COLUMNS, timeout=600)
    await _tag(connection, workspace)
    await connection.execute("set maintenance_work_mem = '512MB'")
    await connection.execute(index, timeout=600)
    for table in ("links", "link_tags", "tags", "domains"):
        await connection.execute(f"vacuum analyze {table}", timeout=600)
    await connection.execute("checkpoint", timeout=600)
    await connection.close()
    return Filled(workspace, words, [f"tag {n}" for n in range(TAGS)], [host for _, host in domains])


def _words(drawn: random.Random) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < WORDS:
        found["".join(drawn.choices(_SYLLABLES, k=drawn.choice((2, 2, 3, 3, 4))))] = None
    return list(found)


async def _others(connection: asyncpg.Connection) -> list[int]:
    made = await connection.fetch(
        """
        insert into workspaces (name, personal, created_at) select 'other ' || n, false, now()
        from generate_series(1, $1::int) n returning id
        """,
        OTHERS,
    )
    return [row["id"] for row in made]


async def _domains(connection: asyncpg.Connection, workspace: int) -> list[tuple[int, str]]:
    """Give the workspace two domains beside the installation's own; list all three."""
    await connection.execute(
        """
        insert into domains (workspace_id, host, case_sensitive, verified_at, created_at)
        select $1, host, false, now(), now() from unnest(array['go.example', 'rare.example']) host
        """,
        workspace,
    )
    return [(row["id"], row["host"]) for row in await connection.fetch("select id, host from domains order by id")]


def _rows(  # the drawing, each thing that it draws from by itself
    drawn: random.Random, words: list[str], workspaces: list[int], domains: list[int], *, links: int, mine: int
) -> Iterator[tuple[Any, ...]]:
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    own, go, rare = domains
    begun = datetime(2024, 1, 1, tzinfo=UTC)
    for number in range(links):
        if number % 1000 == 0:
            text = iter(drawn.choices(words, cum_weights=weights, k=8000))
        workspace = (
            workspaces[0] if number * mine // links != (number + 1) * mine // links else drawn.choice(workspaces[1:])
        )
        domain = own
        if workspace == workspaces[0]:
            domain = rare if number % 3000 < 4 else drawn.choices((own, go), (70, 30))[0]
        one, two, three, four, five, six, seven, eight = (next(text) for _ in range(8))
        slug = f"{one}-{number:x}" if number % 2 else f"{number:x}{two}"
        target = f"https://www.{three}.example/{four}/{five}-{six}?utm_source={seven}"
        title = f"{one.title()} {eight} {two}" if number % 4 else None
        moment = begun + timedelta(seconds=40 * number)
        archived = moment if number % 97 == 0 else None
        updated = moment + timedelta(seconds=drawn.randrange(10**7))
        yield (
            workspace, domain, slug, slug, target, title, 302, False, True, False, "[]", "[]", moment, updated, archived, 1,
        )  # fmt: skip


async def _tag(connection: asyncpg.Connection, workspace: int) -> None:
    """Give the workspace's links tags: a third of them the first, and each further one fewer."""
    await connection.execute(
        """
        insert into tags (workspace_id, name, created_at)
        select $1, 'tag ' || n, now() from generate_series(0, $2::int - 1) n
        """,
        workspace,
        TAGS,
    )
    await connection.execute(
        """
        insert into link_tags (link_id, tag_id)
        select l.id, t.id from links l
        cross join lateral (values (3 * (l.id % 7) * (l.id % 11)), (floor(pow(300, (l.id * 7919 % 10007) / 10007.0)))) n (tag)
        join tags t on t.workspace_id = $1 and t.name = 'tag ' || n.tag::bigint
        where l.workspace_id = $1 on conflict do nothing
        """,
        workspace,
        timeout=600,
    )
