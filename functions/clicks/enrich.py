"""From a click as it happened to the row that is kept: where, with what, from where; and no address."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl
from uuid import UUID

from ginnel.clicks import Click, Row

from . import agents, campaigns, referrers
from .places import NOWHERE, Places

MAX_SKEW = timedelta(minutes=10)
"""How far a host's clock may be from the store's before its word is not taken."""


def row(click: Click, *, appended: datetime, places: Places | None, salts: Mapping[date, bytes]) -> Row:
    """Make a click's row. `appended` is when the store took it: fixed, so that every delivery gives the same row.

    A visitor who asked not to be recognised (DNT, GPC) leaves no visitor id, no city and no referrer path.
    """
    moment, clamped = when(click, appended)
    agent = agents.parse(click.user_agent)
    place = places.find(click.address) if places else NOWHERE
    referrer_host, referrer_path = referrers.parse(click.referrer)
    utm = campaigns.utm(click.query)
    return Row(
        at=moment,
        id=UUID(click.id),
        workspace_id=click.workspace,
        domain_id=click.domain,
        link_id=click.link,
        visitor=None if click.private else _visitor(click, salts[moment.date()]),
        country=place.country,
        region=place.region,
        city=None if click.private else place.city,
        continent=place.continent,
        device=agent.device,
        os=agent.os,
        browser=agent.browser,
        language=agents.language(click.language),
        bot=agent.bot,
        referrer_host=referrer_host,
        referrer_path=None if click.private else referrer_path,
        utm_source=utm.source,
        utm_medium=utm.medium,
        utm_campaign=utm.campaign,
        utm_term=utm.term,
        utm_content=utm.content,
        qr="qr=" in click.query and ("qr", "1") in parse_qsl(click.query, keep_blank_values=True),
        variant=None,
        clamped=clamped,
    )


def when(click: Click, appended: datetime) -> tuple[datetime, bool]:
    """Return a click's time, and whether it had to be corrected because the host's clock was wrong."""
    try:
        moment = datetime.fromtimestamp(click.at / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return appended, True
    if click.dated or abs(moment - appended) <= MAX_SKEW:
        return moment, False
    return appended, True


def _visitor(click: Click, salt: bytes) -> bytes:
    """Name a visitor for one day and workspace. 16 bytes: two of a billion visitors collide once in 10^20 days."""
    who = f"{click.workspace}\n{click.address}\n{click.user_agent}".encode()
    return hashlib.sha256(salt + who).digest()[:16]
