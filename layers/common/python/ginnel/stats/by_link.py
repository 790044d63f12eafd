"""Which links were followed most: of a workspace, a domain or a tag.

A visitor counts once a day there, for the link that met them first, so that links add up like the values of a dimension; alone,
a link may have more. Of a workspace, clicks and bots are read by hours, and visitors of the links that came most from their
clicks, which alone know who was new to the workspace: of days whose clicks are gone, nobody knows any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import links, web

from .asking import Counts, Question, asked

DIMENSION = "link"
"""What it is called among the dimensions."""


class LinkName(web.Output):
    """How a link is shown."""

    short_url: str
    title: str | None
    deleted: bool


@dataclass(frozen=True)
class Followed:
    link: int
    counts: Counts


async def most(conn: AsyncSession, question: Question, *, limit: int) -> list[Followed]:
    """Count clicks by link, most first."""
    rows = (
        await conn.execute(
            text(
                f"""
                select link_id, sum(clicks)::bigint as clicks, sum(visitors)::bigint as visitors, sum(bots)::bigint as bots
                from ({_BY_HOURS.format(asked=asked(question)) if question.rolled_up else _by_clicks(question)}) k
                group by link_id having sum(clicks) > 0 or sum(bots) > 0
                order by clicks desc, bots desc, link_id limit :limit
                """  # noqa: S608  # of constants; values are parameters
            ),
            question.values | {"limit": limit},
        )
    ).all()
    followed = [Followed(row.link_id, Counts.model_validate(row)) for row in rows]
    if not question.rolled_up:
        return followed
    met = await _met(conn, question, [one.link for one in followed])
    return [Followed(one.link, one.counts.model_copy(update={"visitors": met.get(one.link, 0)})) for one in followed]


def _by_clicks(question: Question) -> str:
    return f"""
        select link_id, person::int as clicks, new::int as visitors, (not person)::int as bots from ({asked(question)}) c
    """  # noqa: S608  # as above


# Hours that an end of the time cuts are read from their clicks, as `counting` does.
_BY_HOURS = """
    with cut as materialized (
        select distinct date_trunc('hour', edge, 'UTC') as hour
        from (values (cast(:since as timestamptz)), (cast(:until as timestamptz))) e (edge)
        where date_trunc('hour', edge, 'UTC') <> edge
    )
    select h.link_id, h.clicks, 0 as visitors, h.bots from clicks_hourly h
    where h.workspace_id = :workspace and h.hour >= :since and h.hour < :until and h.hour not in (select hour from cut)
    union all
    select c.link_id, c.person::int, 0, (not c.person)::int from cut cross join lateral (
        {asked} and c.at >= cut.hour and c.at < cut.hour + interval '1 hour'
        offset 0
    ) c
"""


async def _met(conn: AsyncSession, question: Question, followed: Collection[int]) -> dict[int, int]:
    """Count visitors whom the workspace met by some of its links first, on days of which all clicks are there."""
    rows = await conn.execute(
        text(
            """
            select link_id, count(*) as visitors from clicks
            where workspace_id = :workspace and link_id = any(cast(:links as bigint[])) and new_to_workspace
                and at >= greatest(
                    cast(:since as timestamptz),
                    (select raw_since::timestamp at time zone 'UTC' from workspaces where id = :workspace)
                )
                and at < :until
            group by link_id
            """
        ),
        question.values | {"links": list(followed)},
    )
    return {row.link_id: row.visitors for row in rows}


async def named(conn: AsyncSession, followed: Collection[int], *, workspace: int) -> Mapping[int, LinkName]:
    """Find what a workspace's links are called, deleted ones too; those whose slug went to others are left out."""
    rows = await conn.execute(
        text(
            """
            select l.id, d.host, l.slug, l.title, l.deleted_at is not null as deleted
            from links l join domains d on d.id = l.domain_id
            where l.id = any(cast(:links as bigint[])) and l.workspace_id = :workspace
            """
        ),
        {"links": list(followed), "workspace": workspace},
    )
    return {
        row.id: LinkName(short_url=links.short_url(row.host, row.slug), title=row.title, deleted=row.deleted)
        for row in rows
    }
