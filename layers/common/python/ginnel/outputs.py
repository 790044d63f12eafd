"""A link as clients see it: apart from `drafts`, so that who only reads starts without all that may be said of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ginnel import homographs, web

RedirectStatus = Literal[301, 302, 307, 308]


class LinkOut(web.Output):
    id: int
    slug: str
    domain: str
    short_url: str
    target: str
    title: str | None
    tags: list[str]
    redirect_status: RedirectStatus
    allow_caching: bool
    forward_query: bool
    forward_path: bool
    rules: list[dict[str, Any]]
    variants: list[dict[str, Any]]
    protected: bool = Field(description="Whether visitors are asked for a password.")
    description: str | None
    image: str | None
    starts_at: datetime | None
    expires_at: datetime | None
    expired_target: str | None
    max_clicks: int | None
    clicks_left: int | None = Field(description="Clicks that people may still make; null if there is no limit.")
    disabled: bool
    archived: bool
    blocked: bool = Field(description="By the operator: the link itself, or a host that it leads to.")
    warnings: list[homographs.Warning] = Field(
        description="What people should know of where it leads: `target_mixed_script`, a host that mixes alphabets; "
        "`target_lookalike`, one in letters that look like Latin ones."
    )
    clicks: int = Field(
        description="Clicks by people so far, those that it came with (imported_clicks) among them; bots are counted apart, "
        "see stats."
    )
    imported_clicks: int = Field(
        description="Clicks that were counted elsewhere before the link was imported. Nothing but their number is known, so "
        "that statistics don't have them."
    )
    external_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class LinkPage(web.Output):
    items: list[LinkOut]
    next_cursor: str | None
