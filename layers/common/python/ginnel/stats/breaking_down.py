"""How many of which."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Annotated, NamedTuple

from pydantic import Field
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import rollups, web
from ginnel.errors import Invalid

from . import by_link
from .asking import Counts, Question, asked, day_after
from .by_link import LinkName
from .counting import summary
from .tables import RolledLink

MOST = 1000
"""Rows a breakdown may have."""


class Share(Counts):
    value: str | None
    # Left out for all that is no link, which a default is for.
    link: Annotated[
        LinkName | None,
        Field(
            exclude_if=lambda link: link is None,
            description="Of the dimension `link` only, and not of a deleted one whose slug went to another.",
        ),
    ] = None


class Breakdown(web.Output):
    items: list[Share]
    other: Counts


class Part(NamedTuple):
    """A stretch of the time that is asked about, and where its counts are kept: a table, or None for the clicks."""

    table: str | None
    since: datetime
    until: datetime


async def breakdown(conn: AsyncSession, question: Question, *, dimension: str, limit: int) -> Breakdown:
    """Count clicks by a dimension's values, most first; None is to have no value, and `other` is what the rest adds up to.

    Rows and `other` together are the summary. Raises NotFound, or Invalid for what is no dimension.
    """
    known = [*rollups.DIMENSIONS] if question.of == "link" else [*rollups.DIMENSIONS, by_link.DIMENSION]
    if dimension not in known:
        raise Invalid.field("query:dimension", "dimension_unknown", f"must be one of {', '.join(known)}")
    if dimension == by_link.DIMENSION:
        # Counted before the whole, so that a click that comes in between is among the others.
        items = await _links(conn, question, limit=limit)
        total = await summary(conn, question)
    else:
        total = await summary(conn, question)
        items = await _values(conn, question, total, dimension=dimension, limit=limit)
    return Breakdown(
        items=items,
        other=Counts(
            clicks=total.clicks - sum(item.clicks for item in items),
            visitors=total.visitors - sum(item.visitors for item in items),
            bots=total.bots - sum(item.bots for item in items),
        ),
    )


async def _links(conn: AsyncSession, question: Question, *, limit: int) -> list[Share]:
    followed = await by_link.most(conn, question, limit=limit)
    named = await by_link.named(conn, [one.link for one in followed], workspace=question.workspace)
    return [Share(value=str(one.link), link=named.get(one.link), **one.counts.model_dump()) for one in followed]


async def _values(conn: AsyncSession, question: Question, total: Counts, *, dimension: str, limit: int) -> list[Share]:
    values = question.values | {"dimension": dimension, "limit": limit}
    selects = []
    for number, part in enumerate(_parts(question, await _rolled(conn, question))):
        values |= {f"since_{number}": part.since, f"until_{number}": part.until}
        if part.table:
            values |= {f"since_{number}": part.since.date(), f"until_{number}": part.until.date()}
        selects.append(_select(question, part, number, dimension))
    rows = await conn.execute(
        text(
            f"""
            with counted as ({" union all ".join(selects)}), summed as (
                select value, sum(clicks)::bigint as clicks, sum(visitors)::bigint as visitors, sum(bots)::bigint as bots
                from counted group by value
            ), whole as (
                select value, clicks, visitors, bots from summed
                union all
                select null, :clicks - coalesce(sum(clicks), 0), :visitors - coalesce(sum(visitors), 0),
                    :bots - coalesce(sum(bots), 0)
                from summed
            )
            select value, clicks, visitors, bots from whole where clicks > 0 or bots > 0 or visitors > 0
            order by clicks desc, bots desc, value nulls last limit :limit
            """  # noqa: S608  # of constants; values are parameters
        ),
        values | {"clicks": total.clicks, "visitors": total.visitors, "bots": total.bots},
    )
    return [Share.model_validate(row) for row in rows]


def _select(question: Question, part: Part, number: int, dimension: str) -> str:
    between = f":since_{number} and {{0}} < :until_{number}"
    if part.table:
        column = "month" if part.table == "workspace_months" else "day"
        whose = "link_id = :id" if question.of == "link" else "workspace_id = :workspace"
        return f"""
            select value, clicks, visitors, bots from {part.table}
            where {whose} and dimension = cast(:dimension as dimension)
                and {column} >= {between.format(column)}
        """  # noqa: S608  # as above
    return f"""
        select {rollups.DIMENSIONS[dimension]} as value, person::int as clicks, new::int as visitors, (not person)::int as bots
        from ({asked(question)}) c
        where {rollups.DIMENSIONS[dimension]} is not null and c.at >= {between.format("c.at")}
    """  # noqa: S608  # as above


async def _rolled(conn: AsyncSession, question: Question) -> datetime:
    """Return the moment before which there are roll-ups by dimension."""
    never, always = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if not question.rolled_up:
        return never
    if question.of == "workspace":
        return always
    until = await conn.scalar(select(RolledLink.until).where(RolledLink.link_id == question.id))
    if until is None:
        return never
    return always if until == date.max else datetime.combine(until, time(), UTC)


def _parts(question: Question, rolled: datetime) -> Iterator[Part]:
    """Cut the time into whole months, whole days and what is left at its ends, as far as there are roll-ups."""
    since, until = question.since.astimezone(UTC), question.until.astimezone(UTC)
    first, last = day_after(since), min(until.replace(hour=0, minute=0, second=0, microsecond=0), rolled)
    if first >= last:
        yield Part(None, since, until)
        return
    if since < first:
        yield Part(None, since, first)
    if question.of == "link":
        yield Part("link_days", first, last)
    else:
        yield from _months(first, last)
    if last < until:
        yield Part(None, last, until)


def _months(first: datetime, last: datetime) -> Iterator[Part]:
    begins = first if first.day == 1 else _next_month(first)
    ends = last.replace(day=1)
    if begins >= ends:
        yield Part("workspace_days", first, last)
        return
    if first < begins:
        yield Part("workspace_days", first, begins)
    yield Part("workspace_months", begins, ends)
    if ends < last:
        yield Part("workspace_days", ends, last)


def _next_month(moment: datetime) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month, 12)
    return datetime.combine(date(year, month + 1, 1), moment.timetz())
