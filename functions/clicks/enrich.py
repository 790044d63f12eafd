"""From a click as it happened to the row that is kept: where, with what, from where; and no address."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from urllib.parse import parse_qsl

from ginnel import agents, sources
from ginnel.agents import PREFETCH, Agent
from ginnel.clicks import Click
from ginnel.ingestion import Row
from ginnel.places import NOWHERE, Places

from . import campaigns, referrers

MAX_SKEW = timedelta(minutes=10)
"""How far a host's clock may be from the store's before its word is not taken."""
MAX_AGE = timedelta(days=400)
"""How old a click may be whose time another server told: more than it may tell, for the way here takes time too."""


def row(
    click: Click,
    *,
    appended: datetime,
    places: Places | None,
    salts: Mapping[date, bytes],
    own: Mapping[int, frozenset[str]] = MappingProxyType({}),
) -> Row:
    """Make a click's row. `appended` is when the store took it: fixed, so that every delivery gives the same row.

    `own` are the hosts, by domain, from where clicks on its links come from ourselves.

    A visitor who asked not to be recognised (DNT, GPC) leaves no visitor id, no city and no referrer path.
    """
    moment, clamped = when(click, appended)
    private = click.private
    query = click.query
    device, system, browser, bot = _agent(click)
    country, region, city, continent = places.find(click.address) if places else NOWHERE
    referrer_host, referrer_path = referrers.parse(click.referrer)
    utm_source, medium, campaign, term, content = campaigns.utm(query)
    inside = referrer_host is not None and referrer_host in own.get(click.domain, ())
    source, channel = sources.INTERNAL if inside else sources.find(referrer_host, browser)
    # By position, in the order of Row's fields: by name costs as much again as half of what is looked up above.
    return Row(
        moment, click.id, click.workspace, click.domain, click.link,
        None if private else _visitor(click, salts[moment.date()]),
        country, region, None if private else city, continent,
        device, system, browser, agents.language(click.language), bot,
        referrer_host, None if private else referrer_path,
        utm_source, medium, campaign, term, content,
        "qr=" in query and ("qr", "1") in parse_qsl(query, keep_blank_values=True), click.served or None, clamped,
        source, channel,
    )  # fmt: skip


def _agent(click: Click) -> Agent:
    agent = agents.parse(click.user_agent)
    return PREFETCH if click.prefetched and agent.bot is None else agent


def when(click: Click, appended: datetime) -> tuple[datetime, bool]:
    """Return a click's time, and whether it had to be corrected because it can't be right."""
    try:
        moment = datetime.fromtimestamp(click.at / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return appended, True
    if -MAX_SKEW <= appended - moment <= (MAX_AGE if click.dated else MAX_SKEW):
        return moment, False
    return appended, True


def _visitor(click: Click, salt: bytes) -> bytes:
    """Name a visitor for one day and workspace. 16 bytes: two of a billion visitors collide once in 10^20 days."""
    who = f"{click.workspace}\n{click.address}\n{click.user_agent}".encode()
    return hashlib.sha256(salt + who).digest()[:16]
