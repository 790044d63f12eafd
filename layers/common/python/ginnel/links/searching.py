"""Finding a workspace's links, however many it has: first near, among those that come next in the order; then by an index.

What many links have is soon met with near; what few have, an index leads to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import cursors, domains, slugs, tags
from ginnel.domains import Domain
from ginnel.outputs import LinkPage

from .reading import Found, shown
from .tables import Budget, Link

Sort = Literal["-created_at", "created_at", "-updated_at", "slug"]

NEAR = 4_000
"""Links of the order that are read for what was asked, before an index is."""
_FARTHER = 4
"""How many times as many are read on, where the near ones promise a page there and links lie in their order: an index costs
five times as much for each that it leads to."""
_FEW = 5_000
"""Links that a filter may leave over for all of them to be read."""
_TRIGRAM = 3
"""Characters below which PostgreSQL's index of trigrams can't tell one text from another."""


@dataclass(frozen=True)
class Asked:
    """What is looked for. Tags by their ids; of `named`, which the search itself means, one is enough.

    Without a workspace it is looked for in all of them; by an order and a search that need none to be quick: by age, and
    for three characters or more.
    """

    workspace: int | None
    search: str | None
    named: Sequence[int]
    tags: Sequence[int]
    domain: int | None
    archived: bool | None
    sort: Sort
    after: tuple[str, int] | None
    limit: int
    leading_to: str | None = None
    """A host that they lead to, or that is above one."""
    blocked: bool = False

    @property
    def begins(self) -> bool:
        """Whether it is a search for the start of slugs and no more."""
        return self.search is not None and len(self.search) < _TRIGRAM and not self.named


_Way = list[ColumnElement[bool]]
Columns = Any
"""Link itself, or the columns of a query for what is looked at of links, by the same names."""
_LOOKED_AT = (
    Link.id, Link.domain_id, Link.slug, Link.slug_key, Link.target, Link.title, Link.updated_at, Link.archived_at,
    Link.blocked_at, Link.expired_target, Link.rules, Link.variants,
)  # fmt: skip
"""To look at whole links, each query would be built from thirty columns, for longer than PostgreSQL takes to answer it."""


async def find_all(  # noqa: PLR0913  # one question, each word of it by name
    conn: AsyncSession,
    *,
    workspace: int,
    limit: int,
    cursor: str | None = None,
    search: str | None = None,
    with_tags: Sequence[str] = (),
    domain: str | None = None,
    archived: bool | None = False,
    sort: Sort = "-created_at",
) -> LinkPage:
    """List links. `search` looks into slug, target, title and tags, whatever the case; of tags, all must be there.

    `archived` may be None for both kinds.
    """
    after = _position(cursor, sort) if cursor else None
    of = await tags.ids(conn, with_tags, workspace=workspace) if with_tags else []
    on = await domains.find(conn, domain, workspace=workspace) if domain else None
    held = [tag for tag in of if tag is not None]
    if len(held) < len(of) or (domain and on is None):
        return LinkPage(items=[], next_cursor=None)
    named = await _named(conn, search, workspace=workspace) if search else ()
    asked = Asked(workspace, search, named, held, on.id if on else None, archived, sort, after, limit + 1)
    rows = await found(conn, asked)
    last = rows[limit - 1].link if len(rows) > limit else None
    return LinkPage(items=await shown(conn, rows[:limit]), next_cursor=_cursor(last, sort) if last else None)


async def found(conn: AsyncSession, asked: Asked) -> list[Found]:
    """Return the first links of those that are asked for, in their order."""
    rows = await _near(conn, asked)
    if len(rows) < asked.limit and await _further(conn, asked):
        rows += await _farther(conn, asked, found=len(rows))
        if len(rows) < asked.limit:
            rows = await _indexed(conn, asked)
    return rows


async def _named(conn: AsyncSession, search: str, *, workspace: int) -> Sequence[int]:
    """List the tags that a search means."""
    means = tags.Tag.name.icontains(search, autoescape=True) if len(search) >= _TRIGRAM else tags.Tag.name == search
    return (await conn.scalars(select(tags.Tag.id).where(tags.Tag.workspace_id == workspace, means))).all()


async def _near(conn: AsyncSession, asked: Asked) -> list[Found]:
    return await _among(conn, _next(select(*_LOOKED_AT), asked).limit(NEAR), asked)


async def _farther(conn: AsyncSession, asked: Asked, *, found: int) -> list[Found]:
    """Read on behind the near links, if the rest of a page is to be expected there by what was found among these."""
    rest = asked.limit - found
    if found * _FARTHER < rest or asked.sort not in {"-created_at", "created_at"}:
        return []
    further = _next(select(*_LOOKED_AT), asked).offset(NEAR).limit(_FARTHER * NEAR)
    return await _among(conn, further, replace(asked, limit=rest))


async def _among(conn: AsyncSession, some: Select[Any], asked: Asked) -> list[Found]:
    """Find what is asked for among some links."""
    link = some.subquery().c
    return await _found(conn, _first(link, [*_filters(link, asked), *_searched(link, asked)], asked), asked)


async def _further(conn: AsyncSession, asked: Asked) -> bool:
    """Say whether there are links beyond the near ones."""
    return await conn.scalar(_next(select(Link.id), asked).offset(NEAR).limit(1)) is not None


def _next(query: Any, asked: Asked) -> Any:  # noqa: ANN401  # a select of whatever it selects
    query = query.where(*_mine(asked))
    if asked.sort == "slug" and asked.begins:
        query = query.where(*_searched(Link, asked))  # these lie together in that order
    return _sorted(query, Link, asked)


async def _indexed(conn: AsyncSession, asked: Asked) -> list[Found]:
    """Read all links that one filter leaves over, if these are few; else all that the search means."""
    way, searched = await _fewest(conn, asked), _searched(Link, asked)
    if way is None and asked.search is not None:
        telling = await _telling(conn, asked, asked.search)
        way, searched = _meant(asked, telling), searched if telling != asked.search else []
    if way is None:
        return await _found(conn, _first(Link, _mine(asked) + _filters(Link, asked), asked), asked)
    # By the way's own index and no other, whatever the planner takes the numbers of rows for.
    rows = select(*_LOOKED_AT).where(*_mine(asked), *way, *searched).cte("candidates").prefix_with("materialized")
    return await _found(conn, _first(rows.c, _filters(rows.c, asked), asked), asked)


async def _fewest(conn: AsyncSession, asked: Asked) -> _Way | None:
    """Return the filter by tag, domain or archive that leaves the fewest links over; None if those are many."""
    mine = select(Link.id).where(*_mine(asked))
    tagged = [select(tags.LinkTag.link_id).where(tags.LinkTag.tag_id == tag) for tag in asked.tags]
    ways: list[tuple[Select[int], _Way]] = [(links, [Link.id.in_(links)]) for links in tagged]
    narrow = [Link.domain_id == asked.domain] if asked.domain is not None else []
    narrow += [Link.archived_at.is_not(None)] if asked.archived else []
    narrow += [_leads_to(Link, asked.leading_to)] if asked.leading_to else []
    narrow += [Link.blocked_at.is_not(None)] if asked.blocked else []
    ways += [(mine.where(condition), [condition]) for condition in narrow]
    fewest, least = None, _FEW + 1
    for links, way in ways:
        count = await conn.scalar(select(func.count()).select_from(links.limit(_FEW + 1).subquery())) or 0
        if count < least:
            fewest, least = way, count
    return fewest


async def _telling(conn: AsyncSession, asked: Asked, search: str) -> str:
    """Return the part of a search to ask the index for: the word that the fewest of some links have, unless that is many.

    An index takes as long for what every link has, such as `www`, as for all else together.
    """
    words = _WORD.findall(search)[:_WORDS]
    if len(words) < 2:  # noqa: PLR2004  # nothing to choose
        return search
    some = _next(select(_haystack(Link).label("text")), asked).limit(_SOME).subquery()
    having = [func.count().filter(some.c.text.icontains(word, autoescape=True)) for word in words]
    counts = (await conn.execute(select(*having))).one()
    least, _, word = min((count, -len(word), word) for count, word in zip(counts, words, strict=True))
    return word if least <= _SOME * _RARE else search


_WORD = re.compile(r"[^\W_]{3,}")
_WORDS, _SOME, _RARE = 8, 500, 0.05


def _meant(asked: Asked, telling: str) -> _Way:
    """Narrow links down to those that a search may mean, by the indexes that are made for it."""
    text = _text(Link, telling)
    if not asked.named:
        return [text]
    named = select(tags.LinkTag.link_id).where(tags.LinkTag.tag_id.in_(asked.named))
    return [Link.id.in_(select(Link.id).where(*_mine(asked), text).union_all(named))]


def _mine(asked: Asked) -> _Way:
    mine = [] if asked.workspace is None else [Link.workspace_id == asked.workspace]
    return [*mine, Link.deleted_at.is_(None)]


def _filters(link: Columns, asked: Asked) -> _Way:
    wanted: _Way = []
    if asked.archived is not None:
        wanted.append(link.archived_at.is_not(None) if asked.archived else link.archived_at.is_(None))
    if asked.domain is not None:
        wanted.append(link.domain_id == asked.domain)
    if asked.leading_to:
        wanted.append(_leads_to(link, asked.leading_to))
    if asked.blocked:
        wanted.append(link.blocked_at.is_not(None))
    return wanted + [_tagged(link, [tag]) for tag in asked.tags]


def _leads_to(link: Columns, host: str) -> ColumnElement[bool]:
    """As the index has it, by which also a block of the host finds them."""
    hosts = func.target_hosts(link.target, link.expired_target, link.rules, link.variants)
    shared: ColumnElement[bool] = type_coerce(hosts, ARRAY(Text)).overlap([host])
    return shared


def _searched(link: Columns, asked: Asked) -> _Way:
    if asked.search is None:
        return []
    text = _text(link, asked.search, plain=True)
    return [or_(text, _tagged(link, asked.named)) if asked.named else text]


def _text(link: Columns, search: str, *, plain: bool = False) -> ColumnElement[bool]:
    """Say that a link's text has what is searched for; `plain`, without the index of trigrams."""
    if len(search) < _TRIGRAM:
        # The start of a slug, by the index that sorts them; the rest would mean reading every link.
        start = slugs.fold(search)
        key = link.slug_key.collate("C")
        begins: ColumnElement[bool] = (key >= start) & (key < start + "\U0010ffff")
        return begins
    text = _haystack(link) + _EMPTY if plain else _haystack(link)
    has: ColumnElement[bool] = text.icontains(search, autoescape=True)
    return has


