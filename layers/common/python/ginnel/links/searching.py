"""Finding a workspace's links, however many it has: first near, among those that come next in the order; then by an index.

What many links have is soon met with near; what few have, an index leads to.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, Text, exists, func, literal, literal_column, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ginnel import domains, slugs, tags
from ginnel.domains import Domain
from ginnel.errors import Invalid
from ginnel.outputs import LinkPage

from .reading import Found, shown
from .tables import Budget, Link

Sort = Literal["-created_at", "created_at", "-updated_at", "slug"]

NEAR = 4_000
"""Links of the order that are read for what was asked, before an index is."""
_FEW = 5_000
"""Links that a filter may leave over for all of them to be read."""
_TRIGRAM = 3
"""Characters below which PostgreSQL's index of trigrams can't tell one text from another."""


@dataclass(frozen=True)
class _Asked:
    """What is looked for. Tags by their ids; of `named`, which the search itself means, one is enough."""

    workspace: int
    search: str | None
    named: Sequence[int]
    tags: Sequence[int]
    domain: int | None
    archived: bool | None
    sort: Sort
    after: tuple[str, int] | None
    limit: int

    @property
    def begins(self) -> bool:
        """Whether it is a search for the start of slugs and no more."""
        return self.search is not None and len(self.search) < _TRIGRAM and not self.named


_Way = list[ColumnElement[bool]]


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
    asked = _Asked(workspace, search, named, held, on.id if on else None, archived, sort, after, limit + 1)
    rows = await _near(conn, asked)
    if len(rows) <= limit and await _further(conn, asked):
        rows = await _indexed(conn, asked)
    last = rows[limit - 1].link if len(rows) > limit else None
    return LinkPage(items=await shown(conn, rows[:limit]), next_cursor=_cursor(last, sort) if last else None)


async def _named(conn: AsyncSession, search: str, *, workspace: int) -> Sequence[int]:
    """List the tags that a search means."""
    means = tags.Tag.name.icontains(search, autoescape=True) if len(search) >= _TRIGRAM else tags.Tag.name == search
    return (await conn.scalars(select(tags.Tag.id).where(tags.Tag.workspace_id == workspace, means))).all()


async def _near(conn: AsyncSession, asked: _Asked) -> list[Found]:
    near: type[Link] = aliased(Link, _next(select(Link), asked).limit(NEAR).subquery())
    return await _found(conn, near, [*_filters(near, asked), *_searched(near, asked)], asked)


async def _further(conn: AsyncSession, asked: _Asked) -> bool:
    """Say whether there are links beyond the near ones."""
    return await conn.scalar(_next(select(Link.id), asked).offset(NEAR).limit(1)) is not None


def _next(query: Any, asked: _Asked) -> Any:  # noqa: ANN401  # a select of whatever it selects
    query = query.where(*_mine(asked))
    if asked.sort == "slug" and asked.begins:
        query = query.where(*_searched(Link, asked))  # these lie together in that order
    return _sorted(query, Link, asked)


async def _indexed(conn: AsyncSession, asked: _Asked) -> list[Found]:
    """Read all links that one filter leaves over, if these are few; else all that the search means."""
    way, searched = await _fewest(conn, asked), _searched(Link, asked)
    if way is None and asked.search is not None:
        telling = await _telling(conn, asked, asked.search)
        way, searched = _meant(asked, telling), searched if telling != asked.search else []
    if way is None:
        return await _found(conn, Link, _mine(asked) + _filters(Link, asked), asked)
    # By the way's own index and no other, whatever the planner takes the numbers of rows for.
    rows = select(Link).where(*_mine(asked), *way, *searched).cte("candidates").prefix_with("materialized")
    candidates: type[Link] = aliased(Link, rows)
    first = _sorted(select(candidates).where(*_filters(candidates, asked)), candidates, asked).limit(asked.limit)
    return await _found(conn, aliased(Link, first.subquery()), [], asked)


async def _fewest(conn: AsyncSession, asked: _Asked) -> _Way | None:
    """Return the filter by tag, domain or archive that leaves the fewest links over; None if those are many."""
    mine = select(Link.id).where(*_mine(asked))
    tagged = [select(tags.LinkTag.link_id).where(tags.LinkTag.tag_id == tag) for tag in asked.tags]
    ways: list[tuple[Select[int], _Way]] = [(links, [Link.id.in_(links)]) for links in tagged]
    narrow = [Link.domain_id == asked.domain] if asked.domain is not None else []
    narrow += [Link.archived_at.is_not(None)] if asked.archived else []
    ways += [(mine.where(condition), [condition]) for condition in narrow]
    fewest, least = None, _FEW + 1
    for links, way in ways:
        count = await conn.scalar(select(func.count()).select_from(links.limit(_FEW + 1).subquery())) or 0
        if count < least:
            fewest, least = way, count
    return fewest


async def _telling(conn: AsyncSession, asked: _Asked, search: str) -> str:
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


def _meant(asked: _Asked, telling: str) -> _Way:
    """Narrow links down to those that a search may mean, by the indexes that are made for it."""
    text = _text(Link, telling)
    if not asked.named:
        return [text]
    named = select(tags.LinkTag.link_id).where(tags.LinkTag.tag_id.in_(asked.named))
    return [Link.id.in_(select(Link.id).where(*_mine(asked), text).union_all(named))]


def _mine(asked: _Asked) -> _Way:
    return [Link.workspace_id == asked.workspace, Link.deleted_at.is_(None)]


def _filters(link: type[Link], asked: _Asked) -> _Way:
    found: _Way = []
    if asked.archived is not None:
        found.append(link.archived_at.is_not(None) if asked.archived else link.archived_at.is_(None))
    if asked.domain is not None:
        found.append(link.domain_id == asked.domain)
    return found + [_tagged(link, [tag]) for tag in asked.tags]


def _searched(link: type[Link], asked: _Asked) -> _Way:
    if asked.search is None:
        return []
    text = _text(link, asked.search, plain=True)
    return [or_(text, _tagged(link, asked.named)) if asked.named else text]


def _text(link: type[Link], search: str, *, plain: bool = False) -> ColumnElement[bool]:
    """Say that a link's text has what is searched for; `plain`, without the index of trigrams."""
    if len(search) < _TRIGRAM:
        # The start of a slug, by the index that sorts them; the rest would mean reading every link.
        start = slugs.fold(search)
        key = link.slug_key.collate("C")
        return (key >= start) & (key < start + "\U0010ffff")
    text = _haystack(link) + _EMPTY if plain else _haystack(link)
    return text.icontains(search, autoescape=True)


