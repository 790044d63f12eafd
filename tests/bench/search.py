"""How long a list of links takes to find in an installation of a million: `links.find_all`, asked directly, for all kinds."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from ginnel import db, links, settings
from ginnel.links import searching
from local import server
from tests.bench.many import Filled
from tests.e2e.running import Running

EACH = 40
"""Questions of a kind."""
SORTS: tuple[links.Sort, ...] = ("-created_at", "created_at", "-updated_at", "slug")

Question = dict[str, Any]


def _questions(
    drawn: random.Random, filled: Filled, cursors: dict[links.Sort, list[str]]
) -> Iterator[tuple[str, Question]]:
    """Make questions by their kinds. Words by rank: of the commonest, more than half of all links have one."""
    word = filled.words
    for _ in range(EACH):
        sort = drawn.choice(SORTS)
        common, known, rare = (
            word[drawn.randrange(10)],
            word[drawn.randrange(10, 1000)],
            word[drawn.randrange(1000, 20000)],
        )
        yield "no search", {"sort": sort}
        yield "no search, from far down", {"sort": sort, "cursor": drawn.choice(cursors[sort])}
        yield "a common word", {"search": common, "sort": sort}
        yield "a common word, from far down", {"search": common, "sort": sort, "cursor": drawn.choice(cursors[sort])}
        yield "a word of some", {"search": known, "sort": sort}
        yield "a rare word", {"search": rare, "sort": sort}
        yield "a part of a word", {"search": rare[1:5], "sort": sort}
        yield "a part of a slug", {"search": f"{known}-{drawn.randrange(16):x}", "sort": sort}
        yield "a whole slug", {"search": f"{drawn.randrange(1, 10**6, 2):x}", "sort": sort}
        yield "a target's host", {"search": f"www.{known}.example", "sort": sort}
        yield "two words of a target", {"search": f"{common}/{known}", "sort": sort}
        yield "one letter", {"search": known[0], "sort": sort}
        yield "two letters", {"search": known[:2], "sort": sort}
        yield "none found", {"search": f"{rare}x{known}", "sort": sort}
        yield "a tag", {"with_tags": [drawn.choice(filled.tags)], "sort": sort}
        yield "a tag and a word", {"with_tags": [drawn.choice(filled.tags)], "search": known, "sort": sort}
        yield "two tags", {"with_tags": drawn.sample(filled.tags, 2), "sort": sort}
        yield "a domain and a word", {"domain": drawn.choice(filled.domains), "search": known, "sort": sort}
        yield (
            "a domain of few links",
            {"domain": filled.domains[-1], "search": drawn.choice((None, common)), "sort": sort},
        )
        yield "the archive", {"archived": True, "search": drawn.choice((None, common, known)), "sort": sort}


async def _cursors(drawn: random.Random, filled: Filled) -> dict[links.Sort, list[str]]:
    """Take cursors from anywhere in the lists, as a client has them who turned so many pages."""
    found: dict[links.Sort, list[str]] = {sort: [] for sort in SORTS}
    async for conn in db.transaction():
        for _ in range(8):
            at = drawn.randrange(1000, 290_000)
            mine = (
                select(links.Link)
                .where(links.Link.workspace_id == filled.workspace, links.Link.deleted_at.is_(None))
                .order_by(links.Link.id)
            )
            link = (await conn.scalars(mine.offset(at).limit(1))).one()
            for sort in SORTS:
                found[sort].append(searching._cursor(link, sort))
    return found


async def measure(live: Running, filled: Filled) -> dict[str, Any]:
    os.environ |= {"DATABASE_URL": live.database_url, "DATABASE_TIMEOUT": "60", "BASE_URL": live.base}
    settings.read.cache_clear()
    drawn = random.Random(7)
    questions = list(_questions(drawn, filled, await _cursors(drawn, filled)))
    server.collect_seldom()  # as a host does
    took: dict[str, list[float]] = {}
    found: dict[str, int] = {}
    # Once through untimed: what is measured is a server at work, not one that has just been started.
    for round_ in (0, 1):
        for kind, question in drawn.sample(questions, len(questions)):
            async for conn in db.transaction():
                begun = time.perf_counter()
                page = await links.find_all(conn, workspace=filled.workspace, limit=50, **question)
                if round_:
                    took.setdefault(kind, []).append((time.perf_counter() - begun) * 1000)
                    found[kind] = found.get(kind, 0) + len(page.items)
    await db.close()
    return {"search_p99_ms": _say(took, found)}


def _say(took: dict[str, list[float]], found: dict[str, int]) -> float:
    print(f"\n  {'searched for, ms':32}{'found':>8}{'p50':>9}{'p99':>9}{'max':>9}")
    for kind, times in sorted(took.items(), key=lambda pair: -_share(pair[1], 0.99)):
        shares = "".join(f"{_share(times, share):>9.1f}" for share in (0.5, 0.99, 1))
        print(f"  {kind:32}{found[kind] / len(times):>8.0f}{shares}")
    every = [one for times in took.values() for one in times]
    print(f"  {'all':40}" + "".join(f"{_share(every, share):>9.1f}" for share in (0.5, 0.99, 1)))
    return round(_share(every, 0.99), 1)


def _share(times: list[float], share: float) -> float:
    """Return the time within which a share of the answers came."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]