def _haystack(link: Columns) -> ColumnElement[str]:
    """As the index has it."""
    text: ColumnElement[str] = link.slug + _SPACE + link.target + _SPACE + func.coalesce(link.title, _EMPTY)
    return text


# As parameters they could be anything, and the index of this very text would be of no use.
_SPACE, _EMPTY = literal_column("' '", Text), literal_column("''", Text)


def _tagged(link: Columns, of: Sequence[int]) -> ColumnElement[bool]:
    return exists().where(tags.LinkTag.link_id == link.id, tags.LinkTag.tag_id.in_(of))


def _first(link: Columns, filters: _Way, asked: Asked) -> Select[Any]:
    """Choose the ids of a page's links."""
    ids: Select[Any] = _sorted(select(link.id).where(*filters), link, asked).limit(asked.limit)
    return ids


async def _found(conn: AsyncSession, ids: Select[Any], asked: Asked) -> list[Found]:
    query = (
        select(Link, Domain, Budget.used)
        .join(Domain, Domain.id == Link.domain_id)
        .outerjoin(Budget, Budget.link_id == Link.id)
        .where(Link.id.in_(ids))
    )
    rows = await conn.execute(_ordered(query, Link, asked))
    return [Found(found, domain, used) for found, domain, used in rows]


def _sorted(query: Any, link: Columns, asked: Asked) -> Any:  # noqa: ANN401  # as for _next
    """Have a query's rows in order, from behind the cursor on."""
    sort, after = asked.sort, asked.after
    if after is None:
        return _ordered(query, link, asked)
    if sort in {"-created_at", "created_at"}:
        query = query.where(link.id < after[1] if sort == "-created_at" else link.id > after[1])
    elif sort == "-updated_at":
        moment = datetime.fromisoformat(after[0])
        query = query.where(tuple_(link.updated_at, link.id) < tuple_(literal(moment), literal(after[1])))
    else:
        key = link.slug_key.collate("C")
        # The first says to the index where to begin.
        query = query.where(key >= after[0], or_(key > after[0], link.id > after[1]))
    return _ordered(query, link, asked)


def _ordered(query: Any, link: Columns, asked: Asked) -> Any:  # noqa: ANN401  # as for _next
    if asked.sort in {"-created_at", "created_at"}:  # ids grow as links are made
        return query.order_by(link.id.desc() if asked.sort == "-created_at" else link.id)
    if asked.sort == "-updated_at":
        return query.order_by(link.updated_at.desc(), link.id.desc())
    return query.order_by(link.slug_key.collate("C"), link.id)


def _cursor(link: Link, sort: Sort) -> str:
    value = {"-updated_at": link.updated_at.isoformat(), "slug": link.slug_key}.get(sort, "")
    return cursors.pack(sort, value, link.id)


def _position(cursor: str, sort: Sort) -> tuple[str, int]:
    def position(kind: str, value: str, link_id: int) -> tuple[str, int]:
        if kind == "-updated_at":
            datetime.fromisoformat(value)
        if kind != sort or not isinstance(value, str):
            raise ValueError(kind)
        return value, cursors.number(link_id)

    return cursors.read(cursor, position)
