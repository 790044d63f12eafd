"""Accounts, and what people and programs prove who they are by.

Each part of it is a module of routes; `lane` knows which part a path leads to.
"""

from __future__ import annotations

from ginnel import web

from . import (
    account,
    addresses,
    audit,
    entering,
    factors,
    guests,
    invitations,
    keys,
    mine,
    oidc,
    passkeys,
    recovery,
    registering,
    sessions,
    workspaces,
)
from .admin import figures, joining, people, tenants, trail
from .lane import NEEDS

app = web.new_app("Auth", needs=NEEDS)
for part in (
    registering, entering, account, addresses, audit, factors, guests, invitations, keys, mine, oidc, passkeys, recovery,
    sessions, workspaces, people, tenants, joining, trail, figures,
):  # fmt: skip
    app.include_router(part.router)
