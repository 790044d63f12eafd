"""Links, all that belongs to them, and their numbers: what the dashboard and API clients ask for.

Each part of it is a module of routes; `lane` knows which part a path leads to.
"""

from __future__ import annotations

from ginnel import web

from . import blocked, domains, exchange, moderation, orphans, qr, resource, tags, targets, webhooks
from .lane import NEEDS

app = web.new_app("Links", needs=NEEDS)
# Routes of fixed words come before those that take any id.
for part in (exchange, qr, resource, tags, domains, orphans, blocked, moderation, targets, webhooks):
    app.include_router(part.router)
