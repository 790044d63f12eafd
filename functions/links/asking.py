"""What routes of statistics have in common: whose clicks they are asked about, of which time, and which of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple

from fastapi import Depends, Query

from ginnel import access, rollups, stats, web
from ginnel.access import Me
from ginnel.errors import FieldError, Invalid, NotFound
from ginnel.stats import Filter, Question
from ginnel.web import Moment, Now

Analyst = Annotated[Me, Depends(access.may("stats:read", guests=True))]
Id = Annotated[int | None, Query(ge=1, lt=2**63)]
PROBLEMS = web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid)

MOST_FILTERS = 50
_FILTER = re.compile(r"(-?)([a-z_]+):(.*)", re.DOTALL)

Limit = Annotated[int, Query(ge=1, le=stats.MOST)]
Compare = Annotated[Literal["previous"] | None, Query(description="Also counts the time before, as long as this one.")]
Zone = Annotated[str, Query(max_length=64, examples=["Europe/London"])]
Dimension = Annotated[
    str,
    Query(
        max_length=32,
        description=f"One of {', '.join(rollups.DIMENSIONS)}; or `link`, unless it is about one.",
        examples=["country"],
    ),
]


class Chosen(NamedTuple):
    """Clicks, whoever's they are."""

    since: datetime
    until: datetime
    filters: Sequence[Filter]


def chosen(
    now: Now,
    since: Annotated[Moment | None, Query(alias="from", description="30 days before `to`, if not said.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Up to, not including; now, if not said.")] = None,
    wanted: Annotated[
        list[str] | None,
        Query(
            alias="filter",
            max_length=MOST_FILTERS,
            description="`country:DE` keeps clicks with this value, `-country:DE` those without, `country:` those that have "
            "none. Several values of a dimension are alternatives; several dimensions must all agree. "
            f"Dimensions: {', '.join(rollups.DIMENSIONS)}.",
            examples=[["country:DE", "country:AT", "-browser:Firefox"]],
        ),
    ] = None,
) -> Chosen:
    """Read of which time, and which of its clicks a question is about."""
    # A click of this very moment is in "until now".
    until = until or now + timedelta(minutes=1)
    since = since or until - timedelta(days=30)
    if since >= until:
        raise Invalid.field("query:to", "not_in_order", "must be later than from")
    return Chosen(since, until, _filters(wanted or []))


Which = Annotated[Chosen, Depends(chosen)]


def asked(
    me: Analyst,
    which: Which,
    link: Annotated[Id, Query(description="A link's id.")] = None,
    tag: Annotated[Id, Query(description="A tag's id, for all links that have it.")] = None,
    domain: Annotated[Id, Query(description="A domain's id, for the workspace's links there.")] = None,
) -> Question:
    """Read whose clicks a question is about, beside which; all of the workspace's if nothing is said."""
    named: list[tuple[stats.Of, int]] = []
    for name, given in (("link", link), ("tag", tag), ("domain", domain)):
        if given is not None:
            named.append((name, given))  # type: ignore[arg-type]  # each is one of Of's words
    if len(named) > 1:
        raise Invalid.field(f"query:{named[1][0]}", "too_many", "goes with no other of link, tag and domain")
    of, identifier = named[0] if named else ("workspace", me.workspace)
    return Question(me.workspace, of, identifier, *which)


Asked = Annotated[Question, Depends(asked)]


def _filters(wanted: list[str]) -> list[Filter]:
    """Read filters. Raises Invalid that names each bad one."""
    values: dict[tuple[str, bool], list[str | None]] = {}
    faults = []
    for text in wanted:
        found = _FILTER.fullmatch(text)
        if found is None or found[2] not in rollups.DIMENSIONS or "\0" in text:
            faults.append(
                FieldError("query:filter", "filter_invalid", f"is not dimension:value or -dimension:value: {text!r}")
            )
        else:
            values.setdefault((found[2], found[1] == "-"), []).append(found[3] or None)
    if faults:
        raise Invalid("Some filters can't be read.", errors=faults)
    return [Filter(dimension, given, negated) for (dimension, negated), given in values.items()]
