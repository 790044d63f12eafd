"""Links, all that belongs to them, and their numbers: what the dashboard and API clients ask for.

Each part of it is a module of routes; `lane` knows which part a request leads to.
"""

from __future__ import annotations

from ginnel import web

from . import (
    blocked,
    domains,
    exchange,
    extracts,
    inspecting,
    moderation,
    orphans,
    qr,
    reading,
    shared,
    shares,
    statistics,
    tags,
    targets,
    webhooks,
    writing,
)
from .lane import NEEDS

app = web.new_app("Links", needs=NEEDS)
# Routes of fixed words come before those that take any id.
for part in (
    exchange, qr, inspecting, shares, reading, writing, statistics, extracts, shared, tags, domains, orphans, blocked,
    moderation, targets, webhooks,
):  # fmt: skip
    app.include_router(part.router)
