"""What questions about clicks have in common: whose clicks, of which time, which of them; and how a row counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import rollups, web
from ginnel.errors import NotFound

Of = Literal["link", "workspace", "domain", "tag"]


class Filter(NamedTuple):
    """Values that a dimension must have one of, or with `negated`, none of. None is to have no value."""

    dimension: str
    values: Sequence[str | None]
    negated: bool = False


@dataclass(frozen=True)
class Question:
    """Clicks from `since` up to, not including, `until`: a link's, a domain's or a tag's of a workspace, or all of its."""

    workspace: int
    of: Of
    id: int
    since: datetime
    until: datetime
    filters: Sequence[Filter] = ()
    raw: bool = field(default=False, kw_only=True)
    """Asks the clicks themselves even where roll-ups would do. The answers are the same."""

    def before(self) -> Question:
        """Ask the same of the time before, as long as this one."""
        return replace(self, since=self.since - (self.until - self.since), until=self.since)

    @property
    def rolled_up(self) -> bool:
        """Whether roll-ups know the answer."""
        return self.of in {"link", "workspace"} and not self.filters and not self.raw

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of the statements that are made from this."""
        named = {f"filter_{n}": [v for v in one.values if v is not None] for n, one in enumerate(self.filters)}
        return {
            "workspace": self.workspace, "id": self.id, "since": self.since, "until": self.until,
            "day": self.since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0), **named,
        }  # fmt: skip


class Counts(web.Output):
    clicks: int
    visitors: int
    bots: int


_WHOSE: Mapping[Of, str] = {
    "link": "c.link_id = :id",
    "workspace": "c.workspace_id = :workspace",
    "domain": "c.workspace_id = :workspace and c.domain_id = :id",
    "tag": "c.workspace_id = :workspace and c.link_id in (select link_id from link_tags where tag_id = :id)",
}
_NEW: Mapping[Of, str] = {"link": "c.new_to_link", "workspace": "c.new_to_workspace"}


def clicks_of(question: Question) -> str:
    """Make the SELECT of a question's clicks, as c.*, where nobody is to be told from another."""
    return f"""
        select c.* from clicks c where {_WHOSE[question.of]} and c.at >= :since and c.at < :until{_wanted(question.filters)}
    """  # noqa: S608  # of constants; values are parameters


def asked(question: Question) -> str:
    """Make the SELECT of a question's clicks, as c.*, with `person` and `new`: somebody's first of the day here.

    Links and workspaces have that written down. Among a domain's or a tag's clicks it has to be looked for, from the
    beginning of the day.
    """
    whose, wanted = _WHOSE[question.of], _wanted(question.filters)
    if new := _NEW.get(question.of):
        return f"""
            select c.*, c.bot is null as person, {new} as new
            from clicks c where {whose} and c.at >= :since and c.at < :until{wanted}
        """  # noqa: S608  # of constants; values are parameters
    return f"""
        select * from (
            select c.*, c.bot is null as person, c.bot is null and c.visitor is not null
                and row_number() over (partition by c.visitor, c.bot is null order by c.at, c.id) = 1 as new
            from clicks c where {whose} and c.at >= :day and c.at < :until
        ) c where c.at >= :since{wanted}
    """  # noqa: S608  # as above


def _wanted(filters: Sequence[Filter]) -> str:
    return "".join(f" and {_condition(number, one)}" for number, one in enumerate(filters))


def _condition(number: int, one: Filter) -> str:
    value = rollups.DIMENSIONS[one.dimension]
    among = f"coalesce({value} = any(cast(:filter_{number} as text[])), false)"
    if None in one.values:
        among = f"({among} or {value} is null)"
    return f"not {among}" if one.negated else among


async def check(conn: AsyncSession, question: Question) -> None:
    """Raise NotFound for what is not the workspace's own."""
    if question.of == "workspace":
        return
    found = await conn.execute(text(_EXISTS[question.of]), {"id": question.id, "workspace": question.workspace})
    if found.first() is None:
        raise NotFound(question.of, question.id)


_EXISTS: Mapping[Of, str] = {
    "link": "select 1 from links where id = :id and workspace_id = :workspace and deleted_at is null",
    "tag": "select 1 from tags where id = :id and workspace_id = :workspace",
    # Everybody may have links on the installation's own domain.
    "domain": "select 1 from domains where id = :id and (workspace_id = :workspace or workspace_id is null)",
}


def day_after(moment: datetime) -> datetime:
    """Return the first midnight (UTC) that is not before a moment."""
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == moment else midnight + timedelta(days=1)
