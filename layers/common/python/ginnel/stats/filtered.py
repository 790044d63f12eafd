"""Questions with one filter that days' roll-ups know the answer to: they count by dimension and value.

What has one of some values is what their rows add up to; what has none of them, what all clicks have more; and what has no
value at all, what all clicks have more than those with any. With a second filter only the clicks themselves know.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from .asking import Question, asked


async def known(conn: AsyncSession, question: Question) -> bool:
    """Say whether roll-ups by dimension reach as far as the question, and its clicks do, too.

    Of a time whose clicks are gone, a breakdown with a filter has nothing to be made of, which has to add up to the same.
    """
    if question.raw or question.of not in {"link", "workspace"} or len(question.filters) != 1:
        return False
    found: bool | None = await conn.scalar(
        text(
            """
            select not exists (select from workspaces where id = :workspace and raw_since > cast(:day as timestamptz))
                and (cast(:whole as boolean) or exists (select from rolled_links where link_id = :id and until = :always))
            """
        ),
        question.values | {"whole": question.of == "workspace", "always": date.max},
    )
    return bool(found)


def counted(question: Question) -> str:
    """Make the SELECT of (at, clicks, visitors, bots) whose sums between any two edges are right.

    Days that an edge cuts are read from the clicks.
    """
    (one,) = question.filters
    days, hours, whose = _TABLES[question.of]
    of_dimension = f"cast('{one.dimension}' as dimension)"
    valued, among = (
        f"""
            select d.day::timestamp at time zone 'UTC' as at, {{0}}d.clicks as clicks, {{0}}d.visitors, {{0}}d.bots
            from {days} d
            where {whose.format("d")} and d.dimension = {of_dimension} and d.day >= cast(:day as timestamptz)::date
                and d.day < cast(:until as timestamptz)::date and d.day not in (select day from cut){which}
        """  # noqa: S608  # of constants; values are parameters
        for which in ("", " and d.value = any(cast(:filter_0 as text[]))")
    )
    total = f"""
            select h.hour as at, h.clicks, h.visitors, h.bots from {hours} h
            where {whose.format("h")} and h.hour >= :since and h.hour < :until
                and (h.hour at time zone 'UTC')::date not in (select day from cut)
        """  # noqa: S608  # as above
    parts = {
        (False, False): [among.format("")],
        (False, True): [among.format(""), total, valued.format("-")],
        (True, False): [total, among.format("-")],
        (True, True): [valued.format(""), among.format("-")],
    }[one.negated, None in one.values]
    return f"""
        with cut as materialized (
            select distinct (edge at time zone 'UTC')::date as day from edges where date_trunc('day', edge, 'UTC') <> edge
        )
        {" union all ".join(parts)}
        union all
        select at, person::int, new::int, (not person)::int from cut cross join lateral (
            {asked(question)} and c.at >= cut.day::timestamp at time zone 'UTC'
                and c.at < (cut.day + 1)::timestamp at time zone 'UTC'
            offset 0
        ) c
    """  # noqa: S608  # as above


_TABLES: dict[Any, tuple[str, str, str]] = {
    "link": ("link_days", "clicks_hourly", "{}.link_id = :id"),
    "workspace": ("workspace_days", "workspace_hours", "{}.workspace_id = :workspace"),
}
