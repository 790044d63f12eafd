"""Giving a workspace's links out, page by page, as what `imports` takes back. Passwords stay."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ginnel import db, downloads, links, sheets
from ginnel.downloads import Format, Piece
from ginnel.outputs import LinkOut, LinkPage

COLUMNS = (
    "slug",
    "domain",
    "short_url",
    "target",
    "title",
    "tags",
    "redirect_status",
    "allow_caching",
    "forward_query",
    "forward_path",
    "rules",
    "variants",
    "protected",
    "description",
    "image",
    "starts_at",
    "expires_at",
    "expired_target",
    "max_clicks",
    "disabled",
    "archived",
    "external_id",
    "clicks",
    "created_at",
)


class Asked(NamedTuple):
    """Which links are wanted."""

    workspace: int
    search: str | None
    tags: Sequence[str]
    domain: str | None
    archived: bool | None


async def pieces(asked: Asked, format_: Format, *, bom: bool, cursor: str | None) -> AsyncIterator[Piece]:
    """Give the file piece by piece, oldest link first, each on a connection of its own; behind a cursor, what follows.

    What is between two pages does not depend on where the file was cut, except for JSON's array, which each part is.
    Raises Invalid for a cursor that is none, and Unavailable.
    """
    first = cursor is None
    begun = False
    while True:
        page = await _page(asked, cursor)
        text = _written(page.items, format_, begun=begun)
        if first and format_ == "csv":
            text = (sheets.BOM if bom else "") + sheets.lines([COLUMNS]) + text
        begun = begun or bool(page.items)
        first = False
        yield Piece(text, page.next_cursor)
        cursor = page.next_cursor
        if cursor is None:
            return


async def _page(asked: Asked, cursor: str | None) -> LinkPage:
    async with db.session() as conn:
        return await links.find_all(
            conn,
            workspace=asked.workspace,
            limit=downloads.page_size(),
            cursor=cursor,
            search=asked.search,
            with_tags=asked.tags,
            domain=asked.domain,
            archived=asked.archived,
            sort="created_at",
        )


def _written(items: Iterable[LinkOut], format_: Format, *, begun: bool) -> str:
    if format_ == "csv":
        return sheets.lines([_cell(field, value) for field, value in _fields(link)] for link in items)
    return downloads.objects((link.model_dump(mode="json") for link in items), format_, begun=begun)


def _fields(link: LinkOut) -> Iterator[tuple[str, Any]]:
    said = link.model_dump(mode="json", include=set(COLUMNS))
    return ((column, said[column]) for column in COLUMNS)


def _cell(field: str, value: Any) -> str:  # noqa: ANN401  # whatever a link has
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if field == "tags":
        plain = not any("|" in tag or tag.startswith("[") for tag in value)
        return "|".join(value) if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)