def _haystack(link: type[Link]) -> ColumnElement[str]:
    """As the index has it."""
    return link.slug + _SPACE + link.target + _SPACE + func.coalesce(link.title, _EMPTY)


# As parameters they could be anything, and the index of this very text would be of no use.
_SPACE, _EMPTY = literal_column("' '", Text), literal_column("''", Text)


def _tagged(link: type[Link], of: Sequence[int]) -> ColumnElement[bool]:
    return exists().where(tags.LinkTag.link_id == link.id, tags.LinkTag.tag_id.in_(of))


async def _found(conn: AsyncSession, link: type[Link], filters: _Way, asked: _Asked) -> list[Found]:
    query = (
        select(link, Domain, Budget.used)
        .join(Domain, Domain.id == link.domain_id)
        .outerjoin(Budget, Budget.link_id == link.id)
        .where(*filters)
    )
    rows = await conn.execute(_sorted(query, link, asked).limit(asked.limit))
    return [Found(found, domain, used) for found, domain, used in rows]


def _sorted(query: Any, link: type[Link], asked: _Asked) -> Any:  # noqa: ANN401  # as for _next
    """Have a query's rows in order, from behind the cursor on."""
    sort, after = asked.sort, asked.after
    if sort in {"-created_at", "created_at"}:  # ids grow as links are made
        if after:
            query = query.where(link.id < after[1] if sort == "-created_at" else link.id > after[1])
        return query.order_by(link.id.desc() if sort == "-created_at" else link.id)
    if sort == "-updated_at":
        if after:
            moment = datetime.fromisoformat(after[0])
            query = query.where(tuple_(link.updated_at, link.id) < tuple_(literal(moment), literal(after[1])))
        return query.order_by(link.updated_at.desc(), link.id.desc())
    key = link.slug_key.collate("C")
    if after:
        # The first says to the index where to begin.
        query = query.where(key >= after[0], or_(key > after[0], link.id > after[1]))
    return query.order_by(key, link.id)


def _cursor(link: Link, sort: Sort) -> str:
    value = {"-updated_at": link.updated_at.isoformat(), "slug": link.slug_key}.get(sort, "")
    packed = json.dumps([sort, value, link.id], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _position(cursor: str, sort: Sort) -> tuple[str, int]:
    try:
        kind, value, link_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if kind == "-updated_at":
            datetime.fromisoformat(value)
        if kind == sort and isinstance(value, str) and type(link_id) is int and 0 < link_id < 2**63:
            return value, link_id
    except (ValueError, TypeError, binascii.Error, RecursionError):
        pass
    raise Invalid.field("query:cursor", "cursor_invalid", "is not a cursor that this list gave out")
